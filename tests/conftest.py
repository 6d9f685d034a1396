"""What several kinds of tests share and what takes long to start: one local AWS, one key."""

from collections.abc import Iterator

import pytest

from tests.local.aws import LocalAws
from tests.support.keys import rsa_key, walmart_form


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


@pytest.fixture(scope="session")
def private_key() -> str:
    """One key for every seller."""
    return walmart_form(rsa_key())
