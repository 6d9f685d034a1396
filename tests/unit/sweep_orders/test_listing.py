"""Reading the lists of orders with the real client, from a model of Walmart as other sellers describe it.

Its cursors are counts (`soIndex`, `poIndex`) or keep their place. Its gateway answers an unknown path with
"No static resource", and with an access token its list of released orders may fail with 520.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.orders.outcome import Outcome
from shared.walmart.client_provider import ProvidedClient
from sweep_orders.listing import Listing, ReleasedOrders
from tests.support.fixed_clients import FixedClients
from tests.support.keys import credentials
from tests.support.rate_limiters import unlimited_rate_limiter
from walmart_ca import AsyncClient
from walmart_ca.messages import Request
from walmart_ca.responses import Response
from walmart_ca.transport import NoResponseError

type Cursors = Literal["counting", "keeping", "none", "repeating"]
CURSORS: tuple[Cursors, Cursors] = ("counting", "keeping")
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
JSON = {"Content-Type": "application/json"}
TWO_DAYS, THIRTY_DAYS = timedelta(hours=48), timedelta(days=30)
GONE = Response(
    404,
    JSON,
    b'{"error": [{"code": "CONTENT_NOT_FOUND.GMP_GATEWAY_API", "description": "No static resource"}]}',
)
EMPTY = Response(
    404,
    JSON,
    b'{"errors": {"error": [{"code": "CONTENT_NOT_FOUND.GMP_ORDER_API", "severity": "INFO", "causes": []}]}}',
)

FAILS = {"520": Response(520, {}, b""), "503": Response(503, {}, b""), "an unknown path": GONE}


LOST = NoResponseError("connection_lost")


NEW = timedelta(minutes=-1)


def order(number: int, age: timedelta = timedelta(hours=1), node: str = "SellerFulfilled") -> dict[str, Any]:
    status = {"status": "Created", "statusQuantity": {"amount": "1"}}
    return {
        "purchaseOrderId": str(7400000000000 + number),
        "orderDate": int((NOW - age).timestamp() * 1000),
        "shipNode": {"type": node},
        "customer": "Jo",
        "orderLines": {
            "orderLine": [{"lineNumber": "1", "orderLineStatuses": {"orderLineStatus": [status]}}]
        },
    }


@dataclass
class Walmart:
    """The transport of a client, which answers the calls for lists."""

    orders: list[dict[str, Any]]
    unreadable: set[int] = field(default_factory=set)
    instead: dict[str, Response | Exception] = field(default_factory=dict)
    """The result of every call to a path; the key is the end of the path."""
    cursors: Cursors = "counting"
    count: Callable[[int], int | None] = lambda found: found
    """The number of orders that it reports for the number that it has."""
    after_page: Callable[[], None] = lambda: None
    """What happens at Walmart after each page."""
    queries: list[str] = field(default_factory=list)

    def send(self, request: Request, timeout: float, max_bytes: int) -> Response:
        del timeout, max_bytes
        url = urlsplit(request.url)
        name = url.path.rpartition("/")[2]
        self.queries.append(f"{name}?{url.query}")
        answer = self.instead.get(name) or self._page(dict(parse_qsl(url.query)))
        self.after_page()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Close nothing."""

    def _page(self, query: dict[str, str]) -> Response:
        since = datetime.fromisoformat(query["createdStartDate"]).timestamp() * 1000
        until = datetime.fromisoformat(query.get("createdEndDate", "2100-01-01T00:00:00Z")).timestamp() * 1000
        node = query.get("shipNodeType", "SellerFulfilled")
        found = [
            each
            for each in self.orders
            if since <= each["orderDate"] <= until and each["shipNode"]["type"] == node
        ]
        place, limit = int(query.get("poIndex", 0)), int(query["limit"])
        start = {"keeping": sum(int(each["purchaseOrderId"]) <= place for each in found), "repeating": 0}.get(
            self.cursors, place
        )
        shown = found[start : start + limit]
        if not shown:
            return EMPTY
        following = {"keeping": shown[-1]["purchaseOrderId"], "repeating": 1}.get(self.cursors, start + limit)
        cursor = None
        if self.cursors == "repeating" or (self.cursors != "none" and start + limit < len(found)):
            keys = ("shipNodeType", "createdStartDate", "createdEndDate")
            rest = "".join(f"&{key}={query[key]}" for key in keys if key in query)
            cursor = f"?limit={limit}&hasMoreElements=true&soIndex={len(found)}&poIndex={following}{rest}"
        meta = {"totalCount": self.count(len(found)), "limit": limit, "nextCursor": cursor}
        document = {"list": {"meta": meta, "elements": {"order": shown}}}
        return Response(200, JSON, self._damaged(json.dumps(document)).encode())

    def _damaged(self, text: str) -> str:
        """Write quotes that end a text too early into each unreadable order."""
        for number in self.unreadable:
            before, found, after = text.partition(f'"purchaseOrderId": "{7400000000000 + number}"')
            text = before + found + after.replace('"Jo"', '"Jo "the" Doe"', 1 if found else 0)
        return text


