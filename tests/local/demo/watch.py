"""What has become of each event: read where an operator would, from the function's log and the queues."""

import time
from dataclasses import dataclass, field, replace
from typing import Any

from tests.local.demo.scenario import ACKNOWLEDGED, Told
from tests.local.marketplace import Marketplace
from tests.support.event_cases import Ending


@dataclass(slots=True)
class Row:
    """One event, and the latest outcome record about it."""

    told: Told
    event_id: str
    record: dict[str, Any] | None = None
    changed_at: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more will become of it."""
        return self.record is not None and self.record["disposition"] != "retry"


@dataclass(slots=True)
class Board:
    """All events, by EventBridge's ids of them; an order that nobody tells of, by its own."""

    rows: dict[str, Row] = field(default_factory=dict)
    records: int = 0
    changed_at: float = 0.0

    def add(self, told: Told, event_id: str) -> None:
        """Expect something to become of an event."""
        self.rows[event_id] = Row(told, event_id)

    def note(self, record: dict[str, Any]) -> Row | None:
        """Take in an outcome record, and return a copy of the row that it changed."""
        row = self.rows.get(record.get("event_id", "")) or self.rows.get(record.get("purchase_order_id", ""))
        if row is None:
            return None
        self.records += 1
        self.changed_at = time.monotonic()
        # Two environments' streams are read one after the other: a later attempt may be seen first.
        if row.record and row.record["attempt"] > record["attempt"]:
            return None
        row.record, row.changed_at = record, self.changed_at
        return replace(row)

    @property
    def untold(self) -> int:
        """How many orders that nobody tells of have not been attempted yet."""
        return sum(row.told.event is None and row.record is None for row in self.rows.values())

    @property
    def done(self) -> bool:
        """Whether nothing more will become of any event."""
        return all(row.ended for row in self.rows.values())


def differences(
    board: Board, parked: dict[str, str], waiting: int, marketplace: Marketplace
) -> dict[str, list[str]]:
    """Hold what became of each event against what was declared.

    Args:
        board: Every event with its last record.
        parked: The outcomes of the messages in the dead-letter queue, by the event's id.
        waiting: How many messages are still in the order queue.
        marketplace: What Walmart saw, and how it left each order.

    Returns:
        What is not as declared, by the event's title; empty when all is well.
    """
    wrong = {
        row.told.title: found for row in board.rows.values() if (found := _wrong(row, parked, marketplace))
    }
    if waiting:
        wrong["order queue"] = [f"{waiting} messages are left in it"]
    return wrong


def _wrong(row: Row, parked: dict[str, str], marketplace: Marketplace) -> list[str]:
    told, record, ending = row.told, row.record, row.told.ending
    if record is None:
        return ["nothing was recorded of it"]
    wrong = []
    # A call that took too long, on a busy machine say, leaves in doubt what it did: another attempt follows.
    again = record["attempt"] > 1
    in_doubt = again and ending == ACKNOWLEDGED and record["outcome"] == "already_acknowledged"
    if Ending(record["outcome"], record["disposition"]) != ending and not in_doubt:
        wrong.append(f"ended {record['outcome']}, {record['disposition']}")
    declared = ending.outcome if ending.disposition == "parked" else None
    if parked.get(row.event_id) != declared:
        wrong.append(f"in the dead-letter queue: {parked.get(row.event_id, 'not')}")
    if told.statuses and told.purchase_order_id:
        expected = {"Acknowledged"} if ending.outcome == "acknowledged" else set(told.statuses)
        found = {line.status for line in marketplace.order(told.purchase_order_id).lines}
        if found != expected:
            wrong.append(f"Walmart has its lines as {', '.join(sorted(found))}")
        calls = marketplace.calls_for(told.purchase_order_id)
        posts = sum(call.action == "acknowledge" for call in calls)
        if told.posts is not None and not again and posts != told.posts:
            wrong.append(f"Walmart was posted {posts} acknowledgements instead of {told.posts}")
    return wrong
