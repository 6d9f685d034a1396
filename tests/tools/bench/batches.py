"""The event of a batch."""

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from json import dumps
from typing import Any

from tests.support.batches import sqs_record


def batch(purchase_order_ids: Sequence[str]) -> dict[str, Any]:
    """Return a batch with a new event for each order."""
    return {"Records": [_record(each) for each in purchase_order_ids]}


def _record(purchase_order_id: str) -> dict[str, Any]:
    event = {
        "id": str(uuid.uuid4()),
        "source": "walmart.ca.orders",
        "detail-type": "Order Created",
        "time": datetime.now(UTC).isoformat(),
        "detail": {"purchaseOrderId": purchase_order_id},
    }
    return sqs_record(
        message_id=str(uuid.uuid4()),
        receipt="receipt",
        body=dumps(event),
        system={
            "ApproximateReceiveCount": "1",
            "ApproximateFirstReceiveTimestamp": str(int(time.time() * 1000)),
        },
    )
