"""Reading the lists of orders, by the real client, from a Walmart that is written after others' reports.

Its cursors count (`soIndex`, `poIndex`), or keep their place; its gateway says that there is no static
resource where it serves no path, and behind a token its list of released orders may answer 520.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

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
from walmart_ca.transport import Limits

type Cursors = Literal["counting", "keeping", "none", "circle"]
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
    """Answers the calls for lists; it is what a client sends its calls by."""

    orders: list[dict[str, Any]]
    unreadable: set[int] = field(default_factory=set)
    instead: dict[str, Response] = field(default_factory=dict)
    """What a path answers whatever is asked; the key is the path's end."""
    cursors: Cursors = "counting"
    circle: int = 1
    """How many cursors lead to each other, where they lead in a circle."""
    count: Callable[[int], int | None] = lambda found: found
    """What it says for the number of orders that it has."""
    then: Callable[[], None] = lambda: None
    """What happens at Walmart after a page."""
    asked: list[str] = field(default_factory=list)

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        del timeout, limits
        url = urlsplit(request.url)
        name = url.path.rpartition("/")[2]
        self.asked.append(f"{name}?{url.query}")
        query = {key: value[0] for key, value in parse_qs(url.query).items()}
        answer = self.instead.get(name) or self._page(query)
        self.then()
        return answer

    def close(self) -> None:
        """Have no connections."""

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
        if self.cursors == "keeping":  # The orders before and at its place are newer, or of as long ago.
            start = sum(int(each["purchaseOrderId"]) <= place for each in found)
        else:
            start = 0 if self.cursors == "circle" else place
        shown = found[start : start + limit]
        if not shown:
            return EMPTY
        following = {
            "counting": start + limit,
            "keeping": shown[-1]["purchaseOrderId"],
            "circle": place % self.circle + 1,
        }
        keys = ("shipNodeType", "createdStartDate", "createdEndDate")
        rest = "".join(f"&{key}={query[key]}" for key in keys if key in query)
        cursor = None
        if self.cursors != "none" and (start + limit < len(found) or self.cursors == "circle"):
            indices = f"soIndex={len(found)}&poIndex={following[self.cursors]}"
            cursor = f"?limit={limit}&hasMoreElements=true&{indices}{rest}"
        meta = {"totalCount": self.count(len(found)), "limit": limit, "nextCursor": cursor}
        body = json.dumps({"list": {"meta": meta, "elements": {"order": shown}}}).encode()
        for number in self.unreadable:
            whole = json.dumps({**order(number), "customer": "Jo"}).encode()
            mark = whole[: whole.index(b'"orderDate"')]
            at = body.find(mark)
            if at >= 0:
                name = body.index(b'"Jo"', at)
                body = body[:name] + b'"Jo "the" Doe"' + body[name + 4 :]
        return Response(200, JSON, body)


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


@settings(deadline=None, max_examples=15)
@given(st.sets(st.integers(0, 259), max_size=4), st.integers(1, 260), st.sampled_from(CURSORS))
def test_whichever_entries_cannot_be_read_all_others_are(
    unreadable: set[int], count: int, cursors: Cursors
) -> None:
    orders = [order(number) for number in range(count)]

    listing = listed(Walmart(orders, unreadable=unreadable, cursors=cursors))

    odd = {number for number in unreadable if number < count}
    assert listing.seen == ids(*range(count)) - ids(*odd)
    assert listing.unread == len(odd)
    assert (listing.problem is None) == (not odd)


def test_after_an_entry_that_cannot_be_read_pages_are_large_again() -> None:
    walmart = Walmart([order(number) for number in range(600)], unreadable={0})

    listed(walmart)

    limits = [query.partition("limit=")[2].partition("&")[0] for query in walmart.asked]
    assert limits == ["200", "100", "50", "25", "12", "6", "3", "1", "200", "200", "200"]


def test_cursors_are_sent_as_they_came_while_every_page_can_be_read() -> None:
    walmart = Walmart([order(number) for number in range(250)])

    listed(walmart)

    cursor = "limit=200&hasMoreElements=true&soIndex=250&poIndex=200&createdStartDate=2026-11-22T15:00:00Z"
    assert walmart.asked[1] == f"released?{cursor}"


def test_an_entry_that_is_gone_when_it_is_asked_for_again_counts_as_unread() -> None:
    walmart = Walmart([order(1)], unreadable={1})
    walmart.then = lambda: walmart.instead.update(released=EMPTY)

    listing = listed(walmart)

    assert (listing.seen, listing.unread) == (set(), 1)
    assert listing.problem == (Outcome.UNAVAILABLE, "entries_unreadable")


