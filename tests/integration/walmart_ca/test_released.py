"""Listing the released orders: what a page is asked for with, how one leads to the next, and how it ends."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.walmart_ca.calls import START, Connect, Serve, assert_signed_as_sent, failure
from tests.support.documents import as_json, page
from tests.support.keys import credentials
from tests.support.raw_server import (
    ORDER,
    Behaviour,
    RawServer,
    acknowledged,
    answer,
    answers,
    answers_the_first,
    drips,
    header,
    headers,
    listed,
    listed_in_xml,
    method,
    named,
    target,
)
from walmart_ca import (
    AsyncClient,
    Call,
    Client,
    NotSent,
    Order,
    OrderPage,
    OutcomeUnknown,
    Throttled,
    WalmartError,
)

LIST = "/v3/ca/orders/released"
EMPTY = as_json({"list": page()})
MEBIBYTE = 1024 * 1024
PATIENCE = 1.0
"""Seconds for a page: too few for one that never comes, and many for one that comes at once."""
A_CALL = Call("GET", "https://host/", "correlation-id", 200, 0.1)


# The first page


def test_the_first_page_is_asked_for_with_its_start_and_the_largest_limit(
    serve: Serve, connect: Connect
) -> None:
    server = serve(answers(answer(EMPTY)))

    connect(server.url).orders.released_page(created_start_date=START)

    (head,) = server.requests
    assert method(head) == "GET"
    assert target(head) == f"{LIST}?createdStartDate=2026-11-23T10:00:00Z&limit=200"


QUERIES: dict[str, tuple[dict[str, Any], str]] = {
    "an end": (
        {"created_end_date": START + timedelta(hours=4)},
        "createdStartDate=2026-11-23T10:00:00Z&createdEndDate=2026-11-23T14:00:00Z&limit=200",
    ),
    "no end": ({"created_end_date": None}, "createdStartDate=2026-11-23T10:00:00Z&limit=200"),
    "the smallest limit": ({"limit": 1}, "createdStartDate=2026-11-23T10:00:00Z&limit=1"),
    "the largest limit": ({"limit": 200}, "createdStartDate=2026-11-23T10:00:00Z&limit=200"),
    "dates of other zones": (
        {
            "created_start_date": START.astimezone(timezone(timedelta(hours=5, minutes=30))),
            "created_end_date": START.astimezone(timezone(-timedelta(hours=8))),
        },
        "createdStartDate=2026-11-23T10:00:00Z&createdEndDate=2026-11-23T10:00:00Z&limit=200",
    ),
    "fractions of a second": (
        {
            "created_start_date": START + timedelta(microseconds=1),
            "created_end_date": START + timedelta(milliseconds=1999),
        },
        "createdStartDate=2026-11-23T10:00:00Z&createdEndDate=2026-11-23T10:00:01Z&limit=200",
    ),
    "everything ever": (
        {"created_start_date": datetime.min.replace(tzinfo=UTC)},
        "createdStartDate=0001-01-01T00:00:00Z&limit=200",
    ),
}


@pytest.mark.parametrize(("which", "query"), QUERIES.values(), ids=QUERIES.keys())
def test_which_orders_are_meant_is_written_byte_for_byte(
    serve: Serve, connect: Connect, which: dict[str, Any], query: str
) -> None:
    server = serve(answers(answer(EMPTY)))

    connect(server.url).orders.released_page(**{"created_start_date": START, **which})

    assert target(server.requests[0]) == f"{LIST}?{query}"


def test_the_signature_is_over_the_url_with_its_query(serve: Serve, connect: Connect) -> None:
    server = serve(answers(answer(EMPTY)))

    found = connect(server.url).orders.released_page(
        created_start_date=START, created_end_date=START + timedelta(hours=4), limit=7
    )

    (head,) = server.requests
    assert_signed_as_sent(head)
    assert found.call.url == f"{server.url}{target(head)}"
    assert found.call.correlation_id == header(head, "WM_QOS.CORRELATION_ID")


def test_a_list_has_the_headers_of_any_call(serve: Serve, connect: Connect) -> None:
    server = serve(answers(answer(acknowledged()), answer(EMPTY)))
    orders = connect(server.url).orders
    orders.get(ORDER)

    orders.released_page(created_start_date=START)

    of_one, of_many = (header_names(head) for head in server.requests)
    assert of_many == of_one
    assert header(server.requests[1], "Accept") == "application/json"


def header_names(head: bytes) -> list[str]:
    """The names of a request's headers; whatever is not said of one, is not said of another."""
    return [line.partition(":")[0] for line in head.decode("latin-1").split("\r\n")[1:] if line]


