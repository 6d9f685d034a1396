"""Listing the released orders over the wire; the unit tests cover queries and the sequence of pages."""

from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.integration.walmart_ca.calls import START, Connect, Serve, assert_signed_as_sent, failure
from tests.support.documents import as_json, page
from tests.support.keys import credentials
from tests.support.raw_server import (
    ORDER,
    RawServer,
    acknowledged,
    header,
    http_response,
    listed,
    listed_in_xml,
    named,
    respond_with,
    target,
)
from walmart_ca import CallInfo, Client, OrderPage, OutcomeUnknown

LIST = "/v3/ca/orders/released"
CURSOR = "?limit=1&hasMoreElements=true&soIndex=8&poIndex=2575193093772"
MEBIBYTE = 1024 * 1024


def test_every_page_is_signed_as_it_is_sent(serve: Serve, connect: Connect) -> None:
    server = serve(
        respond_with(
            http_response(acknowledged()), listed_in_xml(ORDER, next_cursor=CURSOR), listed("2575193093773")
        )
    )
    orders = connect(server.url).orders
    orders.get(ORDER)

    found = list(orders.released(created_start_date=START, created_end_date=START + timedelta(hours=4)))

    of_one, *of_many = server.requests
    assert [target(head) for head in of_many] == [
        f"{LIST}?createdStartDate=2026-11-23T10:00:00Z&createdEndDate=2026-11-23T14:00:00Z&limit=200",
        f"{LIST}{CURSOR}",
    ]
    for order, head in zip(found, of_many, strict=True):
        assert_signed_as_sent(head)
        assert header_names(head) == header_names(of_one)
        assert order.call is not None
        assert order.call.url == f"{server.url}{target(head)}"
        assert order.call.correlation_id == header(head, "WM_QOS.CORRELATION_ID")


def header_names(head: bytes) -> list[str]:
    """Return the names of a request's headers."""
    return [line.partition(":")[0] for line in head.decode("latin-1").split("\r\n")[1:] if line]


VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")


def test_a_request_with_any_cursor_is_signed_as_it_is_sent() -> None:
    with RawServer(respond_with(listed())) as server, Client(credentials(), base_url=server.url) as client:

        @settings(deadline=None, max_examples=100)
        @given(
            st.text(VISIBLE, min_size=1, max_size=80) | st.text("%?3aAfF&=/:@+.[]", min_size=1, max_size=20),
            st.sampled_from(["", "?"]),
        )
        @example("x=%3a%3A%41%7e%2D&y=%&z=%zz&w=%2", "?")
        @example("x=/../..//.&y=//evil.example/", "")
        @example("x=\\^`|\"'<>{}[]", "")
        def follow(text: str, mark: str) -> None:
            cursor = f"{mark}limit=1&{text}"
            before = len(server.requests)
            first = OrderPage((), None, cursor, CallInfo("GET", "https://host/", "correlation-id", 200, 0.1))

            second = client.orders.next_page(first)

            (head,) = server.requests[before:]
            assert target(head) == f"{LIST}?{cursor.removeprefix('?')}"
            assert header(head, "Host") == server.url.removeprefix("http://")
            assert second.call.url == f"{server.url}{target(head)}"
            assert second.cursor == cursor
            assert_signed_as_sent(head)

        follow()


# Size


def padded_page(size: int) -> bytes:
    return as_json({"list": page(named(ORDER))}).ljust(size)


def test_a_page_of_16_mib_is_read(serve: Serve, connect: Connect) -> None:
    server = serve(respond_with(http_response(padded_page(16 * MEBIBYTE))))

    (order,) = connect(server.url).orders.released(created_start_date=START)

    assert order.purchase_order_id == ORDER


def test_a_page_of_more_than_16_mib_is_an_unknown_outcome(serve: Serve, connect: Connect) -> None:
    server = serve(respond_with(http_response(padded_page(16 * MEBIBYTE + 1))))

    error = failure(lambda: connect(server.url).orders.released_page(created_start_date=START))

    assert isinstance(error, OutcomeUnknown)
    assert error.reason == "response_too_large"
    assert error.unread == OrderPage((), None, None, error.call)
