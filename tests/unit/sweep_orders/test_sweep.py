"""One sweep, with scripted pages, and test doubles for the bus, the queue and the recorder."""

import asyncio
from collections.abc import Callable, Sequence
from copy import replace
from dataclasses import dataclass, field
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
from sweep_orders.selection import UnacknowledgedOrder, note_of
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
    WalmartError,
)

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=15)
CALL = CallInfo("GET", "https://walmart.invalid/released", "c-1", 200, 0.1, answered_at=NOW)
LOST = OutcomeUnknown("connection_lost", replace(CALL, status=None))


def order(
    purchase_order_id: str,
    age_minutes: float | None = 60,
    statuses: Sequence[str] = ("Created",),
    node: str = "",
) -> Order:
    """Return a released order; without statuses it has no lines."""
    return Order(
        purchase_order_id,
        order_date=None if age_minutes is None else NOW - timedelta(minutes=age_minutes),
        ship_node_type=node,
        lines=tuple(OrderLine("1", statuses=(OrderLineStatus(status),)) for status in statuses),
    )


def last_page(*orders: Order) -> OrderPage:
    return OrderPage(orders, None, None, CALL)


def page(*orders: Order) -> OrderPage:
    return replace(last_page(*orders), next_cursor="?after=1")


class Pages:
    """A client with scripted pages, which keeps the parameters of the calls."""

    def __init__(self, *script: OrderPage | WalmartError) -> None:
        self.orders = self
        self.calls: list[dict[str, Any]] = []
        self._script = list(script)

    async def released_page(self, **parameters: Any) -> OrderPage:  # noqa: ANN401 - kept unchecked
        self.calls.append(parameters)
        result = self._script.pop(0)
        if isinstance(result, WalmartError):
            raise result
        return result

    async def next_page(self, page: OrderPage, **parameters: Any) -> OrderPage:  # noqa: ANN401 - as above
        return await self.released_page(after=page, **parameters)


@dataclass
class Harness:
    """A sweep, and the environment that the test controls."""

    pages: Pages = field(default_factory=lambda: Pages(last_page()))
    clients: FixedClients | None = None
    queue_length: int | None = 0
    bus_fails: bool = False
    now: datetime = NOW
    left_s: Callable[[], float] = lambda: 240.0
    published: list[SweepNote] = field(default_factory=list)
    records: list[SweepRecord] = field(default_factory=list)
    warnings: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def sweep(self) -> SweepRecord:
        async def sleep(_: float) -> None:
            """Return at once."""

        clients = self.clients or FixedClients(ProvidedClient(cast("AsyncClient", self.pages), "v1"))
        rate_limiter = unlimited_rate_limiter(self.now.timestamp)
        sweep = Sweep(
            released=ReleasedOrders(clients, rate_limiter, lambda: self.now),
            publisher=Publisher(self, sleep, max),
            queue_length=self._length,
            recorder=self,
            requests_per_minute=60,
            interval=INTERVAL,
            now=lambda: self.now,
        )
        return asyncio.run(sweep.run(self.left_s))

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


def test_a_due_order_is_published_and_the_sweep_completed() -> None:
    harness = Harness(Pages(last_page(order("1", 30))))

    record = harness.sweep()

    due_order = UnacknowledgedOrder("1", NOW - timedelta(minutes=30))
    assert harness.published == [note_of(due_order, NOW, INTERVAL, long_lookback=False)]
    assert harness.records == [record]
    assert [call["timeout"] for call in harness.pages.calls] == [60.0]
    assert (record.outcome, record.reason) == ("completed", None)
    assert (record.pages, record.orders_seen, record.orders_unacknowledged, record.orders_due) == (1, 1, 1, 1)
    assert (record.orders_published, record.orders_left, record.orders_unusable) == (1, 0, 0)
    assert (record.http_status, record.correlation_id, record.secret_version_id) == (200, "c-1", "v1")


@pytest.mark.parametrize(
    ("orders", "published", "oldest", "age_s"),
    [
        ([], [], None, 0.0),
        # A young order is not published, but counts as unacknowledged.
        ([order("1", 9)], [], "1", 540.0),
        ([order("1", 30 + 0.64 / 60)], ["1"], "1", 1800.6),
        # An undated order has no age, and comes first.
        ([order("1", None)], ["1"], None, None),
        ([order("1", 600), order("2", None)], ["2", "1"], "1", 36_000.0),
    ],
)
def test_the_record_names_the_oldest_unacknowledged_order(
    orders: list[Order], published: list[str], oldest: str | None, age_s: float | None
) -> None:
    harness = Harness(Pages(last_page(*orders)))

    record = harness.sweep()

    assert harness.ids == published
    assert (record.oldest_purchase_order_id, record.oldest_order_age_s) == (oldest, age_s)
    assert (record.orders_unacknowledged, record.orders_due) == (len(orders), len(published))


