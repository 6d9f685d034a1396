"""The real template, built and deployed by SAM to a local AWS that enforces the function's role."""

import uuid
from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import Deployment
from tests.local.aws import LocalAws, Stack
from tests.local.marketplace import Marketplace


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """A deployment that signs."""
    with Marketplace() as marketplace, LocalAws() as aws:
        seller = marketplace.register_seller()
        secrets = aws.client("secretsmanager")
        secret_arn = secrets.create_secret(Name="walmart", SecretString=seller.secret())["ARN"]
        stack = Stack.deploy(
            aws,
            name="acknowledgement",
            parameters={
                "CredentialsSecretArn": secret_arn,
                "MarketplaceUrl": marketplace.url,
                "RequestsPerMinute": "6000",
                "BackoffBaseSeconds": "1",
                "BackoffCapSeconds": "1",
                "CredentialsHoldSeconds": "1",
            },
        )
        yield Deployment(aws, stack, marketplace, seller, secret_arn)


@pytest.fixture
def purchase_order_id() -> str:
    return str(uuid.uuid4().int)[:13]
