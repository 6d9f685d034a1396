"""The event bus, on EventBridge."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.order_event import SWEEP
from sweep_orders.ports import EventBusError
from sweep_orders.selection import WaitingOrder

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


class EventBridgeBus:
    """Implements `ports.EventBus`, which describes its members."""

    def __init__(self, events: "EventBridgeClient", *, name: str, source: str, detail_type: str) -> None:
        """Publish on the bus of this name, as this source and detail-type."""
        self._events = events
        self._name = name
        self._source = source
        self._detail_type = detail_type

    def publish(self, orders: Sequence[WaitingOrder]) -> list[WaitingOrder]:
        """Publish one order event for each order, and return those that the bus refused."""
        try:
            answer = self._events.put_events(Entries=[self._entry(order) for order in orders])
        except ClientError as error:
            raise EventBusError(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise EventBusError(type(error).__name__) from error
        # The answer's entries are in the order of the request's.
        pairs = zip(orders, answer["Entries"], strict=True)
        return [order for order, entry in pairs if "ErrorCode" in entry]

    def _entry(self, order: WaitingOrder) -> "PutEventsRequestEntryTypeDef":
        date = {"orderDate": order.ordered_at.isoformat()} if order.ordered_at else {}
        return {
            "EventBusName": self._name,
            "Source": self._source,
            "DetailType": self._detail_type,
            "Detail": json.dumps({"purchaseOrderId": order.purchase_order_id, **date, "origin": SWEEP}),
        }
