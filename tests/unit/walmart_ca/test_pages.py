"""Reading a page of orders from Walmart's responses in XML and JSON; an empty list is no error."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import (
    ID,
    as_json,
    as_xml,
    classify_page,
    error_shapes,
    line,
    order,
    page,
    read_page,
)
from walmart_ca import (
    CredentialsRefused,
    Misconfigured,
    Order,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    Unavailable,
    WalmartError,
)

JSON, XML = "application/json", "application/xml"
OTHER = "2575193093773"
CURSOR = "?limit=200&hasMoreElements=true&soIndex=400&poIndex=2575193093772&createdStartDate=2026-11-23"
ORDERS = (
    order(line("1", ("Created", "1")), line("2", ("Created", "2"), ("Shipped", "1"))),
    order(line("1", ("Created", "3"), sku="MAPLE-002 & <co>"), purchaseOrderId=OTHER),
)


def ids(read: OrderPage) -> list[str]:
    return [found.purchase_order_id for found in read.orders]


def listing(**members: object) -> bytes:
    return as_json({"list": members})


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_page_has_the_orders_in_sequence_in_every_format(count: int) -> None:
    content = page(*ORDERS[:count], next_cursor=CURSOR)
    novel = {"novel": {"deep": [1, 2, {"x": None}]}}
    extended = {name: member | novel for name, member in content.items()} | novel
    written = [
        as_json({"list": content}),
        as_json({"list": extended} | novel),
        as_xml("list", content),
        as_xml("list", content, prefix="o", namespace="urn:something-new"),
        as_xml("list", content, prefix=""),
    ]

    for body in written:
        read = read_page(body, "", cursor="?before")
        assert ids(read) == [ID, OTHER][:count]
        assert read.orders == tuple(map(Order.read, ORDERS[:count]))
        assert (read.cursor, read.next_cursor, read.total_count) == ("?before", CURSOR, count)
        assert [found.call for found in read.orders] == [read.call] * count


@pytest.mark.parametrize("value", [None, "", {}, []], ids=repr)
def test_an_order_without_an_id_keeps_its_place(value: object) -> None:
    read = read_page(
        as_json({"list": page(order(), order(purchaseOrderId=value), order(purchaseOrderId=OTHER))})
    )

    assert ids(read) == [ID, "", OTHER]


def test_no_buyers_data_is_read() -> None:
    private = ["RELAY4471QPLMX82@relay.example.com", "5550147366", "Philippa Nonesuch"]
    of_a_buyer = order(customerEmailId=private[0], shippingInfo=dict(zip("pn", private[1:], strict=True)))

    shown = repr(read_page(as_json({"list": page(of_a_buyer)})))

    assert ID in shown
    assert not [each for each in private if each in shown]


@settings(deadline=None, max_examples=50)
@given(
    cursor=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1),
    around=st.sampled_from(["", " ", "\n    "]),
)
@example(cursor="?a=1&amp;b=%3a%2B+|\"[]'<>", around="")
@example(cursor=CURSOR.removeprefix("?"), around="")
def test_a_cursor_is_kept_as_walmart_wrote_it(cursor: str, around: str) -> None:
    content = page(next_cursor=f"{around}{cursor}{around}")

    assert read_page(as_json({"list": content})).next_cursor == cursor
    assert read_page(as_xml("list", content), XML).next_cursor == cursor


NO_ELEMENTS: list[object] = [None, "", {}, {"order": None}, {"order": ""}, {"order": []}]
NO_ORDERS: list[object] = [None, 0, True, "text", [], ["text"]]
NO_CURSORS: list[object] = [
    None,
    "",
    {},
    [],
    {"totalCount": 1},
    *({"nextCursor": none} for none in (None, "", " \n")),
]
ONE = {"order": [order()]}


@pytest.mark.parametrize(
    ("members", "found", "following"),
    [
        ({"meta": {"nextCursor": CURSOR}}, [], CURSOR),
        *(({"meta": {"nextCursor": CURSOR}, "elements": none}, [], CURSOR) for none in NO_ELEMENTS),
        ({"elements": {"order": order()}}, [ID], None),
        *(({"elements": {"order": [order(), entry]}}, [ID], None) for entry in NO_ORDERS),
        *(({"elements": ONE, "meta": none}, [ID], None) for none in NO_CURSORS),
    ],
    ids=repr,
)
def test_a_page_has_the_orders_and_the_cursor_that_can_be_read(
    members: dict[str, object], found: list[str], following: str | None
) -> None:
    read = read_page(listing(**members))

    assert (ids(read), read.next_cursor) == (found, following)
    assert read_page(b"<list><meta><nextCursor/></meta><elements/></list>", XML).next_cursor is None


@pytest.mark.parametrize(
    ("said", "total"),
    [
        *dict.fromkeys(["450", " 450\n", 450.0], 450).items(),
        *[(0, 0), (None, None), ([], None), ({}, None)],
        *dict.fromkeys(["", "many", -1, 4.5, True, "٤", 10**30]).items(),
    ],
    ids=repr,
)
def test_a_page_has_the_count_of_the_whole_list(said: object, total: int | None) -> None:
    assert read_page(listing(meta={"totalCount": said}, elements=ONE)).total_count == total


NOTHING_FOUND: dict[str, Any] = {"code": "CONTENT_NOT_FOUND.GMP_ORDER_API", "severity": "INFO"}


def errors(*entries: dict[str, Any]) -> bytes:
    return as_json({"errors": {"error": list(entries)}})


@pytest.mark.parametrize("severity", ["INFO", "info", " Info ", None, ""], ids=repr)
def test_an_empty_list_is_an_empty_page_in_every_shape(severity: str | None) -> None:
    shapes = error_shapes(NOTHING_FOUND | {"severity": severity})
    shapes["two entries"] = errors(NOTHING_FOUND, NOTHING_FOUND), JSON
    for body, content_type in shapes.values():
        read = read_page(body, content_type, status=404, cursor=CURSOR)

        assert (read.orders, read.cursor, read.next_cursor) == ((), CURSOR, None)
        assert read.call.status == 404


SYSTEM_ERROR = {"code": "SYSTEM_ERROR.GMP_GATEWAY_API", "severity": "ERROR"}
NOT_EMPTY: dict[str, tuple[int, bytes, type[WalmartError]]] = {
    "a warning": (404, errors(NOTHING_FOUND | {"severity": "WARN"}), OrderRejected),
    "an error after it": (404, errors(NOTHING_FOUND, SYSTEM_ERROR), Misconfigured),
    "an error before it": (404, errors(SYSTEM_ERROR, NOTHING_FOUND), Misconfigured),
    "no code": (404, errors({"severity": "INFO"}), Misconfigured),
    "no entry": (404, errors(), Misconfigured),
    "with 400": (400, errors(NOTHING_FOUND), OrderRejected),
    "with 401": (401, errors(NOTHING_FOUND), CredentialsRefused),
    "with 500": (500, errors(NOTHING_FOUND), Unavailable),
    "with 200": (200, errors(NOTHING_FOUND), OutcomeUnknown),
}


@pytest.mark.parametrize(("status", "body", "kind"), NOT_EMPTY.values(), ids=NOT_EMPTY.keys())
def test_another_error_is_no_empty_page(status: int, body: bytes, kind: type[WalmartError]) -> None:
    assert type(classify_page(body, status=status)) is kind


NO_LISTS = {
    "a page that lists": (b"<html><list><meta/><elements/></list></html>", "text/html"),
    "a JSON list": (as_json([page(order())]), JSON),
    "an order": (as_json({"order": order()}), JSON),
    "an order in XML": (as_xml("order", order()), XML),
    "only the content": (as_json(page(order())), JSON),
    "a list that is null": (b'{"list": null}', JSON),
    "a list that is a text": (b'{"list": "text"}', JSON),
    "a list of nothing": (b'{"list": []}', JSON),
    "a list of only orders": (as_json({"list": [order()]}), JSON),
    "a list of unknown members": (b'{"list": {"novel": 1}}', JSON),
    "an empty list in XML": (b"<list/>", XML),
}


@pytest.mark.parametrize(("body", "content_type"), NO_LISTS.values(), ids=NO_LISTS.keys())
def test_a_success_without_a_list_is_an_unknown_outcome(body: bytes, content_type: str) -> None:
    result = classify_page(body, content_type)

    assert isinstance(result, OutcomeUnknown)
    assert result.reason == "unreadable_response"


@pytest.mark.parametrize(
    ("total", "cursor", "is_page"),
    [
        *((total, None, False) for total in (34, "34")),
        *((total, None, True) for total in (0, "0", None)),
        (34, CURSOR, True),
    ],
)
def test_a_first_page_must_have_the_orders_that_it_counts(
    total: object, cursor: str | None, is_page: bool
) -> None:
    # The orders of a first page must be in a place that the client does not read.
    misplaced = listing(meta={"totalCount": total}, elements=[order()])

    assert isinstance(classify_page(misplaced, cursor=cursor), OrderPage) is is_page