def test_a_maintenance_page_is_not_asked_for_in_parts() -> None:
    page = Response(200, {"Content-Type": "text/html"}, b"<html>We will be back</html>")
    walmart = Walmart([], instead={"released": page})

    listing = listed(walmart)

    assert listing.problem == (Outcome.UNAVAILABLE, "unreadable_response")
    assert len(walmart.asked) == 1


# What is counted and not shown


def aged(count: int, node: str = "SellerFulfilled") -> list[dict[str, Any]]:
    """Orders a minute apart, the newest first."""
    return [order(number, timedelta(minutes=number), node) for number in range(count)]


CHANGES = st.tuples(st.integers(0, 449), st.integers(0, 40), st.integers(0, 3))
"""From which place on how many orders leave the list, and how many come to its beginning."""


@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 450),
    st.sets(st.integers(0, 449), max_size=2),
    st.lists(CHANGES, max_size=12),
    st.sampled_from(CURSORS),
)
def test_whatever_leaves_and_comes_between_pages_no_order_that_stays_is_missed(
    count: int,
    unreadable: set[int],
    changes: list[tuple[int, int, int]],
    cursors: Cursors,
) -> None:
    walmart = Walmart(aged(count), unreadable=unreadable, cursors=cursors)
    coming = iter(range(-1, -1000, -1))

    def change() -> None:
        place, leaving, number = changes.pop() if changes else (0, 0, 0)
        del walmart.orders[place : place + leaving]
        for _ in range(number):
            walmart.orders.insert(0, order(next(coming), NEW))

    walmart.then = change

    listing = listed(walmart)

    stayed = ids(*range(count)) & {each["purchaseOrderId"] for each in walmart.orders}
    assert stayed <= listing.seen or listing.problem is not None
    assert unreadable or listing.problem is None


@pytest.mark.parametrize(("cursors", "calls"), [("counting", 2 + 4), ("keeping", 3 + 5)])
def test_orders_that_leave_between_pages_cost_one_more_reading_in_parts_of_a_page(
    cursors: Cursors, calls: int
) -> None:
    walmart = Walmart(aged(450), cursors=cursors)

    def leave() -> None:
        del walmart.orders[150:210]
        walmart.then = lambda: None

    walmart.then = leave

    listing = listed(walmart)

    assert {each["purchaseOrderId"] for each in walmart.orders} <= listing.seen
    assert (listing.problem, listing.missing) == (None, 0)
    assert len(walmart.asked) == calls


SELLERS, THEIRS, OF_ALL = "released", "3PLFulfilled", "all"


