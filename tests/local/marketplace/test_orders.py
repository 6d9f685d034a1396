"""What the local marketplace does with orders, and how it shows them, behind either door."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from tests.local.marketplace import Marketplace
from tests.local.marketplace.caller import GET, NOW, ORDER, Answer, Caller, order_calls, statuses

ANOTHER = "7400123456790"


def lines(answer: Answer) -> list[list[str]]:
    found = answer.json()["order"]["orderLines"]["orderLine"]
    return [[part["status"] for part in line["orderLineStatuses"]["orderLineStatus"]] for line in found]


@pytest.mark.parametrize("entries", [["Created", "Created"], ["Acknowledged"], [("Created", "Acknowledged")]])
def test_an_order_is_acknowledged_line_by_line_and_again(
    marketplace: Marketplace, caller: Caller, entries: list[str]
) -> None:
    before = marketplace.add_order(ANOTHER, entries)

    answers = [caller.acknowledge(order=ANOTHER) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert [lines(answer) for answer in answers] == [[["Acknowledged"]] * len(entries)] * 2
    assert [line.statuses for line in marketplace.order(ANOTHER).lines] == [("Acknowledged",)] * len(entries)
    assert before.released == (entries != ["Acknowledged"])
    assert [call.applied for call in order_calls(marketplace)] == [True, True]


@pytest.mark.parametrize(
    ("entries", "ship_node"),
    [
        *[([status], "SellerFulfilled") for status in ("Shipped", "Delivered", "Cancelled", "Refund")],
        (["Created", "Shipped"], "SellerFulfilled"),
        (["Created", ("Shipped", "Created")], "SellerFulfilled"),
        (["Created", ("Created", "Backordered")], "SellerFulfilled"),
        (["Created"], "WFSFulfilled"),
    ],
)
def test_an_order_of_which_anything_is_further_is_refused_as_a_whole(
    marketplace: Marketplace, caller: Caller, entries: list[str], ship_node: str
) -> None:
    before = marketplace.add_order(ANOTHER, entries, ship_node=ship_node)

    answer = caller.acknowledge(order=ANOTHER)

    assert answer.refusal() == (400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "data")
    assert (b"Some or all qty in higher status" in answer.body) == (ship_node == "SellerFulfilled")
    assert marketplace.order(ANOTHER) == before
    assert not order_calls(marketplace)[0].applied


def test_an_unknown_order_is_not_found_which_is_information(caller: Caller) -> None:
    for answer in (caller.acknowledge(order="7400000000404"), caller.get(order="7400000000404")):
        assert answer.refusal() == (404, "CONTENT_NOT_FOUND.GMP_ORDER_API", None)
        assert answer.json()["errors"]["error"][0]["severity"] == "INFO"


def test_an_order_shows_its_buyer_and_is_kept_with_the_call(marketplace: Marketplace, caller: Caller) -> None:
    answer = caller.call("GET", f"{caller.orders}/{ORDER}?productInfo=true")

    assert all(data in answer.body.decode() for data in marketplace.buyer_data)
    [call] = marketplace.calls_for(ORDER)
    assert (call.method, call.path, call.action) == (
        "GET",
        f"{caller.orders}/{ORDER}?productInfo=true",
        "get",
    )
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
    assert signer.get({"Accept": accept, **signer.wrong}).form == "json"  # as whatever the gateway says


def test_every_form_can_be_forced_upon_a_caller(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.answer_as("xml")

    answers = [signer.acknowledge(), signer.get(), signer.get(signer.wrong)]

    # The namespace differs from call to call.
    assert [answer.xml().tag for answer in answers] == [
        "{http://walmart.com/mp/orders}order",
        "{http://walmart.com/mp/v3/orders}order",
        "{http://walmart.com/}errors",
    ]


def test_errors_can_take_the_shape_of_the_newer_documentation(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.errors_as("flat")

    [error] = caller.get({"WM_SVC.NAME": ""}).json()["errors"]

    assert set(error) == {"code", "message", "category", "severity", "field"}


def test_xml_and_json_tell_the_same_order(marketplace: Marketplace, signer: Caller) -> None:
    placed = datetime(2026, 3, 16, 10, 30, 15, 250_000, tzinfo=UTC)
    marketplace.add_order(ANOTHER, ["Created", ("Shipped", "Lost", "Created")], order_date=placed)

    in_json = signer.get(order=ANOTHER)
    in_xml = signer.get({"Accept": "application/xml"}, order=ANOTHER)

    order = in_json.json()["order"]
    told = order["orderLines"]["orderLine"]
    parts = [part for line in told for part in line["orderLineStatuses"]["orderLineStatus"]]
    assert lines(in_json) == [["Created"], ["Shipped", "Lost", "Created"]]
    assert in_xml.texts("status") == [part["status"] for part in parts]
    assert [int(line["orderLineQuantity"]["amount"]) for line in told] == [1, 3]
    assert [part["statusQuantity"]["amount"] for part in parts] == ["1"] * 4
    assert in_xml.texts("purchaseOrderId") == [order["purchaseOrderId"]] == [ANOTHER]
    assert in_xml.texts("orderDate") == ["2026-03-16T10:30:15.250Z"]
    assert order["orderDate"] == round(placed.timestamp() * 1000)
    assert in_xml.texts("productName") == [line["item"]["productName"] for line in told]
    assert in_xml.texts("type") == [order["shipNode"]["type"]]


@pytest.mark.parametrize(("form", "error"), [("json", ValueError), ("xml", ET.ParseError)])
def test_an_entry_can_be_unreadable_on_every_page_and_in_every_answer(
    marketplace: Marketplace, signer: Caller, form: str, error: type[Exception]
) -> None:
    accept = {"Accept": f"application/{form}"}
    parse = Answer.json if form == "json" else Answer.xml
    marketplace.add_order(ANOTHER)
    right = signer.list("?createdStartDate=2026-01-01", form).body

    marketplace.make_unreadable(ORDER)

    listed = signer.list("?createdStartDate=2026-01-01", form)
    for answer in (listed, signer.get(accept), signer.acknowledge(accept)):
        assert answer.status == 200
        with pytest.raises(error):
            parse(answer)
    assert listed.body.replace(b'"<', b"") == right.replace(b'"<', b"")  # all around the entry is as it was
    assert parse(signer.get(accept, order=ANOTHER)) is not None
    marketplace.make_unreadable(ORDER, unreadable=False)
    assert parse(signer.get(accept)) is not None


@pytest.mark.parametrize("form", ["json", "xml"])
def test_an_order_can_lack_its_date_on_every_page_and_in_every_answer(
    marketplace: Marketplace, signer: Caller, form: str
) -> None:
    marketplace.make_undated(ORDER)

    assert b"orderDate" not in signer.list("?createdStartDate=2026-01-01", form).body
    assert b"orderDate" not in signer.get({"Accept": f"application/{form}"}).body


# --- Other paths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "refused"),
    [
        ("GET", "/v3/inventory", (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API", None)),
        ("GET", "//v3/ca/orders/1", (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API", None)),
        ("POST", "/control/orders", (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API", None)),
        ("GET", f"{GET}/acknowledge", (405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API", None)),
        ("DELETE", GET, (405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API", None)),
        ("POST", "/v3/ca/orders/released", (405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API", None)),
        ("GET", "/v3/token", (405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API", None)),
    ],
)
def test_other_paths_and_methods_are_refused(
    signer: Caller, method: str, path: str, refused: tuple[int, str, None]
) -> None:
    assert signer.call(method, path).refusal() == refused


@pytest.mark.parametrize(("severity", "told"), [("INFO", "INFO"), ("ERROR", "ERROR"), ("absent", None)])
def test_a_path_that_is_not_served_is_named_with_a_severity_or_without(
    marketplace: Marketplace, caller: Caller, severity: object, told: str | None
) -> None:
    marketplace.unknown_paths_as(severity)  # type: ignore[arg-type]  # parametrized by its values

    [error] = caller.call("GET", "/v3/ca/items?limit=1").json()["error"]

    assert error["description"] == "No static resource v3/ca/items."
    assert error.get("severity") == told


def test_the_date_header_tells_the_marketplaces_time(private_key: str) -> None:
    with Marketplace(clock=lambda: NOW) as marketplace:
        answer = Caller(marketplace.url, marketplace.register_seller(private_key), now=lambda: NOW).get()

    assert answer.headers["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
