"""Reading an order from Walmart's answers, XML and JSON."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import ID, as_json, as_xml, judge, line, order, read_order
from walmart_ca import Order, OrderLine, OrderLineStatus, OutcomeUnknown, Status

FULL = order(
    line("1", ("Created", "1"), ("Shipped", "2")),
    line("2", ("Cancelled", "1"), sku="MAPLE-002 & <co>"),
    shipNode={"type": "SellerFulfilled"},
    shippingInfo={"phone": "5550147366", "postalAddress": {"name": "Philippa Nonesuch"}},
)


def with_status(status: object) -> dict[str, Any]:
    return order({"lineNumber": "1", "orderLineStatuses": {"orderLineStatus": [{"status": status}]}})


def with_amount(amount: object) -> dict[str, Any]:
    status = {"status": "Created", "statusQuantity": {"amount": amount}}
    return order({"lineNumber": "1", "orderLineStatuses": {"orderLineStatus": [status]}})


def test_an_order_is_read_from_json() -> None:
    assert read_order(as_json({"order": FULL})) == Order(
        purchase_order_id=ID,
        customer_order_id="4021603841173",
        order_date=datetime(2026, 11, 23, 10, tzinfo=UTC),
        ship_node_type="SellerFulfilled",
        lines=(
            OrderLine(
                "1", "MAPLE-001", (OrderLineStatus(Status.CREATED, 1), OrderLineStatus(Status.SHIPPED, 2))
            ),
            OrderLine("2", "MAPLE-002 & <co>", (OrderLineStatus(Status.CANCELLED, 1),)),
        ),
    )


@pytest.mark.parametrize(
    ("prefix", "namespace"),
    [
        ("ns3", "http://walmart.com/mp/orders"),
        ("ns3", "http://walmart.com/mp/v3/orders"),
        ("o", "urn:something-new"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("content_type", ["application/xml", "application/xml;charset=UTF-8", "text/xml"])
def test_xml_of_any_namespace_gives_the_same_order_as_json(
    prefix: str, namespace: str, content_type: str
) -> None:
    body = as_xml("order", FULL, prefix=prefix, namespace=namespace)

    assert read_order(body, content_type) == read_order(as_json({"order": FULL}))


def test_a_default_namespace_makes_no_difference() -> None:
    body = as_xml("order", FULL, prefix="").replace(
        b"<order>", b'<order xmlns="http://walmart.com/mp/orders">'
    )

    assert read_order(body, "application/xml") == read_order(as_json({"order": FULL}))


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "APPLICATION/JSON; charset=UTF-8", "application/hal+json", "text/plain", ""],
)
def test_json_is_read_by_its_content_type_or_by_its_look(content_type: str) -> None:
    assert read_order(as_json({"order": FULL}), content_type).purchase_order_id == ID


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/octet-stream"])
def test_xml_without_its_content_type_is_read_by_its_look(content_type: str) -> None:
    assert read_order(as_xml("order", FULL), content_type).purchase_order_id == ID


def test_a_lone_line_may_stand_without_a_list() -> None:
    alone = order() | {"orderLines": {"orderLine": line()}}

    assert read_order(as_json({"order": alone})) == read_order(as_json({"order": order(line())}))


def test_a_lone_line_status_may_stand_without_a_list() -> None:
    only = {"status": "Acknowledged", "statusQuantity": {"amount": "1"}}
    document = order({"lineNumber": "1", "orderLineStatuses": {"orderLineStatus": only}})

    assert read_order(as_json({"order": document})).lines[0].statuses == (
        OrderLineStatus(Status.ACKNOWLEDGED, 1),
    )


def test_an_order_knows_every_status_its_lines_are_in() -> None:
    assert read_order(as_json({"order": FULL})).statuses == {Status.CREATED, Status.SHIPPED, Status.CANCELLED}


def test_an_echoed_created_is_success_all_the_same() -> None:
    echoed = read_order(as_json({"order": order(line("1", ("Created", "1")))}))

    assert echoed.statuses == {Status.CREATED}


@pytest.mark.parametrize("member", ["customerOrderId", "orderDate", "orderLines", "shipNode"])
@pytest.mark.parametrize("value", ["left out", None, "", {}, []], ids=repr)
def test_a_member_may_be_missing_null_or_empty(member: str, value: object) -> None:
    document = {name: given for name, given in FULL.items() if name != member}
    if value != "left out":
        document[member] = value

    read = read_order(as_json({"order": document}))

    assert read.purchase_order_id == ID
    emptied = {
        "customerOrderId": read.customer_order_id,
        "orderDate": read.order_date,
        "orderLines": read.lines,
        "shipNode": read.ship_node_type,
    }
    assert not emptied[member]


def test_an_order_of_nothing_but_its_id_is_an_order() -> None:
    assert read_order(as_json({"order": {"purchaseOrderId": ID}})) == Order(ID)


def test_unknown_members_are_ignored() -> None:
    novel = {"novel": {"deep": [1, 2, {"x": None}]}}
    document = FULL | novel | {"orderLines": FULL["orderLines"] | novel}

    assert read_order(as_json({"order": document} | novel)) == read_order(as_json({"order": FULL}))


@pytest.mark.parametrize(
    "misplaced", [0, 1.5, True, "text", [], [None, 1], {"orderLine": "text"}, {"orderLine": 7}]
)
def test_lines_of_the_wrong_type_are_no_lines(misplaced: object) -> None:
    assert read_order(as_json({"order": order(orderLines=misplaced)})).lines == ()


def test_an_id_that_came_as_a_number_is_the_same_id() -> None:
    assert read_order(as_json({"order": order(purchaseOrderId=int(ID))})).purchase_order_id == ID


def test_white_space_around_values_is_dropped() -> None:
    body = as_xml("order", order(purchaseOrderId=f"\n    {ID}\n  "))

    assert read_order(body, "application/xml").purchase_order_id == ID


def test_no_buyers_data_is_read() -> None:
    shown = repr(read_order(as_json({"order": FULL})))

    assert "5550147366" not in shown
    assert "Nonesuch" not in shown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Acknowledged", Status.ACKNOWLEDGED),
        ("ACKNOWLEDGED", Status.ACKNOWLEDGED),
        (" acknowledged ", Status.ACKNOWLEDGED),
        ("Canceled", Status.CANCELLED),
        ("PartlyTeleported", "PartlyTeleported"),
    ],
)
def test_a_known_status_has_one_spelling_and_an_unknown_one_keeps_its_own(written: str, read: str) -> None:
    assert list(map(str, read_order(as_json({"order": with_status(written)})).statuses)) == [str(read)]


@given(
    st.sampled_from(["Created", "CREATED", "created", "Canceled", "Odd", "ODD", ""]) | st.text(), st.data()
)
def test_a_status_is_found_by_exactly_the_texts_that_it_equals(written: str, data: st.DataObject) -> None:
    status = Status(written)
    other = data.draw(st.sampled_from([written, str(status), written.upper(), written.title()]) | st.text())

    assert (other in {status, 1}) == (other == status)
    assert (status in {other, 1}) == (other == status)
    assert Status(str(status)) == status


def test_a_status_is_no_number() -> None:
    unequal: object = 7

    assert unequal != Status.CREATED


@pytest.mark.parametrize(
    ("amount", "quantity"),
    [("1", 1), ("12", 12), ("1.0", 1), ("1.000", 1), ("1.", 1), (3, 3), (2.0, 2), ("0", 0), (" 4 ", 4)],
)
def test_a_quantity_is_whole_units(amount: object, quantity: int) -> None:
    assert read_order(as_json({"order": with_amount(amount)})).lines[0].statuses[0].quantity == quantity


@pytest.mark.parametrize("amount", ["", "-1", "1.5", "one", "1e3", "٣", "1,000", None, True, {}, [], 1e400])
def test_a_quantity_that_is_none_is_unknown(amount: object) -> None:
    assert read_order(as_json({"order": with_amount(amount)})).lines[0].statuses[0].quantity is None


def test_a_quantity_of_thousands_of_digits_is_unknown() -> None:
    assert read_order(as_json({"order": with_amount("1" * 5000)})).lines[0].statuses[0].quantity is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T15:30:00.000+05:30",
        "2026-11-23T10:00:00Z",
        "2026-11-23T05:00:00-05:00",
        "2026-11-23T10:00:00",
    ],
)
def test_an_order_date_from_xml_is_in_utc(text: str) -> None:
    read = read_order(as_xml("order", order(orderDate=text)), "application/xml").order_date

    assert read == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert read.tzinfo is UTC


def test_an_order_date_from_json_is_epoch_milliseconds() -> None:
    milliseconds = int(datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp() * 1000)

    read = read_order(as_json({"order": order(orderDate=milliseconds)}))

    assert read.order_date == datetime(2026, 11, 23, 10, tzinfo=UTC)


# A 2xx that is no such order


NO_ORDERS = {
    "an empty body": (b"", "application/json"),
    "white space": (b" \r\n", "application/xml"),
    "a maintenance page": (b"<!DOCTYPE html><html><body>We will be back</body></html>", "text/html"),
    "a page that is XML": (b"<html><body>We will be back</body></html>", "text/html"),
    "a page said to be JSON": (b"<html></html>", "application/json"),
    "an empty object": (b"{}", "application/json"),
    "a list": (b"[]", "application/json"),
    "a text": (b'"order"', "application/json"),
    "null": (b"null", "application/json"),
    "an order that is null": (b'{"order": null}', "application/json"),
    "an order that is a text": (as_json({"order": ID}), "application/json"),
    "an empty order in XML": (b"<order/>", "application/xml"),
    "an empty order": (b'{"order": {}}', "application/json"),
    "an order without an id": (as_json({"order": order(purchaseOrderId=None)}), "application/json"),
    "another order": (as_json({"order": order(purchaseOrderId="7499999999999")}), "application/json"),
    "another order in XML": (as_xml("order", order(purchaseOrderId="749")), "application/xml"),
    "an id with a suffix": (as_json({"order": order(purchaseOrderId=f"{ID}0")}), "application/json"),
    "an error in a 200": (b'{"error": [{"code": "SYSTEM_ERROR.GMP_GATEWAY_API"}]}', "application/json"),
    "a list of orders": (as_json({"list": {"elements": {"order": [order()]}}}), "application/json"),
    "cut short": (as_json({"order": FULL})[:-20], "application/json"),
    "XML cut short": (as_xml("order", FULL)[:-20], "application/xml"),
    "XML with something after it": (as_xml("order", FULL) + b"<order/>", "application/xml"),
    "JSON with something after it": (as_json({"order": FULL}) + b"{}", "application/json"),
    "binary": (bytes(range(256)), "application/octet-stream"),
    "JSON nested without end": (b"[" * 500_000, "application/json"),
    "JSON objects nested without end": (b'{"order":' * 100_000, "application/json"),
    "JSON nested deeply": (b'{"order":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json"),
    "XML nested without end": (b"<order>" * 100_000, "application/xml"),
    "XML nested deeply": (b"<order>" * 50_000 + b"</order>" * 50_000, "application/xml"),
    "a number of too many digits": (b'{"order": ' + b"1" * 5000 + b"}", "application/json"),
}


@pytest.mark.parametrize(("body", "content_type"), NO_ORDERS.values(), ids=NO_ORDERS.keys())
def test_a_success_that_does_not_show_this_order_is_an_unknown_outcome(
    body: bytes, content_type: str
) -> None:
    assert isinstance(judge(body, content_type), OutcomeUnknown)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_answer"),
        (b"<html/>", "unreadable_answer"),
        (as_json({"order": order(purchaseOrderId="749")}), "foreign_order"),
    ],
)
def test_an_unknown_outcome_says_why(body: bytes, reason: str) -> None:
    verdict = judge(body, "")

    assert isinstance(verdict, OutcomeUnknown)
    assert verdict.reason == reason


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
def test_any_2xx_that_names_the_order_is_success(status: int) -> None:
    assert isinstance(judge(as_json({"order": FULL}), status=status), Order)


BILLION_LAUGHS = (
    b'<!DOCTYPE order [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
    + b"]><order><purchaseOrderId>&k;</purchaseOrderId></order>"
)
DOCTYPES = {
    "billion laughs": BILLION_LAUGHS,
    "an entity": f'<!DOCTYPE order [<!ENTITY id "{ID}">]>'.encode()
    + b"<order><purchaseOrderId>&id;</purchaseOrderId></order>",
    "a file": b'<!DOCTYPE order [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    b"<order><purchaseOrderId>&f;</purchaseOrderId></order>",
    "a document type alone": b"<!DOCTYPE order>" + as_xml("order", FULL, prefix="").partition(b"?>")[2],
    "one from elsewhere": b'<!DOCTYPE order SYSTEM "http://192.0.2.1/order.dtd">'
    + as_xml("order", FULL, prefix="").partition(b"?>")[2],
}


@pytest.mark.parametrize("body", DOCTYPES.values(), ids=DOCTYPES.keys())
def test_xml_with_a_document_type_is_not_read(body: bytes) -> None:
    assert isinstance(judge(body, "application/xml"), OutcomeUnknown)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "US-ASCII", "windows-1252"])
def test_xml_of_a_known_encoding_is_read(encoding: str) -> None:
    body = as_xml("order", order(line(sku="MAPLE")), prefix="").replace(b"UTF-8", encoding.encode())

    assert read_order(body.replace("é".encode(), b"e"), "application/xml").purchase_order_id == ID


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "utf-7", "euc-jp", "UTF-16"])
def test_xml_of_an_unknown_or_false_encoding_is_read_as_utf_8(encoding: str) -> None:
    body = as_xml("order", order()).replace(b"UTF-8", encoding.encode())

    assert read_order(body, "application/xml").purchase_order_id == ID


def test_json_in_utf_16_is_read_like_any_other() -> None:
    body = as_json({"order": FULL}).decode().encode("utf-16")

    assert read_order(body) == read_order(as_json({"order": FULL}))