def listed(
    walmart: Walmart,
    *,
    lookback: timedelta = TWO_DAYS,
    by_others: bool = False,
    left: Callable[[], float] = lambda: 240.0,
) -> Listing:
    client = AsyncClient(credentials(), transport=walmart, clock=NOW.timestamp)
    released = ReleasedOrders(
        FixedClients(ProvidedClient(client, "v1")), unlimited_rate_limiter(NOW.timestamp), lambda: NOW
    )
    return asyncio.run(released.list(left, lookback=lookback, by_others=by_others))


def ids(*numbers: int) -> set[str]:
    return {str(7400000000000 + number) for number in numbers}


@settings(deadline=None, max_examples=10)
@given(st.sets(st.integers(0, 259), max_size=4), st.integers(1, 260), st.sampled_from(CURSORS))
def test_all_entries_but_the_unreadable_ones_are_read(
    unreadable: set[int], count: int, cursors: Cursors
) -> None:
    listing = listed(
        Walmart([order(number) for number in range(count)], unreadable=unreadable, cursors=cursors)
    )

    odd = {number for number in unreadable if number < count}
    assert listing.seen == ids(*range(count)) - ids(*odd)
    assert listing.unread == len(odd)
    assert (listing.problem is None) == (not odd)


def test_pages_are_large_again_after_an_unreadable_entry() -> None:
    walmart = Walmart([order(number) for number in range(600)], unreadable={0})

    listed(walmart)

    limits = [query.partition("limit=")[2].partition("&")[0] for query in walmart.queries]
    assert limits == ["200", "100", "50", "25", "12", "6", "3", "1", "200", "200", "200"]


def test_an_entry_that_disappears_on_the_retry_counts_as_unread() -> None:
    walmart = Walmart([order(1)], unreadable={1})
    walmart.after_page = lambda: walmart.instead.update(released=EMPTY)

    listing = listed(walmart)

    assert (listing.seen, listing.unread) == (set(), 1)
    assert listing.problem == (Outcome.UNAVAILABLE, "entries_unreadable")


def test_a_maintenance_page_is_not_fetched_in_parts() -> None:
    page = Response(200, {"Content-Type": "text/html"}, b"<html>We will be back</html>")
    walmart = Walmart([], instead={"released": page})

    listing = listed(walmart)

    assert listing.problem == (Outcome.UNAVAILABLE, "unreadable_response")
    assert len(walmart.queries) == 1


def aged(count: int, node: str = "SellerFulfilled") -> list[dict[str, Any]]:
    """Return orders a minute apart, the newest first."""
    return [order(number, timedelta(minutes=number), node) for number in range(count)]


CHANGES = st.tuples(st.integers(0, 449), st.integers(0, 40), st.integers(0, 3))
"""A place, how many orders leave the list there, and how many appear at its beginning."""


@settings(deadline=None, max_examples=15)
@given(
    st.integers(0, 450),
    st.sets(st.integers(0, 449), max_size=2),
    st.lists(CHANGES, max_size=12),
    st.sampled_from(CURSORS),
)
def test_no_order_that_stays_is_missed_while_others_come_and_go(
    count: int, unreadable: set[int], changes: list[tuple[int, int, int]], cursors: Cursors
) -> None:
    walmart = Walmart(aged(count), unreadable=unreadable, cursors=cursors)
    new_numbers = iter(range(-1, -1000, -1))

    def change() -> None:
        place, leaving, number = changes.pop() if changes else (0, 0, 0)
        del walmart.orders[place : place + leaving]
        for _ in range(number):
            walmart.orders.insert(0, order(next(new_numbers), NEW))

    walmart.after_page = change

    listing = listed(walmart)

    stayed = ids(*range(count)) & {each["purchaseOrderId"] for each in walmart.orders}
    assert stayed <= listing.seen or listing.problem is not None
    assert unreadable or listing.problem is None


