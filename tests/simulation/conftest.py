"""Keys for the sellers of the simulation: making one takes longer than a whole world."""

from collections.abc import Sequence

import pytest

from tests.simulation.__main__ import private_keys


@pytest.fixture(scope="session")
def keys() -> Sequence[str]:
    return private_keys()
