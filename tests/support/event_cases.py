"""The files of `events/`: each an order event, whose member `case` has the expected outcome."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.support.paths import ROOT

_EVENTS: Final = ROOT / "events"
_PUBLISHED_AT: Final = datetime(2026, 11, 20, 14, 3, 7, tzinfo=UTC)
"""The `time` of the events in the files; a replayed one is older."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The expected outcome and disposition of an event."""

    outcome: str
    disposition: str


@dataclass(frozen=True, slots=True)
class EventCase:
    """One file.

    Attributes:
        name: The name of the file, without its extension.
        event: The order event, as EventBridge delivers it and `sam remote invoke` sends it.
        order_statuses: The statuses of the order's lines at Walmart; empty if there is no order.
        invoked: The result of a direct invocation.
        queued: The result of the event from the queue.
        acknowledgements: How many acknowledge calls Walmart receives.
    """

    name: str
    event: dict[str, Any]
    order_statuses: tuple[str, ...]
    invoked: Ending
    queued: Ending
    acknowledgements: int

    def published_at(self, now: datetime) -> dict[str, Any]:
        """Return the event as published at `now`, its dates as far apart as in the file."""
        shift = now - _PUBLISHED_AT
        event = {**self.event, "time": _shifted(self.event["time"], shift)}
        detail = self.event["detail"]
        if "orderDate" in detail:
            event["detail"] = {**detail, "orderDate": _shifted(detail["orderDate"], shift)}
        return event

    @property
    def purchase_order_id(self) -> str | None:
        """The order of the event, if it names one."""
        value = self.event["detail"].get("purchaseOrderId")
        return value if isinstance(value, str) else None


def load_event_cases() -> list[EventCase]:
    """Read every file with an order event, sorted by name."""
    paths = sorted(path for path in _EVENTS.glob("*.json") if path.stem != "self-check")
    return [_load(path) for path in paths]


def _shifted(date: str, shift: timedelta) -> str:
    """Move a date; an unreadable date stays as it is."""
    try:
        return (datetime.fromisoformat(date) + shift).isoformat(timespec="seconds").replace("+00:00", "Z")
    except ValueError:
        return date


def _load(path: Path) -> EventCase:
    event = json.loads(path.read_text())
    case = event["case"]
    return EventCase(
        name=path.stem,
        event=event,
        order_statuses=tuple(case["given"]["statuses"]),
        invoked=Ending(**case["then"]["invoked"]),
        queued=Ending(**case["then"]["queued"]),
        acknowledgements=case["then"]["acknowledgements"],
    )