@pytest.mark.parametrize(
    ("pages", "published"),
    [
        ([last_page(order("1", 60, ["Acknowledged", "Created"]))], ["1"]),
        ([last_page(order("1", 60, []))], ["1"]),
        ([last_page(order("1", 60, ["Acknowledged"]))], []),
        ([last_page(order("1", node="WFSFulfilled"))], []),
        # If an order changes between two pages, the last one counts.
        ([page(order("1")), last_page(order("1", 60, ["Acknowledged"]))], []),
        ([page(order("1"), order("2")), last_page(order("2"))], ["1", "2"]),
    ],
)
def test_an_order_that_awaits_acknowledgement_is_published_once(
    pages: list[OrderPage], published: list[str]
) -> None:
    harness = Harness(Pages(*pages))

    record = harness.sweep()

    assert harness.ids == published
    assert (record.orders_seen, record.orders_unacknowledged) == (max(1, len(published)), len(published))


PAGE = page(order("1", 90))


@pytest.mark.parametrize(
    ("script", "bus_fails", "outcome", "reason"),
    [
        ([PAGE, Throttled("http_429", CALL)], False, "throttled", "http_429"),
        ([PAGE, Misconfigured("http_307", CALL)], False, "misconfigured", "http_307"),
        ([PAGE, CredentialsRefused("UNAUTHORIZED", CALL)], False, "credentials_refused", "UNAUTHORIZED"),
        ([PAGE, OrderRejected("INVALID_REQUEST_PARAM", CALL)], False, "rejected", "INVALID_REQUEST_PARAM"),
        ([LOST], False, "unavailable", "connection_lost"),
        ([PAGE, last_page()], True, "unavailable", "event_bus: ReadTimeoutError"),
        ([PAGE, LOST], True, "unavailable", "connection_lost"),
    ],
)
def test_after_a_failure_the_orders_that_were_found_are_published(
    script: list[OrderPage | WalmartError], bus_fails: bool, outcome: str, reason: str
) -> None:
    found = PAGE in script
    harness = Harness(Pages(*script), bus_fails=bus_fails)

    record = harness.sweep()

    assert (record.outcome, record.reason) == (outcome, reason)
    assert harness.ids == ["1"] * (found and not bus_fails)
    assert (record.orders_published, record.orders_left) == (len(harness.ids), int(found and bus_fails))
    # Without a page the age is unknown.
    assert record.oldest_order_age_s == (5400.0 if found else None)


@pytest.mark.parametrize(
    ("no_client", "outcome", "reason"),
    [
        (SetupError("secret: must be JSON"), "misconfigured", "secret: must be JSON"),
        (SecretsUnavailableError("timeout"), "unavailable", "secrets_manager: timeout"),
        (CredentialsPaused(), "deferred", "credentials_paused"),
    ],
)
def test_without_credentials_the_record_gives_the_reason(
    no_client: NoClient, outcome: str, reason: str
) -> None:
    record = Harness(clients=FixedClients(otherwise=no_client)).sweep()

    assert (record.outcome, record.reason, record.http_status) == (outcome, reason, None)


def test_orders_found_before_the_time_is_up_are_published() -> None:
    pages = Pages(page(order("1")), last_page())
    harness = Harness(pages, left_s=lambda: PUBLISHING_S + LEAST_TIME_LEFT_S - 0.1 * len(pages.calls))

    record = harness.sweep()

    assert (record.outcome, record.reason) == ("deferred", "out_of_time")
    assert harness.ids == ["1"]


