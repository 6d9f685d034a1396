"""Reads the length of the order queue from SQS."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from sweep_orders.ports import QueueLengthError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_COUNTS: "Final[tuple[QueueAttributeNameType, ...]]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SqsQueueLength:
    """Implements `ports.OrderQueueLength`, which describes it."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        """Count the messages of the queue of this URL."""
        self._sqs = sqs
        self._queue_url = queue_url

    def __call__(self) -> int:
        """Count the messages, including hidden and delayed ones."""
        try:
            attributes = self._sqs.get_queue_attributes(
                QueueUrl=self._queue_url, AttributeNames=list(_COUNTS)
            )["Attributes"]
        except (BotoCoreError, ClientError) as error:
            raise QueueLengthError(str(error)) from error
        return sum(int(attributes[name]) for name in _COUNTS)
