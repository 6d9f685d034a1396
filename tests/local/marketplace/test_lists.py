"""The local marketplace's lists of orders behind either door, page by page and with their faults."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

import pytest

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.caller import (
    ORDER,
    Answer,
    Caller,
    Clock,
    TokenCaller,
    control,
    in_an_odd_way,
    order_calls,
    told,
)
from tests.local.marketplace.listing import Cursors

LIST = "/v3/ca/orders/released"
PLACED = datetime(2026, 3, 16, 10, 30, 15, tzinfo=UTC)
SINCE = "?createdStartDate=2026-03-16"
NOW = (PLACED + timedelta(days=1)).timestamp()
MINUTE = timedelta(minutes=1)
LIST_FAULTS = (
    Fault.BARE_CURSOR,
    Fault.OPAQUE_CURSOR,
    Fault.ENDLESS_CURSOR,
    Fault.MISSING_CURSOR,
    Fault.REPEATED_ORDER,
    Fault.INCOMPLETE_ORDER,
    Fault.HOSTILE_ORDER_ID,
)

in_every_form = pytest.mark.parametrize(
    ("caller", "form"), [(Caller, "json"), (Caller, "xml"), (TokenCaller, "json")], indirect=["caller"]
)

with_both_cursors = pytest.mark.parametrize("cursors", ["keeping", "counting"])


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace(clock=lambda: NOW) as marketplace:
        yield marketplace


@pytest.fixture(params=[Caller, TokenCaller])
def caller(request: pytest.FixtureRequest, marketplace: Marketplace, private_key: str) -> Caller:
    seller = marketplace.register_seller(private_key)
    caller: Caller = request.param(marketplace.url, seller, now=lambda: NOW)
    return caller


@pytest.fixture
def signer(marketplace: Marketplace, private_key: str) -> Caller:
    return Caller(marketplace.url, marketplace.register_seller(private_key), now=lambda: NOW)


@pytest.fixture
def placed(marketplace: Marketplace) -> list[str]:
    """Five released orders, a minute apart, the newest first."""
    return place(marketplace, 5)


def place(marketplace: Marketplace, number: int) -> list[str]:
    ids = [str(7_400_000_000_000 + minute) for minute in range(number)]
    for minute, purchase_order_id in enumerate(ids):
        marketplace.add_order(purchase_order_id, order_date=PLACED + minute * MINUTE)
    return ids[::-1]


def released(caller: Caller, query: str = SINCE, form: str = "json") -> Answer:
    return caller.call("GET", f"{caller.orders}/released{query}", {"Accept": f"application/{form}"})


def pages(caller: Caller, query: str, form: str = "json") -> Iterator[Answer]:
    """Every page, each asked for by the cursor of the page before as it stands there."""
    following: str | None = query
    while following is not None:
        page = released(caller, following, form)
        following = cursor(page)
        yield page


def acknowledge(caller: Caller, purchase_order_id: str) -> None:
    assert caller.acknowledge(order=purchase_order_id).status == 200


def is_xml(answer: Answer) -> bool:
    return answer.headers.get_content_subtype() == "xml"


def orders(page: Answer) -> list[dict[str, Any]]:
    if is_xml(page):
        return [
            {member.tag: member.text for member in order} for order in page.xml().findall("elements/order")
        ]
    elements: list[dict[str, Any]] = page.json()["list"]["elements"]["order"]
    return elements


def listed(page: Answer) -> list[str | None]:
    return [order.get("purchaseOrderId") for order in orders(page)]


def meta(page: Answer) -> dict[str, Any]:
    if is_xml(page):
        return {entry.tag: entry.text for entry in page.xml().findall("meta/*")}
    members: dict[str, Any] = page.json()["list"]["meta"]
    return members


def cursor(page: Answer) -> str | None:
    following: str | None = meta(page).get("nextCursor")
    return following


def error_of(answer: Answer) -> dict[str, Any]:
    """The one error of an answer of the order service, its causes counted."""
    if is_xml(answer):
        [error] = answer.xml()
        members = {member.tag.rpartition("}")[2]: member.text for member in error}
        return {**members, "causes": len(error.findall("{*}causes/{*}cause"))}
    [error] = answer.json()["errors"]["error"]
    return {**error, "causes": len(error["causes"] and error["causes"]["cause"])}


# --- What is listed ---------------------------------------------------------------------------------------


@in_every_form
def test_released_orders_are_listed_with_the_newest_first(
    caller: Caller, placed: list[str], form: str
) -> None:
    answer = released(caller, form=form)

    assert (answer.status, answer.headers.get_content_subtype()) == (200, form)
    assert listed(answer) == placed


def test_orders_of_the_same_moment_have_an_order_of_their_own(
    marketplace: Marketplace, caller: Caller
) -> None:
    for purchase_order_id in ("7400000000002", "7400000000003", "7400000000001"):
        marketplace.add_order(purchase_order_id, order_date=PLACED)

    assert listed(released(caller)) == ["7400000000003", "7400000000002", "7400000000001"]


@pytest.mark.parametrize("statuses", [["Created"], ["Shipped", "CREATED"], [("Shipped", "Created")]])
def test_an_order_is_listed_while_anything_of_it_is_created(
    marketplace: Marketplace, caller: Caller, statuses: list[str | list[str]]
) -> None:
    marketplace.add_order(ORDER, statuses, order_date=PLACED)

    assert listed(released(caller)) == [ORDER]


@pytest.mark.parametrize("statuses", [["Acknowledged"], ["Shipped", "Cancelled"]])
def test_an_order_of_which_nothing_is_created_is_not_listed(
    marketplace: Marketplace, caller: Caller, placed: list[str], statuses: list[str]
) -> None:
    marketplace.add_order(ORDER, statuses, order_date=PLACED)

    assert listed(released(caller)) == placed


def test_listing_changes_nothing(marketplace: Marketplace, caller: Caller, placed: list[str]) -> None:
    before = [marketplace.order(purchase_order_id) for purchase_order_id in placed]

    released(caller)

    assert [marketplace.order(purchase_order_id) for purchase_order_id in placed] == before
    assert not order_calls(marketplace)[0].applied


@pytest.mark.parametrize("ship_node", ["SellerFulfilled", "WFSFulfilled"])
def test_a_list_shows_an_order_as_a_look_at_it_does(
    marketplace: Marketplace, caller: Caller, ship_node: str
) -> None:
    marketplace.add_order(ORDER, order_date=PLACED, ship_node=ship_node)

    [order] = orders(released(caller, f"{SINCE}&shipNodeType={ship_node}"))

    assert order == caller.get().json()["order"]
    assert order["shipNode"] == {"type": ship_node}


def test_xml_and_json_list_the_same(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.add_order(ORDER, order_date=PLACED, ship_node="WFSFulfilled")

    [order] = orders(released(signer))
    in_xml = released(signer, form="xml")

    assert in_xml.texts("type") == [order["shipNode"]["type"]]
    assert in_xml.texts("productName") == [order["orderLines"]["orderLine"][0]["item"]["productName"]]


def test_nothing_in_the_xml_of_a_list_has_a_namespace(signer: Caller, placed: list[str]) -> None:
    document = released(signer, form="xml").xml()

    assert document.tag == "list"
    assert len(document.findall("elements/order")) == len(placed)
    assert [element.tag for element in document.iter() if "}" in element.tag] == []


def test_a_last_page_has_no_cursor(caller: Caller, placed: list[str]) -> None:
    assert meta(released(caller)) == {"totalCount": len(placed), "limit": 10, "nextCursor": None}


def test_a_last_page_in_xml_has_no_cursor(signer: Caller, placed: list[str]) -> None:
    assert meta(released(signer, form="xml")) == {"totalCount": str(len(placed)), "limit": "10"}


@in_every_form
def test_an_empty_list_is_not_found_which_is_information(caller: Caller, form: str) -> None:
    answer = released(caller, form=form)

    error = error_of(answer)
    assert (answer.status, answer.headers.get_content_subtype()) == (404, form)
    assert (error["code"], error["severity"]) == ("CONTENT_NOT_FOUND.GMP_ORDER_API", "INFO")
    assert "getAllOrders" in error["description"]


def test_the_path_of_the_list_is_no_orders(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.add_order("released", ["Shipped"], order_date=PLACED)

    assert released(caller).status == 404


def test_a_call_for_the_list_is_kept_as_one_for_no_order(
    marketplace: Marketplace, caller: Caller, placed: list[str]
) -> None:
    released(caller)

    [call] = order_calls(marketplace)
    assert (call.action, call.purchase_order_id) == ("released", None)
    assert call.path == f"{caller.orders}/released{SINCE}"
    assert marketplace.calls_for(placed[0]) == []


# --- Parameters -------------------------------------------------------------------------------------------


@in_every_form
@pytest.mark.parametrize("query", ["", "?limit=10", "?createdStartDate="])
def test_a_list_needs_a_start(caller: Caller, query: str, form: str) -> None:
    answer = released(caller, query, form)

    error = error_of(answer)
    assert answer.status == 400
    assert (error["code"], error["field"]) == ("MISSING_REQUEST_PARAM.GMP_ORDER_API", "createdStartDate")


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-03-16T10:30:15Z", "2026-03-16T10:34:15Z", slice(0, 5)),
        ("2026-03-16T10:30:16Z", "2026-03-16T10:34:14Z", slice(1, 4)),
        ("2026-03-16T10:32:15Z", "2026-03-16T10:32:15Z", slice(2, 3)),
        ("2026-03-16T10:33:15Z", None, slice(0, 2)),
    ],
)
def test_a_list_is_of_the_orders_placed_from_start_to_end(
    caller: Caller, placed: list[str], start: str, end: str | None, found: slice
) -> None:
    until = f"&createdEndDate={end}" if end else ""

    assert listed(released(caller, f"?createdStartDate={start}{until}")) == placed[found]


@pytest.mark.parametrize(
    "start",
    [
        "2026-03-16T10:34:15Z",
        "2026-03-16T10%3a34%3A15Z",
        "2026-03-16T10:34:15",
        "2026-03-16T06:34:15-04:00",
        "2026-03-16T16:04:15%2B05:30",
    ],
)
def test_a_date_is_of_utc_unless_it_says_otherwise(caller: Caller, placed: list[str], start: str) -> None:
    assert listed(released(caller, f"?createdStartDate={start}")) == placed[:1]


def test_a_day_is_its_first_moment(caller: Caller, placed: list[str]) -> None:
    assert listed(released(caller, "?createdStartDate=2026-03-16&createdEndDate=2026-03-17")) == placed
    assert released(caller, "?createdStartDate=2026-03-16&createdEndDate=2026-03-16").status == 404


@in_every_form
@pytest.mark.parametrize("name", ["createdStartDate", "createdEndDate"])
@pytest.mark.parametrize(
    "date",
    [
        "2026-03-16T10:30:15.000Z",
        "2026-03-16T10:30:15,5Z",
        "2026-13-16",
        "2026-03-16T25:30:15Z",
        "2026-03-16T10:30:15+05:30",  # a bare plus sign is a blank
        "16/03/2026",
        "1773657015",
        "yesterday",
    ],
)
def test_a_date_with_fractions_or_none_at_all_is_refused_with_a_cause(
    caller: Caller, name: str, date: str, form: str
) -> None:
    asked = {"createdStartDate": "2026-03-16", name: date}

    answer = released(caller, f"?{'&'.join(f'{name}={date}' for name, date in asked.items())}", form)

    error = error_of(answer)
    assert answer.status == 400
    assert (error["code"], error["field"]) == ("INVALID_REQUEST.GMP_ORDER_API", "data")
    assert (error["description"], error["causes"]) == ("Invalid Date format value", 1)


@pytest.mark.parametrize(("query", "limit"), [("", 10), ("&limit=1", 1), ("&limit=200", 200)])
def test_a_page_has_ten_orders_or_as_many_as_are_asked_for(
    marketplace: Marketplace, caller: Caller, query: str, limit: int
) -> None:
    place(marketplace, 210)

    page = released(caller, f"{SINCE}{query}")

    assert (len(listed(page)), meta(page)["limit"]) == (limit, limit)


@in_every_form
@pytest.mark.parametrize("limit", ["0", "201", "-1", "1e2", "ten", "%D9%A3", "9" * 5000])
def test_a_limit_is_from_1_to_200(caller: Caller, limit: str, form: str) -> None:
    answer = released(caller, f"{SINCE}&limit={limit}", form)

    error = error_of(answer)
    assert answer.status == 400
    assert (error["code"], error["field"]) == ("INVALID_REQUEST_PARAM.GMP_ORDER_API", "limit")


def test_other_parameters_are_ignored(caller: Caller, placed: list[str]) -> None:
    assert listed(released(caller, f"{SINCE}&productInfo=true&sku=none&flag")) == placed


# --- Every order, and who ships it ------------------------------------------------------------------------


def everything(caller: Caller, query: str = "", form: str = "json") -> Answer:
    return caller.call("GET", f"{caller.orders}{SINCE}{query}", {"Accept": f"application/{form}"})


@in_every_form
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [2, 1, 0]),
        ("&status=Created", [2, 0]),
        ("&status=shipped", [2]),
        ("&status=ACKNOWLEDGED&createdEndDate=2026-03-17", [1]),
    ],
)
def test_all_orders_are_listed_or_those_of_which_a_line_is_in_a_status(
    marketplace: Marketplace, caller: Caller, query: str, found: list[int], form: str
) -> None:
    for minute, statuses in enumerate([["Created"], ["Acknowledged"], ["Shipped", "Created"]]):
        marketplace.add_order(str(minute), statuses, order_date=PLACED + minute * MINUTE)

    answer = everything(caller, query, form)

    assert listed(answer) == [str(minute) for minute in found]
    assert order_calls(marketplace)[0].action == "list"


@in_every_form
def test_a_cursor_keeps_what_was_asked_for(marketplace: Marketplace, caller: Caller, form: str) -> None:
    for minute, status in enumerate(["Created", "Shipped", "Created", "Created"]):
        marketplace.add_order(str(minute), [status], order_date=PLACED + minute * MINUTE)

    first = everything(caller, "&status=Created&limit=2", form)
    last = caller.call("GET", f"{caller.orders}{cursor(first)}", {"Accept": f"application/{form}"})

    assert (listed(first), listed(last), cursor(last)) == (["3", "2"], ["0"], None)


@pytest.mark.parametrize(
    ("query", "found"),
    [("", ["SellerFulfilled"]), ("&shipNodeType=3PLFulfilled", ["3PLFulfilled"]), ("&shipNodeType=us", [])],
)
@pytest.mark.parametrize("ask", [released, everything])
def test_a_list_behind_a_token_shows_the_orders_of_one_ship_node(
    marketplace: Marketplace,
    signer: Caller,
    ask: Callable[[Caller, str], Answer],
    query: str,
    found: list[str],
) -> None:
    every = ["SellerFulfilled", "WFSFulfilled", "3PLFulfilled"]
    for ship_node in every:
        marketplace.add_order(ship_node, order_date=PLACED, ship_node=ship_node)
    by_token = TokenCaller(marketplace.url, signer.seller, now=lambda: NOW)
    asked = SINCE + query if ask is released else query

    answer = ask(by_token, asked)

    assert listed(ask(signer, asked)) == sorted(every, reverse=True)
    if found:
        assert listed(answer) == found
    else:
        assert (answer.status, error_of(answer)["field"]) == (400, "shipNodeType")


def test_released_orders_behind_a_token_are_of_the_last_half_year(
    marketplace: Marketplace, caller: Caller
) -> None:
    since = "?createdStartDate=2025-01-01"
    old = datetime.fromtimestamp(NOW, UTC) - timedelta(days=181)
    marketplace.add_order(ORDER, order_date=old)

    assert released(caller, since).status == (404 if isinstance(caller, TokenCaller) else 200)
    assert caller.call("GET", f"{caller.orders}{since}").status == 200


@pytest.mark.usefixtures("placed")
def test_the_list_of_released_orders_can_fail_behind_a_token_alone(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail_released_by_token()

    assert released(caller).status == (520 if isinstance(caller, TokenCaller) else 200)
    assert everything(caller, "&status=Created").status == 200


@in_every_form
def test_an_empty_list_can_be_a_list(marketplace: Marketplace, caller: Caller, form: str) -> None:
    marketplace.empty_lists_as(200)

    for answer in (released(caller, form=form), everything(caller, form=form)):
        assert (answer.status, listed(answer), int(meta(answer)["totalCount"])) == (200, [], 0)


# --- Pages ------------------------------------------------------------------------------------------------


@with_both_cursors
@in_every_form
def test_cursors_lead_through_every_page(
    marketplace: Marketplace, caller: Caller, form: str, cursors: Cursors
) -> None:
    marketplace.cursors_as(cursors)
    placed = place(marketplace, 450)

    read = list(pages(caller, f"{SINCE}&limit=200", form))

    assert [listed(page) for page in read] == [placed[:200], placed[200:400], placed[400:]]
    assert [int(meta(page)["totalCount"]) for page in read] == [450, 450, 450]


@with_both_cursors
@in_every_form
def test_a_cursor_is_a_query_that_nobody_would_write_alike(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str, cursors: Cursors
) -> None:
    marketplace.cursors_as(cursors)
    index = {"keeping": placed[1], "counting": "2"}[cursors]
    query = (
        "?createdEndDate=2026-03-16T16:04:15%2B05:30&limit=2&createdStartDate=2026-03-16T10%3A30%3A15Z&sku=x"
    )

    assert cursor(released(caller, query, form)) == (
        f"?limit=2&hasMoreElements=true&soIndex=5&poIndex={index}&sellerId=ca%3a801&status=Created"
        "&createdStartDate=2026-03-16T10%3a30%3a15Z&createdEndDate=2026-03-16T16%3a04%3a15%2b05%3a30"
    )


@pytest.mark.usefixtures("placed")
@pytest.mark.parametrize("start", ["2026-03-16", "2026-03-16T00:00:00Z"])
def test_a_cursor_decoded_and_encoded_again_is_another(signer: Caller, start: str) -> None:
    received = str(cursor(released(signer, f"?createdStartDate={start}&limit=2")))
    again = quote(unquote(received), safe="?&=")
    signed = signer.headers("GET", f"{LIST}{received}")

    answer = signer.call("GET", f"{LIST}{again}", signed)

    assert again != received
    assert answer.status == 401
    assert signer.call("GET", f"{LIST}{received}", signed).status == 200


@pytest.mark.parametrize(
    ("cursors", "shown", "counted"),
    [
        ("keeping", [range(3), range(3, 6), range(6, 7)], [7, 4, 1]),
        ("counting", [range(3), range(6, 7)], [7, 4]),
    ],
)
def test_orders_that_are_acknowledged_in_between_move_a_page_when_its_cursor_counts(
    marketplace: Marketplace, caller: Caller, cursors: Cursors, shown: list[range], counted: list[int]
) -> None:
    marketplace.cursors_as(cursors)
    placed = place(marketplace, 7)

    read = []
    for page in pages(caller, f"{SINCE}&limit=3"):
        read.append((listed(page), meta(page)["totalCount"]))
        for purchase_order_id in listed(page):
            acknowledge(caller, str(purchase_order_id))

    ids = [[placed[place] for place in places] for places in shown]
    assert read == list(zip(ids, counted, strict=True))


def test_orders_that_arrive_in_between_move_no_page(
    marketplace: Marketplace, caller: Caller, placed: list[str]
) -> None:
    first = released(caller, f"{SINCE}&limit=3")
    marketplace.add_order(ORDER, order_date=PLACED + 10 * MINUTE)

    assert listed(released(caller, str(cursor(first)))) == placed[3:]


def test_orders_that_arrive_in_between_are_shown_again_by_a_cursor_that_counts(
    marketplace: Marketplace, caller: Caller, placed: list[str]
) -> None:
    marketplace.cursors_as("counting")
    first = released(caller, f"{SINCE}&limit=3")
    marketplace.add_order(ORDER, order_date=PLACED + 10 * MINUTE)

    assert listed(released(caller, str(cursor(first)))) == placed[2:]


def test_orders_of_the_same_moment_are_on_one_page_each(marketplace: Marketplace, caller: Caller) -> None:
    for purchase_order_id in "24135":
        marketplace.add_order(purchase_order_id, order_date=PLACED)

    assert [listed(page) for page in pages(caller, f"{SINCE}&limit=2")] == [["5", "4"], ["3", "2"], ["1"]]


def test_an_order_id_is_encoded_in_a_cursor(marketplace: Marketplace, caller: Caller) -> None:
    for minute, purchase_order_id in enumerate(["1", "2 & 3/4"]):
        marketplace.add_order(purchase_order_id, order_date=PLACED + minute * MINUTE)

    assert [listed(page) for page in pages(caller, f"{SINCE}&limit=1")] == [["2 & 3/4"], ["1"]]


@with_both_cursors
def test_a_page_of_which_nothing_is_left_is_not_found(
    marketplace: Marketplace, caller: Caller, placed: list[str], cursors: Cursors
) -> None:
    marketplace.cursors_as(cursors)
    first = released(caller, f"{SINCE}&limit=3")
    for purchase_order_id in placed[3:]:
        acknowledge(caller, purchase_order_id)

    assert released(caller, str(cursor(first))).status == 404


def test_a_cursor_after_an_unknown_order_is_refused(caller: Caller, placed: list[str]) -> None:
    answer = released(caller, f"{SINCE}&poIndex=7400000000404")

    assert answer.status == 400
    assert error_of(answer)["field"] == "poIndex"
    assert listed(released(caller, f"{SINCE}&poIndex={placed[3]}")) == placed[4:]


@pytest.mark.parametrize("index", ["-1", "1.5", "first", "%D9%A3", "9" * 5000])
def test_a_cursor_that_counts_needs_a_count(marketplace: Marketplace, caller: Caller, index: str) -> None:
    marketplace.cursors_as("counting")

    answer = released(caller, f"{SINCE}&poIndex={index}")

    assert (answer.status, error_of(answer)["field"]) == (400, "poIndex")


# --- Gateway and quota ------------------------------------------------------------------------------------


def test_a_signature_over_the_list_without_its_query_is_refused_and_the_mistake_is_named(
    marketplace: Marketplace, signer: Caller
) -> None:
    answer = signer.call("GET", f"{LIST}{SINCE}", signer.headers("GET", LIST))

    assert answer.status == 401
    assert "without its query" in str(order_calls(marketplace)[0].refusal)


def test_a_call_for_the_list_needs_every_header(caller: Caller) -> None:
    answer = caller.call("GET", f"{caller.orders}/released{SINCE}", without="WM_SVC.NAME")

    assert (answer.status, error_of(answer)["field"]) == (400, "WM_SVC.NAME")


def test_lists_have_a_bucket_of_their_own(private_key: str) -> None:
    clock = Clock()
    with Marketplace(
        clock=clock, requests_per_minute=1, looks_per_minute=1, lists_per_minute=2
    ) as marketplace:
        place(marketplace, 1)
        marketplace.add_order(ORDER)
        caller = Caller(marketplace.url, marketplace.register_seller(private_key), now=clock)

        assert [caller.acknowledge().status, caller.get().status] == [200, 200]
        assert [told(released(caller))[:2] for _ in range(3)] == [(200, "1"), (200, "0"), (429, "0")]


def test_without_a_quota_for_lists_nothing_is_told(private_key: str) -> None:
    with Marketplace(requests_per_minute=1, looks_per_minute=1) as marketplace:
        caller = Caller(marketplace.url, marketplace.register_seller(private_key))

        assert told(released(caller)) == (404, None, None)


# --- Faults that any call can meet ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.MAINTENANCE_PAGE, 200),
        (Fault.EMPTY_SUCCESS, 200),
        (Fault.REDIRECT, 307),
        (Fault.OUTAGE_AS_BAD_REQUEST, 400),
        (Fault.UNAUTHORIZED, 401),
        (Fault.FORBIDDEN, 403),
        (Fault.NOT_FOUND, 404),
        (Fault.THROTTLED, 429),
        (Fault.INTERNAL_ERROR, 500),
        (Fault.SERVICE_UNAVAILABLE, 503),
        (Fault.GATEWAY_TIMEOUT, 504),
        (Fault.UNKNOWN_ERROR, 520),
    ],
)
def test_a_list_can_meet_a_refusal_or_a_page_from_elsewhere(
    marketplace: Marketplace, caller: Caller, placed: list[str], fault: Fault, status: int
) -> None:
    marketplace.fail_all(fault, action="released")

    met = released(caller)

    assert (met.status, b"purchaseOrderId" in met.body) == (status, False)
    assert listed(released(caller)) == placed
    assert [(call.fault, call.status) for call in order_calls(marketplace)] == [(fault, status), (None, 200)]


@in_every_form
def test_where_no_order_is_found_a_list_is_as_good_as_empty(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str
) -> None:
    empty = released(caller, "?createdStartDate=2027-01-01", form)
    marketplace.fail_all(Fault.NOT_FOUND, action="released")

    assert released(caller, form=form).body == empty.body
    assert listed(released(caller, form=form)) == placed


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE_APPLYING, Fault.RESET_AFTER_APPLYING])
def test_a_list_can_meet_a_reset(
    marketplace: Marketplace, caller: Caller, placed: list[str], fault: Fault
) -> None:
    marketplace.fail_all(fault, action="released")

    with pytest.raises(ConnectionResetError):
        released(caller)

    assert listed(released(caller)) == placed


@in_an_odd_way
def test_a_list_can_come_as_it_should_in_an_odd_way(
    marketplace: Marketplace, caller: Caller, placed: list[str], fault: Fault, details: dict[str, Any]
) -> None:
    marketplace.fail_all(fault, action="released", **details)

    assert listed(released(caller)) == placed
    assert order_calls(marketplace)[0].fault is fault


@pytest.mark.parametrize(
    ("fault", "parse", "error"),
    [(Fault.BROKEN_JSON, Answer.json, ValueError), (Fault.BROKEN_XML, Answer.xml, ET.ParseError)],
)
def test_a_list_can_break_off(
    marketplace: Marketplace,
    caller: Caller,
    placed: list[str],
    fault: Fault,
    parse: Callable[[Answer], object],
    error: type[Exception],
) -> None:
    marketplace.fail_all(fault, action="released")

    answer = released(caller)

    assert answer.status == 200
    assert placed[0].encode() in answer.body
    with pytest.raises(error):
        parse(answer)


def test_a_fault_for_every_call_strikes_lists_too(
    marketplace: Marketplace, caller: Caller, placed: list[str]
) -> None:
    marketplace.fail_all(Fault.CONFLICT)

    assert released(caller).status == 409
    assert listed(released(caller)) == placed


def test_a_fault_for_an_order_or_for_another_action_strikes_no_list(
    marketplace: Marketplace, caller: Caller, placed: list[str]
) -> None:
    marketplace.fail(placed[0], Fault.CONFLICT)
    marketplace.fail_all(Fault.CONFLICT, action="get")
    marketplace.fail_all(Fault.CONFLICT, action="acknowledge")

    assert listed(released(caller)) == placed


@pytest.mark.parametrize("fault", [Fault.FOREIGN_SUCCESS, Fault.ECHO_CREATED])
def test_a_fault_about_an_order_waits_for_a_call_for_one(
    marketplace: Marketplace, caller: Caller, fault: Fault
) -> None:
    marketplace.add_order(ORDER)
    marketplace.fail_all(fault)

    assert listed(released(caller)) == [ORDER]
    assert caller.acknowledge().status == 200
    assert [call.fault for call in order_calls(marketplace)] == [None, fault]


# --- Faults of a page -------------------------------------------------------------------------------------


@in_every_form
def test_a_bare_cursor_lacks_its_question_mark(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str
) -> None:
    right = released(caller, f"{SINCE}&limit=3", form)
    marketplace.fail_all(Fault.BARE_CURSOR, times=2)

    first = released(caller, f"{SINCE}&limit=3", form)
    last = released(caller, str(cursor(right)), form)

    assert f"?{cursor(first)}" == cursor(right)
    assert [listed(first), listed(last), cursor(last)] == [placed[:3], placed[3:], None]


@in_every_form
def test_an_endless_cursor_leads_to_the_same_page_again(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str
) -> None:
    query = f"?limit=2&createdStartDate=2026-03-16T00%3A00%3a00Z&poIndex={placed[2]}"
    marketplace.fail_all(Fault.ENDLESS_CURSOR, times=3)

    read = [page for page, _ in zip(pages(caller, query, form), range(3), strict=False)]

    assert [listed(page) for page in read] == [placed[3:]] * 3
    assert {cursor(page) for page in read} == {query}


@pytest.mark.parametrize("length", [2, 3])
@in_every_form
def test_cursors_can_lead_in_a_circle(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str, length: int
) -> None:
    marketplace.fail_all(Fault.ENDLESS_CURSOR, times=9, length=length)

    read = [page for page, _ in zip(pages(caller, f"{SINCE}&limit=3", form), range(9), strict=False)]

    assert [listed(page) for page in read] == [placed[:3]] * 9
    cursors = [cursor(page) for page in read]
    assert (len(set(cursors)), cursors[length:]) == (length, cursors[:-length])


@in_every_form
def test_a_page_can_lack_its_cursor_though_the_list_goes_on(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str
) -> None:
    marketplace.fail_all(Fault.MISSING_CURSOR)

    page = released(caller, f"{SINCE}&limit=3", form)

    assert (listed(page), cursor(page), int(meta(page)["totalCount"])) == (placed[:3], None, 5)


@with_both_cursors
@in_every_form
def test_a_repeated_order_ends_a_page_and_begins_the_next(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str, cursors: Cursors
) -> None:
    marketplace.cursors_as(cursors)
    marketplace.fail_all(Fault.REPEATED_ORDER, times=2)

    read = [listed(page) for page in pages(caller, f"{SINCE}&limit=3", form)]

    assert read == [[*placed[:3], placed[2]], placed[2:]]


def test_an_order_is_repeated_as_it_has_become(
    marketplace: Marketplace, signer: Caller, placed: list[str]
) -> None:
    first = released(signer, f"{SINCE}&limit=3")
    acknowledge(signer, placed[2])
    marketplace.fail_all(Fault.REPEATED_ORDER)

    next_page = released(signer, str(cursor(first)), "xml")

    assert listed(next_page) == placed[2:]
    assert next_page.texts("status") == ["Acknowledged", "Created", "Created"]


@in_every_form
@pytest.mark.parametrize("missing", ["purchaseOrderId", "orderDate", "orderLines"])
def test_an_incomplete_order_lacks_one_member(
    marketplace: Marketplace, caller: Caller, placed: list[str], missing: str, form: str
) -> None:
    marketplace.fail_all(Fault.INCOMPLETE_ORDER, missing=missing)

    incomplete, *others = orders(released(caller, form=form))

    assert [set(other) - set(incomplete) for other in others] == [{missing}] * (len(placed) - 1)


def test_an_incomplete_order_lacks_its_id_unless_told_otherwise(
    marketplace: Marketplace, caller: Caller, placed: list[str]
) -> None:
    marketplace.fail_all(Fault.INCOMPLETE_ORDER)

    assert listed(released(caller)) == [None, *placed[1:]]


@in_every_form
def test_a_hostile_order_id_is_no_path_and_no_line(
    marketplace: Marketplace, caller: Caller, placed: list[str], form: str
) -> None:
    marketplace.fail_all(Fault.HOSTILE_ORDER_ID)

    assert listed(released(caller, form=form)) == ["1/../x?\r\nWM_CONSUMER.ID: y", *placed[1:]]


@pytest.mark.parametrize("fault", LIST_FAULTS)
def test_where_there_is_no_page_nothing_is_wrong_with_it(
    marketplace: Marketplace, caller: Caller, fault: Fault
) -> None:
    right = released(caller)
    marketplace.fail_all(fault)

    assert released(caller).body == right.body


@pytest.mark.parametrize("fault", LIST_FAULTS)
def test_a_fault_of_a_page_waits_for_a_call_for_a_list(
    marketplace: Marketplace, caller: Caller, fault: Fault
) -> None:
    marketplace.add_order(ORDER)
    marketplace.fail_all(fault)

    answers = [caller.get(), caller.acknowledge(), released(caller)]

    assert [answer.status for answer in answers] == [200, 200, 404]
    assert [call.fault for call in order_calls(marketplace)] == [None, None, fault]


# --- Planning ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["acknowledge", "get"])
@pytest.mark.parametrize("fault", LIST_FAULTS)
def test_a_fault_of_a_page_is_planned_for_lists_only(
    marketplace: Marketplace, fault: Fault, action: str
) -> None:
    with pytest.raises(ValueError, match=f"{fault.name} is one of list, released"):
        marketplace.fail_all(fault, action=action)


@pytest.mark.parametrize("fault", [Fault.FOREIGN_SUCCESS, Fault.ECHO_CREATED])
def test_a_fault_about_an_order_is_planned_for_no_list(marketplace: Marketplace, fault: Fault) -> None:
    with pytest.raises(ValueError, match=f"{fault.name} is one of acknowledge, get"):
        marketplace.fail_all(fault, action="released")


@pytest.mark.parametrize("fault", LIST_FAULTS)
def test_a_fault_of_a_page_is_no_orders_own(marketplace: Marketplace, fault: Fault) -> None:
    with pytest.raises(ValueError, match="fail_all"):
        marketplace.fail(ORDER, fault)


def test_a_fault_for_lists_is_no_orders_own(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match="fail_all"):
        marketplace.fail(ORDER, Fault.DELAY, action="released")


def test_a_fault_is_planned_for_no_action_that_there_is_not(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match="acknowledge, get, list, released"):
        marketplace.fail_all(Fault.DELAY, action="ship")


def test_an_order_can_lack_known_members_only(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match="purchaseOrderId, orderDate, orderLines"):
        marketplace.fail_all(Fault.INCOMPLETE_ORDER, missing="shipNode")


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"fault": "throttled", "action": "released"}, 201),
        ({"fault": "incomplete_order", "missing": "orderDate"}, 201),
        ({"fault": "bare_cursor", "action": "get"}, 400),
        ({"fault": "echo_created", "action": "released"}, 400),
        ({"fault": "throttled", "action": "released", "purchaseOrderId": ORDER}, 400),
    ],
)
def test_another_process_can_plan_faults_for_lists(document: dict[str, str], status: int) -> None:
    with Marketplace(control=True) as marketplace:
        assert control(marketplace.url, "POST", "/control/faults", document)[0] == status


def test_another_process_can_read_the_calls_for_lists(private_key: str) -> None:
    with Marketplace(control=True) as marketplace:
        released(Caller(marketplace.url, marketplace.register_seller(private_key)))

        [call] = control(marketplace.url, "GET", "/control/calls")[1]["calls"]

    assert (call["action"], call["purchaseOrderId"], call["path"]) == ("released", None, f"{LIST}{SINCE}")
