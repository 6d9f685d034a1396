"""Reading answers with something odd in them: what the client does not need must not hide what it needs."""

import gc
import json
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import (
    ID,
    as_json,
    as_xml,
    judge,
    judge_page,
    line,
    order,
    page,
    read_error,
    read_order,
    read_page,
)
from walmart_ca import Misconfigured, OrderPage, OutcomeUnknown, Status, Unavailable, WalmartError
from walmart_ca.answers import Answer

JSON, XML = "application/json", "application/xml"
IDS = [str(int(ID) + number) for number in range(20)]
STREET = "@street@"
BUYER = {"shippingInfo": {"postalAddress": {"address1": STREET}}}
ORDERS = [order(line("1", ("Created", "1")), purchaseOrderId=each, **BUYER) for each in IDS]
CURSOR = "?limit=20&soIndex=40&poIndex=20&x=A%26B"


def written(content_type: str, street: bytes, *, before: bytes = b"") -> bytes:
    """A page whose orders all have this street."""
    content = page(*ORDERS, next_cursor=CURSOR)
    body = as_json({"list": content}) if content_type == JSON else as_xml("list", content)
    return before + body.replace(STREET.encode(), street)


ODD = {
    "a tab": (JSON, b"12\tRue"),
    "a line feed": (JSON, b"12\nRue"),
    "a control character": (JSON, b"12\x1aRue"),
    "NUL": (JSON, b"12\x00Rue"),
    "a Latin-1 byte": (JSON, b"Montr\xe9al"),
    "cut UTF-8": (JSON, b"Montr\xc3"),
    "UTF-8 of a surrogate": (JSON, b"\xed\xa0\x80"),
    "half a surrogate pair": (JSON, rb"\ud800"),
    "a very long number": (JSON, b'", "novel": ' + b"9" * 5000 + b', "x": "'),
    "a number without end": (JSON, b'", "novel": 1e999999, "x": "'),
    "no number": (JSON, b'", "novel": NaN, "x": "'),
    "an ampersand in XML": (XML, b"A & B"),
    "an ampersand at the end in XML": (XML, b"A &"),
    "a named entity in XML": (XML, b"Montr&eacute;al&nbsp;"),
    "a reference to no character in XML": (XML, b"&#26;&#x0;&#xD800;&#1114112;&#xFFFFFF;"),
    "a reference to a character in XML": (XML, b"&#233;&#xE9;&#x10FFFF;"),
    "a control character in XML": (XML, b"12\x1aRue"),
    "a Latin-1 byte in XML": (XML, b"Montr\xe9al"),
    "less than in XML": (XML, b"flat < 3 <5"),
    "CDATA in XML": (XML, b"<![CDATA[A & <B> &nope;]]>"),
    "an end of CDATA in a comment": (XML, b"<!-- A & B -->"),
}


@pytest.mark.parametrize(("content_type", "street"), ODD.values(), ids=ODD.keys())
def test_something_odd_in_a_buyers_street_hides_no_order(content_type: str, street: bytes) -> None:
    read = read_page(written(content_type, street), content_type)

    assert [each.purchase_order_id for each in read.orders] == IDS
    assert {each.statuses for each in read.orders} == {frozenset({Status.CREATED})}
    assert read.next_cursor == CURSOR


LABELS = [
    *(None, "", JSON, XML, "text/html", "text/plain"),
    *(f"{JSON}; charset=latin-1", f'{XML};charset="windows-1252"', f"{JSON};charset=zlib_codec"),
]


@pytest.mark.parametrize("label", LABELS, ids=repr)
@pytest.mark.parametrize("written_as", [JSON, XML])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n  ", b"\xef\xbb\xbf\r\n"], ids=repr)
def test_a_body_counts_by_its_first_character_whatever_its_label(
    written_as: str, before: bytes, label: str | None
) -> None:
    assert len(read_page(written(written_as, b"12 Rue", before=before), label).orders) == len(IDS)


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("content_type", [JSON, XML])
def test_a_body_is_decoded_by_the_charset_that_it_names(content_type: str, charset: str) -> None:
    content = order(line(sku="É-1"))
    text = json.dumps({"order": content}, ensure_ascii=False)
    body = (text if content_type == JSON else as_xml("order", content).decode()).encode(charset)

    assert read_order(body, f"{content_type}; charset={charset}").lines[0].sku == "É-1"


def test_xml_is_decoded_by_the_encoding_that_it_declares() -> None:
    body = as_xml("order", order(line(sku="É-1"))).decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")

    assert read_order(body, XML).lines[0].sku == "É-1"


@settings(deadline=None, max_examples=300)
@given(street=st.binary(max_size=60), content_type=st.sampled_from([JSON, XML]))
@example(street=b"]]>", content_type=XML)
def test_whatever_bytes_a_street_has_the_orders_are_read(street: bytes, content_type: str) -> None:
    # A quote, a backslash or a tag may end the text that it is in; that is below.
    harmless = bytes(byte for byte in street if byte not in b'"\\<>')

    read = read_page(written(content_type, harmless), content_type)

    assert [each.purchase_order_id for each in read.orders] == IDS


