"""The functions between a real queue service, a real secret store and a real marketplace."""

from collections.abc import Iterator

import pytest

from tests.integration.harness import World
from tests.local.aws import LocalAws
from tests.local.marketplace import Marketplace


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace() as marketplace:
        yield marketplace


@pytest.fixture(scope="session")
def private_key() -> str:
    """One key for every seller: making one takes longer than most tests."""
    return Marketplace().register_seller().private_key


@pytest.fixture
def door() -> str:
    """Walmart's door that is gone through; `through_both_doors` overrides it."""
    return "signature"


@pytest.fixture
def world(
    local_aws: LocalAws,
    marketplace: Marketplace,
    private_key: str,
    capsys: pytest.CaptureFixture[str],
    door: str,
) -> World:
    return World(local_aws, marketplace, marketplace.register_seller(private_key), capsys, door)
