"""The bus of the outcome events on EventBridge."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from acknowledge_orders.outcome_events import SOURCE, OutcomeEvent
from acknowledge_orders.policy import Refusal
from shared.eventbridge import PutEventsError, put_events

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from shared.lazy_client import LazyClient


_NEEDS_PERSON: Final = (
    "AccessDenied",
    "Invalid",
    "Malformed",
    "NotAuthorized",
    "ResourceNotFound",
    "Validation",
)
"""How the codes begin that no retry ends, by the list in AWS's page about PutEventsResultEntry."""


class EventBridgeOutcomeBus:
    """Implements `ports.OutcomeBus`, which describes its members."""

    def __init__(self, client: "LazyClient[EventBridgeClient]", name: str) -> None:
        """Publish on the bus of this name."""
        self._client = client
        self._name = name

    def publish(self, events: Sequence[OutcomeEvent]) -> list[Refusal | None]:
        """Publish ten events at most; return for each None, or why it was not published."""
        codes: Sequence[str | None]
        try:
            codes = put_events(self._client.get(), [self._entry(event) for event in events])
        except PutEventsError as error:
            codes = [str(error)] * len(events)
        return [Refusal(code, code.startswith(_NEEDS_PERSON)) if code else None for code in codes]

    def _entry(self, event: OutcomeEvent) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Detail": event.detail,
        }
