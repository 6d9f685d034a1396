"""Puts SweepFunction together: the one place that knows every part."""

import functools
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from shared.credentials import MarketplaceAccess
from shared.edges import Edges
from shared.marketplace import connect
from shared.pacing import Pacer
from shared.secrets_manager import SecretsManagerStore
from shared.settings import SweepSettings
from shared.telemetry import new_logger, new_metrics
from sweep_orders.event_bus import EventBridgeBus
from sweep_orders.function import SweepFunction
from sweep_orders.listing import ReleasedOrders
from sweep_orders.publishing import Publisher
from sweep_orders.queue_length import SqsQueueLength
from sweep_orders.recorder import PowertoolsRecorder
from sweep_orders.selection import LONG_LOOK_BACK_AT
from sweep_orders.sweep import Sweep

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_AWS_CALLS: Final = Config(
    connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
_EVENT_BUS_CALLS: Final = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
"""Not repeated: a call without an answer may have published its events."""


@functools.cache
def sweep_function() -> SweepFunction:
    """Return the function of this execution environment, put together once."""
    session = boto3.Session()
    return compose(
        SweepSettings.from_environment(os.environ),
        secrets_manager=session.client("secretsmanager", config=_AWS_CALLS),
        sqs=session.client("sqs", config=_AWS_CALLS),
        events=session.client("events", config=_EVENT_BUS_CALLS),
    )


def compose(
    settings: SweepSettings,
    *,
    secrets_manager: "SecretsManagerClient",
    sqs: "SQSClient",
    events: "EventBridgeClient",
    edges: Edges | None = None,
    long_look_back_at: timedelta = LONG_LOOK_BACK_AT,
) -> SweepFunction:
    """Put the function together.

    Args:
        settings: From the environment.
        secrets_manager: Where the credentials are.
        sqs: Where the order queue is.
        events: Where the event bus is.
        edges: Time, chance, threads and the network; the real ones when None.
        long_look_back_at: When a sweep looks far back, since midnight UTC.
    """
    edges = edges or Edges()
    service = settings.powertools_service_name
    logger, metrics = new_logger(service), new_metrics(service)
    recorder = PowertoolsRecorder(logger, metrics)
    store = SecretsManagerStore(secrets_manager, settings.credentials_secret_arn)
    open_client = functools.partial(connect, settings=settings, max_concurrency=1, edges=edges)
    marketplace = MarketplaceAccess(store.read, open_client, edges.monotonic, recorder.count)
    pacer = Pacer(
        requests_per_minute=settings.requests_per_minute,
        sharers=1,
        clock=edges.clock,
        monotonic=edges.monotonic,
        sleep=edges.sleep,
    )
    event_bus = EventBridgeBus(
        events,
        name=settings.event_bus_name,
        source=settings.order_event_source,
        detail_type=settings.order_event_detail_type,
        mark_keys=marketplace.mark_keys,
    )
    sweep = Sweep(
        released=ReleasedOrders(marketplace, pacer, edges.now),
        publisher=Publisher(event_bus, edges.sleep, edges.uniform),
        queue_length=SqsQueueLength(sqs, settings.order_queue_url),
        recorder=recorder,
        requests_per_minute=settings.requests_per_minute,
        interval=timedelta(minutes=settings.sweep_interval_minutes),
        long_look_back_at=long_look_back_at,
    )
    return SweepFunction(
        sweep,
        close_replaced=marketplace.close_replaced,
        # By the next sweep a connection to the bus would be dead, and a call that it costs is not repeated.
        disconnect=events.close,
        logger=logger,
        metrics=metrics,
    )
