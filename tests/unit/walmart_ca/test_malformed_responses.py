"""Reading malformed responses: an invalid member that the client does not use must not hide the others."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import ID, as_json, as_xml, classify, classify_page, line, order, page, read_page
from walmart_ca import OrderPage, OutcomeUnknown, Status
from walmart_ca.responses import Response

JSON, XML = "application/json", "application/xml"
IDS = [str(int(ID) + number) for number in range(20)]
STREET = "@street@"
BUYER = {"shippingInfo": {"postalAddress": {"address1": STREET}}}
ORDERS = [order(line("1", ("Created", "1")), purchaseOrderId=each, **BUYER) for each in IDS]
CURSOR = "?limit=20&soIndex=40&poIndex=20&x=A%26B"


def written(content_type: str, street: bytes, *, before: bytes = b"") -> bytes:
    """Return a page whose orders all have this street."""
    content = page(*ORDERS, next_cursor=CURSOR)
    body = as_json({"list": content}) if content_type == JSON else as_xml("list", content)
    return before + body.replace(STREET.encode(), street)


INVALID_TEXT = {
    "a line feed": (JSON, b"12\nRue"),
    "a control character": (JSON, b"12\x1aRue"),
    "a Latin-1 byte": (JSON, b"Montr\xe9al"),
    "cut UTF-8": (JSON, b"Montr\xc3"),
    "UTF-8 of a surrogate": (JSON, b"\xed\xa0\x80"),
    "half a surrogate pair": (JSON, rb"\ud800"),
    "a very long number": (JSON, b'", "novel": ' + b"9" * 5000 + b', "x": "'),
    "no number": (JSON, b'", "novel": NaN, "x": "'),
    "an ampersand in XML": (XML, b"A & B"),
    "a named entity in XML": (XML, b"Montr&eacute;al&nbsp;"),
    "a reference to no character in XML": (XML, b"&#26;&#x0;&#xD800;&#1114112;&#xFFFFFF;"),
    "a control character in XML": (XML, b"12\x1aRue"),
    "a Latin-1 byte in XML": (XML, b"Montr\xe9al"),
    "less than in XML": (XML, b"flat < 3 <5"),
    "CDATA in XML": (XML, b"<![CDATA[A & <B> &nope;]]>"),
}


@pytest.mark.parametrize(("content_type", "street"), INVALID_TEXT.values(), ids=INVALID_TEXT.keys())
def test_an_invalid_byte_in_a_street_hides_no_order(content_type: str, street: bytes) -> None:
    read = read_page(written(content_type, street), content_type)

    assert [each.purchase_order_id for each in read.orders] == IDS
    assert {each.statuses for each in read.orders} == {frozenset({Status.CREATED})}
    assert {each.order_date for each in read.orders} == {datetime(2026, 11, 23, 10, tzinfo=UTC)}
    assert read.next_cursor == CURSOR


LABELS = [
    *(None, "", JSON, XML, "text/html", "text/plain", "application/octet-stream", "application/hal+json"),
    *(f"{JSON}; charset=latin-1", f'{XML};charset="windows-1252"', f"{JSON};charset=zlib_codec"),
]


@pytest.mark.parametrize("label", LABELS, ids=repr)
@pytest.mark.parametrize("written_as", [JSON, XML])
def test_the_content_type_does_not_decide_how_a_body_is_read(written_as: str, label: str | None) -> None:
    for before in (b"", b"\xef\xbb\xbf", b"\n  ", b"\xef\xbb\xbf\r\n"):
        body = written(written_as, b"12 Rue", before=before)

        assert len(read_page(body, label).orders) == len(IDS)


@settings(deadline=None, max_examples=100)
@given(street=st.binary(max_size=60), content_type=st.sampled_from([JSON, XML]))
@example(street=b"]]>", content_type=XML)
def test_a_street_of_any_bytes_hides_no_order(street: bytes, content_type: str) -> None:
    # A quote, a backslash or a tag may end the text around it; the tests below cover that.
    harmless = bytes(byte for byte in street if byte not in b'"\\<>')

    read = read_page(written(content_type, harmless), content_type)

    assert [each.purchase_order_id for each in read.orders] == IDS


ID_IN_XML = b"<purchaseOrderId>1</purchaseOrderId>"
UNREAD: dict[str, tuple[bytes, str | None]] = {
    "quotes": (written(JSON, b'the "old" mill'), CURSOR),
    "a backslash": (written(JSON, b"C:\\Users"), CURSOR),
    "a tag": (written(XML, b"<b>mill"), CURSOR),
    "the last page": (as_json({"list": page(*ORDERS)}).replace(STREET.encode(), b'"'), None),
    "an unknown escape in JSON": (b'{"purchaseOrderId": "1", "nextCursor": "\\x" "', None),
    "a tab": (b'{"purchaseOrderId": "1", "nextCursor": "a\tb" "', "a\tb"),
    "an escaped ampersand": (ID_IN_XML + b"<nextCursor> a&amp;b </nextCursor>", "a&b"),
}


@pytest.mark.parametrize(("body", "following"), UNREAD.values(), ids=UNREAD.keys())
def test_the_next_cursor_is_found_in_an_unreadable_page(body: bytes, following: str | None) -> None:
    error = classify_page(body, "", cursor="?before")

    assert isinstance(error, OutcomeUnknown)
    assert error.reason == "unreadable_response"
    assert error.unread == OrderPage((), "?before", following, error.call)


NOT_UNREAD = [b"", b"<html>purchaseOrderId</html>", b'<html>"purchaseOrderId": "1",', b"{broken", b"[]"]


@pytest.mark.parametrize("body", [*NOT_UNREAD, as_json({"novel": order()})])
def test_a_response_without_an_order_is_no_unread_page(body: bytes) -> None:
    error = classify_page(body)

    assert isinstance(error, OutcomeUnknown)
    assert error.unread is None


OTHER = {"purchaseOrderId": "7499999999999"}


@pytest.mark.parametrize(
    ("body", "names_order"),
    [
        (as_json({"order": order(**BUYER)}).replace(STREET.encode(), b'"'), True),
        (as_xml("order", order(**BUYER)).replace(STREET.encode(), b"<b>"), True),
        (as_json({"order": order()})[:-20], True),
        (as_json({"order": order(**OTHER, **BUYER)}).replace(STREET.encode(), b'"'), False),
        (as_json([order(), order(**OTHER)])[:-5], False),
        (b"<html>" + as_json({"order": order()}), False),
        (as_json({"novel": order()}), False),
        (b"{}", False),
        (b"", False),
    ],
)
def test_an_unreadable_success_may_name_the_order(body: bytes, names_order: bool) -> None:
    error = classify(body)

    assert isinstance(error, OutcomeUnknown)
    assert error.names_order is names_order


def entity_chain(length: int) -> bytes:
    entities = "".join(f'<!ENTITY a{n} "&a{n - 1};">' for n in range(1, length))
    return f'<!DOCTYPE o [<!ENTITY a0 "x">{entities}]><order><o>&a{length - 1};</o></order>'.encode()


@pytest.mark.parametrize("length", [10, 36_000])
def test_nested_entities_are_refused(length: int) -> None:
    assert isinstance(classify(entity_chain(length), XML), OutcomeUnknown)


def test_more_orders_than_a_page_can_have_are_not_read() -> None:
    assert len(read_page(as_json({"list": page(*[order()] * 1000)})).orders) == 1000

    error = classify_page(as_json({"list": page(*[order()] * 1001)}))

    assert isinstance(error, OutcomeUnknown)
    assert error.unread is not None


@pytest.mark.parametrize(
    "body", [b"<order>" * 60 + b"</order>" * 60, b"<order" + b" a='1'" * 1000, b"<![CDATA[" * 1000, b"&#"]
)
def test_hostile_xml_is_refused(body: bytes) -> None:
    assert Response(200, {"Content-Type": XML}, body).read() == {}
