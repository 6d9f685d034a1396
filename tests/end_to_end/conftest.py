"""The real template, built and deployed by SAM to a local AWS that enforces the function's role."""

import uuid
from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import Deployment
from tests.local.aws import LocalAws, Stack
from tests.local.marketplace import Marketplace


@pytest.fixture(scope="module", params=["signature", "token"])
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """A deployment through one of Walmart's doors, and then one through the other."""
    with Marketplace() as marketplace, LocalAws() as aws:
        seller = marketplace.register_seller()
        secret = seller.token_secret() if request.param == "token" else seller.secret()
        secret_arn = aws.client("secretsmanager").create_secret(Name="walmart", SecretString=secret)["ARN"]
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
        yield Deployment(aws, stack, marketplace)


@pytest.fixture
def purchase_order_id() -> str:
    return str(uuid.uuid4().int)[:13]
