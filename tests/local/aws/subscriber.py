"""A queue that gets a copy of every outcome event and of every notification."""

import json
import time
from typing import TYPE_CHECKING, Any, Final, cast

from tests.local.aws.server import LocalAws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_SOURCE: Final = "walmart.ca.order-outcomes"
_PATIENCE_S: Final = 300
_POLL_S: Final = 1


class Subscriber:
    """Subscribes a new queue, and receives what comes."""

    def __init__(self, aws: LocalAws, name: str) -> None:
        """Make the queue of this name."""
        self._aws = aws
        self._sqs: SQSClient = aws.client("sqs")
        self._name = name
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]

    def subscribe_to_bus(self, bus: str = "default") -> None:
        """Get the outcome events of a bus from now on."""
        events, pattern = self._aws.client("events"), json.dumps({"source": [_SOURCE]})
        events.put_rule(Name=self._name, EventBusName=bus, EventPattern=pattern)
        events.put_targets(
            Rule=self._name, EventBusName=bus, Targets=[{"Id": self._name, "Arn": self._arn()}]
        )

    def subscribe_to_topic(self, topic_arn: str) -> None:
        """Get the notifications of a topic from now on, as they are in a mail."""
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self._arn(),
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        self._aws.client("sns").subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=self._arn(),
            Attributes={"RawMessageDelivery": "true"},
        )

    def newest(self) -> list[dict[str, Any]]:
        """Return what came since the last call, after a short wait if there is nothing."""
        messages = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=_POLL_S
        ).get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return [cast("dict[str, Any]", json.loads(message["Body"])) for message in messages]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many, and return them with whatever came by then."""
        received: list[dict[str, Any]] = []
        deadline = time.monotonic() + _PATIENCE_S
        while len(received) < count:
            assert time.monotonic() < deadline, f"{len(received)} of {count} came"
            received += self.newest()
        return received

    def _arn(self) -> str:
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        return attributes["Attributes"]["QueueArn"]
