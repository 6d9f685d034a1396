"""The settings of Hypothesis, one local AWS and one key, for all tests."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.keys import rsa_key, walmart_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local.aws import LocalAws

# A slow machine fails no test, and each run tries the same examples. `make fuzz` tries new ones.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def local_aws() -> "Iterator[LocalAws]":
    """One local AWS for each pytest process."""
    from tests.local.aws import LocalAws  # noqa: PLC0415 - the unit tests start without boto3

    with LocalAws() as aws:
        yield aws


@pytest.fixture(scope="session")
def private_key() -> str:
    """One key for every seller."""
    return walmart_form(rsa_key())
