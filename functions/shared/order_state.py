"""Where an order stands, by its lines: Walmart gives an order no status of its own."""

from enum import StrEnum, auto
from typing import Final

from walmart_ca import Order, Status

_GONE_OUT: Final = frozenset({Status.SHIPPED, Status.DELIVERED, Status.REFUND})
_FINAL: Final = _GONE_OUT | {Status.CANCELLED}
_KNOWN: Final = _FINAL | {Status.CREATED, Status.ACKNOWLEDGED}
_WALMART_FULFILLED: Final = "wfsfulfilled"


class OrderState(StrEnum):
    """Where an order stands."""

    CREATED = auto()
    """Some lines wait for acknowledgement, and none is beyond it."""
    ACKNOWLEDGED = auto()
    """No line waits any more, and at least one is acknowledged."""
    SHIPPED = auto()
    """No line waits any more; what was not cancelled has gone out."""
    CANCELLED = auto()
    """Every line is cancelled."""
    MIXED = auto()
    """A line waits beside one that is shipped, delivered or cancelled: acknowledging is for a person."""
    WALMART_FULFILLED = auto()
    """Walmart ships it, and acknowledges it too."""
    UNCLEAR = auto()
    """Some line has no status, or one that is unknown, or no line could be read: the order may be beyond
    acknowledging, or wait for it. That no status was read is no permission to acknowledge."""


def waits(order: Order) -> bool:
    """Tell whether an order waits for an acknowledgement of the seller's, as far as its lines say.

    It does also beside lines that are beyond it, and when no line has a status at all.
    """
    if state_of(order) is OrderState.WALMART_FULFILLED:
        return False
    return Status.CREATED in order.statuses or not order.statuses


def state_of(order: Order) -> OrderState:
    """Judge an order by the statuses of all its lines."""
    statuses = order.statuses
    if order.ship_node_type.lower() == _WALMART_FULFILLED:
        return OrderState.WALMART_FULFILLED
    if Status.CREATED in statuses and statuses & _FINAL:
        return OrderState.MIXED
    if not statuses or statuses - _KNOWN or not all(line.statuses for line in order.lines):
        return OrderState.UNCLEAR
    if Status.CREATED in statuses:
        return OrderState.CREATED
    if Status.ACKNOWLEDGED in statuses:
        return OrderState.ACKNOWLEDGED
    return OrderState.SHIPPED if statuses & _GONE_OUT else OrderState.CANCELLED
