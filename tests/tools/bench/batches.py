"""The event of a batch."""

import time
import uuid
from collections.abc import Sequence
from json import dumps
from typing import Any

from tests.support.batches import order_event, sqs_record


def batch(purchase_order_ids: Sequence[str]) -> dict[str, Any]:
    """Return a batch with a new event for each order."""
    return {"Records": [_record(each) for each in purchase_order_ids]}


def _record(purchase_order_id: str) -> dict[str, Any]:
    return sqs_record(
        message_id=str(uuid.uuid4()),
        receipt="receipt",
        body=dumps(order_event(purchase_order_id)),
        system={
            "ApproximateReceiveCount": "1",
            "ApproximateFirstReceiveTimestamp": str(int(time.time() * 1000)),
        },
    )
