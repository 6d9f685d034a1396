"""Which released orders a sweep publishes, and what it says of each. Pure: no clock, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.order_event import DEADLINE
from shared.sweep_mark import SweepNote

DUE_AFTER: Final = timedelta(minutes=10)
"""A younger order is left alone: the event that tells of it may be on its way."""
LOOK_BACK: Final = timedelta(hours=72)
"""How old an order may be that every sweep looks for. A seller whose look-back was narrower than 48 hours
lost orders (statco/gci-order-hub)."""
LONG_LOOK_BACK: Final = timedelta(days=30)
"""How old it may be once a day: an order may be released long after its date, as pre-orders are."""
LONG_LOOK_BACK_AT: Final = timedelta(hours=9)
"""When that is, since midnight UTC: before the day begins in Canada."""
PARKED_AFTER: Final = timedelta(hours=2)
"""An order that needs a person is parked when it is so old, with half of Walmart's four hours left, and again
each day from then on."""
_DAY: Final = timedelta(days=1)
_SOME_MIDNIGHT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WaitingOrder:
    """A released order that waits for an acknowledgement.

    Attributes:
        purchase_order_id: Safe in a path, a signature and a log.
        ordered_at: Its date, aware; None where Walmart left it out.
    """

    purchase_order_id: str
    ordered_at: datetime | None


def due(orders: Iterable[WaitingOrder], now: datetime) -> list[WaitingOrder]:
    """Return the orders that are old enough to be published, the oldest first.

    One without a date may be any age, so it comes before all others. Those that are past their deadline
    come last: the ones among them that nothing can be done about must not keep the others out of a full
    queue.
    """
    found = [order for order in orders if order.ordered_at is None or now - order.ordered_at > DUE_AFTER]

    def urgency(order: WaitingOrder) -> tuple[bool, datetime, str]:
        late = order.ordered_at is not None and now - order.ordered_at >= DEADLINE
        return late, order.ordered_at or _LONG_AGO, order.purchase_order_id

    return sorted(found, key=urgency)


def looks_far_back(now: datetime, interval: timedelta, at: timedelta) -> bool:
    """Tell whether it is the day's one sweep that looks far back, `at` so long after midnight UTC."""
    return (now - _SOME_MIDNIGHT - at) % _DAY < interval


def note_of(order: WaitingOrder, sweep_at: datetime, interval: timedelta, *, far: bool) -> SweepNote:
    """Say of an order when it will be seen again, and whether it is to be parked if it needs a person.

    The sweeps remember nothing, and many events of one order must not lead to as many dead letters. So an
    event is for parking when the moment to do so, once a day, lies in the interval that ends with its sweep.
    Should that sweep fail, the order is parked a day later: it is seen for a month.

    Args:
        order: It is due.
        sweep_at: When the sweep was due, aware: two that begin a moment too late and a moment too early must
            not both hold the moment to park.
        interval: How far apart the sweeps are.
        far: This is the day's one sweep that looks far back.
    """
    to_park, again = far, interval
    if order.ordered_at is not None:
        age = sweep_at - order.ordered_at
        if age <= LOOK_BACK:
            to_park = age >= PARKED_AFTER and (age - PARKED_AFTER) % _DAY < interval
        if age + interval >= LOOK_BACK:
            again = _DAY
    return SweepNote(
        purchase_order_id=order.purchase_order_id,
        ordered_at=order.ordered_at,
        next_sweep_at=sweep_at + again,
        park_if_stuck=to_park,
    )


def oldest(orders: Iterable[WaitingOrder], now: datetime) -> tuple[str, timedelta] | None:
    """Return the id and the age of the oldest order; None when there is none with a date."""
    dated = [(order.ordered_at, order.purchase_order_id) for order in orders if order.ordered_at]
    if not dated:
        return None
    ordered_at, purchase_order_id = min(dated)
    return purchase_order_id, max(timedelta(0), now - ordered_at)
