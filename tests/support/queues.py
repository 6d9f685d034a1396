"""A queue of the local AWS."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef


class Queue:
    """A queue, used with the permissions of a client."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self.url = url

    @property
    def arn(self) -> str:
        return self._attributes()["QueueArn"]

    def send(self, body: str, **attributes: str) -> None:
        """Send a message with attributes, each a text."""
        self._sqs.send_message(
            QueueUrl=self.url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )

    def receive(self, **options: Any) -> "list[MessageTypeDef]":  # noqa: ANN401 - the arguments of boto3
        """Receive up to ten visible messages with all attributes, such as with `WaitTimeSeconds=20`."""
        return self._sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            **options,
        ).get("Messages", [])

    def delete(self, message: "MessageTypeDef") -> None:
        self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def take(self, **options: Any) -> "list[MessageTypeDef]":  # noqa: ANN401 - the arguments of boto3
        """Receive up to ten visible messages, and delete them."""
        messages = self.receive(**options)
        for each in messages:
            self.delete(each)
        return messages

    def take_all(self) -> "list[MessageTypeDef]":
        """Receive and delete all visible messages."""
        taken: list[MessageTypeDef] = []
        while messages := self.take():
            taken += messages
        return taken

    def length(self) -> int:
        """How many messages it has, with the invisible ones."""
        return self._count("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

    def invisible(self) -> int:
        """How many of its messages are invisible."""
        return self._count("ApproximateNumberOfMessagesNotVisible")

    def _count(self, *names: str) -> int:
        attributes = self._attributes()
        return sum(int(attributes[name]) for name in names)

    def _attributes(self) -> dict[Any, str]:
        return dict(self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"])


def texts_of(message: "MessageTypeDef") -> dict[str, str]:
    """The attributes of a message, each a text."""
    return {name: each["StringValue"] for name, each in message.get("MessageAttributes", {}).items()}
