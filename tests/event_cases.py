"""The files of `events/`: each an order event, and in its member `case` what it is to lead to."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_EVENTS: Final = Path(__file__).parents[1] / "events"


@dataclass(frozen=True, slots=True)
class Ending:
    """What an event is to lead to: words of the outcome record."""

    outcome: str
    disposition: str


@dataclass(frozen=True, slots=True)
class EventCase:
    """One file.

    Attributes:
        name: The file's, without its ending.
        event: The order event, as EventBridge delivers it and `sam remote invoke` sends it.
        about: A sentence.
        order_statuses: The statuses of the order's lines at the marketplace beforehand; none, no order.
        invoked: How it ends as a bare event.
        queued: How it ends when it comes over the bus.
        acknowledgements_posted: How many of them Walmart gets to see.
    """

    name: str
    event: dict[str, Any]
    about: str
    order_statuses: tuple[str, ...]
    invoked: Ending
    queued: Ending
    acknowledgements_posted: int

    @property
    def purchase_order_id(self) -> str | None:
        """The order that the event tells of, if it names one."""
        value = self.event["detail"].get("purchaseOrderId")
        return value if isinstance(value, str) else None


def load_event_cases() -> list[EventCase]:
    """Read every file, in the order of their names."""
    return [_load(path) for path in sorted(_EVENTS.glob("*.json"))]


def _load(path: Path) -> EventCase:
    event = json.loads(path.read_text())
    case = event["case"]
    return EventCase(
        name=path.stem,
        event=event,
        about=case["about"],
        order_statuses=tuple(case["given"]["statuses"]),
        invoked=Ending(**case["then"]["invoked"]),
        queued=Ending(**case["then"]["queued"]),
        acknowledgements_posted=case["then"]["acknowledgementsPosted"],
    )
