"""The order queue on SQS."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from acknowledge_orders.parking import ATTRIBUTE_TYPE, parking_attributes
from acknowledge_orders.ports import QueueError, QueueMessage
from shared.orders.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from shared.lazy_client import LazyClient


class SqsOrderQueue:
    """Implements `ports.OrderQueue`, which describes its members."""

    def __init__(
        self, client: "LazyClient[SQSClient]", *, order_queue_url: str, dead_letter_queue_url: str
    ) -> None:
        """Postpone messages of one queue, and park them in the other.

        Args:
            client: Of SQS.
            order_queue_url: The queue that the messages come from.
            dead_letter_queue_url: The queue for parked messages.
        """
        self._client = client
        self._order_queue_url = order_queue_url
        self._dead_letter_queue_url = dead_letter_queue_url

    def postpone(self, message: QueueMessage, seconds: int) -> None:
        """Make the message visible again after `seconds`."""
        try:
            self._client.get().change_message_visibility(
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
            self._client.get().send_message(
                QueueUrl=self._dead_letter_queue_url,
                MessageBody=message.body,
                MessageAttributes={
                    name: {"DataType": ATTRIBUTE_TYPE, "StringValue": value}
                    for name, value in attributes.items()
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise QueueError(str(error)) from error
