"""Reading an order from Walmart's responses in XML and JSON."""

from datetime import UTC, datetime

import pytest

from tests.support.documents import ID, as_json, as_xml, classify, classify_page, line, order, read_order
from walmart_ca import Order, OrderLine, OrderLineStatus, OutcomeUnknown, Status

JSON, XML = "application/json", "application/xml"
FULL = order(
    line("1", ("Created", "1"), ("Shipped", "2")),
    line("2", ("Cancelled", "1"), sku="MAPLE-002 & <co>"),
    shipNode={"type": "SellerFulfilled"},
)
READ = Order(
    purchase_order_id=ID,
    customer_order_id="4021603841173",
    order_date=datetime(2026, 11, 23, 10, tzinfo=UTC),
    ship_node_type="SellerFulfilled",
    lines=(
        OrderLine("1", "MAPLE-001", (OrderLineStatus(Status.CREATED, 1), OrderLineStatus(Status.SHIPPED, 2))),
        OrderLine("2", "MAPLE-002 & <co>", (OrderLineStatus(Status.CANCELLED, 1),)),
    ),
)
DEFAULT_NAMESPACE = as_xml("order", FULL, prefix="").replace(b"<order>", b'<order xmlns="urn:walmart">')
EMPTY: list[object] = [None, "", {}, []]
NOVEL = {"novel": {"deep": [1, 2, {"x": None}]}}
SAME: dict[str, bytes] = {
    "JSON": as_json({"order": FULL}),
    "JSON in UTF-16": as_json({"order": FULL}).decode().encode("utf-16"),
    "a date with an offset": as_xml("order", FULL | {"orderDate": "2026-11-23T15:30:00.000+05:30"}),
    "an id that is a number": as_json({"order": FULL | {"purchaseOrderId": int(ID)}}),
    "unknown members": as_json({"order": FULL | NOVEL} | NOVEL),
    "unknown members of its lines": as_json({"order": FULL | {"orderLines": FULL["orderLines"] | NOVEL}}),
    "XML": as_xml("order", FULL),
    "XML of another namespace": as_xml("order", FULL, prefix="o", namespace="urn:something-new"),
    "XML of a default namespace": DEFAULT_NAMESPACE,
    "XML with white space": as_xml("order", FULL | {"purchaseOrderId": f"\n    {ID}\n  "}),
}


@pytest.mark.parametrize("body", SAME.values(), ids=SAME.keys())
@pytest.mark.parametrize("content_type", [JSON, f"{XML};charset=UTF-8", "text/plain", ""])
def test_an_order_is_the_same_in_every_format(body: bytes, content_type: str) -> None:
    read = read_order(body, content_type)

    assert read == READ
    assert read.statuses == {Status.CREATED, Status.SHIPPED, Status.CANCELLED}


def test_a_single_line_or_status_needs_no_list() -> None:
    only = {"status": "Acknowledged", "statusQuantity": {"amount": "1"}}
    single = {"lineNumber": "1", "item": {"sku": "MAPLE-001"}, "orderLineStatuses": {"orderLineStatus": only}}

    read = read_order(as_json({"order": order(orderLines={"orderLine": single})}))

    assert read == read_order(as_json({"order": order(line())}))


@pytest.mark.parametrize(
    ("member", "attribute", "empty"),
    [
        ("customerOrderId", "customer_order_id", ""),
        ("orderDate", "order_date", None),
        ("orderLines", "lines", ()),
        ("shipNode", "ship_node_type", ""),
    ],
)
def test_a_member_may_be_missing_null_or_empty(member: str, attribute: str, empty: object) -> None:
    for value in EMPTY:
        read = read_order(as_json({"order": FULL | {member: value}}))

        assert (read.purchase_order_id, getattr(read, attribute)) == (ID, empty)
    assert read_order(as_json({"order": {"purchaseOrderId": ID}})) == Order(ID)


