"""The event bus on EventBridge."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shared.eventbridge import PutEventsError, put_events
from shared.orders.sweep_note import SweepNote
from sweep_orders.ports import EventBusError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


class EventBridgeBus:
    """Implements `ports.EventBus`, which describes its members."""

    def __init__(
        self,
        events: "EventBridgeClient",
        *,
        name: str,
        source: str,
        detail_type: str,
        mark_keys: Callable[[], Sequence[bytes]],
    ) -> None:
        """Publish on the bus of this name, as this source and detail-type, marked by the first key."""
        self._events = events
        self._name = name
        self._source = source
        self._detail_type = detail_type
        self._mark_keys = mark_keys

    def publish(self, notes: Sequence[SweepNote]) -> list[SweepNote]:
        """Publish one order event for each note, and return those that the bus refused."""
        key = next(iter(self._mark_keys()), None)
        try:
            refusals = put_events(self._events, [self._entry(note, key) for note in notes])
        except PutEventsError as error:
            raise EventBusError(str(error)) from error
        return [note for note, refusal in zip(notes, refusals, strict=True) if refusal]

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._events.close()

    def _entry(self, note: SweepNote, key: bytes | None) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._name,
            "Source": self._source,
            "DetailType": self._detail_type,
            "Detail": json.dumps(note.as_detail(key)),
        }
