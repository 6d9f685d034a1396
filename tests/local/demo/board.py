"""The state of each order, read where an operator reads it: in the function's log and in the queues."""

import json
import time
from dataclasses import dataclass, field, replace
from operator import not_
from typing import Any, Final

from tests.local.demo.orders import ACKNOWLEDGED, DemoOrder
from tests.local.deployment import Deployment
from tests.local.marketplace import Marketplace
from tests.support.event_cases import Ending
from tests.support.queues import texts_of
from tests.support.waiting import poll

_EMPTY_SECONDS: Final = 60.0
"""How long to wait for the order queue to be empty."""


@dataclass(slots=True)
class Row:
    """One order, and the latest outcome record about it."""

    order: DemoOrder
    event_id: str
    record: dict[str, Any] | None = None
    changed_at: float = 0.0

    @property
    def ended(self) -> bool:
        return self.record is not None and self.record["disposition"] != "retry"


@dataclass(slots=True)
class Board:
    """All orders, by the id of the event; an order without an event by its own id."""

    rows: dict[str, Row] = field(default_factory=dict)
    records: int = 0
    changed_at: float = 0.0

    def add(self, order: DemoOrder, event_id: str) -> None:
        self.rows[event_id] = Row(order, event_id)

    def update(self, record: dict[str, Any]) -> Row | None:
        """Add an outcome record, and return a copy of the row that it changed."""
        row = self.rows.get(record.get("event_id", "")) or self.rows.get(record.get("purchase_order_id", ""))
        if row is None:
            return None
        self.records += 1
        self.changed_at = time.monotonic()
        # The log streams of two environments are read one after the other: a later attempt may come first.
        if row.record and row.record["attempt"] > record["attempt"]:
            return None
        row.record, row.changed_at = record, self.changed_at
        return replace(row)

    @property
    def needs_sweep(self) -> bool:
        """Whether an order without an event has not been attempted yet."""
        return any(row.order.event is None and row.record is None for row in self.rows.values())

    @property
    def done(self) -> bool:
        return all(row.ended for row in self.rows.values())


def differences(
    board: Board, published: dict[str, dict[str, Any]], deployment: Deployment
) -> dict[str, list[str]]:
    """Compare how each order ended with how it had to end.

    Args:
        board: Every order with its last record.
        published: The outcome events, by the order event's id.
        deployment: Its queues, whose messages are taken, and its marketplace.

    Returns:
        The differences by the order's title; empty when every order ended as declared.
    """
    taken = deployment.dead_letter_queue.take_all()
    parked = {json.loads(each["Body"])["id"]: texts_of(each)["outcome"] for each in taken}
    found = {
        row.order.title: differs
        for row in board.rows.values()
        if (differs := _compare(row, parked, published, deployment.marketplace))
    }
    if queued := poll(deployment.order_queue.length, until=not_, seconds=_EMPTY_SECONDS):
        found["order queue"] = [f"{queued} messages are left in it"]
    return found


def _compare(
    row: Row, parked: dict[str, str], published: dict[str, dict[str, Any]], marketplace: Marketplace
) -> list[str]:
    order, record, ending = row.order, row.record, row.order.ending
    if record is None:
        return ["it has no outcome record"]
    found = []
    # On a busy machine a call may time out although Walmart applied it: then another attempt follows.
    retried = record["attempt"] > 1
    unclear = retried and ending == ACKNOWLEDGED and record["outcome"] == "already_acknowledged"
    if Ending(record["outcome"], record["disposition"]) != ending and not unclear:
        found.append(f"it ended {record['outcome']}, {record['disposition']}")
    event = published.get(record.get("event_id", ""), {}).get("detail", {})
    if event.get("outcome") != record["outcome"]:
        found.append(f"its outcome event says {event.get('outcome', 'nothing')}")
    declared = ending.outcome if ending.disposition == "parked" else None
    if parked.get(row.event_id) != declared:
        found.append(f"in the dead-letter queue: {parked.get(row.event_id, 'not')}")
    if order.statuses and order.purchase_order_id:
        expected = {"Acknowledged"} if ending.outcome == "acknowledged" else set(order.statuses)
        statuses = {line.status for line in marketplace.order(order.purchase_order_id).lines}
        if statuses != expected:
            found.append(f"its lines at Walmart are {', '.join(sorted(statuses))}")
        calls = marketplace.calls_for(order.purchase_order_id)
        count = sum(call.action == "acknowledge" for call in calls)
        if order.acknowledgements is not None and not retried and count != order.acknowledgements:
            found.append(f"Walmart received {count} acknowledgements instead of {order.acknowledgements}")
    return found
