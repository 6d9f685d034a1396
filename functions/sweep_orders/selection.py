"""Selects the orders that a sweep publishes, and writes a note for each. Pure: no clock, no I/O."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.orders.event import DEADLINE
from shared.orders.sweep_note import SweepNote

DUE_AFTER: Final = timedelta(minutes=10)
"""The age from which an order is due: the event of a younger order may still arrive."""
SWEEP_LOOKBACK: Final = timedelta(hours=72)
"""The age of the oldest orders that every sweep lists. A seller whose look-back was shorter than 48 hours
lost orders (statco/gci-order-hub)."""
LONG_LOOKBACK: Final = timedelta(days=30)
"""The look-back of one sweep a day: an order may be released long after its date, such as a pre-order."""
LONG_LOOKBACK_AT: Final = timedelta(hours=9)
"""When that sweep runs, since midnight UTC: before the day begins in Canada."""
PARKED_AFTER: Final = timedelta(hours=2)
"""The age at which an order that needs a person is parked, with half of Walmart's four hours left. From then
on it is parked once a day."""
_DAY: Final = timedelta(days=1)
_SOME_MIDNIGHT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class UnacknowledgedOrder(NamedTuple):
    """A released order that awaits acknowledgement.

    Attributes:
        purchase_order_id: Safe in a path, a signature and a log.
        ordered_at: Its date, aware; None when it has no plausible date.
    """

    purchase_order_id: str
    ordered_at: datetime | None


def due(orders: Iterable[UnacknowledgedOrder], now: datetime) -> list[UnacknowledgedOrder]:
    """Return the orders that are old enough to be published, the oldest first.

    An order without a date may have any age, so it comes first. Orders after their deadline come last: those
    that cannot be acknowledged must not keep the others out of a full queue.
    """
    found = [order for order in orders if order.ordered_at is None or now - order.ordered_at > DUE_AFTER]

    def urgency(order: UnacknowledgedOrder) -> tuple[bool, datetime, str]:
        late = order.ordered_at is not None and now - order.ordered_at >= DEADLINE
        return late, order.ordered_at or _LONG_AGO, order.purchase_order_id

    return sorted(found, key=urgency)


def is_long_lookback(now: datetime, interval: timedelta, at: timedelta) -> bool:
    """Return whether this is the day's one sweep with the long look-back, `at` after midnight UTC."""
    return (now - _SOME_MIDNIGHT - at) % _DAY < interval


def note_of(
    order: UnacknowledgedOrder, sweep_at: datetime, interval: timedelta, *, long_lookback: bool
) -> SweepNote:
    """Return an order's note: when a sweep sees it again, and whether to park it if it needs a person.

    Sweeps keep no state, and many events of one order must not lead to as many dead letters. So an event asks
    for parking when the daily moment for it lies in the interval that ends with its sweep. If that sweep
    fails, the order is parked a day later, because sweeps see it for a month.

    Args:
        order: An order that is due.
        sweep_at: When the sweep was due, aware. The actual time would let two sweeps contain the same moment.
        interval: The time between two sweeps.
        long_lookback: This is the day's one sweep with the long look-back.
    """
    to_park, again = long_lookback, interval
    if order.ordered_at is not None:
        age = sweep_at - order.ordered_at
        if age <= SWEEP_LOOKBACK:
            to_park = age >= PARKED_AFTER and (age - PARKED_AFTER) % _DAY < interval
        if age + interval >= SWEEP_LOOKBACK:
            again = _DAY
    return SweepNote(
        purchase_order_id=order.purchase_order_id,
        ordered_at=order.ordered_at,
        next_sweep_at=sweep_at + again,
        may_park=to_park,
    )


def oldest(orders: Iterable[UnacknowledgedOrder], now: datetime) -> tuple[str, timedelta] | None:
    """Return the id and the age of the oldest order; None when there is none with a date."""
    dated = [(order.ordered_at, order.purchase_order_id) for order in orders if order.ordered_at]
    if not dated:
        return None
    ordered_at, purchase_order_id = min(dated)
    return purchase_order_id, max(timedelta(0), now - ordered_at)
