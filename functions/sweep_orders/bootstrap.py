"""Builds SweepFunction: the one module that knows all of its parts."""

import functools
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from botocore.config import Config

from shared.runtime import Runtime
from shared.telemetry import new_logger, new_metrics
from shared.walmart.client_factory import connect
from shared.walmart.client_provider import ClientProvider
from shared.walmart.rate_limiter import RateLimiter
from shared.walmart.secrets_manager import SecretsManagerStore
from sweep_orders.eventbridge_bus import EventBridgeBus
from sweep_orders.listing import ReleasedOrders
from sweep_orders.powertools_recorder import PowertoolsRecorder
from sweep_orders.publishing import Publisher
from sweep_orders.selection import LONG_LOOKBACK_AT
from sweep_orders.settings import SweepSettings
from sweep_orders.sqs_queue_length import SqsQueueLength
from sweep_orders.sweep import Sweep

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_AWS_CONFIG: Final = Config(
    connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
_EVENT_BUS_CONFIG: Final = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
"""No retries: a call without a response may have published its events."""


class Components(NamedTuple):
    """The parts of the function that its Lambda entry uses."""

    sweep: Sweep
    clients: ClientProvider
    event_bus: EventBridgeBus
    logger: Logger
    metrics: EphemeralMetrics


def build_from_environment() -> Components:
    """Build the function from its environment variables, with clients of AWS."""
    settings = SweepSettings.from_environment(os.environ)
    session = boto3.Session()
    return build(
        settings,
        secrets_manager=session.client("secretsmanager", config=_AWS_CONFIG),
        sqs=session.client("sqs", config=_AWS_CONFIG),
        events=session.client("events", config=_EVENT_BUS_CONFIG),
    )


def build(
    settings: SweepSettings,
    *,
    secrets_manager: "SecretsManagerClient",
    sqs: "SQSClient",
    events: "EventBridgeClient",
    runtime: Runtime | None = None,
    long_lookback_at: timedelta = LONG_LOOKBACK_AT,
) -> Components:
    """Build the function.

    Args:
        settings: From the environment.
        secrets_manager: Reads the secret.
        sqs: Reads the length of the order queue.
        events: Publishes order events.
        runtime: Clock, sleep, randomness, threads and network; the real ones when None.
        long_lookback_at: When the day's one sweep with the long look-back runs, since midnight UTC.
    """
    runtime = runtime or Runtime()
    service = settings.powertools_service_name
    logger, metrics = new_logger(service), new_metrics(service)
    recorder = PowertoolsRecorder(logger, metrics)
    store = SecretsManagerStore(secrets_manager, settings.credentials_secret_arn)
    connect_client = functools.partial(connect, settings=settings, max_concurrency=1, runtime=runtime)
    clients = ClientProvider(store.read, connect_client, runtime.monotonic, recorder.count)
    rate_limiter = RateLimiter(
        requests_per_minute=settings.requests_per_minute,
        environments=1,
        clock=runtime.clock,
        monotonic=runtime.monotonic,
        sleep=runtime.sleep,
    )
    event_bus = EventBridgeBus(
        events,
        name=settings.event_bus_name,
        source=settings.order_event_source,
        detail_type=settings.order_event_detail_type,
        mark_keys=clients.mark_keys,
    )
    sweep = Sweep(
        released=ReleasedOrders(clients, rate_limiter, runtime.now),
        publisher=Publisher(event_bus, runtime.sleep, runtime.uniform),
        queue_length=SqsQueueLength(sqs, settings.order_queue_url),
        recorder=recorder,
        requests_per_minute=settings.requests_per_minute,
        interval=timedelta(minutes=settings.sweep_interval_minutes),
        now=runtime.now,
        long_lookback_at=long_lookback_at,
    )
    return Components(sweep=sweep, clients=clients, event_bus=event_bus, logger=logger, metrics=metrics)