@pytest.mark.parametrize(
    ("queue_length", "published", "drain_time_s"),
    # At 60 a minute, less the margin, 855 orders fit into a quarter of an hour.
    [(0, 855, 900.0), (1, 854, 900.0), (855, 0, 900.0), (5000, 0, 5263.2), (None, 855, None)],
)
def test_a_sweep_publishes_only_what_fits_before_the_next_one(
    queue_length: int | None, published: int, drain_time_s: float | None
) -> None:
    orders = [order(str(number), 60 + number / 10) for number in range(900)]
    harness = Harness(Pages(last_page(*orders)), queue_length=queue_length)

    record = harness.sweep()

    assert (record.orders_published, record.orders_left) == (published, 900 - published)
    assert harness.ids == [str(number) for number in range(899, 899 - published, -1)]
    assert (record.outcome, record.queue_length, record.drain_time_s) == (
        "completed",
        queue_length,
        drain_time_s,
    )
    warned = [("could not read the length of the order queue", {"error": "AccessDenied"})]
    assert harness.warnings == warned * (queue_length is None)


@pytest.mark.parametrize(
    ("ahead_s", "rounded_s", "age_s"),
    [
        (-61.0, -61.0, 1800.0),
        (-60.0, -60.0, 1800.0),
        (0.64, 0.6, 1800.6),
        (60.0, 60.0, 1860.0),
        (61.0, 61.0, 1861.0),
    ],
)
def test_a_wrong_clock_is_warned_about_and_makes_no_order_young(
    ahead_s: float, rounded_s: float, age_s: float
) -> None:
    harness = Harness(Pages(last_page(order("1", 30))), now=NOW + timedelta(seconds=ahead_s))

    record = harness.sweep()

    assert harness.ids == ["1"]
    assert (record.oldest_order_age_s, record.clock_ahead_s) == (age_s, rounded_s)
    warned = [("clock differs from Walmart's: Walmart may refuse the signature", {"clock_ahead_s": ahead_s})]
    assert harness.warnings == warned * (abs(ahead_s) > 60)


def test_without_a_time_from_walmart_our_clock_counts() -> None:
    without = replace(last_page(order("1", 30)), call=replace(CALL, answered_at=None))
    harness = Harness(Pages(without))

    record = harness.sweep()

    assert (record.oldest_order_age_s, record.clock_ahead_s, harness.warnings) == (1800.0, None, [])


UNREAD = OutcomeUnknown("unreadable_response", CALL, unread=last_page())
COUNTED = replace(last_page(order("1")), total_count=3)
FIND = "find them in Seller Center"
UNREADABLE = f"released orders cannot be read: {FIND}"
AHEAD = "released orders have dates ahead of the clock: they count as undated"


@pytest.mark.parametrize(
    ("script", "published", "reason", "warning", "counted"),
    [
        (
            [last_page(order("1/../x"), order("2"))],
            ["2"],
            None,
            f"released orders have no usable purchase order id: {FIND}",
            {"orders_unusable": 1},
        ),
        (
            [UNREAD] * 8,
            [],
            "entries_unreadable",
            f"released orders cannot be read: {FIND}",
            {"orders_unread": 1},
        ),
        (
            [COUNTED] * 2,
            ["1"],
            "orders_missing",
            f"Walmart counts released orders that it does not list: {FIND}",
            {"orders_missing": 2},
        ),
        ([last_page(order("1", 30), order("2", -300))], ["2", "1"], None, AHEAD, {}),
    ],
)
def test_orders_that_cannot_be_read_or_published_are_warned_about(
    script: list[OrderPage | WalmartError],
    published: list[str],
    reason: str | None,
    warning: str,
    counted: dict[str, int],
) -> None:
    harness = Harness(Pages(*script))

    record = harness.sweep()

    assert (harness.ids, record.reason) == (published, reason)
    assert record.outcome == ("unavailable" if reason else "completed")
    fields = {**counted, "correlation_id": "c-1"} if counted else {"orders_dated_ahead": 1}
    assert harness.warnings == [(warning, fields)]
    assert counted == {name: getattr(record, name) for name in counted}


@pytest.mark.parametrize(
    ("hour", "minute", "hours"), [(8, 59, 72), (9, 0, 720), (9, 14, 720), (9, 15, 72), (21, 0, 72)]
)
def test_a_sweep_looks_back_thirty_days_at_nine_utc(hour: int, minute: int, hours: float) -> None:
    now = NOW.replace(hour=hour, minute=minute)
    harness = Harness(Pages(last_page(), last_page()), now=now)

    record = harness.sweep()

    assert record.lookback_h == hours
    assert harness.pages.calls[0]["created_start_date"] == now - timedelta(hours=hours)
    ship_nodes = [call["ship_node_type"] for call in harness.pages.calls]
    assert ship_nodes == ([None, "3PLFulfilled"] if hours == 720 else [None])
