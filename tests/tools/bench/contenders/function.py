"""AcknowledgeFunction's handler, warm, with its secret in memory and without its queue."""

import json
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from acknowledge_orders.bootstrap import AwsClients, build
from acknowledge_orders.handler import AcknowledgeFunction
from acknowledge_orders.settings import AcknowledgeSettings
from shared.lazy_client import LazyClient
from tests.support.context import Context
from tests.tools.bench.batches import batch


class _SecretsManager:
    def __init__(self, secret: str) -> None:
        self._secret = secret

    def get_secret_value(self, **_request: str) -> dict[str, str]:
        return {"SecretString": self._secret, "VersionId": "version-1"}


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        settings = AcknowledgeSettings(
            powertools_service_name="orders",
            credentials_secret_arn="arn",  # noqa: S106 - no password
            marketplace_url=url,
            marketplace_service_name="Walmart Marketplace",
            order_queue_url="orders",
            requests_per_minute=43_200,  # so high that no call waits for a slot
            dead_letter_queue_url="dead",
            maximum_concurrency=2,
            backoff_base_seconds=30,
            backoff_cap_seconds=600,
            credentials_hold_seconds=300,
            sweep_enabled=True,
            outcome_events="none",
            event_bus_name="default",
            notifications_table="notifications",
        )
        nothing: Any = SimpleNamespace(close=lambda: None)
        secrets_manager: Any = _SecretsManager(secret)
        client: LazyClient[Any] = LazyClient(lambda: nothing)
        aws = AwsClients(sqs=client, events=client, dynamodb=client)
        components = build(settings, secrets_manager=secrets_manager, aws=aws)
        self._function = AcknowledgeFunction(components)

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        event = json.loads(json.dumps(batch(purchase_order_ids)))
        ends_at = time.monotonic() + 60
        response = self._function(event, Context(lambda: ends_at - time.monotonic()))
        return list(purchase_order_ids) if response == {"batchItemFailures": []} else []