@pytest.mark.parametrize(("cursors", "calls"), [("counting", 2 + 4), ("keeping", 3 + 5)])
def test_orders_that_leave_cost_one_more_reading_in_parts(cursors: Cursors, calls: int) -> None:
    walmart = Walmart(aged(450), cursors=cursors)

    def leave() -> None:
        del walmart.orders[150:210]
        walmart.after_page = lambda: None

    walmart.after_page = leave

    listing = listed(walmart)

    assert {each["purchaseOrderId"] for each in walmart.orders} <= listing.seen
    assert (listing.problem, listing.missing) == (None, 0)
    assert len(walmart.queries) == calls


SELLERS, THEIRS, OF_ALL = "released", "3PLFulfilled", "all"


@pytest.mark.parametrize("listed_by", [SELLERS, THEIRS, OF_ALL])
@pytest.mark.parametrize(
    ("count", "counted", "cursors", "seen", "missing", "calls"),
    [
        pytest.param(250, 250, "none", 250, 0, 3, id="one page without a cursor; each part fits on a page"),
        pytest.param(500, 500, "none", 299, 201, 3, id="one page without a cursor; a part does not fit"),
        pytest.param(3, 4, "counting", 3, 1, 2, id="Walmart counts one more"),
        pytest.param(250, 249, "counting", 250, 0, 2, id="Walmart counts fewer"),
        pytest.param(250, None, "none", 200, 0, 1, id="Walmart gives no count"),
    ],
)
def test_a_list_is_complete_when_it_shows_as_many_as_it_counts(
    listed_by: str, count: int, counted: int | None, cursors: Cursors, seen: int, missing: int, calls: int
) -> None:
    walmart = Walmart(
        aged(count, THEIRS if listed_by == THEIRS else "SellerFulfilled"),
        instead={"released": FAILS["520"]} if listed_by == OF_ALL else {},
        cursors=cursors,
        count=lambda found: None if counted is None else found + counted - count,
    )

    listing = listed(walmart, by_others=listed_by == THEIRS)

    assert (len(listing.seen), listing.missing) == (seen, missing)
    assert listing.problem == ((Outcome.UNAVAILABLE, "orders_missing") if missing else None)
    assert len(walmart.queries) == calls + (listed_by != SELLERS)


def test_new_orders_between_pages_cost_no_call() -> None:
    walmart = Walmart(aged(450))
    walmart.after_page = lambda: walmart.orders.insert(0, order(-len(walmart.queries), NEW))

    listing = listed(walmart)

    assert (listing.problem, len(walmart.queries)) == (None, 3)


def test_an_empty_later_page_does_not_end_a_longer_list() -> None:
    walmart = Walmart(aged(250))

    instead = iter([{"released": EMPTY}])
    walmart.after_page = lambda: setattr(walmart, "instead", next(instead, {}))

    listing = listed(walmart)

    assert (len(listing.seen), listing.problem) == (250, None)


@pytest.mark.parametrize(
    ("failing", "left_s", "problem"),
    [
        ({"released": FAILS["503"]}, 240.0, (Outcome.UNAVAILABLE, "http_503")),
        ({}, 14.0, (Outcome.DEFERRED, "out_of_time")),
    ],
)
def test_a_failed_second_reading_keeps_the_count_of_missing_orders(
    failing: dict[str, Response], left_s: float, problem: tuple[Outcome, str]
) -> None:
    walmart = Walmart(aged(250), cursors="none")
    walmart.after_page = lambda: walmart.instead.update(failing)

    listing = listed(walmart, left=lambda: left_s if walmart.queries else 240.0)

    assert (listing.problem, listing.missing) == (problem, 50)
    assert len(listing.seen) == 200


