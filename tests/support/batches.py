"""Order events, and batches of messages as Lambda makes them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import md5
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tests.support.queues import texts_of

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

QUEUE_ARN: Final = "arn:aws:sqs:ca-central-1:000000000000:orders"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def order_event(purchase_order_id: str, age: timedelta = timedelta(0), **detail: object) -> dict[str, Any]:
    """An order event that was published some time ago."""
    return {
        "id": f"event-of-{purchase_order_id}",
        "source": "walmart.ca.orders",
        "detail-type": "Order Created",
        "time": (datetime.now(UTC) - age).isoformat(),
        "detail": {"purchaseOrderId": purchase_order_id, **detail},
    }


def sqs_record(
    *,
    message_id: str,
    receipt: str,
    body: str,
    system: Mapping[str, str],
    attributes: Mapping[str, str] = _NONE,
) -> dict[str, Any]:
    """Return a message as the event source mapping puts it into a batch.

    Args:
        message_id: The message's id.
        receipt: The receipt handle.
        body: The message's body.
        system: SQS's own attributes, such as `ApproximateReceiveCount`.
        attributes: The message's attributes, each a text.
    """
    return {
        "messageId": message_id,
        "receiptHandle": receipt,
        "body": body,
        "attributes": dict(system),
        "messageAttributes": {
            name: {"dataType": "String", "stringValue": value} for name, value in attributes.items()
        },
        "md5OfBody": md5(body.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": "ca-central-1",
    }


def record_of(message: "MessageTypeDef") -> dict[str, Any]:
    """Return a received message as the event source mapping puts it into a batch."""
    return sqs_record(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        system={str(name): value for name, value in message["Attributes"].items()},
        attributes=texts_of(message),
    )