UNUSABLE: dict[str, tuple[str, object]] = {
    "a start without a zone": ("created_start_date", START.replace(tzinfo=None)),
    "a start that is a day": ("created_start_date", START.date()),
    "a start that is a text": ("created_start_date", "2026-11-23T10:00:00Z"),
    "a start that is a number": ("created_start_date", 1_795_428_000),
    "no start": ("created_start_date", None),
    "an end without a zone": ("created_end_date", START.replace(tzinfo=None)),
    "an end that is a text": ("created_end_date", "now"),
    "an end beyond the calendar": (
        "created_end_date",
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
    ),
    "a limit of 0": ("limit", 0),
    "a negative limit": ("limit", -1),
    "a limit beyond the largest": ("limit", 201),
    "half a limit": ("limit", 1.5),
    "a limit that is a float": ("limit", 10.0),
    "a limit that is not a number": ("limit", float("nan")),
    "a limit that is a text": ("limit", "10"),
    "a limit that is true": ("limit", True),
    "no limit": ("limit", None),
}


@pytest.mark.parametrize(("name", "value"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_argument_is_refused_by_name_and_nothing_is_sent(
    serve: Serve, connect: Connect, name: str, value: object
) -> None:
    server = serve(answers(answer(EMPTY)))
    which: dict[str, Any] = {"created_start_date": START, name: value}
    orders = connect(server.url).orders

    with pytest.raises(ValueError, match=f"^{name} must "):
        orders.released_page(**which)
    with pytest.raises(ValueError, match=f"^{name} must "):
        orders.released(**which)

    assert server.connections == 0


@pytest.mark.parametrize(
    "which", [{}, {"limit": 10}, {"created_start_date": START, "create_end_date": START}], ids=repr
)
def test_an_argument_that_is_missing_or_unknown_is_an_error_and_nothing_is_sent(
    serve: Serve,
    connect: Connect,
    which: Any,  # noqa: ANN401 - what a caller without type checks might pass
) -> None:
    server = serve(answers(answer(EMPTY)))

    with pytest.raises(TypeError, match="create"):
        connect(server.url).orders.released_page(**which)

    assert server.connections == 0


# From page to page

CURSOR = "?limit=1&hasMoreElements=true&soIndex=8&poIndex=2575193093772&createdStartDate=2026-11-23T10:00:00Z"
SECOND, THIRD = "2575193093773", "2575193093774"


def ids(orders: Iterable[Order]) -> list[str]:
    return [found.purchase_order_id for found in orders]


VERBATIM = {
    "as documented": CURSOR,
    "without its ?": CURSOR.removeprefix("?"),
    "two ?": "??limit=1",
    "lower-case escapes": "?createdStartDate=2026-11-23T10%3a00%3a00Z&x=%2b%2f%c3%a9",
    "upper-case escapes": "?createdStartDate=2026-11-23T10%3A00%3A00Z&x=%2B%2F%C3%A9",
    "escapes of either case": "?x=%3a%3A%3a",
    "escapes of what needs none": "?x=%41%7e%2D",
    "escapes that are none": "?x=%&y=%zz&z=%2",
    "a plus": "?after=2026-11-23T10:00:00+00:00",
    "a bar": "?poIndex=1|2",
    "quotes": """?x="1"&y='2'""",
    "brackets": "?x[]=1&y={2}&z=<3>",
    "a backslash, a caret and a backtick": "?x=\\^`",
    "slashes and dots": "?x=/../..//.",
    "a semicolon": "?x=1;y=2",
    "an escaped ampersand": "?x=1&amp;y=2",
    "empty members": "?&&x=&=1&",
    "the longest": f"?x={'9' * 4094}",
}


@pytest.mark.parametrize("write", [listed, listed_in_xml], ids=["JSON", "XML"])
@pytest.mark.parametrize("cursor", VERBATIM.values(), ids=VERBATIM.keys())
def test_a_cursor_is_followed_as_it_came_and_signed_as_it_is_sent(
    serve: Serve, connect: Connect, cursor: str, write: Callable[..., bytes]
) -> None:
    server = serve(answers(write(ORDER, next_cursor=cursor), write(SECOND)))

    found = ids(connect(server.url).orders.released(created_start_date=START))

    assert found == [ORDER, SECOND]
    _, head = server.requests
    assert target(head) == f"{LIST}?{cursor.removeprefix('?')}"
    assert_signed_as_sent(head)


def test_whatever_the_cursor_what_is_signed_is_what_is_sent() -> None:
    visible = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")
    with RawServer(answers(listed())) as server, Client(credentials(), base_url=server.url) as client:

        @settings(deadline=None, max_examples=200)
        @given(
            st.text(visible, min_size=1, max_size=80) | st.text("%?3aAfF&=/:@+.[]", min_size=1, max_size=20),
            st.sampled_from(["", "?"]),
        )
        def try_it(text: str, mark: str) -> None:
            cursor = f"{mark}limit=1&{text}"
            before = len(server.requests)
            first = OrderPage((), None, cursor, A_CALL)

            second = client.orders.next_page(first)

            (head,) = server.requests[before:]
            assert target(head) == f"{LIST}?{cursor.removeprefix('?')}"
            assert second.call.url == f"{server.url}{target(head)}"
            assert second.cursor == cursor
            assert_signed_as_sent(head)

        try_it()


ELSEWHERE = [
    "//evil.example/v3/ca/orders/released?limit=1",
    "https://evil.example/v3/ca/orders/released?limit=1",
    "@evil.example/?limit=1",
    "?@evil.example&limit=1",
    ":80@evil.example?limit=1",
    "/../acknowledge?limit=1",
    "?/../../../v3/token?limit=1",
    "%2e%2e/%2e%2e/token?limit=1",
    "..\\..\\token?limit=1",
    "/v3/ca/orders/released?limit=1",
    "limit=1%0d%0aHost:%20evil.example",
]


@pytest.mark.parametrize("cursor", ELSEWHERE)
def test_a_cursor_leads_to_no_other_host_and_no_other_path(
    serve: Serve, connect: Connect, cursor: str
) -> None:
    server = serve(answers(listed(ORDER, next_cursor=cursor), listed()))

    list(connect(server.url).orders.released(created_start_date=START))

    first, second = server.requests
    assert target(second).partition("?")[0] == LIST
    assert headers(second, "Host") == headers(first, "Host") == [server.url.removeprefix("http://")]
    assert header_names(second) == header_names(first)


UNSENDABLE = {
    "a blank": "?limit=1&x=a b",
    "an ISO date with a blank": "?createdStartDate=2026-11-23 10:00:00",
    "a tab": "?x=a\tb",
    "a line feed": "?x=a\nb",
    "a second header": "?x=1\r\nX-Injected: 1",
    "a second request": "?x=1 HTTP/1.1\r\n\r\nGET /v3/token",
    "NUL": "?x=\x00",
    "DEL": "?x=\x7f",
    "an accent": "?city=Montréal",
    "a lone surrogate": "?x=\udc80",
    "digits of another script": "?limit=٣",
    "a fragment": "?limit=1#x",
    "only a fragment": "#",
    "five thousand characters": f"?x={'9' * 5000}",
    "one too long": f"?x={'9' * 4095}",
    "a ? alone": "?",
    "an opaque value": "AoE%2Fa%2Bb%3D%3D",
    "an opaque value in base64": "?AoE/PDI1NzUxOTMwOTM3NzI==",
    "an opaque value of letters": "AoEPDI1NzUxOTMwOTM3NzI=",
    "a path": "/../acknowledge",
}


@pytest.mark.parametrize("cursor", UNSENDABLE.values(), ids=UNSENDABLE.keys())
def test_a_cursor_that_cannot_be_sent_is_an_unknown_outcome_after_the_orders_before_it(
    serve: Serve, connect: Connect, cursor: str
) -> None:
    server = serve(answers(listed(ORDER, SECOND, next_cursor=cursor), listed(THIRD)))

    found, error = until_it_fails(connect(server.url).orders.released(created_start_date=START))

    assert ids(found) == [ORDER, SECOND]
    assert type(error) is OutcomeUnknown
    assert error.reason == "unusable_cursor"
    assert error.correlation_id == header(server.requests[0], "WM_QOS.CORRELATION_ID")
    assert len(server.requests) == 1


def until_it_fails(orders: Iterator[Order]) -> tuple[list[Order], WalmartError]:
    """Every order that comes before the error."""
    found: list[Order] = []
    return found, failure(lambda: found.extend(orders))


@pytest.mark.parametrize(
    ("first", "again"),
    [(CURSOR, CURSOR), (CURSOR.removeprefix("?"), CURSOR), (CURSOR, CURSOR.removeprefix("?"))],
    ids=["the same", "the same, now with ?", "the same, now without ?"],
)
def test_a_page_that_leads_to_itself_is_asked_for_once(
    serve: Serve, connect: Connect, first: str, again: str
) -> None:
    server = serve(
        answers(listed(ORDER, next_cursor=first), listed(SECOND, next_cursor=again), listed(THIRD))
    )

    found, error = until_it_fails(connect(server.url).orders.released(created_start_date=START))

    assert ids(found) == [ORDER, SECOND]
    assert type(error) is OutcomeUnknown
    assert error.reason == "repeated_cursor"
    assert len(server.requests) == 2


A_CIRCLE: dict[str, tuple[list[str], int]] = {
    "of two": (["x=1", "x=2", "x=1"], 3),
    "of three, with ? and without": (["x=1", "?x=2", "x=3", "?x=1"], 4),
    "that does not begin at the first": (["x=1", "x=2", "x=3", "?x=2"], 4),
}


@pytest.mark.parametrize(("cursors", "pages"), A_CIRCLE.values(), ids=A_CIRCLE.keys())
def test_cursors_that_lead_in_a_circle_end_the_listing_at_once(
    serve: Serve, connect: Connect, cursors: list[str], pages: int
) -> None:
    # After them the list would come to its end: whoever goes on is found out.
    server = serve(answers(*(listed(ORDER, next_cursor=cursor) for cursor in cursors), listed()))
    of_async: list[Order] = []

    async def main() -> None:
        async with AsyncClient(credentials(), base_url=server.url) as client:
            async for order in client.orders.released(created_start_date=START):
                of_async.append(order)  # noqa: PERF401 - kept though it fails

    found, error = until_it_fails(connect(server.url).orders.released(created_start_date=START))
    async_error = failure(lambda: asyncio.run(main()))

    for orders, problem in ((found, error), (of_async, async_error)):
        assert ids(orders) == [ORDER] * pages
        assert (type(problem), problem.reason) == (OutcomeUnknown, "repeated_cursor")
    assert len(server.requests) == 2 * pages


def test_pages_are_fetched_one_by_one_just_as_well(serve: Serve, connect: Connect) -> None:
    server = serve(
        answers(listed(ORDER, next_cursor=CURSOR), listed(SECOND, next_cursor="x=2"), listed(THIRD))
    )
    orders = connect(server.url).orders

    first = orders.released_page(created_start_date=START)
    second = orders.next_page(first)
    third = orders.next_page(second)

    assert [ids(found.orders) for found in (first, second, third)] == [[ORDER], [SECOND], [THIRD]]
    assert [found.cursor for found in (first, second, third)] == [None, CURSOR, "x=2"]
    assert [found.next_cursor for found in (first, second, third)] == [CURSOR, "x=2", None]


def test_a_page_may_be_asked_for_again(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), answer(status=503), listed(SECOND)))
    orders = connect(server.url).orders
    first = orders.released_page(created_start_date=START)
    failure(lambda: orders.next_page(first))

    assert ids(orders.next_page(first).orders) == [SECOND]

    assert target(server.requests[1]) == target(server.requests[2])
    assert len({header(head, "WM_QOS.CORRELATION_ID") for head in server.requests}) == 3


