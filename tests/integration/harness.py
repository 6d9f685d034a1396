"""A real queue service, a real secret store and a real marketplace around the function's own entry."""

import copy
import io
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, EndpointConnectionError
from urllib3.response import HTTPResponse

import acknowledge_orders.composition
import sweep_orders.composition
from acknowledge_orders.function import AcknowledgeFunction
from shared.credentials import Access
from shared.edges import Edges
from shared.metrics import Metric
from shared.settings import AcknowledgeSettings, SweepSettings
from sweep_orders.function import SweepFunction
from tests.local.aws import LocalAws
from tests.local.marketplace import Marketplace, Seller
from tests.support.batches import record_of
from tests.support.buses import arn_of, make_bus
from tests.support.deployed import PSEUDO_PARAMETERS
from tests.support.printed import forget_logger, measurements_of
from tests.support.sqs_limits import refuse_as_sqs

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

MEASURED = {metric for metric in Metric if metric.unit != "Count"} | {Metric.ATTEMPTS}


class Context(LambdaContext):
    """An invocation with a given time left; of several, each look at the clock takes the next."""

    def __init__(self, milliseconds: int | list[int] = 60_000) -> None:
        self._aws_request_id = "invocation-1"
        self._milliseconds = [milliseconds] if isinstance(milliseconds, int) else list(milliseconds)

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools declares it static
        return self._milliseconds.pop(0) if len(self._milliseconds) > 1 else self._milliseconds[0]


