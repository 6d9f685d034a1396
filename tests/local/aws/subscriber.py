"""A queue that gets a copy of every outcome event and of every notification."""

import json
from typing import Any, Final, cast

from tests.local.aws.server import LocalAws
from tests.support.queues import Queue
from tests.support.waiting import at_least

_SOURCE: Final = "walmart.ca.order-outcomes"
_POLL_S: Final = 1


class Subscriber:
    """Subscribes a new queue, and receives what comes."""

    def __init__(self, aws: LocalAws, name: str) -> None:
        """Make the queue of this name."""
        self._aws = aws
        self._name = name
        self._sqs = aws.client("sqs")
        self._queue = Queue(self._sqs, self._sqs.create_queue(QueueName=name)["QueueUrl"])

    def subscribe_to_bus(self, bus: str = "default") -> None:
        """Get the outcome events of a bus from now on."""
        events, pattern = self._aws.client("events"), json.dumps({"source": [_SOURCE]})
        events.put_rule(Name=self._name, EventBusName=bus, EventPattern=pattern)
        events.put_targets(
            Rule=self._name, EventBusName=bus, Targets=[{"Id": self._name, "Arn": self._queue.arn}]
        )

    def subscribe_to_topic(self, topic_arn: str) -> None:
        """Get the notifications of a topic from now on, as they are in a mail."""
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self._queue.arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue.url, Attributes={"Policy": policy})
        self._aws.client("sns").subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=self._queue.arn,
            Attributes={"RawMessageDelivery": "true"},
        )

    def newest(self) -> list[dict[str, Any]]:
        """Return what came since the last call, after a short wait if there is nothing."""
        messages = self._queue.take(WaitTimeSeconds=_POLL_S)
        return [cast("dict[str, Any]", json.loads(message["Body"])) for message in messages]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many, and return them with whatever came by then."""
        return at_least(count, self.newest)
