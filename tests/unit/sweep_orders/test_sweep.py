"""One sweep, with pages from a script, and a bus, a queue and a recorder that remember."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.calling import LEAST_TIME_LEFT_S
from shared.credentials import Access, CredentialsPaused, NoAccess, SecretsUnavailableError, SetupError
from shared.pacing import Pacer
from shared.sweep_mark import SweepNote
from sweep_orders.listing import ReleasedOrders
from sweep_orders.ports import EventBusError, QueueLengthError
from sweep_orders.publishing import Publisher
from sweep_orders.records import SweepRecord
from sweep_orders.selection import LOOK_BACK, WaitingOrder, note_of
from sweep_orders.sweep import PUBLISHING_S, Sweep
from tests.unit.sweep_orders.keys import Keys
from walmart_ca import (
    AsyncClient,
    Call,
    CredentialsRefused,
    Misconfigured,
    NotSent,
    Order,
    OrderLine,
    OrderLineStatus,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    Status,
    Throttled,
    Unavailable,
    WalmartError,
)

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
CALL = Call("GET", "https://walmart.invalid/released", "c-1", 200, 0.1, answered_at=NOW)
LOST = OutcomeUnknown("connection_lost", replace(CALL, status=None))


def released(purchase_order_id: str, age_minutes: float | None = 60, *statuses: str, node: str = "") -> Order:
    """A released order; without statuses it has no lines."""
    return Order(
        purchase_order_id,
        order_date=None if age_minutes is None else NOW - timedelta(minutes=age_minutes),
        ship_node_type=node,
        lines=tuple(OrderLine("1", statuses=(OrderLineStatus(Status(status)),)) for status in statuses),
    )


def created(purchase_order_id: str, age_minutes: float | None = 60) -> Order:
    return released(purchase_order_id, age_minutes, "Created")


def page(*orders: Order, last: bool = False, answered_at: datetime | None = NOW) -> OrderPage:
    cursor = f"?after={'-'.join(order.purchase_order_id for order in orders)}"
    return OrderPage(orders, None, None if last else cursor, replace(CALL, answered_at=answered_at))


def last_page(*orders: Order, answered_at: datetime | None = NOW) -> OrderPage:
    return page(*orders, last=True, answered_at=answered_at)


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
    no_access: NoAccess | None = None
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

        keys = Keys(self.no_access or Access(cast("AsyncClient", self.pages), "v1"))
        pacer = Pacer(
            requests_per_minute=1e6,
            sharers=1,
            clock=self.now.timestamp,
            monotonic=self.now.timestamp,
            sleep=sleep,
        )
        return Sweep(
            released=ReleasedOrders(keys, pacer, lambda: self.now),
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

    overdue = WaitingOrder("1", NOW - timedelta(minutes=30))
    assert world.published == [note_of(overdue, NOW, world.interval, far=False)]
    assert world.records == [record]
    assert (record.outcome, record.reason) == ("completed", None)
    assert (record.pages, record.orders_seen, record.orders_waiting, record.orders_due) == (1, 1, 1, 1)
    assert (record.orders_published, record.orders_left, record.orders_unusable) == (1, 0, 0)
    assert (record.http_status, record.correlation_id, record.secret_version_id) == (200, "c-1", "v1")


def test_without_released_orders_the_oldest_is_of_no_age_and_the_sweep_completed() -> None:
    record = World().sweep()

    assert record.outcome == "completed"
    assert (record.oldest_purchase_order_id, record.oldest_order_age_s) == (None, 0.0)


def test_orders_of_the_last_72_hours_are_asked_for() -> None:
    world = World()

    world.sweep()

    assert [asked["created_start_date"] for asked in world.pages.asked] == [NOW - LOOK_BACK]


def test_a_page_gets_a_minute_at_most() -> None:
    world = World()

    world.sweep()

    assert [asked["timeout"] for asked in world.pages.asked] == [60.0]


def test_every_page_is_read_and_the_oldest_order_of_all_comes_first() -> None:
    first, second = page(created("1", 20)), page(created("2", 90))
    world = World(Pages(first, second, last_page(created("3", 40))))

    record = world.sweep()

    assert [asked.get("after") for asked in world.pages.asked] == [None, first, second]
    assert world.ids == ["2", "3", "1"]
    assert (record.pages, record.oldest_purchase_order_id, record.oldest_order_age_s) == (3, "2", 90 * 60)


def test_a_young_order_is_left_to_its_event_and_still_counts_as_waiting() -> None:
    world = World(Pages(last_page(created("1", 9))))

    record = world.sweep()

    assert world.published == []
    assert (record.orders_waiting, record.orders_due, record.oldest_order_age_s) == (1, 0, 540.0)


@pytest.mark.parametrize(
    ("order", "is_published"),
    [
        (released("1", 60, "Created"), True),
        (released("1", 60, "CREATED"), True),
        (released("1", 60, "Acknowledged", "Created"), True),
        (released("1", 60, "Shipped", "Created"), True),
        (released("1", 60), True),
        (released("1", 60, "Acknowledged"), False),
        (released("1", 60, "Shipped"), False),
        (released("1", 60, "Created", node="WFSFulfilled"), False),
        (released("1", 60, "Created", node="SellerFulfilled"), True),
    ],
)
def test_an_order_is_published_while_it_may_wait_for_the_seller(order: Order, is_published: bool) -> None:
    world = World(Pages(last_page(order)))

    record = world.sweep()

    assert world.ids == ["1"] * is_published
    assert (record.orders_seen, record.orders_waiting) == (1, int(is_published))


def test_an_order_that_stands_on_two_pages_is_published_once() -> None:
    world = World(Pages(page(created("1"), created("2")), last_page(created("2"), created("3"))))

    record = world.sweep()

    assert sorted(world.ids) == ["1", "2", "3"]
    assert record.orders_seen == 3


def test_an_order_that_changed_while_pages_were_read_counts_as_it_was_seen_last() -> None:
    world = World(Pages(page(created("1")), last_page(released("1", 60, "Acknowledged"))))

    world.sweep()

    assert world.published == []


@pytest.mark.parametrize("hostile", ["", "1/../x", "1\r\nX: y", "1" * 65, "\u0661"])
def test_an_entry_without_a_usable_id_is_counted_and_costs_the_others_nothing(hostile: str) -> None:
    world = World(Pages(last_page(created(hostile), created("2"))))

    record = world.sweep()

    assert world.ids == ["2"]
    assert (record.orders_seen, record.orders_unusable, record.outcome) == (1, 1, "completed")
    ((message, fields),) = world.warnings
    assert message.startswith("released orders without a usable purchase order id")
    assert (fields["orders_unusable"], fields["correlation_id"]) == (1, "c-1")
    assert hostile == "" or hostile not in repr(world.warnings)


def test_an_order_without_a_date_is_published_before_all_others() -> None:
    world = World(Pages(last_page(created("1", 600), created("2", None))))

    world.sweep()

    assert world.ids == ["2", "1"]


def test_an_age_is_told_to_a_tenth_of_a_second() -> None:
    world = World(Pages(last_page(created("1", 30 + 0.64 / 60))))

    assert world.sweep().oldest_order_age_s == 1800.6


def test_of_an_order_without_a_date_no_age_is_claimed() -> None:
    world = World(Pages(last_page(created("1", None))))

    assert world.sweep().oldest_order_age_s is None


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (Unavailable("SYSTEM_ERROR", CALL), "unavailable", "SYSTEM_ERROR"),
        (Throttled("REQUEST_THRESHOLD_VIOLATED", CALL), "throttled", "REQUEST_THRESHOLD_VIOLATED"),
        (Misconfigured("http_307", CALL), "misconfigured", "http_307"),
        (CredentialsRefused("UNAUTHORIZED", CALL), "credentials_refused", "UNAUTHORIZED"),
        (OrderRejected("INVALID_REQUEST_PARAM", CALL), "rejected", "INVALID_REQUEST_PARAM"),
        (LOST, "unavailable", "connection_lost"),
    ],
)
def test_when_a_page_fails_the_orders_before_it_are_published_and_the_sweep_is_not_completed(
    error: WalmartError, outcome: str, reason: str
) -> None:
    world = World(Pages(page(created("1", 90)), error))

    record = world.sweep()

    assert world.ids == ["1"]
    assert (record.outcome, record.reason) == (outcome, reason)
    assert (record.pages, record.orders_published, record.oldest_order_age_s) == (1, 1, 5400.0)


def test_when_the_bus_fails_the_orders_are_left_and_the_sweep_is_not_completed() -> None:
    record = World(Pages(last_page(created("1"))), bus_fails=True).sweep()

    assert (record.outcome, record.reason) == ("unavailable", "event_bus: ReadTimeoutError")
    assert (record.orders_published, record.orders_left) == (0, 1)


def test_when_a_page_and_the_bus_fail_the_record_tells_of_the_page() -> None:
    record = World(Pages(page(created("1")), LOST), bus_fails=True).sweep()

    assert record.reason == "connection_lost"


def test_when_the_first_page_fails_no_age_is_claimed() -> None:
    record = World(Pages(LOST)).sweep()

    assert (record.outcome, record.pages, record.oldest_order_age_s) == ("unavailable", 0, None)


def test_when_nothing_was_sent_the_page_is_asked_for_once_more() -> None:
    world = World(Pages(NotSent("connect", CALL), last_page(created("1"))))

    assert world.sweep().outcome == "completed"
    assert world.ids == ["1"]


@pytest.mark.parametrize(
    ("no_access", "outcome", "reason"),
    [
        (SetupError("secret: must be JSON"), "misconfigured", "secret: must be JSON"),
        (SecretsUnavailableError("timeout"), "unavailable", "secrets_manager: timeout"),
        (CredentialsPaused(), "deferred", "credentials_paused"),
    ],
)
def test_without_credentials_the_record_says_why(no_access: NoAccess, outcome: str, reason: str) -> None:
    record = World(no_access=no_access).sweep()

    assert (record.outcome, record.reason, record.http_status) == (outcome, reason, None)


def test_when_the_time_is_up_for_listing_what_was_found_is_published() -> None:
    left = [240.0]
    world = World(Pages(page(created("1")), last_page()), left_s=lambda: left[-1])

    class SlowPages(Pages):
        async def released_page(self, **which: Any) -> OrderPage:  # noqa: ANN401 - as in Pages
            left.append(PUBLISHING_S + LEAST_TIME_LEFT_S - 0.1)
            return await super().released_page(**which)

    world.pages = SlowPages(page(created("1")), last_page())

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
    record = World(Pages(last_page(created("1"))), queue_length=queue_length).sweep()

    assert (record.queue_length, record.drain_time_s) == (queue_length, drain_time_s)


def test_a_queue_that_does_not_tell_its_length_is_warned_about() -> None:
    world = World(queue_length=None)

    world.sweep()

    assert world.warnings == [("order queue did not tell its length", {"error": "AccessDenied"})]


@pytest.mark.parametrize(
    ("ahead_s", "age_s"), [(-7200.0, 1800.0), (-61.0, 1800.0), (61.0, 1861.0), (7200.0, 9000.0)]
)
def test_by_a_wrong_clock_no_order_seems_too_young_and_the_difference_is_warned_about(
    ahead_s: float, age_s: float
) -> None:
    world = World(Pages(last_page(created("1", 30))), now=NOW + timedelta(seconds=ahead_s))

    record = world.sweep()

    assert world.ids == ["1"]
    assert (record.oldest_order_age_s, record.clock_ahead_s) == (age_s, ahead_s)
    ((message, fields),) = world.warnings
    assert message.startswith("clock differs from Walmart's")
    assert fields == {"clock_ahead_s": ahead_s}


@pytest.mark.parametrize("ahead_s", [-60.0, 60.0])
def test_a_clock_that_differs_by_a_minute_is_not_warned_about(ahead_s: float) -> None:
    world = World(now=NOW + timedelta(seconds=ahead_s))

    record = world.sweep()

    assert record.clock_ahead_s == ahead_s
    assert world.warnings == []


def test_the_difference_of_the_clocks_is_told_to_a_tenth_of_a_second() -> None:
    world = World(now=NOW + timedelta(seconds=0.64))

    assert world.sweep().clock_ahead_s == 0.6


def test_a_date_of_walmarts_that_cannot_be_hides_no_order() -> None:
    world = World(Pages(last_page(created("1", 30), answered_at=datetime(1970, 1, 1, tzinfo=UTC))))

    world.sweep()

    assert world.ids == ["1"]


def test_where_walmart_does_not_tell_the_time_our_own_clock_serves() -> None:
    world = World(Pages(last_page(created("1", 30), answered_at=None)))

    record = world.sweep()

    assert (record.oldest_order_age_s, record.clock_ahead_s) == (1800.0, None)
    assert world.warnings == []


def test_orders_dated_ahead_are_published_first_and_warned_about() -> None:
    world = World(Pages(last_page(created("1", 30), created("2", -300))))

    record = world.sweep()

    assert world.ids == ["2", "1"]
    assert record.outcome == "completed"
    assert world.warnings == [
        ("released orders dated ahead of the clock, taken for undated", {"orders_dated_ahead": 1})
    ]


def test_an_entry_that_cannot_be_read_is_recorded_and_warned_about_and_the_sweep_not_completed() -> None:
    unread = OutcomeUnknown("unreadable_answer", CALL, unread=last_page())
    halves = [unread] * 8
    world = World(Pages(*halves))

    record = world.sweep()

    assert (record.outcome, record.reason, record.orders_unread) == ("unavailable", "entries_unreadable", 1)
    assert world.warnings == [
        (
            "released orders that cannot be read, look for them in Seller Center",
            {"orders_unread": 1, "correlation_id": "c-1"},
        )
    ]


def test_orders_that_are_counted_and_not_shown_are_recorded_and_warned_about_and_the_others_published() -> (
    None
):
    counted = replace(last_page(created("1")), total_count=3)
    world = World(Pages(counted, counted))

    record = world.sweep()

    assert (record.outcome, record.reason, record.orders_missing) == ("unavailable", "orders_missing", 2)
    assert world.ids == ["1"]
    assert world.warnings == [
        (
            "released orders that Walmart counts and does not list, look for them in Seller Center",
            {"orders_missing": 2, "correlation_id": "c-1"},
        )
    ]


MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "hours"),
    [(8, 59, 72), (9, 0, 720), (9, 14, 720), (9, 15, 72), (21, 0, 72), (0, 0, 72)],
)
def test_a_sweep_looks_back_thirty_days_at_nine_utc(hour: int, minute: int, hours: float) -> None:
    now = MIDNIGHT + timedelta(hours=hour, minutes=minute)
    world = World(Pages(last_page(), last_page()), now=now)

    record = world.sweep()

    assert record.look_back_h == hours
    assert world.pages.asked[0]["created_start_date"] == now - timedelta(hours=hours)
    ship_nodes = [asked["ship_node_type"] for asked in world.pages.asked]
    assert ship_nodes == ([None, "3PLFulfilled"] if hours == 720 else [None])
