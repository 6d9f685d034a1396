"""A bus with a rule for order events."""

import json
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient


def make_bus(events: "EventBridgeClient", sqs: "SQSClient", queue_url: str) -> str:
    """Make a bus with a rule that brings order events into a queue, and return its name."""
    bus = f"bus-{uuid.uuid4().hex}"
    events.create_event_bus(Name=bus)
    pattern = {"source": ["walmart.ca.orders"], "detail-type": ["Order Created"]}
    events.put_rule(Name="orders", EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(
        Rule="orders", EventBusName=bus, Targets=[{"Id": "orders", "Arn": arn_of(sqs, queue_url)}]
    )
    return bus


def arn_of(sqs: "SQSClient", queue_url: str) -> str:
    """Return the ARN of a queue."""
    return sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
