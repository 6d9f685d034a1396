"""The services that the functions call: queues, a secret, an event bus, and a marketplace."""

import functools
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.local.aws import LocalAws, Subscriber
from tests.local.marketplace import Marketplace, Seller
from tests.support.batches import order_event
from tests.support.queues import Queue
from tests.support.waiting import at_least

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef


class _Owner(NamedTuple):
    """Clients with all permissions, made once because that takes longer than a call."""

    sqs: "SQSClient"
    secrets: "SecretsManagerClient"
    events: "EventBridgeClient"
    dynamodb: "DynamoDBClient"


@functools.cache
def _owner(aws: LocalAws) -> _Owner:
    return _Owner(
        aws.client("sqs"), aws.client("secretsmanager"), aws.client("events"), aws.client("dynamodb")
    )


class Services:
    """An order queue with its dead-letter queue, a secret, a bus and a marketplace."""

    def __init__(self, aws: LocalAws, marketplace: Marketplace, seller: Seller) -> None:
        self.aws = aws
        self.marketplace = marketplace
        self.seller = seller
        self._name = uuid.uuid4().hex
        self._owner = _owner(aws)
        self.sqs = self._owner.sqs
        """The client that receives and deletes messages, as the event source mapping does with a role."""
        self._bus: str | None = None
        self._table: str | None = None
        self._received: dict[str, str] = {}
        self.order_queue, self.dead_letter_queue = (
            Queue(self._owner.sqs, self._owner.sqs.create_queue(QueueName=f"{each}-{self._name}")["QueueUrl"])
            for each in ("orders", "dead")
        )
        """Used with all permissions; `polled_queue` has the role's."""
        self.secret_arn = self._owner.secrets.create_secret(
            Name=f"walmart-{self._name}", SecretString=self.secret()
        )["ARN"]

    def secret(self) -> str:
        """The credentials that the secret has at first."""
        return self.seller.secret()

    def store_secret(self, text: str) -> str:
        """Replace the secret, and return the version's id."""
        return self._owner.secrets.put_secret_value(SecretId=self.secret_arn, SecretString=text)["VersionId"]

    def bus(self) -> str:
        """The name of a bus whose rule sends order events to the order queue, created on first use."""
        if self._bus is None:
            events, name = self._owner.events, f"bus-{self._name}"
            pattern = {"source": ["walmart.ca.orders"], "detail-type": ["Order Created"]}
            target = {"Id": "orders", "Arn": self.order_queue.arn}
            events.create_event_bus(Name=name)
            events.put_rule(Name="orders", EventBusName=name, EventPattern=json.dumps(pattern))
            events.put_targets(Rule="orders", EventBusName=name, Targets=[target])  # type: ignore[list-item]
            self._bus = name
        return self._bus

    def place(self, *purchase_order_ids: str) -> None:
        """Place new orders at Walmart, and put their events into the order queue."""
        for each in purchase_order_ids:
            self.marketplace.add_order(each)
            self.send(order_event(each))

    def subscribe_outcomes(self) -> Subscriber:
        """Send the outcome events of the bus to a queue from now on."""
        subscriber = Subscriber(self.aws, f"outcomes-{self._name}")
        subscriber.subscribe_to_bus(self.bus())
        return subscriber

    def notifications_table(self) -> str:
        """The name of the table that limits notifications, created on first use."""
        if self._table is None:
            self._table = f"notifications-{self._name}"
            self._owner.dynamodb.create_table(
                TableName=self._table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "utc_day", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "utc_day", "KeyType": "HASH"}],
            )
        return self._table

    def send(self, *events: str | Mapping[str, Any]) -> None:
        """Put messages into the order queue."""
        for each in events:
            self.order_queue.send(each if isinstance(each, str) else json.dumps(each))

    @property
    def polled_queue(self) -> Queue:
        """The order queue as the event source mapping uses it, with the permissions of the role."""
        return Queue(self.sqs, self.order_queue.url)

    def receive(self, count: int = 1) -> "list[MessageTypeDef]":
        """Receive at least so many messages of the order queue, ten at a time.

        Messages received before that are still in the queue become visible again first.
        """
        for receipt in self._received.values():
            self._owner.sqs.change_message_visibility(
                QueueUrl=self.order_queue.url, ReceiptHandle=receipt, VisibilityTimeout=0
            )
        messages = at_least(count, lambda: self.polled_queue.receive(WaitTimeSeconds=20))
        self._received |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
        return messages

    def delete(self, messages: "list[MessageTypeDef]", answer: Mapping[str, Any]) -> None:
        """Delete the messages of a batch that did not fail, as the event source mapping does."""
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in failed:
                self.polled_queue.delete(message)
                del self._received[message["MessageId"]]

    def queued(self) -> int:
        """How many messages are in the order queue, with the invisible ones."""
        return self.order_queue.length()

    def parked(self) -> "list[MessageTypeDef]":
        """Receive the visible messages of the dead-letter queue."""
        return self.dead_letter_queue.receive()

    def actions(self, purchase_order_id: str | None = None) -> list[str | None]:
        """The actions that Walmart received, for one order or all; a token call is no action."""
        calls = self.marketplace.calls
        if purchase_order_id is not None:
            calls = self.marketplace.calls_for(purchase_order_id)
        return [call.action for call in calls if call.action != "token"]

    def statuses(self, *purchase_order_ids: str) -> set[str]:
        """The statuses that the lines of orders have at Walmart."""
        return {line.status for each in purchase_order_ids for line in self.marketplace.order(each).lines}
