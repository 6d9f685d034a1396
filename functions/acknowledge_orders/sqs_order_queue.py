"""The order queue on SQS."""

import threading
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from acknowledge_orders.parking import ATTRIBUTE_TYPE, parking_attributes
from acknowledge_orders.ports import QueueError, QueueMessage
from shared.orders.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient


class SqsOrderQueue:
    """Implements `ports.OrderQueue`, which describes its members."""

    def __init__(
        self, connect: "Callable[[], SQSClient]", *, order_queue_url: str, dead_letter_queue_url: str
    ) -> None:
        """Postpone messages of one queue, and park them in the other.

        Args:
            connect: Makes the SQS client, on first use: most batches need none.
            order_queue_url: The queue that the messages come from.
            dead_letter_queue_url: The queue for parked messages.
        """
        self._connect = connect
        self._client: SQSClient | None = None
        self._connecting = threading.Lock()
        self._order_queue_url = order_queue_url
        self._dead_letter_queue_url = dead_letter_queue_url

    def postpone(self, message: QueueMessage, seconds: int) -> None:
        """Make the message visible again after `seconds`."""
        try:
            self._sqs().change_message_visibility(
                QueueUrl=self._order_queue_url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
            )
        except (BotoCoreError, ClientError) as error:
            raise QueueError(str(error)) from error

    def park(self, message: QueueMessage, outcome: Outcome, reason: str) -> None:
        """Put the message's body into the dead-letter queue, with outcome and reason as attributes.

        A body that is nearly as large as the largest message is parked with the attributes that fit.
        """
        attributes = parking_attributes(message.body, outcome, reason)
        try:
            self._sqs().send_message(
                QueueUrl=self._dead_letter_queue_url,
                MessageBody=message.body,
                MessageAttributes={
                    name: {"DataType": ATTRIBUTE_TYPE, "StringValue": value}
                    for name, value in attributes.items()
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise QueueError(str(error)) from error

    def close(self) -> None:
        """Close the connections, if there are any; the next call opens new ones."""
        if self._client is not None:
            self._client.close()

    def _sqs(self) -> "SQSClient":
        with self._connecting:  # making two clients at the same time is not thread-safe
            if self._client is None:
                self._client = self._connect()
            return self._client
