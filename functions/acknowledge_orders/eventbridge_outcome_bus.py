"""The bus of the outcome events on EventBridge."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from acknowledge_orders.outcome_events import SOURCE, OutcomeEvent
from shared.eventbridge import PutEventsError, put_events

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from shared.lazy_client import LazyClient


class EventBridgeOutcomeBus:
    """Implements `ports.OutcomeBus`, which describes its members."""

    def __init__(self, client: "LazyClient[EventBridgeClient]", name: str) -> None:
        """Publish on the bus of this name."""
        self._client = client
        self._name = name

    def publish(self, events: Sequence[OutcomeEvent]) -> list[str | None]:
        """Publish ten events at most; return for each None, or in one word why it was not."""
        try:
            return put_events(self._client.get(), [self._entry(event) for event in events])
        except PutEventsError as error:
            return [str(error)] * len(events)

    def _entry(self, event: OutcomeEvent) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Detail": event.detail,
        }
