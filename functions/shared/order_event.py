"""The order event: what comes over the bus for each new order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from walmart_ca import check_purchase_order_id, parse_instant

DEADLINE: Final = timedelta(hours=4)
"""Walmart wants an order acknowledged within four hours of its date."""
SWEEP: Final = "sweep"
"""The `origin` of the events that the sweep publishes."""
SWEPT_FOR: Final = timedelta(hours=48)
"""So long after its date an order is swept: again at every sweep, while it is not acknowledged. A seller
whose look-back was narrower lost orders (statco/gci-order-hub)."""

_MAX_EVENT_ID: Final = 64
_CLOCKS_APART: Final = timedelta(minutes=5)


class InvalidEventError(Exception):
    """An event that no order can be acknowledged by; its text names the member and shows no value.

    Attributes:
        event_id: The event's own id, where it has one.
    """

    def __init__(self, reason: str, event_id: str | None = None) -> None:
        """Say which member is unusable, and of which event."""
        super().__init__(reason)
        self.event_id = event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One order event, checked.

    Attributes:
        purchase_order_id: Safe in a path, a signature and a log.
        order_date: When the buyer ordered, aware; None when missing or unreadable.
        order_date_unreadable: The event has an order date that could not be read.
        event_time: When the event was published, aware; None when missing or unreadable.
        event_id: EventBridge's id of the event, or None.
        dry_run: Sign and report, and post nothing.
        swept: The sweep published it, and does so again while the order is not acknowledged.
    """

    purchase_order_id: str
    order_date: datetime | None
    order_date_unreadable: bool
    event_time: datetime | None
    event_id: str | None
    dry_run: bool
    swept: bool

    @property
    def deadline_from(self) -> datetime | None:
        """The instant from which Walmart's four hours run, as well as the event tells."""
        return self.order_date or self.event_time

    @property
    def swept_since(self) -> datetime | None:
        """Since when sweeps may see the order, which is its date; None when none published the event."""
        return self.order_date if self.swept else None

    def warnings(self, now: datetime) -> list[str]:
        """Say what is odd about the event and costs the order nothing, as constant texts."""
        found = []
        if self.order_date_unreadable:
            found.append("order date unreadable, the deadline is counted from the event's time")
        if self.order_date and self.order_date > now + _CLOCKS_APART:
            found.append("order date in the future, the deadline may be earlier than it seems")
        return found

    @classmethod
    def read(cls, event: object) -> Self:
        """Read an event as EventBridge delivers it. Unknown members are ignored.

        Raises:
            InvalidEventError: A member that is needed is missing or unusable.
        """
        if not isinstance(event, Mapping):
            raise InvalidEventError("event: must be a JSON object")
        event_id = _event_id(event.get("id"))
        detail = event.get("detail")
        if not isinstance(detail, Mapping):
            raise InvalidEventError("detail: must be a JSON object", event_id)
        if "purchaseOrderId" not in detail:
            raise InvalidEventError("detail.purchaseOrderId: missing", event_id)
        try:
            purchase_order_id = check_purchase_order_id(detail["purchaseOrderId"])
        except ValueError as error:
            raise InvalidEventError(f"detail.{error}", event_id) from None
        dry_run = detail.get("dryRun", False)
        if not isinstance(dry_run, bool):
            # Whoever wrote "true" meant it: an order must not be posted by a misspelt rehearsal.
            raise InvalidEventError("detail.dryRun: must be true or false", event_id)
        order_date = parse_instant(detail.get("orderDate"))
        return cls(
            purchase_order_id=purchase_order_id,
            order_date=order_date,
            order_date_unreadable=order_date is None and detail.get("orderDate") is not None,
            event_time=parse_instant(event.get("time")),
            event_id=event_id,
            dry_run=dry_run,
            swept=detail.get("origin") == SWEEP,
        )


def _event_id(value: object) -> str | None:
    """Take an event's id as it can be printed: UTF-8 has no half of a surrogate pair, and JSON does."""
    return value[:_MAX_EVENT_ID].encode("utf-8", "replace").decode() if isinstance(value, str) else None