# What is left unreadable


@pytest.mark.parametrize(
    ("content_type", "street"), [(JSON, b'the "old" mill'), (JSON, b"C:\\Users"), (XML, b"<b>mill")], ids=repr
)
def test_a_page_that_cannot_be_read_keeps_its_cursor(content_type: str, street: bytes) -> None:
    error = judge_page(written(content_type, street), content_type, cursor="?before")

    assert isinstance(error, OutcomeUnknown)
    assert error.reason == "unreadable_answer"
    assert error.unread == OrderPage((), "?before", CURSOR, error.call)


def test_the_last_page_that_cannot_be_read_leads_nowhere() -> None:
    last = as_json({"list": page(*ORDERS)}).replace(STREET.encode(), b'"')

    error = judge_page(last)

    assert isinstance(error, OutcomeUnknown)
    assert error.unread == OrderPage((), None, None, error.call)


@pytest.mark.parametrize(
    "body", [b"", b"<html>purchaseOrderId</html>", b'<html>"purchaseOrderId": "1",</html>', b"{broken", b"[]"]
)
def test_what_shows_no_order_is_no_unread_page(body: bytes) -> None:
    error = judge_page(body)

    assert isinstance(error, OutcomeUnknown)
    assert error.unread is None


@pytest.mark.parametrize(
    ("body", "names_order"),
    [
        (as_json({"order": order(**BUYER)}).replace(STREET.encode(), b'"'), True),
        (as_xml("order", order(**BUYER)).replace(STREET.encode(), b"<b>"), True),
        (as_json({"order": order()})[:-20], True),
        (
            as_json({"order": order(purchaseOrderId="7499999999999", **BUYER)}).replace(
                STREET.encode(), b'"'
            ),
            False,
        ),
        (as_json([order(), order(purchaseOrderId="7499999999999")])[:-5], False),
        (b"<html>" + as_json({"order": order()}), False),
        (b"{}", False),
        (b"", False),
    ],
)
def test_an_unreadable_success_says_whether_it_names_the_order(body: bytes, names_order: bool) -> None:
    error = judge(body)

    assert isinstance(error, OutcomeUnknown)
    assert error.names_order is names_order


# Lines in other shapes

SHIPPED = [{"status": "Shipped", "statusQuantity": {"amount": "1"}}]
FLAT = {
    "in Mexico": [{"lineNumber": "1", "orderLineStatus": SHIPPED}],
    "one status": [{"lineNumber": "1", "orderLineStatus": SHIPPED[0]}],
    "a list of statuses": [{"lineNumber": "1", "orderLineStatuses": SHIPPED}],
    "a status on the line": [{"lineNumber": "1", "status": "Shipped"}],
    "nested, as in Canada": [{"lineNumber": "1", "orderLineStatuses": {"orderLineStatus": SHIPPED}}],
}


@pytest.mark.parametrize("lines", FLAT.values(), ids=FLAT.keys())
@pytest.mark.parametrize("nested", [False, True])
def test_the_status_of_a_line_is_read_wherever_it_stands(lines: list[object], nested: bool) -> None:
    read = read_order(as_json({"order": order(orderLines={"orderLine": lines} if nested else lines)}))

    assert [each.number for each in read.lines] == ["1"]
    assert read.statuses == {Status.SHIPPED}


@pytest.mark.parametrize("lines", [FLAT["in Mexico"], FLAT["a status on the line"]])
def test_flat_lines_are_read_in_xml_too(lines: list[object]) -> None:
    assert read_order(as_xml("order", order(orderLines=lines)), XML).statuses == {Status.SHIPPED}


@pytest.mark.parametrize("odd", [None, "text", 7, [], {}], ids=repr)
def test_a_line_that_cannot_be_read_is_a_line_without_a_status(odd: object) -> None:
    read = read_order(as_json({"order": order(orderLines={"orderLine": [line(), odd]})}))

    assert [each.statuses != () for each in read.lines] == [True, False]


@pytest.mark.parametrize("spelling", ["Canceled", "CANCELED", "canceled", "Cancelled"])
def test_either_spelling_of_cancelled_is_one_status(spelling: str) -> None:
    assert read_order(as_json({"order": order(line("1", (spelling, "1")))})).statuses == {Status.CANCELLED}


# Who speaks