def test_a_repeated_cursor_ends_the_listing() -> None:
    walmart = Walmart(aged(250), cursors="repeating")

    listing = listed(walmart)

    assert listing.problem == (Outcome.UNAVAILABLE, "repeated_cursor")
    assert len(walmart.queries) == 2
    assert len(listing.seen) == 200


@pytest.mark.parametrize("failure", FAILS.values(), ids=FAILS.keys())
def test_the_list_of_all_orders_replaces_one_that_fails(failure: Response) -> None:
    walmart = Walmart([order(number) for number in range(201)], instead={"released": failure})

    listing = listed(walmart)

    assert listing.problem is None
    assert (len(listing.seen), listing.listed_by) == (201, "all")
    assert walmart.queries[1] == "orders?status=Created&createdStartDate=2026-11-22T15:00:00Z&limit=200"
    assert walmart.queries[2].startswith("orders?limit=200&hasMoreElements=true")


@pytest.mark.parametrize("failure", [*(Response(status, {}, b"") for status in (401, 405, 408, 429)), LOST])
def test_after_other_failures_the_other_list_is_not_tried(failure: Response | Exception) -> None:
    walmart = Walmart([order(1)], instead={"released": failure})

    listing = listed(walmart)

    assert listing.problem is not None
    assert {query.partition("?")[0] for query in walmart.queries} == {"released"}


@pytest.mark.parametrize(
    ("of_released", "of_all", "problem"),
    [
        (FAILS["520"], FAILS["503"], (Outcome.UNAVAILABLE, "http_503")),
        (FAILS["520"], Response(429, {}, b""), (Outcome.THROTTLED, "http_429")),
        (FAILS["520"], GONE, (Outcome.UNAVAILABLE, "http_520")),
        (GONE, GONE, (Outcome.MISCONFIGURED, "CONTENT_NOT_FOUND")),
        (GONE, FAILS["503"], (Outcome.UNAVAILABLE, "http_503")),
    ],
)
def test_when_both_lists_fail_the_served_one_gives_the_reason(
    of_released: Response, of_all: Response, problem: tuple[Outcome, str]
) -> None:
    assert listed(Walmart([], instead={"released": of_released, "orders": of_all})).problem == problem


def test_a_failed_later_page_is_not_fetched_from_the_other_list() -> None:
    walmart = Walmart([order(number) for number in range(201)])
    walmart.after_page = lambda: walmart.instead.update(released=FAILS["503"])

    listing = listed(walmart)

    assert listing.problem == (Outcome.UNAVAILABLE, "http_503")
    assert len(listing.seen) == 200


OLD = timedelta(days=20)


@pytest.mark.parametrize("failing", [{}, {"released": FAILS["520"]}], ids=["released", "all"])
def test_a_long_look_back_lists_old_and_third_party_orders(failing: dict[str, Response | Exception]) -> None:
    orders = [order(1), order(2, OLD), order(3, node=THEIRS), order(4, OLD, THEIRS)]
    walmart = Walmart(orders, instead=failing)

    assert listed(walmart).seen == ids(1)
    listing = listed(walmart, lookback=THIRTY_DAYS, by_others=True)

    assert listing.seen == set(listing.unacknowledged) == ids(1, 2, 3, 4)
    assert listing.problem is None


def test_an_api_without_the_ship_node_type_causes_no_problem() -> None:
    class Legacy(Walmart):
        def send(self, request: Request, timeout: float, max_bytes: int) -> Response:
            answer = super().send(request, timeout, max_bytes)
            code = b'{"errors": {"error": [{"code": "INVALID_REQUEST_PARAM.GMP_ORDER_API"}]}}'
            return Response(400, JSON, code) if "shipNodeType" in request.url else answer

    listing = listed(Legacy([order(1)]), lookback=THIRTY_DAYS, by_others=True)

    assert (listing.seen, listing.problem) == (ids(1), None)


@pytest.mark.parametrize(
    ("ahead", "plausible"),
    [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False), (timedelta(days=365), False)],
)
def test_an_order_dated_ahead_of_the_clock_has_no_date(ahead: timedelta, plausible: bool) -> None:
    listing = listed(Walmart([order(1, -ahead)]))

    (order_found,) = listing.unacknowledged.values()
    assert (order_found.ordered_at is not None) is plausible
    assert len(listing.dated_ahead) == (not plausible)
