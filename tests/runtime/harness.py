"""Real queues, a real secret and a real marketplace around the built functions."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.local.aws import Build, LocalAws
from tests.local.marketplace import Marketplace
from tests.runtime import BuiltFunction, Environment
from tests.support.batches import record_of
from tests.support.buses import make_bus
from tests.support.raw_server import Connection

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

SECRET_STORE = "AWS_ENDPOINT_URL_SECRETS_MANAGER"
"""The variable by which a function finds another Secrets Manager than the local AWS's."""
FOR_EVER_S = 3600.0

_PATIENCE_SECONDS = 60


class Surroundings:
    """All that a function meets outside its environment; it stays when an environment ends."""

    def __init__(self, build: Build, aws: LocalAws, marketplace: Marketplace, private_key: str) -> None:
        self.aws = aws
        self.marketplace = marketplace
        self.seller = marketplace.register_seller(private_key)
        self._build = build
        self._sqs = aws.client("sqs")
        self._name = uuid.uuid4().hex
        self._order_queue = self._make_queue("orders")
        self._dead_letter_queue = self._make_queue("dead")
        self.secret_arn = aws.client("secretsmanager").create_secret(
            Name=f"walmart-{self._name}", SecretString=self.seller.secret()
        )["ARN"]

    def function(self, name: str = "AcknowledgeFunction", **parameters: str) -> BuiltFunction:
        """A function as the template wants it run, between these surroundings."""
        resources = {"OrderQueue": self._order_queue, "OrderDeadLetterQueue": self._dead_letter_queue}
        return BuiltFunction.of(
            self._build,
            name,
            resources,
            CredentialsSecretArn=self.secret_arn,
            MarketplaceUrl=self.marketplace.url,
            RequestsPerMinute="6000",
            **parameters,
        )

    def environment(
        self, function: BuiltFunction | None = None, variables: Mapping[str, str] | None = None
    ) -> Environment:
        """A new environment, by default for AcknowledgeFunction, with more variables or others."""
        return Environment(
            function or self.function(), aws_endpoint_url=self.aws.endpoint_url, variables=variables
        )

    def make_bus(self) -> str:
        """Make a bus that brings order events into the order queue, and return its name."""
        return make_bus(self.aws.client("events"), self._sqs, self._order_queue)

    def store_secret(self, text: str) -> str:
        """Replace the secret, and return the version's id."""
        stored = self.aws.client("secretsmanager").put_secret_value(
            SecretId=self.secret_arn, SecretString=text
        )
        return stored["VersionId"]

    def send(self, *purchase_order_ids: str, **detail: str) -> None:
        """Put an event for each order into the order queue."""
        for each in purchase_order_ids:
            body = json.dumps(order_event(each, **detail))
            self._sqs.send_message(QueueUrl=self._order_queue, MessageBody=body)

    def receive(self, count: int = 1, *, hidden_for_s: int = 600) -> "list[MessageTypeDef]":
        """Receive so many messages, which come again unless they are deleted in time."""
        messages: list[MessageTypeDef] = []
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(messages) < count:
            assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came"
            messages += self._sqs.receive_message(
                QueueUrl=self._order_queue,
                MaxNumberOfMessages=10,
                VisibilityTimeout=hidden_for_s,
                WaitTimeSeconds=20,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
        return messages

    def deliver(self, environment: Environment, messages: "list[MessageTypeDef]") -> Any:  # noqa: ANN401 - Lambda's answer
        """Invoke with a batch, and delete what did not fail, as the event source mapping does."""
        answer = environment.invoke(batch_of(messages))
        if "batchItemFailures" in answer:
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            for message in messages:
                if message["MessageId"] not in failed:
                    self._sqs.delete_message(
                        QueueUrl=self._order_queue, ReceiptHandle=message["ReceiptHandle"]
                    )
        return answer

    def waiting(self) -> int:
        """How many messages are in the order queue, hidden ones included."""
        return self._count(self._order_queue)

    def parked(self) -> int:
        """How many messages are in the dead-letter queue."""
        return self._count(self._dead_letter_queue)

    def actions(self, purchase_order_id: str) -> list[str | None]:
        """What Walmart was asked for about an order, in its order."""
        return [call.action for call in self.marketplace.calls_for(purchase_order_id)]

    def statuses(self, purchase_order_id: str) -> set[str]:
        """The statuses of an order's lines at Walmart."""
        return {line.status for line in self.marketplace.order(purchase_order_id).lines}

    def _make_queue(self, kind: str) -> str:
        return self._sqs.create_queue(QueueName=f"{kind}-{self._name}")["QueueUrl"]

    def _count(self, queue_url: str) -> int:
        attributes = self._sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )


def order_event(purchase_order_id: str, **detail: str) -> dict[str, Any]:
    """An order event, published now."""
    return {
        "id": f"event-of-{purchase_order_id}",
        "source": "walmart.ca.orders",
        "detail-type": "Order Created",
        "time": datetime.now(UTC).isoformat(),
        "detail": {"purchaseOrderId": purchase_order_id, **detail},
    }


def batch_of(messages: "list[MessageTypeDef]") -> dict[str, Any]:
    """The event that brings messages to the function."""
    return {"Records": [record_of(message) for message in messages]}


def takes_the_call_and_says_nothing(connection: Connection) -> None:
    """Be a server that hangs."""
    connection.read_request()
    connection.wait(FOR_EVER_S)


def eventually(look: Callable[[], bool]) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
