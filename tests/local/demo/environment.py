"""The environment of the demo: a marketplace, an AWS with the deployed stack, and a seller with a secret."""

import errno
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from tests.local.aws import LocalAws, LogReader, NotStarted, Stack, Subscriber
from tests.local.demo.board import Board
from tests.local.demo.orders import DemoOrder
from tests.local.demo.screen import Screen
from tests.local.marketplace import Marketplace, Scheme, Seller
from tests.support.paths import ROOT
from tests.support.printed import measurements_of

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_STACK: Final = "walmart-order-acknowledgement"
_SECRET: Final = "walmart-ca"
"""As in README.md and the runbook."""
_PARAMETERS: Final = {
    # Short, so that a failed order succeeds while somebody watches.
    "BackoffBaseSeconds": "2",
    "BackoffCapSeconds": "5",
    "CredentialsHoldSeconds": "5",
    "RequestsPerMinute": "600",
    "AlarmEmail": "you@example.com",
    "OutcomeEvents": "true",
}
_SELF_CHECK: Final = ROOT / "events" / "self-check.json"
_ENTRIES_PER_CALL: Final = 10
_EMPTY_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Environment:
    marketplace: Marketplace
    aws: LocalAws
    stack: Stack
    seller: Seller
    parameters: dict[str, str]
    """The stack's parameters that are not the template's defaults."""
    subscriber: Subscriber
    """Gets the outcome events of the bus, and the notifications of the alarm topic."""

    @property
    def secret_arn(self) -> str:
        return self.parameters["CredentialsSecretArn"]

    def publish(self, orders: list[DemoOrder], board: Board) -> None:
        """Create the orders at the marketplace, publish their events, and put them on the board.

        An old event goes directly into the order queue, as in a redrive, because the local AWS gives every
        published event the current time.
        """
        for each in orders:
            if each.purchase_order_id and each.statuses:
                self.marketplace.add_order(each.purchase_order_id, each.statuses, each.order_date)
                for fault, details in each.faults:
                    self.marketplace.fail(each.purchase_order_id, fault, action="acknowledge", **details)
        new: list[tuple[DemoOrder, dict[str, Any]]] = []
        for each in orders:
            if each.event is None:
                board.add(each, each.purchase_order_id or "")
            elif each.is_old:
                queue_url = self.stack.outputs["OrderQueueUrl"]
                self.aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(each.event))
                board.add(each, each.event["id"])
            else:
                new.append((each, each.event))
        for some in batched(new, _ENTRIES_PER_CALL, strict=False):
            published = self.aws.client("events").put_events(Entries=[_entry(event) for _, event in some])
            for (each, _), entry in zip(some, published["Entries"], strict=True):
                board.add(each, entry["EventId"])

    def self_check(self) -> dict[str, Any]:
        return self.stack.invoke("AcknowledgeFunctionName", json.loads(_SELF_CHECK.read_text()))

    def sweep(self) -> dict[str, Any]:
        """Run a sweep, as the schedule does every fifteen minutes."""
        return self.stack.invoke("SweepFunctionName", {})

    def log(self) -> LogReader:
        return self.stack.log("AcknowledgeFunctionLogGroupName", "order outcome")

    def metric(self, metric: str) -> int:
        """Return the sum of a metric, from the log lines of which CloudWatch makes metrics."""
        lines = self.stack.log("AcknowledgeFunctionLogGroupName", "CloudWatchMetrics").new_records()
        return round(sum(measurements_of(lines).get(metric, [])))

    def new_key(self) -> Seller:
        """Return the seller with a new key, which Walmart does not know yet."""
        return replace(self.seller, private_key=Marketplace().register_seller().private_key)

    def store(self, secret: str) -> None:
        """Store credentials as the current version of the secret."""
        self.aws.client("secretsmanager").put_secret_value(SecretId=self.secret_arn, SecretString=secret)

    def parked(self) -> dict[str, str]:
        """Return the outcomes of the messages in the dead-letter queue, by the event's id."""
        sqs, queue_url = self.aws.client("sqs"), self.stack.outputs["OrderDeadLetterQueueUrl"]
        parked: dict[str, str] = {}
        while messages := sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                outcome = message["MessageAttributes"]["outcome"]["StringValue"]
                parked[json.loads(message["Body"])["id"]] = outcome
        return parked

    def published(self, expected: set[str]) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """Wait a while for the outcome events of the order events with these ids.

        Returns:
            The outcome events by the id of the order event, and the notifications.
        """
        events: dict[str, dict[str, Any]] = {}
        notifications: list[dict[str, Any]] = []
        deadline = time.monotonic() + _EMPTY_SECONDS
        # The notifications come at the same time, so the call after the last event has them.
        while (newest := self.subscriber.newest()) or (
            not expected <= events.keys() and time.monotonic() < deadline
        ):
            for each in newest:
                if "detail" in each:
                    events[each["detail"]["event_id"]] = each
                else:
                    notifications.append(each)
        return events, notifications

    def queued(self) -> int:
        """Wait a while for the order queue to be empty, and return how many messages are left in it."""
        sqs, queue_url = self.aws.client("sqs"), self.stack.outputs["OrderQueueUrl"]
        deadline = time.monotonic() + _EMPTY_SECONDS
        while True:
            found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
            visible, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
            queued = int(found[visible]) + int(found[hidden])  # type: ignore[index]  # the stub wants literals
            if not queued or time.monotonic() > deadline:
                return queued
            time.sleep(_POLL_SECONDS)


def _entry(event: dict[str, Any]) -> "PutEventsRequestEntryTypeDef":
    return {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
    }


@contextmanager
def started(
    screen: Screen,
    *,
    auth: Scheme,
    aws_port: int,
    marketplace_port: int,
    make_marketplace: Callable[[int], Marketplace] = Marketplace,
) -> Iterator[Environment]:
    """Start and deploy everything, with the credentials of an authentication scheme; end it afterwards.

    Raises:
        NotStarted: A server did not start, for example because its port is taken.
        CommandFailed: SAM could not build or deploy.
    """
    marketplace = make_marketplace(marketplace_port)
    with _listening(marketplace, marketplace_port), LocalAws(aws_port) as aws:
        screen.print(f"Local marketplace at {marketplace.url}, local AWS at {aws.endpoint_url}")
        seller = marketplace.register_seller()
        secret = seller.token_secret() if auth == "token" else seller.secret()
        secrets = aws.client("secretsmanager")
        secret_arn = secrets.create_secret(Name=_SECRET, SecretString=secret)["ARN"]
        parameters = {"CredentialsSecretArn": secret_arn, "MarketplaceUrl": marketplace.url, **_PARAMETERS}
        stack = Stack.deploy(aws, name=_STACK, on_progress=screen.print, parameters=parameters)
        subscriber = Subscriber(aws, "subscriber")
        subscriber.subscribe_to_bus()
        subscriber.subscribe_to_topic(stack.outputs["AlarmTopicArn"])
        yield Environment(marketplace, aws, stack, seller, parameters, subscriber)


@contextmanager
def _listening(marketplace: Marketplace, port: int) -> Iterator[None]:
    try:
        marketplace.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise NotStarted(
            f"Port {port} on 127.0.0.1 is in use: end what listens there, or choose another"
            " (MARKETPLACE_PORT=...)"
        ) from error
    try:
        yield
    finally:
        marketplace.stop()
