"""The built functions, and what they meet outside their environment."""

import sys
from collections.abc import Iterator

import pytest

from tests.local.aws import Build, LocalAws
from tests.local.marketplace import Marketplace
from tests.runtime.harness import Surroundings


@pytest.fixture(scope="session")
def build() -> Build:
    """The build for this machine's processor."""
    if sys.platform != "linux":
        pytest.skip("AWS's emulator is a program for Linux")
    return Build.cached()


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


@pytest.fixture(scope="session")
def private_key() -> str:
    """One key for every seller: making one takes longer than most tests."""
    return Marketplace().register_seller().private_key


@pytest.fixture
def surroundings(build: Build, local_aws: LocalAws, private_key: str) -> Iterator[Surroundings]:
    with Marketplace() as marketplace:
        yield Surroundings(build, local_aws, marketplace, private_key)
