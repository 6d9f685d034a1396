"""The built functions, and the services that they call."""

import sys
from collections.abc import Iterator

import pytest

from tests.local.aws import Build, LocalAws
from tests.local.marketplace import Marketplace
from tests.runtime.harness import RuntimeHarness


@pytest.fixture(scope="session")
def build() -> Build:
    """The build for this machine's processor."""
    if sys.platform != "linux":
        pytest.skip("AWS's emulator is a program for Linux")
    return Build.cached()


@pytest.fixture
def harness(build: Build, local_aws: LocalAws, private_key: str) -> Iterator[RuntimeHarness]:
    with Marketplace() as marketplace:
        yield RuntimeHarness(build, local_aws, marketplace, private_key)