@pytest.mark.parametrize(
    "each",
    [
        # In Mexico, and nested, as in Canada.
        {"orderLineStatus": {"status": "Shipped"}},
        {"orderLineStatuses": [{"status": "Shipped"}]},
        {"status": "Shipped"},
        {"orderLineStatuses": {"orderLineStatus": [{"status": "Shipped"}]}},
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_the_status_of_a_line_is_read_in_every_place(each: dict[str, object], nested: bool) -> None:
    found = {"lineNumber": "1", **each}
    document = order(orderLines={"orderLine": [found]} if nested else [found])

    for read in (read_order(as_json({"order": document})), read_order(as_xml("order", document), XML)):
        assert [found.number for found in read.lines] == ["1"]
        assert read.statuses == {Status.SHIPPED}


@pytest.mark.parametrize(
    ("misplaced", "has_status"),
    [
        *[(wrong, []) for wrong in (*EMPTY, 0, True, "text", {"orderLine": "text"})],
        # An unreadable line among others must not vanish.
        *[({"orderLine": [line(), wrong]}, [True, False]) for wrong in (*EMPTY, "text", 7)],
    ],
)
def test_only_lines_beside_a_readable_one_count(misplaced: object, has_status: list[bool]) -> None:
    read = read_order(as_json({"order": order(orderLines=misplaced)}))

    assert [each.statuses != () for each in read.lines] == has_status


def read_status(status: object, amount: object = "1") -> OrderLineStatus:
    entry = {"status": status, "statusQuantity": {"amount": amount}}
    document = order({"lineNumber": "1", "orderLineStatuses": {"orderLineStatus": [entry]}})
    return read_order(as_json({"order": document})).lines[0].statuses[0]


@pytest.mark.parametrize(
    ("amount", "quantity"),
    [
        *[("1", 1), ("1.000", 1), ("1.", 1), (3, 3), (2.0, 2), ("0", 0), (" 4 ", 4)],
        *[(none, None) for none in (*EMPTY, "-1", "1.5", "one", "1e3", "٣", "1,000", True, 1e400)],
        pytest.param("9" * 18, 10**18 - 1, id="the longest"),
        pytest.param("1" * 19, None, id="a digit more"),
    ],
)
def test_a_quantity_is_a_whole_number_or_none(amount: object, quantity: int | None) -> None:
    assert read_status("Created", amount) == OrderLineStatus(Status.CREATED, quantity)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *dict.fromkeys(["ACKNOWLEDGED", " acknowledged "], "Acknowledged").items(),
        *dict.fromkeys(["Canceled", "CANCELED", "Cancelled"], "Cancelled").items(),
        ("PartlyTeleported", "PartlyTeleported"),
    ],
)
def test_only_a_known_status_is_normalized(written: str, read: str) -> None:
    assert read_status(written).status == read


HTML = b"<!DOCTYPE html><html><body>We will be back</body></html>"
ENTITY = b"<!DOCTYPE order [<!ENTITY id %b>]><order><purchaseOrderId>&id;</purchaseOrderId></order>"
WITHOUT_DECLARATION = as_xml("order", FULL, prefix="").partition(b"?>")[2]
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "an empty body": (b"", JSON),
    "a maintenance page": (HTML, "text/html"),
    "a page that is XML": (HTML.partition(b">")[2], "text/html"),
    "an empty object": (b"{}", JSON),
    "a list": (b"[]", JSON),
    "null": (b"null", JSON),
    "an order that is null": (b'{"order": null}', JSON),
    "an order that is a text": (as_json({"order": ID}), JSON),
    "an error in a 200": (b'{"error": [{"code": "SYSTEM_ERROR.GMP_GATEWAY_API"}]}', JSON),
    "cut short": (as_json({"order": FULL})[:-20], JSON),
    "XML cut short": (as_xml("order", FULL)[:-20], XML),
    "XML with something after it": (as_xml("order", FULL) + b"<order/>", XML),
    "JSON with something after it": (as_json({"order": FULL}) + b"{}", JSON),
    "binary": (bytes(range(256)), "application/octet-stream"),
    "JSON nested without end": (b"[" * 500_000, JSON),
    "XML nested deeply": (b"<order>" * 50_000 + b"</order>" * 50_000, XML),
    "a number of too many digits": (b'{"order": ' + b"1" * 5000 + b"}", JSON),
    "a file": (ENTITY % b'SYSTEM "file:///etc/passwd"', XML),
    "only a document type": (b"<!DOCTYPE order>" + WITHOUT_DECLARATION, XML),
    "one from elsewhere": (b'<!DOCTYPE order SYSTEM "http://192.0.2.1/o.dtd">' + WITHOUT_DECLARATION, XML),
}


@pytest.mark.parametrize(("body", "content_type"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_success_without_an_order_or_a_list_is_an_unknown_outcome(body: bytes, content_type: str) -> None:
    for result in (classify(body, content_type), classify_page(body, content_type)):
        assert isinstance(result, OutcomeUnknown)
        assert result.reason == ("unreadable_response" if body else "empty_response")


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_body_is_decoded_by_its_charset(charset: str) -> None:
    content = order(line(sku="E-1"))
    in_xml = (
        as_xml("order", content).replace(b"UTF-8", b"ISO-8859-1").replace(b"E-1", "É-1".encode("latin-1"))
    )
    for body, content_type in ((as_json({"order": content}), JSON), (as_xml("order", content), XML)):
        encoded = body.decode().replace("E-1", "É-1").encode(charset)

        assert read_order(encoded, f"{content_type}; charset={charset}").lines[0].sku == "É-1"
    assert read_order(in_xml, XML).lines[0].sku == "É-1"


@pytest.mark.parametrize(
    "encoding", ["US-ASCII", "windows-1252", "utf-9", "rot13", "utf-7", "euc-jp", "UTF-16"]
)
def test_xml_with_an_unsupported_encoding_is_read(encoding: str) -> None:
    body = as_xml("order", order()).replace(b"UTF-8", encoding.encode())

    assert read_order(body, XML) == read_order(as_json({"order": order()}))
