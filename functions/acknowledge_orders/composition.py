"""Puts AcknowledgeFunction together: the one place that knows every part."""

import functools
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from acknowledge_orders.application import AcknowledgeOrders
from acknowledge_orders.function import AcknowledgeFunction
from acknowledge_orders.order_queue import SqsOrderQueue
from acknowledge_orders.policy import Waiting
from acknowledge_orders.recorder import PowertoolsRecorder
from shared.credentials import MarketplaceAccess, SetupError
from shared.secrets_manager import SecretsManagerStore
from shared.settings import Settings
from shared.telemetry import new_logger, new_metrics
from walmart_ca import AsyncClient, Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

BATCH_SIZE: Final = 10
"""How many orders one batch brings at most, all of them side by side (the template's batch size)."""
_SECRETS_MANAGER_CALLS: Final = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
"""An invocation has 60 seconds: a call to AWS that hangs must not use them up."""
_SQS_CALLS: Final = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""They come last, in what is left of the time; one that fails costs no more than the visibility timeout."""


@functools.cache
def acknowledge_function() -> AcknowledgeFunction:
    """Return the function of this execution environment, put together at its first invocation."""
    session = boto3.Session()
    return compose(
        Settings.from_environment(os.environ),
        secrets_manager=session.client("secretsmanager", config=_SECRETS_MANAGER_CALLS),
        sqs=session.client("sqs", config=_SQS_CALLS),
    )


def compose(
    settings: Settings,
    *,
    secrets_manager: "SecretsManagerClient",
    sqs: "SQSClient",
    clock: Callable[[], float] = time.time,
    uniform: Callable[[float, float], float] = random.uniform,
) -> AcknowledgeFunction:
    """Put the function together.

    Args:
        settings: From the environment.
        secrets_manager: Where the credentials are.
        sqs: Where the order queue and its dead-letter queue are.
        clock: Epoch seconds.
        uniform: Draws a number between two others; jitter, no secret.
    """

    def connect(credentials: Credentials) -> AsyncClient:
        try:
            return AsyncClient(
                credentials,
                base_url=settings.marketplace_url,
                service_name=settings.marketplace_service_name,
                max_concurrency=BATCH_SIZE,
                clock=clock,
            )
        except ValueError as error:
            # The client names its own parameter; the operator knows the setting.
            problem = str(error).replace("base_url", "MARKETPLACE_URL")
            raise SetupError(problem.replace("service_name", "MARKETPLACE_SERVICE_NAME")) from None

    logger, metrics = new_logger(), new_metrics()
    store = SecretsManagerStore(secrets_manager, settings.credentials_secret_arn)
    application = AcknowledgeOrders(
        marketplace=MarketplaceAccess(store.read, connect, clock),
        queue=SqsOrderQueue(
            sqs,
            order_queue_url=settings.order_queue_url,
            dead_letter_queue_url=settings.dead_letter_queue_url,
        ),
        recorder=PowertoolsRecorder(logger, metrics),
        waiting=Waiting(
            base_s=settings.backoff_base_seconds,
            cap_s=settings.backoff_cap_seconds,
            hold_s=settings.credentials_hold_seconds,
        ),
        now=lambda: datetime.fromtimestamp(clock(), UTC),
        uniform=uniform,
    )
    return AcknowledgeFunction(application, logger, metrics)
