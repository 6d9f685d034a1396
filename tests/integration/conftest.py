"""The functions between a real queue service, a real secret store and a real marketplace."""

from collections.abc import Iterator

import pytest

from tests.integration.harness import World
from tests.local.aws import LocalAws
from tests.local.marketplace import Marketplace
from tests.support.shells import Shell, shell


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace() as marketplace:
        yield marketplace


@pytest.fixture
def door() -> str:
    """Walmart's door that is gone through; a parameter overrides it."""
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


@pytest.fixture(scope="session")
def bash(local_aws: LocalAws) -> Iterator[Shell]:
    """Where the pages' commands are pasted."""
    with shell(local_aws) as bash:
        yield bash