def test_the_last_page_has_no_next_one(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER)))
    orders = connect(server.url).orders
    last = orders.released_page(created_start_date=START)

    with pytest.raises(ValueError, match=r"^page must "):
        orders.next_page(last)

    assert len(server.requests) == 1


# All of them


def test_a_page_is_not_asked_for_before_the_one_before_it_is_used_up(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, SECOND, next_cursor=CURSOR), listed(THIRD)))

    released = connect(server.url).orders.released(created_start_date=START)

    asked = [len(server.requests)]
    for _ in range(3):
        next(released)
        asked.append(len(server.requests))
    assert asked == [0, 1, 1, 2]
    assert list(released) == []
    assert len(server.requests) == 2


def test_whoever_stops_asking_costs_no_further_page(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), listed(SECOND)))

    assert next(connect(server.url).orders.released(created_start_date=START)).purchase_order_id == ORDER

    assert len(server.requests) == 1


def test_pages_without_orders_are_passed_over(serve: Serve, connect: Connect) -> None:
    server = serve(
        answers(
            listed(next_cursor="x=1"),
            listed(ORDER, next_cursor="x=2"),
            listed(next_cursor="x=3"),
            listed(SECOND),
        )
    )

    assert ids(connect(server.url).orders.released(created_start_date=START)) == [ORDER, SECOND]


