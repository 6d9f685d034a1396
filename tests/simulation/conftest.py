"""A world without sweeps, and keys for its seller: making one takes longer than a whole world."""

from collections.abc import Iterator, Sequence

import pytest

from tests.simulation.__main__ import private_keys
from tests.simulation.world import World, going_on


@pytest.fixture(scope="session")
def keys() -> Sequence[str]:
    return private_keys()


@pytest.fixture
def world(keys: Sequence[str]) -> Iterator[World]:
    with going_on(World(1, keys, sweeping=False)) as world:
        yield world
