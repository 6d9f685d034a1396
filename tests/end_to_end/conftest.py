"""Two stacks of the real template, deployed by SAM to a local AWS that enforces the functions' roles."""

import uuid
from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import Deployment
from tests.local.aws import LocalAws, Stack
from tests.local.marketplace import Marketplace


@pytest.fixture(scope="module")
def deployments() -> Iterator[dict[str, Deployment]]:
    """Two stacks on one bus, each with its own marketplace and authentication scheme."""
    with LocalAws() as aws, Marketplace() as by_signature, Marketplace() as by_token:
        yield {
            "signature": _deploy(aws, "walmart-first", by_signature, by_signature.register_seller().secret()),
            "token": _deploy(aws, "walmart-second", by_token, by_token.register_seller().token_secret()),
        }


def _deploy(aws: LocalAws, name: str, marketplace: Marketplace, secret: str) -> Deployment:
    secret_arn = aws.client("secretsmanager").create_secret(Name=name, SecretString=secret)["ARN"]
    source = f"{name}.orders"
    stack = Stack.deploy(
        aws,
        name=name,
        parameters={
            "CredentialsSecretArn": secret_arn,
            "MarketplaceUrl": marketplace.url,
            "OrderEventSource": source,
            "AlarmEmail": "alarms@example.com",
            "OutcomeEvents": "true",
            "RequestsPerMinute": "6000",
            "BackoffBaseSeconds": "1",
            "BackoffCapSeconds": "1",
            "CredentialsHoldSeconds": "1",
        },
    )
    return Deployment(aws, stack, source, marketplace)


@pytest.fixture(scope="module")
def deployment(deployments: dict[str, Deployment]) -> Deployment:
    return deployments["signature"]


@pytest.fixture
def purchase_order_id() -> str:
    return str(uuid.uuid4().int)[:13]