def test_an_order_that_comes_twice_is_handed_on_twice(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), listed(ORDER)))

    assert ids(connect(server.url).orders.released(created_start_date=START)) == [ORDER, ORDER]


def test_an_order_tells_of_the_call_that_brought_its_page(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), listed(SECOND)))

    found = list(connect(server.url).orders.released(created_start_date=START))

    assert [of.call.correlation_id for of in found if of.call] == [
        header(head, "WM_QOS.CORRELATION_ID") for head in server.requests
    ]


ENDS = {
    "no cursor": listed(SECOND),
    "an empty cursor": listed(SECOND, next_cursor=""),
    "a blank cursor": listed(SECOND, next_cursor=" "),
    "an empty cursor in XML": listed_in_xml(SECOND, next_cursor=""),
    "no meta": answer(as_json({"list": {"elements": {"order": named(SECOND)}}})),
}


@pytest.mark.parametrize("last", ENDS.values(), ids=ENDS.keys())
def test_a_page_without_a_cursor_is_the_last(serve: Serve, connect: Connect, last: bytes) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), last))

    assert ids(connect(server.url).orders.released(created_start_date=START)) == [ORDER, SECOND]

    assert len(server.requests) == 2


NOTHING_FOUND = answer(
    as_json({"errors": {"error": [{"code": "CONTENT_NOT_FOUND.GMP_ORDER_API", "severity": "INFO"}]}}), 404
)


