"""Listing the released orders: what a page is asked for with, how one leads to the next, and how it ends."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.unit.client.documents import as_json, page

from .conftest import START, Connect, Serve, assert_signed_as_sent
from .raw_server import ORDER, acknowledged, answer, answers, header, method, target

LIST = "/v3/ca/orders/released"
EMPTY = as_json({"list": page()})


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
        next(orders.released(**which))

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
