"""The template, deployed to a local AWS for a seller of a local marketplace."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from tests.local.aws import LocalAws, LogReader, Stack, Subscriber
from tests.local.aws.stack import Progress, silently
from tests.local.marketplace import Marketplace, Scheme
from tests.support.paths import ROOT
from tests.support.printed import measurements_of
from tests.support.queues import Queue
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_SELF_CHECK: Final = ROOT / "events" / "self-check.json"
_ENTRIES_PER_CALL: Final = 10


class Deployment:
    """A stack with a new seller, whose credentials are in a new secret."""

    def __init__(
        self,
        aws: LocalAws,
        marketplace: Marketplace,
        *,
        auth: Scheme,
        name: str,
        secret_name: str,
        on_progress: Progress = silently,
        **parameters: str,
    ) -> None:
        """Store credentials for an authentication scheme, and deploy the stack with outcome events.

        `parameters` are the template's.

        Raises:
            CommandFailed: SAM could not build or deploy.
        """
        self.aws = aws
        self.marketplace = marketplace
        self.seller = marketplace.register_seller()
        secret = self.seller.token_secret() if auth == "token" else self.seller.secret()
        created = aws.client("secretsmanager").create_secret(Name=secret_name, SecretString=secret)
        self.secret_arn = created["ARN"]
        self.parameters = {
            "CredentialsSecretArn": self.secret_arn,
            "MarketplaceUrl": marketplace.url,
            "OutcomeEvents": "true",
            **parameters,
        }
        """The stack's parameters that are not the template's defaults."""
        self.stack = Stack.deploy(aws, name=name, parameters=self.parameters, on_progress=on_progress)
        sqs, outputs = aws.client("sqs"), self.stack.outputs
        self.order_queue = Queue(sqs, outputs["OrderQueueUrl"])
        self.dead_letter_queue = Queue(sqs, outputs["OrderDeadLetterQueueUrl"])

    def publish(self, *events: Mapping[str, Any]) -> list[str]:
        """Publish order events, from the stack's source if it has its own; return the ids they get."""
        client, ids = self.aws.client("events"), []
        for some in batched(events, _ENTRIES_PER_CALL, strict=False):
            published = client.put_events(
                Entries=[
                    {
                        "Source": self.parameters.get("OrderEventSource", event["source"]),
                        "DetailType": event["detail-type"],
                        "Detail": json.dumps(event["detail"]),
                    }
                    for event in some
                ]
            )
            ids += [entry["EventId"] for entry in published["Entries"]]
        return ids

    def self_check(self) -> dict[str, Any]:
        return self.stack.invoke("AcknowledgeFunctionName", json.loads(_SELF_CHECK.read_text()))

    def sweep(self) -> dict[str, Any]:
        """Run a sweep, as the schedule does every fifteen minutes."""
        return self.stack.invoke("SweepFunctionName", {})

    def sweep_records(self) -> list[dict[str, Any]]:
        """The records of all sweeps."""
        return self.stack.log("SweepFunctionLogGroupName", "sweep outcome").new_records()

    def log(self) -> LogReader:
        """A reader of the outcome records."""
        return self.stack.log("AcknowledgeFunctionLogGroupName", "order outcome")

    def records(self, purchase_order_id: str) -> list[dict[str, Any]]:
        """The outcome records of an order, the first attempt first."""
        lines = self.log().new_records()
        found = [line for line in lines if line.get("purchase_order_id") == purchase_order_id]
        return sorted(found, key=lambda record: record["attempt"])

    def ended(self, purchase_order_id: str) -> list[dict[str, Any]]:
        """Wait until an order is no longer retried, and return its records."""

        def final_records() -> list[dict[str, Any]]:
            records = self.records(purchase_order_id)
            return records if records and records[-1]["disposition"] != "retry" else []

        return eventually(final_records)

    def parked(self, purchase_order_id: str) -> "MessageTypeDef":
        """Wait until an order's message is in the dead-letter queue, and return it."""

        def message() -> "MessageTypeDef | None":
            # The messages of other orders stay visible.
            received = self.dead_letter_queue.receive(VisibilityTimeout=0)
            return next((each for each in received if purchase_order_id in each["Body"]), None)

        return eventually(message)

    def subscribe(self) -> Subscriber:
        """Send the outcome events of the bus and the notifications of the topic to a queue from now on."""
        subscriber = Subscriber(self.aws, "subscriber")
        subscriber.subscribe_to_bus()
        subscriber.subscribe_to_topic(self.stack.outputs["AlarmTopicArn"])
        return subscriber

    def store(self, secret: str) -> None:
        """Store credentials as the current version of the secret."""
        self.aws.client("secretsmanager").put_secret_value(SecretId=self.secret_arn, SecretString=secret)

    def metric(self, metric: str) -> int:
        """Return the sum of a metric, from the log lines of which CloudWatch makes metrics."""
        lines = self.stack.log("AcknowledgeFunctionLogGroupName", "CloudWatchMetrics").new_records()
        return round(sum(measurements_of(lines).get(metric, [])))

    @contextmanager
    def changed_variables(self, changed: Mapping[str, str]) -> Iterator[None]:
        """Change environment variables of AcknowledgeFunction for the duration of the block."""
        functions, name = self.aws.client("lambda"), self.stack.outputs["AcknowledgeFunctionName"]
        before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**before, **changed}}
        )
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})
