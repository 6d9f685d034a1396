"""Builds AcknowledgeFunction: the one module that knows all of its parts."""

import functools
import os
from typing import TYPE_CHECKING, Final, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from botocore.config import Config

from acknowledge_orders.application import BATCH_SIZE, AcknowledgeOrders
from acknowledge_orders.attempt import CALL_TIMEOUT_S, Attempts
from acknowledge_orders.dynamodb_notification_limit import DynamoDbNotificationLimit
from acknowledge_orders.eventbridge_outcome_bus import EventBridgeOutcomeBus
from acknowledge_orders.outcome_events import DETAIL_TYPES
from acknowledge_orders.outcome_publisher import OutcomePublisher
from acknowledge_orders.policy import BackoffSettings
from acknowledge_orders.powertools_recorder import PowertoolsRecorder
from acknowledge_orders.self_check import SelfCheck
from acknowledge_orders.settings import AcknowledgeSettings
from acknowledge_orders.sqs_order_queue import SqsOrderQueue
from shared.lazy_client import LazyClient
from shared.runtime import Runtime
from shared.telemetry import new_logger, new_metrics
from shared.walmart.client_factory import connect
from shared.walmart.client_provider import ClientProvider
from shared.walmart.credentials import CURRENT
from shared.walmart.rate_limiter import RateLimiter
from shared.walmart.secrets_manager import SecretsManagerStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_SECRETS_MANAGER_CONFIG: Final = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""Short time-outs: every order of the batch waits for the secret."""
_SQS_CONFIG: Final = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
"""No retries: these calls come last, in what is left of the time. After a failure the message is retried when
the visibility timeout ends."""
_EVENTS_CONFIG: Final = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
_DYNAMODB_CONFIG: Final = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
"""No retries either: these calls come just before (`shared.walmart.caller.RESERVED_S` counts all of them)."""


class AwsClients(NamedTuple):
    """The clients of AWS that most batches do not need."""

    sqs: "LazyClient[SQSClient]"
    events: "LazyClient[EventBridgeClient]"
    dynamodb: "LazyClient[DynamoDBClient]"

    def close(self) -> None:
        """Close their connections; the next calls open new ones."""
        for client in (self.sqs, self.events, self.dynamodb):
            client.close()


class Components(NamedTuple):
    """The parts of the function that its Lambda entry uses."""

    application: AcknowledgeOrders
    self_check: SelfCheck
    clients: ClientProvider
    aws: AwsClients
    recorder: PowertoolsRecorder
    logger: Logger
    metrics: EphemeralMetrics


def build_from_environment() -> Components:
    """Build the function from its environment variables, with clients of AWS."""
    settings = AcknowledgeSettings.from_environment(os.environ)
    session = boto3.Session()
    return build(
        settings,
        secrets_manager=session.client("secretsmanager", config=_SECRETS_MANAGER_CONFIG),
        aws=AwsClients(
            sqs=LazyClient(lambda: session.client("sqs", config=_SQS_CONFIG)),
            events=LazyClient(lambda: session.client("events", config=_EVENTS_CONFIG)),
            dynamodb=LazyClient(lambda: session.client("dynamodb", config=_DYNAMODB_CONFIG)),
        ),
    )


def build(
    settings: AcknowledgeSettings,
    *,
    secrets_manager: "SecretsManagerClient",
    aws: AwsClients,
    runtime: Runtime | None = None,
    call_timeout_s: float = CALL_TIMEOUT_S,
) -> Components:
    """Build the function.

    Args:
        settings: From the environment.
        secrets_manager: Reads the secret.
        aws: The clients of the other services.
        runtime: Clock, sleep, randomness, threads and network; the real ones when None.
        call_timeout_s: Seconds for a call to Walmart.
    """
    runtime = runtime or Runtime()

    def rate_limiter() -> RateLimiter:
        return RateLimiter(
            requests_per_minute=settings.requests_per_minute,
            environments=settings.maximum_concurrency,
            clock=runtime.clock,
            monotonic=runtime.monotonic,
            sleep=runtime.sleep,
        )

    service = settings.powertools_service_name
    logger, metrics = new_logger(service), new_metrics(service)
    recorder = PowertoolsRecorder(logger, metrics)
    store = SecretsManagerStore(secrets_manager, settings.credentials_secret_arn)
    connect_client = functools.partial(
        connect, settings=settings, max_concurrency=BATCH_SIZE, runtime=runtime
    )
    clients = ClientProvider(store.read, connect_client, runtime.monotonic, recorder.count)
    executor = runtime.executor(BATCH_SIZE, "aws")
    queue = SqsOrderQueue(
        aws.sqs,
        order_queue_url=settings.order_queue_url,
        dead_letter_queue_url=settings.dead_letter_queue_url,
    )
    publisher = OutcomePublisher(
        bus=EventBridgeOutcomeBus(aws.events, settings.event_bus_name),
        limit=DynamoDbNotificationLimit(aws.dynamodb, settings.notifications_table, runtime.now),
        detail_types=DETAIL_TYPES[settings.outcome_events],
        stack=service,
        recorder=recorder,
        executor=executor,
    )
    application = AcknowledgeOrders(
        attempts=Attempts(
            clients,
            acknowledge_limiter=rate_limiter(),
            fetch_limiter=rate_limiter(),
            call_timeout_s=call_timeout_s,
        ),
        queue=queue,
        publisher=publisher,
        recorder=recorder,
        backoff=BackoffSettings(
            base_s=settings.backoff_base_seconds,
            cap_s=settings.backoff_cap_seconds,
            hold_s=settings.credentials_hold_seconds,
        ),
        mark_keys=clients.mark_keys if settings.sweep_enabled else tuple,
        now=runtime.now,
        uniform=runtime.uniform,
        executor=executor,
    )
    self_check = SelfCheck(
        read_secret=functools.partial(store.read, CURRENT),
        connect=connect_client,
        record=recorder.record_self_check,
        now=runtime.now,
    )
    return Components(
        application=application,
        self_check=self_check,
        clients=clients,
        aws=aws,
        recorder=recorder,
        logger=logger,
        metrics=metrics,
    )
