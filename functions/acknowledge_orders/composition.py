"""Puts AcknowledgeFunction together: the one place that knows every part."""

import functools
import os
from typing import TYPE_CHECKING, Final, cast

import boto3
from botocore.config import Config

from acknowledge_orders.application import BATCH_SIZE, AcknowledgeOrders
from acknowledge_orders.attempt import CALL_TIMEOUT_S, Attempts
from acknowledge_orders.function import AcknowledgeFunction
from acknowledge_orders.order_queue import SqsOrderQueue
from acknowledge_orders.policy import Waiting
from acknowledge_orders.recorder import PowertoolsRecorder
from acknowledge_orders.self_check import SelfCheck
from shared.credentials import CURRENT, MarketplaceAccess
from shared.edges import Edges
from shared.marketplace import connect
from shared.pacing import Pacer
from shared.secrets_manager import SecretsManagerStore
from shared.settings import AcknowledgeSettings
from shared.telemetry import new_logger, new_metrics
from shared.when_needed import WhenNeeded

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_SECRETS_MANAGER_CALLS: Final = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""Every order of the batch waits for one that hangs."""
_SQS_CALLS: Final = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
"""They come last, in what is left of the time. One that fails costs no more than the visibility timeout,
which is the better repeat."""


@functools.cache
def acknowledge_function() -> AcknowledgeFunction:
    """Return the function of this execution environment, put together once."""
    session = boto3.Session()
    return compose(
        AcknowledgeSettings.from_environment(os.environ),
        secrets_manager=session.client("secretsmanager", config=_SECRETS_MANAGER_CALLS),
        # Nothing is asked of the queue while every order of a batch succeeds.
        sqs=cast("SQSClient", WhenNeeded(lambda: session.client("sqs", config=_SQS_CALLS))),
    )


def compose(
    settings: AcknowledgeSettings,
    *,
    secrets_manager: "SecretsManagerClient",
    sqs: "SQSClient",
    edges: Edges | None = None,
    call_timeout_s: float = CALL_TIMEOUT_S,
) -> AcknowledgeFunction:
    """Put the function together.

    Args:
        settings: From the environment.
        secrets_manager: Where the credentials are.
        sqs: Where the order queue and its dead-letter queue are.
        edges: Time, chance, threads and the network; the real ones when None.
        call_timeout_s: Seconds for a call to Walmart.
    """
    edges = edges or Edges()

    def pacer() -> Pacer:
        return Pacer(
            requests_per_minute=settings.requests_per_minute,
            sharers=settings.maximum_concurrency,
            clock=edges.clock,
            monotonic=edges.monotonic,
            sleep=edges.sleep,
        )

    service = settings.powertools_service_name
    logger, metrics = new_logger(service), new_metrics(service)
    recorder = PowertoolsRecorder(logger, metrics)
    store = SecretsManagerStore(secrets_manager, settings.credentials_secret_arn)
    open_client = functools.partial(connect, settings=settings, max_concurrency=BATCH_SIZE, edges=edges)
    marketplace = MarketplaceAccess(store.read, open_client, edges.monotonic, recorder.count)

    application = AcknowledgeOrders(
        attempts=Attempts(marketplace, posts=pacer(), looks=pacer(), call_timeout_s=call_timeout_s),
        queue=SqsOrderQueue(
            sqs,
            order_queue_url=settings.order_queue_url,
            dead_letter_queue_url=settings.dead_letter_queue_url,
        ),
        recorder=recorder,
        waiting=Waiting(
            base_s=settings.backoff_base_seconds,
            cap_s=settings.backoff_cap_seconds,
            hold_s=settings.credentials_hold_seconds,
        ),
        sweeping=settings.sweep_enabled == "true",
        mark_keys=marketplace.mark_keys,
        now=edges.now,
        uniform=edges.uniform,
        executor=edges.executor(BATCH_SIZE, "order-queue"),
    )
    self_check = SelfCheck(
        read_secret=functools.partial(store.read, CURRENT),
        connect=open_client,
        record=recorder.record_self_check,
        now=edges.now,
    )
    return AcknowledgeFunction(
        application,
        self_check,
        recorder.count,
        close_replaced=marketplace.close_replaced,
        # By the next invocation a connection may be dead, and a call that it costs is not repeated.
        disconnect=sqs.close,
        logger=logger,
        metrics=metrics,
    )
