"""The functions, called through their own entries, with local AWS services and a local marketplace."""

import contextlib
import copy
import functools
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, EndpointConnectionError

import acknowledge_orders.bootstrap
import sweep_orders.bootstrap
from acknowledge_orders.attempt import CALL_TIMEOUT_S
from acknowledge_orders.bootstrap import AwsClients
from acknowledge_orders.handler import AcknowledgeFunction
from acknowledge_orders.settings import AcknowledgeSettings
from shared.lazy_client import LazyClient
from shared.metrics import Metric
from shared.runtime import Runtime
from sweep_orders.handler import SweepFunction
from sweep_orders.settings import SweepSettings
from tests.local.aws import LocalAws
from tests.local.marketplace import Marketplace, Seller
from tests.support.aws_answers import answer
from tests.support.batches import record_of
from tests.support.context import Context
from tests.support.deployed import PSEUDO_PARAMETERS
from tests.support.printed import measurements_of, records_of, reset_logger
from tests.support.services import Services
from tests.support.settings import ACKNOWLEDGE, SWEEP
from tests.support.sqs_limits import enforce_sqs_limits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

MEASURED = {metric for metric in Metric if metric.unit != "Count"}

both_schemes = pytest.mark.parametrize("scheme", ["signature", "token"])


class Harness(Services):
    """The functions, with their queues, secret and bus in the local AWS, and a local marketplace."""

    def __init__(
        self,
        aws: LocalAws,
        marketplace: Marketplace,
        seller: Seller,
        capsys: pytest.CaptureFixture[str],
        scheme: str,
    ) -> None:
        self.scheme = scheme
        super().__init__(aws, marketplace, seller)
        self.clock_offset_s = 0.0
        """How far the functions' clock is ahead; a test raises it to let time pass."""
        self.uniform = random.uniform
        """How AcknowledgeFunction draws its delays; a test replaces it to cause an unexpected error."""
        self.call_timeout_s = CALL_TIMEOUT_S
        """The time-out of one call to Walmart; a test whose call never ends shortens it."""
        self.sqs = aws.client("sqs")
        enforce_sqs_limits(self.sqs)
        self._secrets_manager = aws.client("secretsmanager")
        self._capsys = capsys

    def with_aws(self, aws: LocalAws) -> Self:
        """Return a copy whose functions and event source mapping call AWS with these clients."""
        self.bus(), self.notifications_table()  # made here, because these clients may not be allowed to
        same = copy.copy(self)
        same.aws = aws
        for client in ("events", "dynamodb"):
            same.__dict__.pop(client, None)  # so that the property makes it again
        same.sqs = aws.client("sqs")
        same._secrets_manager = aws.client("secretsmanager")  # noqa: SLF001 - of the same class
        return same

    @functools.cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The client by which the function limits notifications."""
        return self.aws.client("dynamodb")

    @functools.cached_property
    def events(self) -> "EventBridgeClient":
        """The client that publishes events."""
        return self.aws.client("events")

    def function(self, **environment: str) -> AcknowledgeFunction:
        """Build AcknowledgeFunction, with some environment variables changed."""
        reset_logger()
        components = acknowledge_orders.bootstrap.build(
            AcknowledgeSettings.from_environment(
                ACKNOWLEDGE
                | self._environment()
                | {
                    "OUTCOME_EVENTS": "all",
                    "EVENT_BUS_NAME": self.bus(),
                    "NOTIFICATIONS_TABLE": self.notifications_table(),
                }
                | environment
            ),
            secrets_manager=self._secrets_manager,
            aws=AwsClients(
                sqs=LazyClient(lambda: self.sqs),
                events=LazyClient(lambda: self.events),
                dynamodb=LazyClient(lambda: self.dynamodb),
            ),
            runtime=Runtime(clock=self._clock, monotonic=self._clock, uniform=self.uniform),
            call_timeout_s=self.call_timeout_s,
        )
        return AcknowledgeFunction(components)

    def sweep_function(self, **environment: str) -> SweepFunction:
        """Build SweepFunction, on a bus whose rule sends order events to the order queue."""
        reset_logger()
        components = sweep_orders.bootstrap.build(
            SweepSettings.from_environment(
                SWEEP | self._environment() | {"EVENT_BUS_NAME": self.bus()} | environment
            ),
            secrets_manager=self._secrets_manager,
            sqs=self.sqs,
            events=self.events,
            runtime=Runtime(clock=self._clock, monotonic=self._clock),
            # Twelve hours from now, so that no test depends on the hour at which it runs.
            long_lookback_at=timedelta(hours=(datetime.now(UTC).hour + 12) % 24),
        )
        return SweepFunction(components)

    def _environment(self) -> dict[str, str]:
        return {
            "POWERTOOLS_SERVICE_NAME": PSEUDO_PARAMETERS["AWS::StackName"],
            "CREDENTIALS_SECRET_ARN": self.secret_arn,
            "MARKETPLACE_URL": self.marketplace.url,
            "ORDER_QUEUE_URL": self.order_queue.url,
            "DEAD_LETTER_QUEUE_URL": self.dead_letter_queue.url,
            "REQUESTS_PER_MINUTE": "6000",
        }

    def _clock(self) -> float:
        return time.time() + self.clock_offset_s

    def secret(self) -> str:
        """The seller's credentials for the scheme."""
        return self.seller.token_secret() if self.scheme == "token" else self.seller.secret()

    def break_secrets_manager(self) -> None:
        """Let every call to Secrets Manager fail from now on, as in an outage."""
        self._secrets_manager.meta.events.register("before-send.secretsmanager", _no_connection)

    def encrypt_secret(self, decrypt: Callable[[], object]) -> None:
        """Let Secrets Manager decrypt the secret as its caller, as it does with a customer key."""

        def decrypt_first(**_: object) -> Any:  # noqa: ANN401 - the stubs want none
            try:
                decrypt()
            except ClientError:
                return answer(
                    400, {"__type": "AccessDeniedException", "Message": "Access to KMS is not allowed"}
                )
            return None

        self._secrets_manager.meta.events.register("before-send.secretsmanager.GetSecretValue", decrypt_first)

    def delete_secret(self) -> None:
        self._secrets_manager.delete_secret(SecretId=self.secret_arn, ForceDeleteWithoutRecovery=True)

    @contextlib.contextmanager
    def without_event_bus(self) -> Iterator[None]:
        """Let every call to EventBridge fail, as in an outage."""
        hooks = self.events.meta.events
        hooks.register("before-send.events", _no_connection)
        yield
        hooks.unregister("before-send.events", _no_connection)

    def deliver(self, function: AcknowledgeFunction) -> dict[str, Any]:
        """Receive a batch, invoke, and delete what did not fail, as the event source mapping does."""
        return self.handle(function, self.receive())

    def handle(self, function: AcknowledgeFunction, messages: "list[MessageTypeDef]") -> dict[str, Any]:
        """Invoke with a batch, and delete what did not fail."""
        returned = function({"Records": [record_of(message) for message in messages]}, Context())
        self.delete(messages, returned)
        return returned

    def sweep(self, **environment: str) -> dict[str, Any]:
        """Sweep once, as the schedule does, with some environment variables changed."""
        return self.sweep_function(**environment)({"source": "aws.scheduler"}, Context(lambda: 240.0))

    def published(self) -> list[str]:
        """The orders of the events in the order queue, which is empty afterwards."""
        events = [json.loads(each["Body"]) for each in self.order_queue.take_all()]
        return [event["detail"]["purchaseOrderId"] for event in events]

    def output(self) -> list[dict[str, Any]]:
        """The JSON lines printed since the last call."""
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def records(self) -> list[dict[str, Any]]:
        """The outcome records printed since the last call."""
        return records_of(self.output())


def counts_of(output: list[dict[str, Any]]) -> dict[str, float]:
    """The metrics that count something."""
    return {name: sum(values) for name, values in measurements_of(output).items() if name not in MEASURED}


def _no_connection(request: AWSPreparedRequest, **_: object) -> None:
    raise EndpointConnectionError(endpoint_url=request.url)
