"""Listing the released orders with either client: the query, the sequence of pages, and the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.documents import ID, order, page
from tests.support.keys import credentials
from tests.unit.walmart_ca.scripted_transport import ScriptedTransport, call, json_response
from walmart_ca import (
    AsyncClient,
    Client,
    Order,
    OrderPage,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)
from walmart_ca.responses import Response
from walmart_ca.transport import TOO_LARGE, NoResponseError

ALL = "https://marketplace.walmartapis.com/v3/ca/orders"
LIST = f"{ALL}/released"
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
CURSOR = "?limit=1&hasMoreElements=true&soIndex=8&poIndex=2575193093772&createdStartDate=2026-11-23T10:00:00Z"
SECOND, THIRD = "2575193093773", "2575193093774"

type Kind = type[Client | AsyncClient]


@pytest.fixture(params=[Client, AsyncClient])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def listed(*ids: str, next_cursor: object = None) -> Response:
    orders = [order(purchaseOrderId=each) for each in ids]
    return json_response(200, {"list": page(*orders, next_cursor=next_cursor)})


def collect(
    kind: Kind,
    scripted: ScriptedTransport,
    on_order: Callable[[], object] = lambda: None,
    **which: Any,  # noqa: ANN401 - of any type
) -> tuple[list[str], WalmartError | None]:
    """List the released orders, and call `on_order` for each; return their ids, and the error at the end."""
    found: list[str] = []
    client = kind(credentials(), transport=scripted)

    def add(each: Order) -> None:
        found.append(each.purchase_order_id)
        on_order()

    async def collect_async(released: AsyncIterator[Order]) -> None:
        async for each in released:
            add(each)

    released = client.orders.released(**{"created_start_date": START, **which})
    assert scripted.sent == []  # the first page is fetched by the first iteration
    try:
        if isinstance(released, AsyncIterator):
            asyncio.run(collect_async(released))
        else:
            for each in released:
                add(each)
    except WalmartError as error:
        return found, error
    return found, None


def unknown(kind: Kind, scripted: ScriptedTransport, reason: str) -> list[str]:
    """Return the ids before a listing ends with an unknown outcome for this reason."""
    found, error = collect(kind, scripted)
    assert isinstance(error, OutcomeUnknown)
    assert (error.reason, error.correlation_id) == (reason, scripted.sent[-1].correlation_id)
    return found


FROM_START = "createdStartDate=2026-11-23T10:00:00Z"


@pytest.mark.parametrize(
    ("which", "query"),
    [
        ({"created_end_date": None}, f"{FROM_START}&limit=200"),
        ({"limit": 1}, f"{FROM_START}&limit=1"),
        ({"ship_node_type": "3PLFulfilled"}, f"{FROM_START}&shipNodeType=3PLFulfilled&limit=200"),
        # Dates of other time zones, and fractions of a second.
        (
            {
                "created_start_date": (START + timedelta(microseconds=1)).astimezone(
                    timezone(timedelta(hours=5))
                ),
                "created_end_date": (START + timedelta(hours=4)).astimezone(timezone(-timedelta(hours=8))),
            },
            f"{FROM_START}&createdEndDate=2026-11-23T14:00:00Z&limit=200",
        ),
    ],
)
def test_the_query_is_exact(kind: Kind, which: dict[str, Any], query: str) -> None:
    scripted = ScriptedTransport(listed())

    assert collect(kind, scripted, **which) == ([], None)

    (request,) = scripted.sent
    assert (request.method, request.url) == ("GET", f"{LIST}?{query}")


UNUSABLE: list[tuple[str, object]] = [
    *(("created_start_date", value) for value in (START.replace(tzinfo=None), "2026-11-23T10:00:00Z", None)),
    ("created_end_date", START.replace(tzinfo=None)),
    *(("limit", value) for value in (0, 201, 10.0, "10", True, None)),
    *(("ship_node_type", value) for value in ("", "a&b=c", "x" * 33)),
    ("timeout", float("inf")),
]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
def test_an_unusable_argument_of_a_list_is_refused_at_once(kind: Kind, name: str, value: object) -> None:
    which: dict[str, Any] = {"created_start_date": START, name: value}
    client = kind(credentials(), transport=ScriptedTransport())

    with pytest.raises(ValueError, match=f"^{name} must "):
        client.orders.released(**which)


UNSENDABLE = [
    *("?limit=1&x=a b", "?x=1\r\nX-Injected: 1", "?x=\x7f", "?city=Montréal", "?x=\udc80", "?limit=1#x", "?"),
    f"?x={'9' * 4095}",
    # Bare values, as in Chile, and a path.
    *("AoE%2Fa%2Bb%3D%3D", "?AoE/PDI1NzUxOTMwOTM3NzI==", "AoEPDI1NzUxOTMwOTM3NzI=", "/../acknowledge"),
]


@pytest.mark.parametrize("cursor", UNSENDABLE, ids=lambda cursor: repr(cursor)[:30])
def test_an_unusable_cursor_ends_the_listing(kind: Kind, cursor: str) -> None:
    scripted = ScriptedTransport(listed(ID, SECOND, next_cursor=cursor), listed(THIRD))

    assert unknown(kind, scripted, "unusable_cursor") == [ID, SECOND]
    assert len(scripted.sent) == 1


@pytest.mark.parametrize(
    "cursors", [["x=1", "?x=1"], ["?x=1", "x=1"], ["x=1", "x=2", "x=1"], ["x=1", "x=2", "x=3", "?x=2"]]
)
def test_a_repeated_cursor_ends_the_listing(kind: Kind, cursors: list[str]) -> None:
    # A client that followed the repeated cursor would get one more page.
    scripted = ScriptedTransport(*(listed(ID, next_cursor=cursor) for cursor in cursors), listed())

    assert unknown(kind, scripted, "repeated_cursor") == [ID] * len(cursors)
    assert len(scripted.sent) == len(cursors)


NOTHING_FOUND = json_response(
    404, {"error": [{"code": "CONTENT_NOT_FOUND.GMP_ORDER_API", "severity": "INFO"}]}
)
FIRST_OF_TWO = listed(ID, next_cursor=CURSOR)
SEQUENCES: dict[str, tuple[list[Response | Exception], list[str], type[WalmartError] | None]] = {
    "no order": ([NOTHING_FOUND], [], None),
    "nothing found later": ([FIRST_OF_TWO, NOTHING_FOUND], [ID], None),
    "empty pages, and an order twice": (
        [
            listed(next_cursor="x=1"),
            listed(ID, next_cursor="x=2"),
            listed(next_cursor="x=3"),
            listed(SECOND, ID),
        ],
        [ID, SECOND, ID],
        None,
    ),
    "throttled": ([FIRST_OF_TWO, json_response(429, {})], [ID], Throttled),
    "no list": ([FIRST_OF_TWO, json_response(200, {})], [ID], OutcomeUnknown),
    "no response": ([FIRST_OF_TWO, NoResponseError("response_timeout")], [ID], OutcomeUnknown),
}


@pytest.mark.parametrize(("script", "ids", "ends_with"), SEQUENCES.values(), ids=SEQUENCES.keys())
def test_a_listing_has_the_orders_of_its_pages_up_to_an_error(
    kind: Kind, script: list[Response | Exception], ids: list[str], ends_with: type[WalmartError] | None
) -> None:
    scripted = ScriptedTransport(*script)

    found, error = collect(kind, scripted)

    assert (found, None if error is None else type(error)) == (ids, ends_with)
    assert len(scripted.sent) == len(script)


@pytest.mark.parametrize(("timeout", "pages"), [(None, 15.0), (600.0, 600.0)])
def test_every_page_has_the_full_time_out(kind: Kind, timeout: float | None, pages: float) -> None:
    scripted = ScriptedTransport(FIRST_OF_TWO, listed(SECOND))

    collect(kind, scripted, timeout=timeout)

    assert scripted.timeouts == [pytest.approx(pages, abs=10)] * 2


def test_a_page_is_fetched_when_the_previous_one_is_used_up(kind: Kind) -> None:
    scripted = ScriptedTransport(listed(ID, SECOND, next_cursor=CURSOR), listed(THIRD))
    fetched: list[int] = []

    collect(kind, scripted, lambda: fetched.append(len(scripted.sent)))

    assert fetched == [1, 1, 2]


def test_pages_can_be_fetched_one_at_a_time_and_repeatedly(kind: Kind) -> None:
    scripted = ScriptedTransport(
        FIRST_OF_TWO, json_response(503, {}), listed(SECOND, next_cursor="x=2"), listed(THIRD)
    )
    client = kind(credentials(), transport=scripted)

    first = call(client, "released_page", created_start_date=START)
    with pytest.raises(Unavailable):
        call(client, "next_page", first)
    second = call(client, "next_page", first)
    third = call(client, "next_page", second)

    assert [found.orders[0].purchase_order_id for found in (first, second, third)] == [ID, SECOND, THIRD]
    assert [found.cursor for found in (first, second, third)] == [None, CURSOR, "x=2"]
    assert [found.next_cursor for found in (first, second, third)] == [CURSOR, "x=2", None]
    assert scripted.sent[1].url == scripted.sent[2].url
    assert len({request.correlation_id for request in scripted.sent}) == 4
    with pytest.raises(ValueError, match=r"^page must "):
        call(client, "next_page", third)


def test_a_further_page_of_all_orders_may_have_fewer(kind: Kind) -> None:
    scripted = ScriptedTransport(listed(ID, next_cursor="limit=200&soIndex=2&xlimit=9"), listed())
    client = kind(credentials(), transport=scripted)

    first = call(client, "created_page", created_start_date=START)
    call(client, "next_page", first, limit=1)

    assert [request.url for request in scripted.sent] == [
        f"{ALL}?status=Created&{FROM_START}&limit=200",
        f"{ALL}?limit=1&soIndex=2&xlimit=9",
    ]
    with pytest.raises(ValueError, match=r"^limit must "):
        call(client, "next_page", first, limit=201)


def test_an_oversized_page_is_an_unread_page() -> None:
    client = Client(credentials(), transport=ScriptedTransport(NoResponseError(TOO_LARGE)))

    with pytest.raises(OutcomeUnknown) as raised:
        client.orders.released_page(created_start_date=START)

    assert raised.value.unread == OrderPage((), None, None, raised.value.call)
