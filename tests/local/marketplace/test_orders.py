"""How the local marketplace acknowledges and shows orders, by both authentication schemes."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from tests.local.marketplace import Marketplace
from tests.local.marketplace.caller import GET, ORDER, Caller, Response, order_calls, statuses
from tests.local.marketplace.variants import Severity

ANOTHER = "7400123456790"
NOT_SERVED = (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API", None)
NO_SUCH_METHOD = (405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API", None)


def lines(response: Response) -> list[list[str]]:
    found = response.json()["order"]["orderLines"]["orderLine"]
    return [[part["status"] for part in line["orderLineStatuses"]["orderLineStatus"]] for line in found]


@pytest.mark.parametrize("entries", [["Created", "Created"], ["Acknowledged"], [("Created", "Acknowledged")]])
def test_every_line_is_acknowledged_and_can_be_again(
    marketplace: Marketplace, caller: Caller, entries: list[str]
) -> None:
    before = marketplace.add_order(ANOTHER, entries)

    responses = [caller.acknowledge(order=ANOTHER) for _ in range(2)]

    assert [response.status for response in responses] == [200, 200]
    assert [lines(response) for response in responses] == [[["Acknowledged"]] * len(entries)] * 2
    assert statuses(marketplace, ANOTHER) == ["Acknowledged"] * len(entries)
    assert before.released == (entries != ["Acknowledged"])
    assert [call.applied for call in order_calls(marketplace)] == [True, True]


@pytest.mark.parametrize(
    ("entries", "ship_node"),
    [
        (["Cancelled"], "SellerFulfilled"),
        (["Created", "Shipped"], "SellerFulfilled"),
        (["Created", ("Created", "Backordered")], "SellerFulfilled"),
        (["Created"], "WFSFulfilled"),
    ],
)
def test_an_order_with_a_line_in_a_later_status_is_refused(
    marketplace: Marketplace, caller: Caller, entries: list[str], ship_node: str
) -> None:
    before = marketplace.add_order(ANOTHER, entries, ship_node=ship_node)

    response = caller.acknowledge(order=ANOTHER)

    assert response.refusal() == (400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "data")
    assert (b"Some or all qty in higher status" in response.body) == (ship_node == "SellerFulfilled")
    assert marketplace.order(ANOTHER) == before
    assert not order_calls(marketplace)[0].applied


def test_an_unknown_order_is_not_found_with_severity_info(caller: Caller) -> None:
    for response in (caller.acknowledge(order="7400000000404"), caller.get(order="7400000000404")):
        assert response.refusal() == (404, "CONTENT_NOT_FOUND.GMP_ORDER_API", None)
        assert response.json()["errors"]["error"][0]["severity"] == "INFO"


def test_a_get_shows_the_buyer_and_is_in_the_call_log(marketplace: Marketplace, caller: Caller) -> None:
    target = f"{caller.orders}/{ORDER}?productInfo=true"

    response = caller.call("GET", target)

    assert all(data in response.body.decode() for data in marketplace.buyer_data)
    [call] = marketplace.calls_for(ORDER)
    assert (call.method, call.path, call.action) == ("GET", target, "get")
    assert (call.headers["wm_svc.name"], call.body, call.applied) == ("Walmart Marketplace", b"", False)
    assert statuses(marketplace) == ["Created", "Created"]


# --- Forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "form"),
    [("application/json", "json"), ("application/xml", "xml"), ("*/*", "xml"), ("", "xml")],
)
def test_the_form_follows_accept_and_is_xml_otherwise(signer: Caller, accept: str, form: str) -> None:
    assert signer.get({"Accept": accept}).form == form
    assert signer.get({"Accept": accept}, order="7400000000404").form == form
    assert signer.get({"Accept": accept, **signer.bad_credentials}).form == "json"  # the gateway's


def test_xml_and_json_have_the_same_content(marketplace: Marketplace, signer: Caller) -> None:
    placed = datetime(2026, 3, 16, 10, 30, 15, 250_000, tzinfo=UTC)
    marketplace.add_order(ANOTHER, ["Created", ("Shipped", "Lost", "Created")], order_date=placed)

    in_json = signer.get(order=ANOTHER)
    in_xml = signer.get({"Accept": "application/xml"}, order=ANOTHER)

    order = in_json.json()["order"]
    stated = order["orderLines"]["orderLine"]
    parts = [part for line in stated for part in line["orderLineStatuses"]["orderLineStatus"]]
    assert lines(in_json) == [["Created"], ["Shipped", "Lost", "Created"]]
    assert [int(line["orderLineQuantity"]["amount"]) for line in stated] == [1, 3]
    assert [part["statusQuantity"]["amount"] for part in parts] == ["1"] * 4
    assert order["orderDate"] == round(placed.timestamp() * 1000)
    assert in_xml.texts("orderDate") == ["2026-03-16T10:30:15.250Z"]
    assert in_xml.texts("purchaseOrderId") == [order["purchaseOrderId"]] == [ANOTHER]
    assert in_xml.texts("status") == [part["status"] for part in parts]
    assert in_xml.texts("productName") == [line["item"]["productName"] for line in stated]
    assert in_xml.texts("type") == [order["shipNode"]["type"]]


@pytest.mark.parametrize(("form", "error"), [("json", ValueError), ("xml", ET.ParseError)])
def test_an_order_can_be_unreadable_or_undated_in_every_response(
    marketplace: Marketplace, signer: Caller, form: str, error: type[Exception]
) -> None:
    accept = {"Accept": f"application/{form}"}
    parse = Response.json if form == "json" else Response.xml
    marketplace.add_order(ANOTHER)
    right = signer.list(form=form).body

    marketplace.make_unreadable(ORDER)

    listed = signer.list(form=form)
    for response in (listed, signer.get(accept), signer.acknowledge(accept)):
        assert response.status == 200
        with pytest.raises(error):
            parse(response)
    assert listed.body.replace(b'"<', b"") == right.replace(b'"<', b"")  # nothing else changed
    assert parse(signer.get(accept, order=ANOTHER)) is not None
    marketplace.make_unreadable(ORDER, unreadable=False)
    marketplace.make_undated(ORDER)
    repaired = signer.get(accept)
    assert (parse(repaired) is not None, b"orderDate" in repaired.body) == (True, False)


# --- Other paths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "refused"),
    [
        ("GET", "/v3/inventory", NOT_SERVED),
        ("GET", "//v3/ca/orders/1", NOT_SERVED),
        ("POST", "/control/orders", NOT_SERVED),
        ("GET", f"{GET}/acknowledge", NO_SUCH_METHOD),
        ("DELETE", GET, NO_SUCH_METHOD),
        ("POST", "/v3/ca/orders/released", NO_SUCH_METHOD),
        ("GET", "/v3/token", NO_SUCH_METHOD),
    ],
)
def test_other_paths_and_methods_are_refused(
    signer: Caller, method: str, path: str, refused: tuple[int, str, None]
) -> None:
    assert signer.call(method, path).refusal() == refused


@pytest.mark.parametrize(("severity", "stated"), [("INFO", "INFO"), ("ERROR", "ERROR"), ("absent", None)])
def test_an_unknown_path_is_refused_with_the_chosen_severity(
    marketplace: Marketplace, signer: Caller, severity: Severity, stated: str | None
) -> None:
    marketplace.variants.unknown_path_severity = severity

    [error] = signer.call("GET", "/v3/ca/items?limit=1").json()["error"]

    assert (error["description"], error.get("severity")) == ("No static resource v3/ca/items.", stated)