class World:
    """The function between its queues, its secret and the marketplace, all of them real."""

    def __init__(
        self,
        aws: LocalAws,
        marketplace: Marketplace,
        seller: Seller,
        capsys: pytest.CaptureFixture[str],
        door: str,
    ) -> None:
        self.marketplace = marketplace
        self.seller = seller
        self.door = door
        self.ahead_s = 0.0
        """How far the function's clock is ahead of everybody else's; a test turns it to let time pass."""
        self.uniform = random.uniform
        """How AcknowledgeFunction draws its delays; a test breaks it to bring about an unexpected error."""
        self.sqs = aws.client("sqs")
        refuse_as_sqs(self.sqs)
        self.events = aws.client("events")
        self._secrets_manager = aws.client("secretsmanager")
        self._capsys = capsys
        self._bus: str | None = None
        name = uuid.uuid4().hex
        self.order_queue = self.sqs.create_queue(QueueName=f"orders-{name}")["QueueUrl"]
        self.dead_letter_queue = self.sqs.create_queue(QueueName=f"dead-{name}")["QueueUrl"]
        self.secret_arn = self._secrets_manager.create_secret(
            Name=f"walmart-{name}", SecretString=self.secret()
        )["ARN"]

    def acting_as(self, aws: LocalAws) -> Self:
        """The same world for somebody with these clients, whose the functions and the mapping then are."""
        self.bus()  # which somebody may not be allowed to make
        same = copy.copy(self)
        same.sqs = aws.client("sqs")
        same.events = aws.client("events")
        same._secrets_manager = aws.client("secretsmanager")  # noqa: SLF001 - it is one of us
        return same

    def function(self, **environment: str) -> AcknowledgeFunction:
        """Put the function together, with some variables of its environment changed."""
        forget_logger()
        return acknowledge_orders.composition.compose(
            AcknowledgeSettings.from_environment(
                {
                    **self._environment(),
                    "DEAD_LETTER_QUEUE_URL": self.dead_letter_queue,
                    "MAXIMUM_CONCURRENCY": "2",
                    "BACKOFF_BASE_SECONDS": "1",
                    "BACKOFF_CAP_SECONDS": "1",
                    "CREDENTIALS_HOLD_SECONDS": "1",
                    "SWEEP_ENABLED": "true",
                    **environment,
                }
            ),
            secrets_manager=self._secrets_manager,
            sqs=self.sqs,
            edges=Edges(clock=self._clock, monotonic=self._clock, uniform=self.uniform),
            call_timeout_s=1.0,
        )

    def sweep_function(self, **environment: str) -> SweepFunction:
        """Put the sweep together, on a bus with a rule that brings order events into the order queue."""
        forget_logger()
        return sweep_orders.composition.compose(
            SweepSettings.from_environment(
                {
                    **self._environment(),
                    "EVENT_BUS_NAME": self.bus(),
                    "ORDER_EVENT_SOURCE": "walmart.ca.orders",
                    "ORDER_EVENT_DETAIL_TYPE": "Order Created",
                    "SWEEP_INTERVAL_MINUTES": "15",
                    **environment,
                }
            ),
            secrets_manager=self._secrets_manager,
            sqs=self.sqs,
            events=self.events,
            edges=Edges(clock=self._clock, monotonic=self._clock),
            # Twelve hours from now: no test depends on the hour at which it runs.
            long_look_back_at=timedelta(hours=(datetime.now(UTC).hour + 12) % 24),
        )

    def _environment(self) -> dict[str, str]:
        return {
            "POWERTOOLS_SERVICE_NAME": PSEUDO_PARAMETERS["AWS::StackName"],
            "CREDENTIALS_SECRET_ARN": self.secret_arn,
            "MARKETPLACE_URL": self.marketplace.url,
            "MARKETPLACE_SERVICE_NAME": "Walmart Marketplace",
            "ORDER_QUEUE_URL": self.order_queue,
            "REQUESTS_PER_MINUTE": "6000",
        }

    def _clock(self) -> float:
        return time.time() + self.ahead_s

    def bus(self) -> str:
        """The bus that the sweep publishes on, made when first needed."""
        self._bus = self._bus or make_bus(self.events, self.sqs, self.order_queue)
        return self._bus

    def arn(self, queue_url: str) -> str:
        """The ARN of a queue."""
        return arn_of(self.sqs, queue_url)

    def secret(self) -> str:
        """The seller's credentials for the door that is gone through."""
        return self.seller.token_secret() if self.door == "token" else self.seller.secret()

    def actions(self) -> list[str | None]:
        """What Walmart was asked for, in its order; by itself a token is nothing asked for."""
        return [call.action for call in self.marketplace.calls if call.action != "token"]

    def posts(self) -> int:
        """How many acknowledgements Walmart was sent."""
        return self.actions().count("acknowledge")

    def store_secret(self, text: str) -> None:
        """Replace the secret."""
        self._secrets_manager.put_secret_value(SecretId=self.secret_arn, SecretString=text)

    def break_secrets_manager(self) -> None:
        """Let every call to Secrets Manager fail from now on, as an outage does."""
        # Nobody listens there; the function has this very client.
        self._secrets_manager.meta.events.register("before-send.secretsmanager", _no_connection)

    def encrypt_secret(self, decrypt: Callable[[], object]) -> None:
        """Let Secrets Manager decrypt the secret first, as its caller, as it does under a customer key."""

        def decrypt_first(request: AWSPreparedRequest, **_: object) -> Any:  # noqa: ANN401 - the stubs want none
            try:
                decrypt()
            except ClientError:
                refusal = {"__type": "AccessDeniedException", "Message": "Access to KMS is not allowed"}
                body = HTTPResponse(io.BytesIO(json.dumps(refusal).encode()), preload_content=False)
                return AWSResponse(request.url, 400, HTTPHeaders(), body)
            return None

        self._secrets_manager.meta.events.register("before-send.secretsmanager.GetSecretValue", decrypt_first)

    def delete_secret(self) -> None:
        """Delete the secret."""
        self._secrets_manager.delete_secret(SecretId=self.secret_arn, ForceDeleteWithoutRecovery=True)

    def send(self, *bodies: str) -> None:
        """Put messages into the order queue."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.order_queue, MessageBody=body)

    def deliver(
        self, function: AcknowledgeFunction, context: Context | None = None, received: int | None = None
    ) -> dict[str, Any]:
        """Do what the event source mapping does: receive a batch, invoke, delete what did not fail.

        With `received`, as if each message had been received so often.
        """
        messages = self._receive(self.order_queue)
        event = {"Records": [record_of(message, received) for message in messages]}
        answer = function(event, context or Context())
        failures = answer["batchItemFailures"]
        assert isinstance(failures, list)
        failed = {failure["itemIdentifier"] for failure in failures}
        for message in messages:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.order_queue, ReceiptHandle=message["ReceiptHandle"])
        return answer

    def receive(self) -> "list[MessageTypeDef]":
        """Receive up to ten messages of the order queue."""
        return self._receive(self.order_queue)

    def receive_all(self) -> "Iterator[MessageTypeDef]":
        """Receive every message of the order queue once."""
        while messages := self.sqs.receive_message(
            QueueUrl=self.order_queue, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            yield from messages

    def statuses(self, purchase_order_id: str) -> set[str]:
        """The statuses of an order's lines at Walmart."""
        return {line.status for line in self.marketplace.order(purchase_order_id).lines}

    def waiting(self) -> int:
        """How many messages are in the order queue, hidden ones included."""
        return self._count(self.order_queue)

    def parked(self) -> "list[MessageTypeDef]":
        """The messages in the dead-letter queue."""
        return self._receive(self.dead_letter_queue) if self._count(self.dead_letter_queue) else []

    def redrive(self, message: "MessageTypeDef") -> None:
        """Put a parked message back into the order queue, as SQS's redrive does."""
        attributes = {
            name: {"DataType": value["DataType"], "StringValue": value["StringValue"]}
            for name, value in message.get("MessageAttributes", {}).items()
        }
        self.sqs.send_message(
            QueueUrl=self.order_queue,
            MessageBody=message["Body"],
            MessageAttributes=attributes,  # type: ignore[arg-type]  # built from what was received
        )
        self.sqs.delete_message(QueueUrl=self.dead_letter_queue, ReceiptHandle=message["ReceiptHandle"])

    def output(self) -> list[dict[str, Any]]:
        """Every line that the function printed since the last call, each of which is JSON."""
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def _count(self, queue_url: str) -> int:
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(
            attributes["ApproximateNumberOfMessagesNotVisible"]
        )

    def _receive(self, queue_url: str) -> "list[MessageTypeDef]":
        # Waits for a message that is hidden for its back-off, and no longer than it must.
        return self.sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=20,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])


class Always:
    """A marketplace whose credentials are always the same, and always good."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def peek(self) -> Access:
        return self._access

    def current(self) -> Access:
        return self._access

    def refused(self, access: Access) -> None:
        raise AssertionError(access)

    def another(self, refused: Access) -> None:
        """Have no other."""

    def accepted(self, access: Access) -> None:
        assert access is self._access

    def forbidden(self, access: Access, purchase_order_id: str | None) -> bool:
        raise AssertionError(access, purchase_order_id)

    def path_unknown(self) -> None:
        raise AssertionError


def counts_of(output: list[dict[str, Any]]) -> dict[str, float]:
    """The metrics that count something: the outcomes, and what befell the credentials."""
    return {name: sum(values) for name, values in measurements_of(output).items() if name not in MEASURED}


def _no_connection(request: AWSPreparedRequest, **_: object) -> None:
    raise EndpointConnectionError(endpoint_url=request.url)


through_both_doors = pytest.mark.parametrize("door", ["signature", "token"])
