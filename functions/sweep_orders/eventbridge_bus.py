"""The event bus on EventBridge."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

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
            response = self._events.put_events(Entries=[self._entry(note, key) for note in notes])
        except ClientError as error:
            raise EventBusError(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise EventBusError(type(error).__name__) from error
        # The response has its entries in the order of the request.
        pairs = zip(notes, response["Entries"], strict=True)
        return [note for note, entry in pairs if "ErrorCode" in entry]

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
