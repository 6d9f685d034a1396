"""Which released orders a sweep publishes. Pure: no clock, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.order_event import DEADLINE

DUE_AFTER: Final = timedelta(minutes=10)
"""A younger order is left alone: the event that tells of it may be on its way."""
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


def oldest(orders: Iterable[WaitingOrder], now: datetime) -> tuple[str, timedelta] | None:
    """Return the id and the age of the oldest order; None when there is none with a date."""
    dated = [(order.ordered_at, order.purchase_order_id) for order in orders if order.ordered_at]
    if not dated:
        return None
    ordered_at, purchase_order_id = min(dated)
    return purchase_order_id, max(timedelta(0), now - ordered_at)
