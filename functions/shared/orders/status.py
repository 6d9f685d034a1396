"""The state of an order, from the statuses of its lines: Walmart gives an order no status of its own."""

from enum import StrEnum, auto
from typing import Final

from walmart_ca import Order, Status

_GONE_OUT: Final = frozenset({Status.SHIPPED, Status.DELIVERED, Status.REFUND})
_FINAL: Final = _GONE_OUT | {Status.CANCELLED}
_KNOWN: Final = _FINAL | {Status.CREATED, Status.ACKNOWLEDGED}
_WALMART_FULFILLED: Final = "wfsfulfilled"


class OrderState(StrEnum):
    """The state of an order."""

    CREATED = auto()
    """Some lines await acknowledgement, and no line is shipped or cancelled."""
    ACKNOWLEDGED = auto()
    """No line awaits acknowledgement, and at least one is acknowledged."""
    SHIPPED = auto()
    """No line awaits acknowledgement; every line that was not cancelled is shipped."""
    CANCELLED = auto()
    """Every line is cancelled."""
    MIXED = auto()
    """A line awaits acknowledgement, and another is shipped, delivered or cancelled: a person must decide."""
    WALMART_FULFILLED = auto()
    """Walmart ships the order, and acknowledges it."""
    UNCLEAR = auto()
    """A line has no status or an unknown one, or no line could be read. The order may not be acknowledged,
    because a line may be shipped or cancelled."""


def awaits_acknowledgement(order: Order) -> bool:
    """Return whether an order needs an acknowledgement by the seller, as far as its lines say.

    It does even when other lines are shipped or cancelled, and when no line has a status.
    """
    if state_of(order) is OrderState.WALMART_FULFILLED:
        return False
    return Status.CREATED in order.statuses or not order.statuses


def state_of(order: Order) -> OrderState:
    """Return the state of an order, from the statuses of all its lines."""
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