EDGE_PAGES = {
    "HTML": b"<html><h1>Not Found</h1></html>",
    "text": b"no healthy upstream",
    "nothing": b"",
    "Spring": as_json({"timestamp": 1, "status": 404, "error": "Not Found", "path": "/v3/ca/orders/1"}),
    "a mesh": as_json({"code": 404, "message": "no Route matched with those values"}),
    "a lone error with a number": as_json({"error": {"code": 404, "message": "Not found"}}),
    "codes in lower case": as_json({"errors": [{"code": "not_found", "message": "x"}]}),
    "XML of a store": b"<Error><Code>NoSuchKey</Code><Message>x</Message></Error>",
    "the gateway": as_json({"error": [{"code": "CONTENT_NOT_FOUND.GMP_GATEWAY_API", "severity": "INFO"}]}),
    "a problem document": as_json({"title": "Not Found", "status": 404, "detail": "No static resource"}),
}


@pytest.mark.parametrize("body", EDGE_PAGES.values(), ids=EDGE_PAGES.keys())
@pytest.mark.parametrize("status", [400, 402, 404, 407, 409, 410, 413, 421, 431, 451])
def test_what_no_order_service_wrote_says_nothing_about_an_order(status: int, body: bytes) -> None:
    kind = Misconfigured if status == 404 else Unavailable

    assert type(read_error(body, "", status=status)) is kind
    assert type(judge_page(body, "", status=status)) is kind


@pytest.mark.parametrize(
    ("detail", "kind"),
    [
        ("Required header 'WM_SVC.NAME' is not present.", "Misconfigured"),
        ("Header wm_consumer.channel.type is invalid", "Misconfigured"),
        ("The Content-Type is not supported here", "Misconfigured"),
        ("The Accept header is wrong", "Misconfigured"),
        ("WM_SEC.ACCESS_TOKEN is malformed", "CredentialsRefused"),
        ("We accept no such thing", "Unavailable"),
        ("", "Unavailable"),
    ],
)
def test_a_problem_document_names_a_header_in_its_detail(detail: str, kind: str) -> None:
    problem = as_json({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": detail})

    error = read_error(problem, "application/problem+json", status=400)

    assert (type(error).__name__, error.reason) == (kind, "Bad Request")
    assert error.entries[0].description == detail


def test_a_problem_document_of_403_is_a_verdict_on_the_caller() -> None:
    problem = as_json({"title": "Forbidden", "status": 403})

    assert type(read_error(problem, "application/problem+json", status=403)).__name__ == "CredentialsRefused"


# Bytes that harm


def entity_chain(length: int) -> bytes:
    entities = "".join(f'<!ENTITY a{n} "&a{n - 1};">' for n in range(1, length))
    return f'<!DOCTYPE o [<!ENTITY a0 "x">{entities}]><order><o>&a{length - 1};</o></order>'.encode()


@pytest.mark.parametrize("length", [10, 100, 1000, 36_000])
def test_nested_entities_are_refused_before_they_are_used(length: int) -> None:
    assert isinstance(judge(entity_chain(length), XML), OutcomeUnknown)


MIB = 1024 * 1024
HOSTILE = {
    "empty orders": (b'{"list":{"meta":{},"elements":{"order":[', b"{},", b"{}]}}}"),
    "empty lists": (b'{"list":{"meta":{},"elements":{"order":[', b"[],", b"[]]}}}"),
    "numbers": (b'{"list":{"meta":{},"elements":{"order":[', b"1,", b"1]}}}"),
    "empty elements": (b"<list><meta/><elements>", b"<order/>", b"</elements></list>"),
    "errors": (b'{"error":[', b'{"code":"X"},', b"{}]}"),
    "ampersands": (b"<list><meta/><elements>", b"&", b"</elements></list>"),
    "beginnings": (b"", b"<!--", b""),
}


@pytest.mark.parametrize(("before", "piece", "after"), HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("status", [200, 400])
def test_the_largest_answer_takes_little_of_a_functions_memory(
    before: bytes, piece: bytes, after: bytes, status: int
) -> None:
    body = before + piece * ((16 * MIB - len(before) - len(after)) // len(piece)) + after
    gc.collect()
    tracemalloc.start()
    try:
        verdict = judge_page(body, "", status=status)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(verdict, WalmartError)
    assert len(verdict.entries) <= 20
    assert peak < 160 * MIB


def test_more_orders_than_a_page_can_have_are_not_read() -> None:
    error = judge_page(as_json({"list": page(*[order()] * 1001)}))

    assert isinstance(error, OutcomeUnknown)
    assert error.unread is not None


@pytest.mark.parametrize(
    "body",
    [b"<order>" * 60 + b"</order>" * 60, b"<order" + b" a='1'" * 1000, b"<![CDATA[" * 1000, b"&#"],
)
def test_hostile_xml_is_not_read(body: bytes) -> None:
    assert Answer(200, {"Content-Type": XML}, body).read() == {}


def test_a_date_is_read_from_a_page_with_odd_bytes_as_from_any_other() -> None:
    read = read_page(written(JSON, b"\xff\x00\t"))

    assert read.orders[0].order_date == datetime(2026, 11, 23, 10, tzinfo=UTC)