def test_a_list_that_finds_nothing_has_no_orders(serve: Serve, connect: Connect) -> None:
    server = serve(answers(NOTHING_FOUND))
    orders = connect(server.url).orders

    assert list(orders.released(created_start_date=START)) == []

    empty = orders.released_page(created_start_date=START)
    assert (empty.orders, empty.next_cursor, empty.call.status) == ((), None, 404)


def test_a_further_page_that_finds_nothing_is_the_last(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), NOTHING_FOUND))

    assert ids(connect(server.url).orders.released(created_start_date=START)) == [ORDER]


def test_a_page_that_fails_comes_after_the_orders_before_it(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), answer(status=429)))

    found, error = until_it_fails(connect(server.url).orders.released(created_start_date=START))

    assert ids(found) == [ORDER]
    assert type(error) is Throttled


# Time and size


def test_a_list_with_no_time_left_is_not_sent(serve: Serve, connect: Connect) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR)))
    orders = connect(server.url).orders

    error = failure(lambda: list(orders.released(created_start_date=START, timeout=0)))

    assert isinstance(error, NotSent)
    assert error.reason == "no_time_left"
    assert server.connections == 0


def test_every_page_has_the_time_that_the_list_was_given(serve: Serve, connect: Connect) -> None:
    server = serve(answers_the_first(listed(ORDER, next_cursor=CURSOR)))
    orders = connect(server.url, timeout=600).orders

    found, error = until_it_fails(orders.released(created_start_date=START, timeout=PATIENCE))

    assert ids(found) == [ORDER]
    assert type(error) is OutcomeUnknown
    assert error.reason == "answer_timeout"


def test_the_time_of_a_page_does_not_run_while_the_one_before_it_is_used(
    serve: Serve, connect: Connect
) -> None:
    server = serve(answers(listed(ORDER, next_cursor=CURSOR), listed(SECOND)))
    released = connect(server.url).orders.released(created_start_date=START, timeout=PATIENCE)
    next(released)

    time.sleep(PATIENCE)

    assert ids(released) == [SECOND]


def padded_page(size: int) -> bytes:
    return as_json({"list": page(named(ORDER))}).ljust(size)


def test_a_page_may_be_larger_than_an_order(serve: Serve, connect: Connect) -> None:
    server = serve(answers(answer(padded_page(3 * MEBIBYTE)), answer(acknowledged(padded_to=3 * MEBIBYTE))))
    orders = connect(server.url).orders

    assert ids(orders.released_page(created_start_date=START).orders) == [ORDER]
    assert failure(lambda: orders.get(ORDER)).reason == "answer_too_large"


def test_a_page_of_sixteen_mebibytes_is_read(serve: Serve, connect: Connect) -> None:
    server = serve(answers(answer(padded_page(16 * MEBIBYTE))))

    assert ids(connect(server.url).orders.released(created_start_date=START)) == [ORDER]


TOO_LARGE: dict[str, Behaviour] = {
    "one byte more": answers(answer(padded_page(16 * MEBIBYTE + 1))),
    "endless": drips(b"HTTP/1.1 200 OK\r\n\r\n" + padded_page(0), b" " * 65536, 0),
}


@pytest.mark.parametrize("behaviour", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_page_of_more_is_an_unknown_outcome(serve: Serve, connect: Connect, behaviour: Behaviour) -> None:
    server = serve(behaviour)

    error = failure(lambda: connect(server.url).orders.released_page(created_start_date=START))

    assert type(error) is OutcomeUnknown
    assert error.reason == "answer_too_large"
    assert error.unread == OrderPage((), None, None, error.call)
