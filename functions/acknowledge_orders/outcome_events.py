"""The event of a final outcome: what others get to know about an order. Pure: no I/O.

`docs/reference.md` describes it, and `docs/outcome-event.schema.json` is its JSON Schema.
"""

import json
from enum import StrEnum
from typing import Final, NamedTuple

from acknowledge_orders.policy import AttemptResult, CallResults, Disposition
from acknowledge_orders.records import OutcomeRecord
from shared.orders.event import printable
from shared.orders.outcome import Outcome
from walmart_ca import Order

SOURCE: Final = "walmart.ca.order-outcomes"
"""The `source` of outcome events. The template refuses it as the source of order events, so that no outcome
can arrive as an order."""
MAX_DETAIL_BYTES: Final = 25_000
"""EventBridge takes 256 KB in one call, and a call has ten events. An order with so many lines that its
event would be larger is published without them."""


class DetailType(StrEnum):
    """The `detail-type` of an outcome event."""

    ACKNOWLEDGED = "Order Acknowledged"
    ALREADY_HANDLED = "Order Already Handled"
    PARKED = "Order Parked"


DETAIL_TYPES: Final[dict[str, frozenset[DetailType]]] = {
    "all": frozenset(DetailType),
    "parked": frozenset({DetailType.PARKED}),
    "none": frozenset(),
}
"""The detail-types that are published, by the value of the setting `outcome_events`."""


class OutcomeEvent(NamedTuple):
    """An outcome event; `detail` is JSON."""

    detail_type: DetailType
    detail: str


_DETAIL_TYPE_OF: Final = {
    Outcome.ACKNOWLEDGED: DetailType.ACKNOWLEDGED,
    Outcome.ALREADY_ACKNOWLEDGED: DetailType.ALREADY_HANDLED,
    Outcome.ALREADY_SHIPPED: DetailType.ALREADY_HANDLED,
    Outcome.CANCELLED: DetailType.ALREADY_HANDLED,
}
_WHAT_TO_DO: Final = {
    Outcome.REJECTED: "Settle the order in Seller Center, then redrive its message.",
    Outcome.NOT_FOUND: "Redrive the message if Seller Center shows the order, or else drop it.",
    Outcome.INVALID_EVENT: "Correct what publishes the event, then drop the message.",
    Outcome.DRY_RUN: "Correct what publishes the event, then drop the message.",
    Outcome.CREDENTIALS_REFUSED: "Redrive the message when the self-check passes.",
    Outcome.MISCONFIGURED: "Redrive the message when the self-check passes.",
}
"""In short what the runbook says about parked orders."""
_OTHERWISE: Final = "Redrive the message when the trouble is over."


def detail_type_of(record: OutcomeRecord) -> DetailType | None:
    """Return the detail-type for an outcome; None if it is not final, or if it is that of a dry run."""
    if record.disposition == Disposition.PARKED:
        return DetailType.PARKED
    return _DETAIL_TYPE_OF.get(Outcome(record.outcome)) if record.disposition == Disposition.DONE else None


def order_of(result: AttemptResult) -> Order | None:
    """Return the order as Walmart showed it last; None when no response could be read."""
    if not isinstance(result, CallResults):
        return None
    shown = (result.fetched, result.acknowledgement)
    return next((order for order in shown if isinstance(order, Order)), None)


def outcome_event(
    detail_type: DetailType, record: OutcomeRecord, order: Order | None, stack: str, *, notify: bool
) -> OutcomeEvent:
    """Return the event of a final outcome.

    Args:
        detail_type: The one for this outcome.
        record: The outcome record, whose members the detail has.
        order: The order, whose lines the detail has unless the order is parked. No buyer's data is in it.
        stack: The name of the stack.
        notify: For a parked order, whether its event leads to a notification.
    """
    detail: dict[str, object] = {"stack": stack, **record.as_dict()}
    if detail_type is DetailType.PARKED:
        outcome = Outcome(record.outcome)
        detail |= {
            "summary": _summary(record),
            "what_to_do": _WHAT_TO_DO.get(outcome, _OTHERWISE),
            "notify": notify,
        }
        return OutcomeEvent(detail_type, json.dumps(detail))
    text = json.dumps(detail | {"lines": _lines(order) if order else None})
    if len(text) > MAX_DETAIL_BYTES:
        text = json.dumps(detail | {"lines": None})
    return OutcomeEvent(detail_type, text)


def _summary(record: OutcomeRecord) -> str:
    """Return a parked order in one line, which the notification shows: a line is never null."""
    parked = f"Message {record.message_id}"
    if record.purchase_order_id:
        parked = f"Order {record.purchase_order_id}"
    elif record.event_id:
        parked = f"Event {record.event_id}"
    return f"{parked}: {record.outcome}" + (f", {record.reason}" if record.reason else "")


def _lines(order: Order) -> list[dict[str, object]]:
    return [
        {
            "number": printable(line.number),
            "sku": printable(line.sku),
            "statuses": [
                {"status": printable(each.status), "quantity": each.quantity} for each in line.statuses
            ],
        }
        for line in order.lines
    ]
