"""Builds AcknowledgeFunction: the one module that knows all of its parts."""

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from botocore.config import Config

from acknowledge_orders.application import BATCH_SIZE, AcknowledgeOrders
from acknowledge_orders.attempt import CALL_TIMEOUT_S, Attempts
from acknowledge_orders.policy import BackoffSettings
from acknowledge_orders.powertools_recorder import PowertoolsRecorder
from acknowledge_orders.self_check import SelfCheck
from acknowledge_orders.settings import AcknowledgeSettings
from acknowledge_orders.sqs_order_queue import SqsOrderQueue
from shared.runtime import Runtime
from shared.telemetry import new_logger, new_metrics
from shared.walmart.client_factory import connect
from shared.walmart.client_provider import ClientProvider
from shared.walmart.credentials import CURRENT
from shared.walmart.rate_limiter import RateLimiter
from shared.walmart.secrets_manager import SecretsManagerStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_SECRETS_MANAGER_CONFIG: Final = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""Short time-outs: every order of the batch waits for the secret."""
_SQS_CONFIG: Final = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
"""No retries: these calls come last, in what is left of the time. After a failure the message is retried when
the visibility timeout ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """The parts of the function that its Lambda entry uses."""

    application: AcknowledgeOrders
    self_check: SelfCheck
    clients: ClientProvider
    queue: SqsOrderQueue
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
        connect_sqs=functools.partial(session.client, "sqs", config=_SQS_CONFIG),
    )


def build(
    settings: AcknowledgeSettings,
    *,
    secrets_manager: "SecretsManagerClient",
    connect_sqs: "Callable[[], SQSClient]",
    runtime: Runtime | None = None,
    call_timeout_s: float = CALL_TIMEOUT_S,
) -> Components:
    """Build the function.

    Args:
        settings: From the environment.
        secrets_manager: Reads the secret.
        connect_sqs: Makes the client of SQS, on first use.
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
    queue = SqsOrderQueue(
        connect_sqs,
        order_queue_url=settings.order_queue_url,
        dead_letter_queue_url=settings.dead_letter_queue_url,
    )
    application = AcknowledgeOrders(
        attempts=Attempts(
            clients,
            acknowledge_limiter=rate_limiter(),
            fetch_limiter=rate_limiter(),
            call_timeout_s=call_timeout_s,
        ),
        queue=queue,
        recorder=recorder,
        backoff=BackoffSettings(
            base_s=settings.backoff_base_seconds,
            cap_s=settings.backoff_cap_seconds,
            hold_s=settings.credentials_hold_seconds,
        ),
        sweep_enabled=settings.sweep_enabled,
        mark_keys=clients.mark_keys,
        now=runtime.now,
        uniform=runtime.uniform,
        executor=runtime.executor(BATCH_SIZE, "order-queue"),
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
        queue=queue,
        recorder=recorder,
        logger=logger,
        metrics=metrics,
    )
