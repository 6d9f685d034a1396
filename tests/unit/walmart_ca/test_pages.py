"""Reading a page of orders from Walmart's answers, XML and JSON, and telling an empty list from an error."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import (
    ID,
    as_json,
    as_xml,
    error_shapes,
    judge_page,
    line,
    order,
    page,
    read_order,
    read_page,
)
from tests.unit.walmart_ca.arbitrary import BODIES, CONTENT_TYPES, TREES
from walmart_ca import (
    CredentialsRefused,
    Misconfigured,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    Unavailable,
    WalmartError,
)

OTHER = "2575193093773"
CURSOR = "?limit=200&hasMoreElements=true&soIndex=400&poIndex=2575193093772&createdStartDate=2026-11-23"
ORDERS = (
    order(line("1", ("Created", "1")), line("2", ("Created", "2"), ("Shipped", "1"))),
    order(line("1", ("Created", "3"), sku="MAPLE-002 & <co>"), purchaseOrderId=OTHER),
)


def ids(read: OrderPage) -> list[str]:
    return [found.purchase_order_id for found in read.orders]


def with_meta(meta: object) -> bytes:
    return as_json({"list": {"meta": meta, "elements": {"order": [order()]}}})


def with_elements(elements: object) -> bytes:
    return as_json({"list": {"meta": {"nextCursor": CURSOR}, "elements": elements}})


# The orders


@pytest.mark.parametrize("count", [0, 1, 2], ids=["no order", "one order", "two orders"])
def test_a_page_has_walmarts_orders_in_walmarts_order(count: int) -> None:
    read = read_page(as_json({"list": page(*ORDERS[:count])}))

    assert ids(read) == [ID, OTHER][:count]


@pytest.mark.parametrize("count", [0, 1, 2], ids=["no order", "one order", "two orders"])
@pytest.mark.parametrize(
    ("prefix", "namespace"),
    [("ns3", "http://walmart.com/mp/v3/orders"), ("o", "urn:something-new"), ("", "")],
)
@pytest.mark.parametrize("content_type", ["application/xml", "text/xml;charset=UTF-8", ""])
def test_a_page_is_the_same_in_xml_and_json(
    count: int, prefix: str, namespace: str, content_type: str
) -> None:
    content = page(*ORDERS[:count], next_cursor=CURSOR)

    read = read_page(as_xml("list", content, prefix=prefix, namespace=namespace), content_type)

    assert read == read_page(as_json({"list": content}))


def test_a_lone_order_may_stand_without_a_list() -> None:
    alone = as_json({"list": {"elements": {"order": order()}}})

    assert read_page(alone).orders == read_page(as_json({"list": page(order())})).orders


def test_an_order_of_a_page_is_read_like_any_other() -> None:
    (read,) = read_page(as_json({"list": page(ORDERS[0])})).orders

    assert read == read_order(as_json({"order": ORDERS[0]}))


@pytest.mark.parametrize("member", ["purchaseOrderId", "customerOrderId", "orderDate", "orderLines"])
@pytest.mark.parametrize("value", ["left out", None, "", {}, []], ids=repr)
def test_an_order_that_lacks_something_keeps_its_place(member: str, value: object) -> None:
    lacking = {name: content for name, content in order().items() if name != member}
    if value != "left out":
        lacking[member] = value

    read = read_page(as_json({"list": page(order(), lacking, order(purchaseOrderId=OTHER))}))

    assert ids(read) == [ID, "" if member == "purchaseOrderId" else ID, OTHER]


@pytest.mark.parametrize("elements", [None, "", {}, {"order": None}, {"order": ""}, {"order": []}], ids=repr)
def test_a_page_may_have_no_elements(elements: object) -> None:
    read = read_page(with_elements(elements))

    assert read.orders == ()
    assert read.next_cursor == CURSOR


def test_a_page_may_lack_its_elements() -> None:
    read = read_page(as_json({"list": {"meta": {"nextCursor": CURSOR}}}))

    assert (read.orders, read.next_cursor) == ((), CURSOR)


@pytest.mark.parametrize("misplaced", [None, 0, True, "text", [], ["text"]], ids=repr)
def test_what_is_no_order_is_left_out(misplaced: object) -> None:
    assert ids(read_page(with_elements({"order": [order(), misplaced]}))) == [ID]


def test_unknown_members_are_ignored() -> None:
    novel = {"novel": {"deep": [1, 2, {"x": None}]}}
    content = page(*ORDERS, next_cursor=CURSOR)
    extended = {name: member | novel for name, member in content.items()} | novel

    assert read_page(as_json({"list": extended} | novel)) == read_page(as_json({"list": content}))


def test_no_buyers_data_is_read() -> None:
    of_a_buyer = order(
        customerEmailId="RELAY4471QPLMX82@relay.example.com",
        shippingInfo={
            "phone": "5550147366",
            "postalAddress": {"name": "Philippa Nonesuch", "city": "Moose Jaw"},
        },
    )

    shown = repr(read_page(as_json({"list": page(of_a_buyer)})))

    assert ID in shown
    for private in ("RELAY4471", "5550147366", "Nonesuch", "Moose Jaw"):
        assert private not in shown


def test_a_page_and_its_orders_tell_of_the_call_that_brought_them() -> None:
    read = read_page(as_json({"list": page(*ORDERS)}))

    assert read.call.status == 200
    assert [found.call for found in read.orders] == [read.call, read.call]


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_any_2xx_with_a_list_is_a_page(status: int) -> None:
    assert ids(read_page(as_json({"list": page(order())}), status=status)) == [ID]


# What leads to the next page


@pytest.mark.parametrize("cursor", [CURSOR, CURSOR.removeprefix("?")], ids=["with ?", "without ?"])
def test_a_cursor_is_kept_as_walmart_wrote_it(cursor: str) -> None:
    content = page(order(), next_cursor=cursor)

    assert read_page(as_json({"list": content})).next_cursor == cursor
    assert read_page(as_xml("list", content), "application/xml").next_cursor == cursor


@settings(deadline=None)
@given(cursor=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
@example(cursor="?a=1&amp;b=%3a%2B+|\"[]'<>")
def test_a_cursor_of_any_characters_is_kept(cursor: str) -> None:
    content = page(next_cursor=cursor)

    assert read_page(as_json({"list": content})).next_cursor == cursor
    assert read_page(as_xml("list", content), "application/xml").next_cursor == cursor


def test_an_escaped_ampersand_in_xml_is_an_ampersand() -> None:
    body = b"<list><meta><nextCursor>?limit=1&amp;soIndex=8</nextCursor></meta></list>"

    assert read_page(body, "application/xml").next_cursor == "?limit=1&soIndex=8"


def test_white_space_around_a_cursor_is_dropped() -> None:
    body = as_xml("list", page(next_cursor=f"\n    {CURSOR}\n  "))

    assert read_page(body, "application/xml").next_cursor == CURSOR


@pytest.mark.parametrize(
    "meta",
    [None, "", {}, [], {"nextCursor": None}, {"nextCursor": ""}, {"nextCursor": " \n"}, {"totalCount": 1}],
    ids=repr,
)
def test_a_page_without_a_cursor_is_the_last(meta: object) -> None:
    read = read_page(with_meta(meta))

    assert read.next_cursor is None
    assert ids(read) == [ID]


@pytest.mark.parametrize(
    ("said", "total"),
    [
        (450, 450),
        ("450", 450),
        (" 450\n", 450),
        (450.0, 450),
        (0, 0),
        *dict.fromkeys((None, "", "many", -1, 4.5, True, "٤", 10**30)).items(),
        ([], None),
        ({}, None),
    ],
    ids=repr,
)
def test_a_page_has_walmarts_count_of_the_whole_list_where_it_can_be_read(
    said: object, total: int | None
) -> None:
    assert read_page(with_meta({"totalCount": said})).total_count == total


def test_the_count_in_xml_is_read_as_well() -> None:
    assert read_page(as_xml("list", page(*ORDERS)), "application/xml").total_count == 2


def test_a_page_may_lack_its_meta() -> None:
    read = read_page(as_json({"list": {"elements": {"order": [order()]}}}))

    assert (ids(read), read.next_cursor) == ([ID], None)


def test_an_empty_cursor_in_xml_is_none() -> None:
    body = b"<list><meta><nextCursor/></meta><elements/></list>"

    assert read_page(body, "application/xml").next_cursor is None


@pytest.mark.parametrize("cursor", [None, CURSOR])
def test_a_page_knows_what_led_to_it(cursor: str | None) -> None:
    assert read_page(as_json({"list": page()}), cursor=cursor).cursor == cursor


# An empty list, which Walmart tells as an error

NOTHING_FOUND: dict[str, Any] = {
    "code": "CONTENT_NOT_FOUND.GMP_ORDER_API",
    "description": "Orders not found for given search parameters",
    "info": "Requested content could not be found.",
    "severity": "INFO",
    "category": "APPLICATION",
}
SEVERITIES: dict[str, dict[str, Any]] = {
    "upper case": {"severity": "INFO"},
    "lower case": {"severity": "info"},
    "title case and blanks": {"severity": " Info "},
    "null": {"severity": None},
    "empty": {"severity": ""},
}


@pytest.mark.parametrize("severity", SEVERITIES.values(), ids=SEVERITIES.keys())
@pytest.mark.parametrize("shape", error_shapes(NOTHING_FOUND))
def test_a_list_that_finds_nothing_is_an_empty_page_in_every_shape(
    shape: str, severity: dict[str, Any]
) -> None:
    body, content_type = error_shapes(NOTHING_FOUND | severity)[shape]

    read = read_page(body, content_type, status=404, cursor=CURSOR)

    assert (read.orders, read.cursor, read.next_cursor) == ((), CURSOR, None)
    assert read.call.status == 404


@pytest.mark.parametrize("severity", ["INFO", "ERROR", None])
@pytest.mark.parametrize(
    "code", ["CONTENT_NOT_FOUND", "CONTENT_NOT_FOUND.GMP_GATEWAY_API", "CONTENT_NOT_FOUND.GMP_ANOTHER_API"]
)
def test_only_the_order_service_can_say_that_there_are_no_orders(code: str, severity: str | None) -> None:
    gone = errors({"code": code, "severity": severity, "description": "No static resource v3/ca/orders."})

    assert type(judge_page(gone, status=404)) is Misconfigured


def test_a_list_may_find_nothing_twice() -> None:
    assert read_page(errors(NOTHING_FOUND, NOTHING_FOUND), status=404).orders == ()


def errors(*entries: dict[str, Any]) -> bytes:
    return as_json({"errors": {"error": list(entries)}})


SYSTEM_ERROR = {"code": "SYSTEM_ERROR.GMP_GATEWAY_API", "severity": "ERROR"}
URI_NOT_FOUND = {"code": "URI_NOT_FOUND.GMP_GATEWAY_API", "severity": "INFO"}
NOT_EMPTY: dict[str, tuple[int, bytes, type[WalmartError]]] = {
    "an error": (404, errors(NOTHING_FOUND | {"severity": "ERROR"}), OrderRejected),
    "a warning": (404, errors(NOTHING_FOUND | {"severity": "WARN"}), OrderRejected),
    "another code": (404, errors(NOTHING_FOUND | {"code": "SELLER_NOT_FOUND.GMP_ORDER_API"}), OrderRejected),
    "a path that is not known": (404, errors(URI_NOT_FOUND), Misconfigured),
    "an error beside it": (404, errors(NOTHING_FOUND, SYSTEM_ERROR), Misconfigured),
    "an error before it": (404, errors(SYSTEM_ERROR, NOTHING_FOUND), Misconfigured),
    "a path that is not known beside it": (404, errors(NOTHING_FOUND, URI_NOT_FOUND), Misconfigured),
    "no code": (404, errors({"severity": "INFO"}), Misconfigured),
    "no entry": (404, errors(), Misconfigured),
    "no body": (404, b"", Misconfigured),
    "a page": (404, b"<html><body>Not Found</body></html>", Misconfigured),
    "an empty list after all": (404, as_json({"list": page()}), Misconfigured),
    "with 400": (400, errors(NOTHING_FOUND), OrderRejected),
    "with 401": (401, errors(NOTHING_FOUND), CredentialsRefused),
    "with 500": (500, errors(NOTHING_FOUND), Unavailable),
    "with 200": (200, errors(NOTHING_FOUND), OutcomeUnknown),
    "with 206": (206, errors(NOTHING_FOUND), OutcomeUnknown),
}


@pytest.mark.parametrize(("status", "body", "kind"), NOT_EMPTY.values(), ids=NOT_EMPTY.keys())
def test_nothing_else_is_an_empty_page(status: int, body: bytes, kind: type[WalmartError]) -> None:
    assert type(judge_page(body, status=status)) is kind


# A 2xx that is no list

NO_LISTS = {
    "an empty body": (b"", "application/json"),
    "white space": (b" \r\n", "application/xml"),
    "a maintenance page": (b"<!DOCTYPE html><html><body>We will be back</body></html>", "text/html"),
    "a page that is XML": (b"<html><body>We will be back</body></html>", "text/html"),
    "a page that lists": (b"<html><list><meta/><elements/></list></html>", "text/html"),
    "an empty object": (b"{}", "application/json"),
    "null": (b"null", "application/json"),
    "a JSON list": (as_json([page(order())]), "application/json"),
    "an order": (as_json({"order": order()}), "application/json"),
    "an order in XML": (as_xml("order", order()), "application/xml"),
    "the content alone": (as_json(page(order())), "application/json"),
    "an error in a 200": (b'{"error": [{"code": "SYSTEM_ERROR.GMP_GATEWAY_API"}]}', "application/json"),
    "a list that is null": (b'{"list": null}', "application/json"),
    "a list that is a text": (b'{"list": "text"}', "application/json"),
    "a list that is empty": (b'{"list": {}}', "application/json"),
    "a list of nothing": (b'{"list": []}', "application/json"),
    "a list of orders alone": (as_json({"list": [order()]}), "application/json"),
    "a list of unknown members": (b'{"list": {"novel": 1}}', "application/json"),
    "an empty list in XML": (b"<list/>", "application/xml"),
    "cut short": (as_json({"list": page(order())})[:-20], "application/json"),
    "XML cut short": (as_xml("list", page(order()))[:-20], "application/xml"),
    "XML with a document type": (
        b"<!DOCTYPE list>" + as_xml("list", page(), prefix="").partition(b"?>")[2],
        "application/xml",
    ),
}


@pytest.mark.parametrize(("body", "content_type"), NO_LISTS.values(), ids=NO_LISTS.keys())
def test_a_success_without_a_list_is_an_unknown_outcome(body: bytes, content_type: str) -> None:
    verdict = judge_page(body, content_type)

    assert isinstance(verdict, OutcomeUnknown)
    assert verdict.reason == ("unreadable_answer" if body else "empty_answer")


@pytest.mark.parametrize(
    ("total", "is_page"), [(34, False), ("34", False), (0, True), ("0", True), (None, True)], ids=repr
)
def test_a_first_page_that_counts_orders_and_shows_none_is_not_taken_for_an_empty_list(
    total: object, is_page: bool
) -> None:
    misplaced = as_json({"list": {"meta": {"totalCount": total}, "elements": [order()]}})

    assert isinstance(judge_page(misplaced), OrderPage) is is_page


def test_a_later_page_may_be_empty_though_the_list_is_not() -> None:
    empty = as_json({"list": {"meta": {"totalCount": 34}, "elements": {"order": []}}})

    assert isinstance(judge_page(empty, cursor=CURSOR), OrderPage)


# Anything at all


@settings(deadline=None, max_examples=500)
@given(body=BODIES, content_type=CONTENT_TYPES, status=st.integers(100, 999))
def test_whatever_walmart_answers_is_a_page_or_a_walmart_error(
    body: bytes, content_type: str | None, status: int
) -> None:
    assert isinstance(judge_page(body, content_type, status=status), OrderPage | WalmartError)


@settings(deadline=None, max_examples=500)
@given(tree=TREES, status=st.sampled_from([200, 400, 404, 429, 500]))
def test_members_of_any_type_in_any_place_are_a_page_or_a_walmart_error(tree: object, status: int) -> None:
    assert isinstance(judge_page(as_json(tree), status=status), OrderPage | WalmartError)


@settings(deadline=None, max_examples=300)
@given(meta=TREES, neighbour=TREES)
def test_an_order_is_found_whatever_stands_beside_it(meta: object, neighbour: object) -> None:
    body = as_json({"list": {"meta": meta, "elements": {"order": [neighbour, order()]}}})

    assert ids(read_page(body))[-1] == ID