@pytest.mark.parametrize("listed_by", [SELLERS, THEIRS, OF_ALL])
@pytest.mark.parametrize(
    ("count", "counted", "cursors", "seen", "missing", "calls"),
    [
        pytest.param(250, 250, "none", 250, 0, 3, id="one page without a cursor, the parts fit"),
        pytest.param(500, 500, "none", 299, 201, 3, id="one page without a cursor, a part does not fit"),
        pytest.param(3, 4, "counting", 3, 1, 2, id="always one more counted"),
        pytest.param(250, 249, "counting", 250, 0, 2, id="fewer counted"),
        pytest.param(250, None, "none", 200, 0, 1, id="not counted"),
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
    assert len(walmart.asked) == calls + (listed_by != SELLERS)


def test_orders_that_come_between_pages_cost_nothing() -> None:
    walmart = Walmart(aged(450))
    walmart.then = lambda: walmart.orders.insert(0, order(-len(walmart.asked), NEW))

    listing = listed(walmart)

    assert (listing.problem, len(walmart.asked)) == (None, 3)


def test_a_later_page_that_is_empty_does_not_end_a_list_that_counts_more() -> None:
    walmart = Walmart(aged(250))

    instead = iter([{"released": EMPTY}])
    walmart.then = lambda: setattr(walmart, "instead", next(instead, {}))

    listing = listed(walmart)

    assert (len(listing.seen), listing.problem) == (250, None)


@pytest.mark.parametrize(
    ("then", "left_s", "problem"),
    [
        ({"released": FAILS["503"]}, 240.0, (Outcome.UNAVAILABLE, "http_503")),
        ({}, 14.0, (Outcome.DEFERRED, "out_of_time")),
    ],
)
def test_a_second_reading_that_fails_says_why_and_how_many_were_missing(
    then: dict[str, Response], left_s: float, problem: tuple[Outcome, str]
) -> None:
    walmart = Walmart(aged(250), cursors="none")
    walmart.then = lambda: walmart.instead.update(then)

    listing = listed(walmart, left=lambda: left_s if walmart.asked else 240.0)

    assert (listing.problem, listing.missing) == (problem, 50)
    assert len(listing.seen) == 200


@pytest.mark.parametrize("length", [1, 3])
def test_cursors_that_lead_in_a_circle_end_the_listing_when_one_comes_again(length: int) -> None:
    walmart = Walmart(aged(250), cursors="circle", circle=length)

    listing = listed(walmart)

    assert listing.problem == (Outcome.UNAVAILABLE, "repeated_cursor")
    assert len(walmart.asked) == length + 1
    assert len(listing.seen) == 200


# The other list


@pytest.mark.parametrize("failure", FAILS.values(), ids=FAILS.keys())
def test_where_the_list_of_released_orders_fails_the_one_of_all_orders_is_asked(failure: Response) -> None:
    walmart = Walmart([order(number) for number in range(201)], instead={"released": failure})

    listing = listed(walmart)

    assert listing.problem is None
    assert (len(listing.seen), listing.listed_by) == (201, "all")
    assert walmart.asked[1] == "orders?status=Created&createdStartDate=2026-11-22T15:00:00Z&limit=200"
    assert walmart.asked[2].startswith("orders?limit=200&hasMoreElements=true")


@pytest.mark.parametrize(
    "failure",
    [Response(401, {}, b""), Response(429, {}, b""), Response(403, {}, b""), Response(405, {}, b"")],
    ids=repr,
)
def test_no_other_failure_is_one_of_the_list(failure: Response) -> None:
    walmart = Walmart([order(1)], instead={"released": failure})

    listing = listed(walmart)

    assert listing.problem is not None
    assert {query.partition("?")[0] for query in walmart.asked} == {"released"}


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
def test_when_both_lists_fail_the_one_that_is_there_says_why(
    of_released: Response, of_all: Response, problem: tuple[Outcome, str]
) -> None:
    assert listed(Walmart([], instead={"released": of_released, "orders": of_all})).problem == problem


def test_a_later_page_that_fails_is_not_looked_for_elsewhere() -> None:
    walmart = Walmart([order(number) for number in range(201)])
    walmart.then = lambda: walmart.instead.update(released=FAILS["503"])

    listing = listed(walmart)

    assert listing.problem == (Outcome.UNAVAILABLE, "http_503")
    assert len(listing.seen) == 200


# How far it looks

OLD = timedelta(days=20)
THIRD_PARTY = "3PLFulfilled"


@pytest.mark.parametrize("failing", [{}, {"released": FAILS["520"]}], ids=["released", "all"])
def test_a_long_look_back_finds_old_orders_and_those_that_others_ship(failing: dict[str, Response]) -> None:
    orders = [order(1), order(2, OLD), order(3, node=THIRD_PARTY), order(4, OLD, THIRD_PARTY)]
    walmart = Walmart(orders, instead=failing)

    assert listed(walmart).seen == ids(1)
    listing = listed(walmart, lookback=THIRTY_DAYS, by_others=True)

    assert listing.seen == set(listing.unacknowledged) == ids(1, 2, 3, 4)
    assert listing.problem is None


def test_an_api_that_does_not_know_the_ship_node_type_costs_nothing() -> None:
    class Legacy(Walmart):
        def send(self, request: Request, timeout: float, limits: Limits) -> Response:
            answer = super().send(request, timeout, limits)
            code = b'{"errors": {"error": [{"code": "INVALID_REQUEST_PARAM.GMP_ORDER_API"}]}}'
            return Response(400, JSON, code) if "shipNodeType" in request.url else answer

    listing = listed(Legacy([order(1)]), lookback=THIRTY_DAYS, by_others=True)

    assert (listing.seen, listing.problem) == (ids(1), None)


# Dates


@pytest.mark.parametrize(
    ("ahead", "believed"),
    [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False), (timedelta(days=365), False)],
)
def test_a_date_ahead_of_the_clock_is_none(ahead: timedelta, believed: bool) -> None:
    listing = listed(Walmart([order(1, -ahead)]))

    (waiting,) = listing.unacknowledged.values()
    assert (waiting.ordered_at is not None) is believed
    assert len(listing.dated_ahead) == (not believed)
