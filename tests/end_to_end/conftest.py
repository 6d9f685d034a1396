"""Two stacks of the real template, deployed by SAM to a local AWS that enforces the functions' roles."""

import uuid
from collections.abc import Iterator

import pytest

from tests.local.aws import LocalAws
from tests.local.deployment import Deployment
from tests.local.marketplace import Marketplace, Scheme


@pytest.fixture(scope="module")
def deployments() -> Iterator[dict[str, Deployment]]:
    """Two stacks on one bus, each with its own marketplace and authentication scheme."""
    with LocalAws() as aws, Marketplace() as by_signature, Marketplace() as by_token:
        yield {
            "signature": _deploy(aws, by_signature, "walmart-first", "signature"),
            "token": _deploy(aws, by_token, "walmart-second", "token"),
        }


def _deploy(aws: LocalAws, marketplace: Marketplace, name: str, auth: Scheme) -> Deployment:
    return Deployment(
        aws,
        marketplace,
        auth=auth,
        name=name,
        secret_name=name,
        OrderEventSource=f"{name}.orders",
        AlarmEmail="alarms@example.com",
        RequestsPerMinute="6000",
        BackoffBaseSeconds="1",
        BackoffCapSeconds="1",
        CredentialsHoldSeconds="1",
    )


@pytest.fixture(scope="module")
def deployment(deployments: dict[str, Deployment]) -> Deployment:
    return deployments["signature"]


@pytest.fixture
def purchase_order_id() -> str:
    return str(uuid.uuid4().int)[:13]
