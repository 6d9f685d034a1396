"""What the local marketplace does with orders, and what it does wrong when told to, behind either door."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.caller import NOW, ORDER, SPLIT, Answer, Caller, order_calls, statuses


@pytest.fixture
def marketplace(marketplace: Marketplace) -> Marketplace:
    marketplace.add_order(ORDER, statuses=["Created", "Created"])
    return marketplace


# --- Acknowledging and looking ----------------------------------------------------------------------------


def test_acknowledging_a_created_order_acknowledges_every_line(
    marketplace: Marketplace, caller: Caller
) -> None:
    answer = caller.acknowledge()

    assert answer.status == 200
    assert answer.json()["order"]["purchaseOrderId"] == ORDER
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]
    assert order_calls(marketplace)[0].applied


def test_acknowledging_again_is_allowed(marketplace: Marketplace, caller: Caller) -> None:
    caller.acknowledge()

    assert caller.acknowledge().status == 200
    assert [call.applied for call in order_calls(marketplace)] == [True, True]


@pytest.mark.parametrize("status", ["Shipped", "Delivered", "Cancelled", "Refund"])
def test_an_order_in_a_higher_status_is_refused(
    marketplace: Marketplace, caller: Caller, status: str
) -> None:
    marketplace.set_status(ORDER, status)

    answer = caller.acknowledge()

    assert answer.status == 400
    [error] = answer.json()["errors"]["error"]
    assert (error["code"], error["field"]) == ("INVALID_REQUEST_CONTENT.GMP_ORDER_API", "data")
    assert "Some or all qty in higher status" in error["description"]
    assert statuses(marketplace) == [status, status]


def test_one_shipped_line_keeps_the_others_from_being_acknowledged(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.add_order("7400000000002", statuses=["Created", "Shipped"])

    assert caller.acknowledge(order="7400000000002").status == 400
    assert [line.status for line in marketplace.order("7400000000002").lines] == ["Created", "Shipped"]
    assert not order_calls(marketplace)[0].applied


@pytest.mark.parametrize("entry", [("Shipped", "Created"), ("Created", "Backordered"), "Backordered"])
def test_one_part_in_another_status_keeps_all_from_being_acknowledged(
    marketplace: Marketplace, caller: Caller, entry: str | tuple[str, ...]
) -> None:
    order = marketplace.add_order(SPLIT, statuses=["Created", entry])

    answer = caller.acknowledge(order=SPLIT)

    assert answer.status == 400
    assert "Some or all qty in higher status" in answer.json()["errors"]["error"][0]["description"]
    assert marketplace.order(SPLIT) == order


def test_a_split_line_is_acknowledged_as_a_whole(marketplace: Marketplace, caller: Caller) -> None:
    order = marketplace.add_order(SPLIT, statuses=[("Created", "Acknowledged"), "Created"])

    caller.acknowledge(order=SPLIT)

    assert [(line.status, line.statuses) for line in order.lines] == [
        ("Created", ("Created", "Acknowledged")),
        ("Created", ("Created",)),
    ]
    assert [line.statuses for line in marketplace.order(SPLIT).lines] == [("Acknowledged",)] * 2


def test_a_walmart_fulfilled_order_cannot_be_acknowledged(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.add_order("7400000000003", ship_node="WFSFulfilled")

    assert caller.acknowledge(order="7400000000003").status == 400
    assert marketplace.order("7400000000003").lines[0].status == "Created"


@pytest.mark.parametrize(("method", "suffix"), [("POST", "/acknowledge"), ("GET", "")])
def test_an_unknown_order_is_not_found(caller: Caller, method: str, suffix: str) -> None:
    answer = caller.call(method, f"{caller.orders}/7400000000404{suffix}")

    assert answer.status == 404
    [error] = answer.json()["errors"]["error"]
    assert (error["code"], error["severity"]) == ("CONTENT_NOT_FOUND.GMP_ORDER_API", "INFO")


def test_looking_at_an_order_changes_nothing_and_tells_the_ship_node(
    marketplace: Marketplace, caller: Caller
) -> None:
    answer = caller.call("GET", f"{caller.orders}/{ORDER}?productInfo=true")

    assert answer.json()["order"]["shipNode"] == {"type": "SellerFulfilled"}
    assert statuses(marketplace) == ["Created", "Created"]
    assert not order_calls(marketplace)[0].applied


def test_acknowledgements_side_by_side_are_all_served(marketplace: Marketplace, caller: Caller) -> None:
    ids = [str(7_400_000_100_000 + number) for number in range(40)]
    for purchase_order_id in ids:
        marketplace.add_order(purchase_order_id)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda id_: caller.acknowledge(order=id_), ids))

    assert {answer.status for answer in answers} == {200}
    assert sorted(str(call.purchase_order_id) for call in order_calls(marketplace) if call.applied) == ids


# --- Faults -----------------------------------------------------------------------------------------------


def test_a_reset_before_applying_leaves_the_order_alone(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.RESET_BEFORE_APPLYING)

    with pytest.raises(ConnectionResetError) as raised:
        caller.acknowledge()

    assert raised.type is ConnectionResetError  # not RemoteDisconnected, which an orderly close leads to
    assert statuses(marketplace) == ["Created", "Created"]
    [call] = order_calls(marketplace)
    assert (call.status, call.fault, call.applied) == (None, Fault.RESET_BEFORE_APPLYING, False)


def test_a_reset_after_applying_has_acknowledged(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.RESET_AFTER_APPLYING)

    with pytest.raises(ConnectionResetError) as raised:
        caller.acknowledge()

    assert raised.type is ConnectionResetError  # not RemoteDisconnected, which an orderly close leads to
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]
    [call] = order_calls(marketplace)
    assert (call.status, call.fault, call.applied) == (None, Fault.RESET_AFTER_APPLYING, True)


def test_a_timeout_after_applying_has_acknowledged(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.TIMEOUT_AFTER_APPLYING)
    with contextlib.closing(caller.connect()) as connection:
        caller.begin_acknowledging(connection)
        while statuses(marketplace) != ["Acknowledged", "Acknowledged"]:
            time.sleep(0.001)
        connection.sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.getresponse()

    [call] = order_calls(marketplace)
    assert (call.status, call.fault, call.applied) == (None, Fault.TIMEOUT_AFTER_APPLYING, True)


def test_a_timeout_after_applying_ends_when_the_caller_gives_up(
    marketplace: Marketplace, signer: Caller
) -> None:
    marketplace.fail(ORDER, Fault.TIMEOUT_AFTER_APPLYING)
    before = threading.active_count()
    with contextlib.closing(signer.connect()) as connection:
        signer.begin_acknowledging(connection)
        while not marketplace.calls or not marketplace.calls[0].applied:
            time.sleep(0.001)
        assert threading.active_count() == before + 1

    while threading.active_count() > before:
        time.sleep(0.001)


def test_a_connection_can_be_closed_after_an_answer_that_promised_to_keep_it(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail(ORDER, Fault.CLOSE_WHEN_IDLE)
    with contextlib.closing(caller.connect()) as connection:
        answer = caller.acknowledge(over=connection)

        assert (answer.status, answer.headers["Connection"]) == (200, "keep-alive")
        assert answer.json()["order"]["purchaseOrderId"] == ORDER
        assert connection.sock.recv(1) == b""
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]


def test_a_delay_ends_in_the_right_answer(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.DELAY, seconds=0.05)

    assert caller.acknowledge().json()["order"]["purchaseOrderId"] == ORDER
    assert order_calls(marketplace)[0].fault is Fault.DELAY


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault.OUTAGE_AS_BAD_REQUEST, 400, "INVALID_REQUEST.GMP_ORDER_API"),
        (Fault.HEADER_BLAMED, 400, "INVALID_REQUEST_HEADER.GMP_ORDER_API"),
        (Fault.NOT_FOUND, 404, "CONTENT_NOT_FOUND.GMP_ORDER_API"),
        (Fault.REQUEST_TIMEOUT, 408, "REQUEST_TIMEOUT.GMP_ORDER_API"),
        (Fault.CONFLICT, 409, "CONFLICT.GMP_ORDER_API"),
        (Fault.GONE, 410, "GONE.GMP_ORDER_API"),
        (Fault.UNPROCESSABLE, 422, "UNPROCESSABLE_CONTENT.GMP_ORDER_API"),
        (Fault.LOCKED, 423, "RESOURCE_IS_LOCKED.GMP_RECEIVER_API"),
        (Fault.GATEWAY_TIMEOUT, 504, "DOWNSTREAM_SYSTEM_TIME_OUT.GMP_ORDER_API"),
        (Fault.FORBIDDEN, 403, "FORBIDDEN.GMP_GATEWAY_API"),
        (Fault.METHOD_NOT_ALLOWED, 405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API"),
        (Fault.NOT_ACCEPTABLE, 406, "INVALID_ACCEPT_TYPE.GMP_GATEWAY_API"),
        (Fault.UNSUPPORTED_MEDIA_TYPE, 415, "UNSUPPORTED_MEDIA_TYPE.GMP_GATEWAY_API"),
    ],
)
def test_a_refusal_is_in_walmarts_words_and_has_done_nothing(
    marketplace: Marketplace, caller: Caller, fault: Fault, status: int, code: str
) -> None:
    marketplace.fail(ORDER, fault)

    answer = caller.acknowledge()

    document = answer.json()
    [error] = document["error"] if "GATEWAY" in code else document["errors"]["error"]
    assert (answer.status, error["code"]) == (status, code)
    assert statuses(marketplace) == ["Created", "Created"]
    [call] = order_calls(marketplace)
    assert (call.status, call.fault, call.applied) == (status, fault, False)


def test_an_outage_as_a_bad_request_names_no_cause(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.OUTAGE_AS_BAD_REQUEST)

    [error] = caller.acknowledge().json()["errors"]["error"]

    assert (error["field"], error["info"], error["causes"]) == ("data", "Request invalid.", [])


def test_an_outage_as_a_bad_request_names_no_cause_in_xml(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.fail(ORDER, Fault.OUTAGE_AS_BAD_REQUEST)

    as_xml = signer.acknowledge({"Accept": "application/xml"})

    assert as_xml.texts("info") == ["Request invalid."]
    assert as_xml.texts("cause") == []


def test_any_header_can_be_blamed(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.HEADER_BLAMED, field="WM_TENANT_ID")

    assert caller.acknowledge().json()["errors"]["error"][0]["field"] == "WM_TENANT_ID"


@pytest.mark.parametrize("applied", [False, True])
def test_a_gateway_timeout_may_have_acknowledged(
    marketplace: Marketplace, caller: Caller, *, applied: bool
) -> None:
    marketplace.fail(ORDER, Fault.GATEWAY_TIMEOUT, applied=applied)

    assert caller.acknowledge().status == 504
    assert statuses(marketplace) == ["Acknowledged" if applied else "Created"] * 2
    assert order_calls(marketplace)[0].applied is applied


def test_unauthorized_refuses_good_credentials(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.UNAUTHORIZED)

    answer = caller.acknowledge()

    assert (answer.status, answer.json()["error"][0]["code"]) == (401, "UNAUTHORIZED.GMP_GATEWAY_API")
    assert order_calls(marketplace)[0].refusal is None


@pytest.mark.parametrize("header", ["x-next-replenishment-time", "x-next-replenish-time"])
def test_throttled_says_until_when(private_key: str, header: str) -> None:
    with Marketplace(clock=lambda: NOW) as marketplace:
        caller = Caller(marketplace.url, marketplace.register_seller(private_key), now=lambda: NOW)
        marketplace.fail(ORDER, Fault.THROTTLED, replenish_in=30, header=header)

        answer = caller.acknowledge()

    assert answer.status == 429
    assert answer.json()["error"][0]["code"] == "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"
    assert answer.headers["x-current-token-count"] == "0"
    assert answer.headers[header] == str(round((NOW + 30) * 1000))


def test_throttled_can_tell_the_time_in_iso(private_key: str) -> None:
    with Marketplace(clock=lambda: NOW) as marketplace:
        caller = Caller(marketplace.url, marketplace.register_seller(private_key), now=lambda: NOW)
        marketplace.fail(ORDER, Fault.THROTTLED, replenish_in=30, form="iso")

        answer = caller.acknowledge()

    assert answer.headers["x-next-replenishment-time"] == "2026-09-21T14:13:50.250Z"


def test_throttled_can_keep_to_itself_until_when(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.THROTTLED, header=None)

    answer = caller.acknowledge()

    assert answer.status == 429
    assert [name for name in answer.headers if "replenish" in name.lower()] == []


def test_an_internal_error_is_walmarts(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.INTERNAL_ERROR)

    answer = caller.acknowledge()

    assert (answer.status, answer.json()["error"][0]["code"]) == (500, "SYSTEM_ERROR.GMP_GATEWAY_API")


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault.SERVICE_UNAVAILABLE, 503), (Fault.UNKNOWN_ERROR, 520), (Fault.MAINTENANCE_PAGE, 200)],
)
def test_what_stands_in_front_of_the_gateway_answers_with_a_bare_page_and_has_done_nothing(
    marketplace: Marketplace, caller: Caller, fault: Fault, status: int
) -> None:
    marketplace.fail(ORDER, fault)

    answer = caller.acknowledge()

    assert (answer.status, answer.headers.get_content_type()) == (status, "text/html")
    assert statuses(marketplace) == ["Created", "Created"]


def test_an_empty_success_has_done_nothing(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.EMPTY_SUCCESS)

    answer = caller.acknowledge()

    assert (answer.status, answer.body) == (200, b"")
    assert statuses(marketplace) == ["Created", "Created"]


def test_a_foreign_success_names_another_order_and_has_done_nothing(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail(ORDER, Fault.FOREIGN_SUCCESS, other="7400000000777")

    answer = caller.acknowledge()

    assert (answer.status, answer.json()["order"]["purchaseOrderId"]) == (200, "7400000000777")
    assert statuses(marketplace) == ["Created", "Created"]


def test_created_is_echoed_by_an_acknowledgement_that_has_acknowledged(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail(ORDER, Fault.ECHO_CREATED)

    answer = caller.acknowledge()

    assert answer.status == 200
    assert (answer.body.count(b'"Created"'), answer.body.count(b'"Acknowledged"')) == (2, 0)
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]
    assert order_calls(marketplace)[0].applied


@pytest.mark.parametrize(
    ("method", "order", "status"),
    [("POST", "7400000000404", 404), ("POST", SPLIT, 400), ("GET", SPLIT, 200)],
)
def test_nothing_is_echoed_where_nothing_is_acknowledged(
    marketplace: Marketplace, caller: Caller, method: str, order: str, status: int
) -> None:
    marketplace.add_order(SPLIT, statuses=["Shipped"])
    marketplace.fail(order, Fault.ECHO_CREATED)

    target = f"{caller.orders}/{order}{'/acknowledge' if method == 'POST' else ''}"
    assert caller.call(method, target).status == status


@pytest.mark.parametrize(
    ("fault", "content_type", "parse", "error"),
    [
        (Fault.BROKEN_JSON, "application/json", Answer.json, ValueError),
        (Fault.BROKEN_XML, "application/xml", Answer.xml, ET.ParseError),
    ],
)
def test_a_broken_answer_is_half_of_the_right_one(
    marketplace: Marketplace,
    caller: Caller,
    fault: Fault,
    content_type: str,
    parse: Callable[[Answer], object],
    error: type[Exception],
) -> None:
    marketplace.fail(ORDER, fault)

    answer = caller.acknowledge()

    assert (answer.status, answer.headers.get_content_type()) == (200, content_type)
    assert ORDER.encode() in answer.body
    with pytest.raises(error):
        parse(answer)
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]


def test_a_redirect_points_elsewhere_and_has_done_nothing(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.REDIRECT, location="http://127.0.0.1:9/trap")

    answer = caller.acknowledge()

    assert (answer.status, answer.headers["Location"]) == (307, "http://127.0.0.1:9/trap")
    assert statuses(marketplace) == ["Created", "Created"]


@pytest.mark.parametrize("headers", [False, True])
def test_a_slow_drip_is_the_right_answer(marketplace: Marketplace, caller: Caller, *, headers: bool) -> None:
    marketplace.fail(ORDER, Fault.SLOW_DRIP, interval=0.0, headers=headers)

    assert caller.acknowledge().json()["order"]["purchaseOrderId"] == ORDER
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]


@pytest.mark.parametrize("declared", [False, True])
def test_a_huge_answer_is_as_long_as_it_was_told_to_be(
    marketplace: Marketplace, caller: Caller, *, declared: bool
) -> None:
    marketplace.fail(ORDER, Fault.HUGE, size=300_000, declared=declared)

    answer = caller.acknowledge()

    assert len(answer.body) == 300_000
    assert ("Content-Length" in answer.headers) is declared
    assert answer.json()["order"]["purchaseOrderId"] == ORDER
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]


def test_an_endless_answer_begins_with_the_right_one_and_goes_on(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail(ORDER, Fault.ENDLESS, interval=0.0)
    with contextlib.closing(caller.connect()) as connection:
        caller.begin_acknowledging(connection)
        with connection.getresponse() as response:
            begun = response.read(100_000)

    assert (response.status, response.headers["Transfer-Encoding"]) == (200, "chunked")
    assert len(begun) == 100_000
    assert json.loads(begun)["order"]["purchaseOrderId"] == ORDER
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]


def test_faults_are_met_in_order_and_then_no_more(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.THROTTLED, times=2)
    marketplace.fail(ORDER, Fault.INTERNAL_ERROR)

    assert [caller.acknowledge().status for _ in range(4)] == [429, 429, 500, 200]


def test_a_fault_can_last_until_recovery(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.SERVICE_UNAVAILABLE, times=None)
    during = [caller.acknowledge().status for _ in range(3)]

    marketplace.recover(ORDER)

    assert (during, caller.acknowledge().status) == ([503, 503, 503], 200)


def test_a_fault_can_be_meant_for_one_action(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.INTERNAL_ERROR, action="acknowledge")

    assert (caller.get().status, caller.acknowledge().status) == (200, 500)


def test_a_fault_is_one_orders_own(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail("7400000000009", Fault.INTERNAL_ERROR)

    assert caller.acknowledge().status == 200


def test_a_fault_for_every_order_is_met_after_the_orders_own(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail_all(Fault.CONFLICT, times=2)
    marketplace.fail(ORDER, Fault.INTERNAL_ERROR)

    asked = [ORDER, "7400000000404", ORDER, ORDER]
    met = [caller.get(order=order).status for order in asked]

    assert met == [500, 409, 409, 200]


def test_a_fault_for_every_order_can_be_meant_for_one_action(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail_all(Fault.THROTTLED, action="get", replenish_in=7.0)

    assert (caller.acknowledge().status, caller.get().status) == (200, 429)


def test_recovery_of_all_leaves_an_order_its_own_fault(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)
    during = [caller.get().status for _ in range(3)]
    marketplace.fail(ORDER, Fault.GONE)

    marketplace.recover_all()

    assert during == [503, 503, 503]
    assert [caller.get().status for _ in range(2)] == [410, 200]


def test_a_fault_neither_hides_nor_is_used_up_by_wrong_credentials(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail(ORDER, Fault.EMPTY_SUCCESS)

    assert caller.acknowledge(caller.wrong).status == 401
    assert caller.acknowledge().body == b""


@pytest.mark.parametrize(
    ("details", "error"),
    [({"second": 1.0}, ValueError), ({"exchange": "x"}, ValueError), ({"seconds": "long"}, TypeError)],
)
def test_a_fault_knows_its_details(
    marketplace: Marketplace, details: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        marketplace.fail(ORDER, Fault.DELAY, **details)


@pytest.mark.parametrize(
    ("details", "error"),
    [({"form": "seconds"}, ValueError), ({"form": None}, ValueError), ({"header": 1}, TypeError)],
)
def test_throttled_knows_its_forms(
    marketplace: Marketplace, details: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=next(iter(details))):
        marketplace.fail_all(Fault.THROTTLED, **details)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_can_be_planned(marketplace: Marketplace, fault: Fault) -> None:
    marketplace.fail_all(fault)
