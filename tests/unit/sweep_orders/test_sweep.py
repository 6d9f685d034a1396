"""One sweep, with pages from a script, and a bus, a queue and a recorder that remember."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.orders.sweep_note import SweepNote
from shared.walmart.caller import LEAST_TIME_LEFT_S
from shared.walmart.client_provider import CredentialsPaused, NoClient, ProvidedClient
from shared.walmart.credentials import SecretsUnavailableError, SetupError
from sweep_orders.listing import ReleasedOrders
from sweep_orders.ports import EventBusError, QueueLengthError
from sweep_orders.publishing import Publisher
from sweep_orders.records import SweepRecord
from sweep_orders.selection import SWEEP_LOOKBACK, UnacknowledgedOrder, note_of
from sweep_orders.sweep import PUBLISHING_S, Sweep
from tests.support.fixed_clients import FixedClients
from tests.support.rate_limiters import unlimited_rate_limiter
from walmart_ca import (
    AsyncClient,
    CallInfo,
    CredentialsRefused,
    Misconfigured,
    Order,
    OrderLine,
    OrderLineStatus,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
CALL = CallInfo("GET", "https://walmart.invalid/released", "c-1", 200, 0.1, answered_at=NOW)
LOST = OutcomeUnknown("connection_lost", replace(CALL, status=None))


def released(purchase_order_id: str, age_minutes: float | None = 60, *statuses: str, node: str = "") -> Order:
    """A released order; without statuses it has no lines."""
    return Order(
        purchase_order_id,
        order_date=None if age_minutes is None else NOW - timedelta(minutes=age_minutes),
        ship_node_type=node,
        lines=tuple(OrderLine("1", statuses=(OrderLineStatus(status),)) for status in statuses),
    )


def created(purchase_order_id: str, age_minutes: float | None = 60) -> Order:
    return released(purchase_order_id, age_minutes, "Created")


def page(*orders: Order) -> OrderPage:
    cursor = f"?after={'-'.join(order.purchase_order_id for order in orders)}"
    return OrderPage(orders, None, cursor, CALL)


def last_page(*orders: Order, answered_at: datetime | None = NOW) -> OrderPage:
    return OrderPage(orders, None, None, replace(CALL, answered_at=answered_at))


class Pages:
    """A client whose pages are in a script; it remembers what was asked for."""

    def __init__(self, *script: OrderPage | WalmartError) -> None:
        self.orders = self
        self.asked: list[dict[str, Any]] = []
        self._script = list(script)

    async def released_page(self, **which: Any) -> OrderPage:  # noqa: ANN401 - remembered as it comes
        self.asked.append(which)
        return self._play()

    async def next_page(self, page: OrderPage, **which: Any) -> OrderPage:  # noqa: ANN401 - as above
        self.asked.append({"after": page, **which})
        return self._play()

    def _play(self) -> OrderPage:
        result = self._script.pop(0)
        if isinstance(result, WalmartError):
            raise result
        return result


@dataclass
class World:
    """What a sweep works through."""

    pages: Pages = field(default_factory=lambda: Pages(last_page()))
    no_access: NoClient | None = None
    queue_length: int | None = 0
    bus_fails: bool = False
    requests_per_minute: float = 60
    now: datetime = NOW
    interval: timedelta = timedelta(minutes=15)
    left_s: Callable[[], float] = lambda: 240.0
    published: list[SweepNote] = field(default_factory=list)
    records: list[SweepRecord] = field(default_factory=list)
    warnings: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def sweep(self) -> SweepRecord:
        return asyncio.run(self.put_together().run(self.left_s))

    def put_together(self) -> Sweep:
        async def sleep(_: float) -> None:
            """Wait for nothing."""

        access = ProvidedClient(cast("AsyncClient", self.pages), "v1")
        keys = FixedClients(otherwise=self.no_access) if self.no_access else FixedClients(access)
        rate_limiter = unlimited_rate_limiter(self.now.timestamp)
        return Sweep(
            released=ReleasedOrders(keys, rate_limiter, lambda: self.now),
            publisher=Publisher(self, sleep, max),
            queue_length=self._length,
            recorder=self,
            requests_per_minute=self.requests_per_minute,
            interval=self.interval,
        )

    def publish(self, notes: Sequence[SweepNote]) -> list[SweepNote]:
        if self.bus_fails:
            raise EventBusError("ReadTimeoutError")
        self.published.extend(notes)
        return []

    def record(self, record: SweepRecord) -> None:
        self.records.append(record)

    def warn(self, message: str, **fields: object) -> None:
        self.warnings.append((message, fields))

    def _length(self) -> int:
        if self.queue_length is None:
            raise QueueLengthError("AccessDenied")
        return self.queue_length

    @property
    def ids(self) -> list[str]:
        return [note.purchase_order_id for note in self.published]


def test_an_overdue_order_is_published_and_the_sweep_completed() -> None:
    world = World(Pages(last_page(created("1", 30))))

    record = world.sweep()

    overdue = UnacknowledgedOrder("1", NOW - timedelta(minutes=30))
    assert world.published == [note_of(overdue, NOW, world.interval, long_lookback=False)]
    assert world.records == [record]
    assert (record.outcome, record.reason) == ("completed", None)
    assert (record.pages, record.orders_seen, record.orders_unacknowledged, record.orders_due) == (1, 1, 1, 1)
    assert (record.orders_published, record.orders_left, record.orders_unusable) == (1, 0, 0)
    assert (record.http_status, record.correlation_id, record.secret_version_id) == (200, "c-1", "v1")


def test_a_page_of_the_orders_of_the_last_72_hours_is_asked_for_and_gets_a_minute_at_most() -> None:
    world = World()

    record = world.sweep()

    (asked,) = world.pages.asked
    assert (asked["created_start_date"], asked["timeout"]) == (NOW - SWEEP_LOOKBACK, 60.0)
    assert record.outcome == "completed"


def test_every_page_is_read_and_the_oldest_order_of_all_comes_first() -> None:
    first, second = page(created("1", 20)), page(created("2", 90))
    world = World(Pages(first, second, last_page(created("3", 40))))

    record = world.sweep()

    assert [asked.get("after") for asked in world.pages.asked] == [None, first, second]
    assert world.ids == ["2", "3", "1"]
    assert (record.pages, record.oldest_purchase_order_id, record.oldest_order_age_s) == (3, "2", 90 * 60)


@pytest.mark.parametrize(
    ("orders", "published", "oldest", "age_s"),
    [
        ([], [], None, 0.0),
        # A young one is left to its event, and still waits.
        ([created("1", 9)], [], "1", 540.0),
        ([created("1", 30 + 0.64 / 60)], ["1"], "1", 1800.6),
        # Of one without a date no age is claimed, and it comes before all others.
        ([created("1", None)], ["1"], None, None),
        ([created("1", 600), created("2", None)], ["2", "1"], "1", 36_000.0),
    ],
)
def test_the_oldest_order_that_waits_is_told_of(
    orders: list[Order], published: list[str], oldest: str | None, age_s: float | None
) -> None:
    world = World(Pages(last_page(*orders)))

    record = world.sweep()

    assert world.ids == published
    assert (record.oldest_purchase_order_id, record.oldest_order_age_s) == (oldest, age_s)
    assert (record.orders_unacknowledged, record.orders_due) == (len(orders), len(published))


@pytest.mark.parametrize(
    ("order", "is_published"),
    [
        (released("1", 60, "Created"), True),
        (released("1", 60, "Acknowledged", "Created"), True),
        (released("1", 60), True),
        (released("1", 60, "Acknowledged"), False),
        (released("1", 60, "Created", node="WFSFulfilled"), False),
    ],
)
def test_an_order_is_published_while_it_may_wait_for_the_seller(order: Order, is_published: bool) -> None:
    world = World(Pages(last_page(order)))

    record = world.sweep()

    assert world.ids == ["1"] * is_published
    assert (record.orders_seen, record.orders_unacknowledged) == (1, int(is_published))


@pytest.mark.parametrize(
    ("first", "second", "published"),
    [
        ([created("1"), created("2")], [created("2"), created("3")], ["1", "2", "3"]),
        # It changed while pages were read.
        ([created("1")], [released("1", 60, "Acknowledged")], []),
    ],
)
def test_an_order_on_two_pages_counts_once_as_it_was_seen_last(
    first: list[Order], second: list[Order], published: list[str]
) -> None:
    world = World(Pages(page(*first), last_page(*second)))

    record = world.sweep()

    assert world.ids == published
    assert record.orders_seen == max(1, len(published))


PAGE = page(created("1", 90))


@pytest.mark.parametrize(
    ("script", "bus_fails", "outcome", "reason"),
    [
        ([PAGE, Unavailable("SYSTEM_ERROR", CALL)], False, "unavailable", "SYSTEM_ERROR"),
        ([PAGE, Throttled("http_429", CALL)], False, "throttled", "http_429"),
        ([PAGE, Misconfigured("http_307", CALL)], False, "misconfigured", "http_307"),
        ([PAGE, CredentialsRefused("UNAUTHORIZED", CALL)], False, "credentials_refused", "UNAUTHORIZED"),
        ([PAGE, OrderRejected("INVALID_REQUEST_PARAM", CALL)], False, "rejected", "INVALID_REQUEST_PARAM"),
        ([PAGE, LOST], False, "unavailable", "connection_lost"),
        ([LOST], False, "unavailable", "connection_lost"),
        ([PAGE, last_page()], True, "unavailable", "event_bus: ReadTimeoutError"),
        ([PAGE, LOST], True, "unavailable", "connection_lost"),
    ],
)
def test_when_a_page_or_the_bus_fails_the_sweep_is_not_completed_and_what_can_be_published_is(
    script: list[OrderPage | WalmartError], bus_fails: bool, outcome: str, reason: str
) -> None:
    found = PAGE in script
    world = World(Pages(*script), bus_fails=bus_fails)

    record = world.sweep()

    assert (record.outcome, record.reason) == (outcome, reason)
    assert world.ids == ["1"] * (found and not bus_fails)
    assert (record.orders_published, record.orders_left) == (len(world.ids), int(found and bus_fails))
    # When not even the first page could be read, no age is claimed.
    assert record.oldest_order_age_s == (5400.0 if found else None)


@pytest.mark.parametrize(
    ("no_access", "outcome", "reason"),
    [
        (SetupError("secret: must be JSON"), "misconfigured", "secret: must be JSON"),
        (SecretsUnavailableError("timeout"), "unavailable", "secrets_manager: timeout"),
        (CredentialsPaused(), "deferred", "credentials_paused"),
    ],
)
def test_without_credentials_the_record_says_why(no_access: NoClient, outcome: str, reason: str) -> None:
    record = World(no_access=no_access).sweep()

    assert (record.outcome, record.reason, record.http_status) == (outcome, reason, None)


def test_when_the_time_is_up_for_listing_what_was_found_is_published() -> None:
    pages = Pages(page(created("1")), last_page())
    world = World(pages, left_s=lambda: PUBLISHING_S + LEAST_TIME_LEFT_S - 0.1 * len(pages.asked))

    record = world.sweep()

    assert (record.outcome, record.reason) == ("deferred", "out_of_time")
    assert world.ids == ["1"]


@pytest.mark.parametrize(
    ("queue_length", "published"),
    # At 60 a minute less its margin, 855 are worked off in a quarter of an hour.
    [(0, 855), (1, 854), (800, 55), (855, 0), (5000, 0), (None, 855)],
)
def test_no_more_is_published_than_can_be_worked_off_by_the_next_sweep(
    queue_length: int | None, published: int
) -> None:
    orders = [created(str(number), 60 + number / 10) for number in range(900)]
    world = World(Pages(last_page(*orders)), queue_length=queue_length)

    record = world.sweep()

    assert (record.orders_published, record.orders_left) == (published, 900 - published)
    assert world.ids == [str(number) for number in range(899, 899 - published, -1)]
    assert record.outcome == "completed"


@pytest.mark.parametrize(("queue_length", "drain_time_s"), [(0, 1.1), (56, 60.0), (None, None)])
def test_the_drain_time_is_that_of_the_queue_with_what_was_published(
    queue_length: int | None, drain_time_s: float | None
) -> None:
    world = World(Pages(last_page(created("1"))), queue_length=queue_length)

    record = world.sweep()

    assert (record.queue_length, record.drain_time_s) == (queue_length, drain_time_s)
    warned = [("could not read the length of the order queue", {"error": "AccessDenied"})]
    assert world.warnings == warned * (queue_length is None)


@pytest.mark.parametrize(
    ("ahead_s", "told_s", "age_s"),
    [
        (-7200.0, -7200.0, 1800.0),
        (-61.0, -61.0, 1800.0),
        (-60.0, -60.0, 1800.0),
        (0.64, 0.6, 1800.6),
        (60.0, 60.0, 1860.0),
        (61.0, 61.0, 1861.0),
        (7200.0, 7200.0, 9000.0),
    ],
)
def test_by_a_wrong_clock_no_order_seems_too_young_and_more_than_a_minute_is_warned_about(
    ahead_s: float, told_s: float, age_s: float
) -> None:
    world = World(Pages(last_page(created("1", 30))), now=NOW + timedelta(seconds=ahead_s))

    record = world.sweep()

    assert world.ids == ["1"]
    assert (record.oldest_order_age_s, record.clock_ahead_s) == (age_s, told_s)
    warned = [("clock differs from Walmart's: Walmart may refuse the signature", {"clock_ahead_s": ahead_s})]
    assert world.warnings == warned * (abs(ahead_s) > 60)


@pytest.mark.parametrize("answered_at", [None, datetime(1970, 1, 1, tzinfo=UTC)])
def test_where_walmarts_time_is_not_told_or_cannot_be_our_own_clock_serves(
    answered_at: datetime | None,
) -> None:
    world = World(Pages(last_page(created("1", 30), answered_at=answered_at)))

    record = world.sweep()

    assert world.ids == ["1"]
    assert record.oldest_order_age_s == 1800.0
    assert (record.clock_ahead_s is None) == (world.warnings == []) == (answered_at is None)


UNREAD = OutcomeUnknown("unreadable_response", CALL, unread=last_page())
COUNTED = replace(last_page(created("1")), total_count=3)


@pytest.mark.parametrize(
    ("script", "published", "reason", "counted", "warning"),
    [
        (
            [last_page(created("1/../x"), created("2"))],
            ["2"],
            None,
            {"orders_unusable": 1},
            "released orders have no usable purchase order id: find them in Seller Center",
        ),
        (
            [UNREAD] * 8,
            [],
            "entries_unreadable",
            {"orders_unread": 1},
            "released orders cannot be read: find them in Seller Center",
        ),
        (
            [COUNTED] * 2,
            ["1"],
            "orders_missing",
            {"orders_missing": 2},
            "Walmart counts released orders that it does not list: find them in Seller Center",
        ),
    ],
)
def test_an_order_that_is_not_seen_is_recorded_and_warned_about_and_costs_the_others_nothing(
    script: list[OrderPage | WalmartError],
    published: list[str],
    reason: str | None,
    counted: dict[str, int],
    warning: str,
) -> None:
    world = World(Pages(*script))

    record = world.sweep()

    assert (world.ids, record.reason) == (published, reason)
    assert record.outcome == ("unavailable" if reason else "completed")
    assert world.warnings == [(warning, {**counted, "correlation_id": "c-1"})]
    assert counted == {name: getattr(record, name) for name in counted}


def test_orders_dated_ahead_are_published_first_and_warned_about() -> None:
    world = World(Pages(last_page(created("1", 30), created("2", -300))))

    assert world.sweep().outcome == "completed"
    assert world.ids == ["2", "1"]
    warning = "released orders have dates ahead of the clock: they count as undated"
    assert world.warnings == [(warning, {"orders_dated_ahead": 1})]


MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "hours"),
    [(8, 59, 72), (9, 0, 720), (9, 14, 720), (9, 15, 72), (21, 0, 72), (0, 0, 72)],
)
def test_a_sweep_looks_back_thirty_days_at_nine_utc(hour: int, minute: int, hours: float) -> None:
    now = MIDNIGHT + timedelta(hours=hour, minutes=minute)
    world = World(Pages(last_page(), last_page()), now=now)

    record = world.sweep()

    assert record.lookback_h == hours
    assert world.pages.asked[0]["created_start_date"] == now - timedelta(hours=hours)
    ship_nodes = [asked["ship_node_type"] for asked in world.pages.asked]
    assert ship_nodes == ([None, "3PLFulfilled"] if hours == 720 else [None])
