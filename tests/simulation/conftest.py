"""Fixtures: a simulation without sweeps, and the keys of its seller."""

from collections.abc import Iterator, Sequence

import pytest

from tests.simulation.__main__ import private_keys
from tests.simulation.harness import Simulation, running


@pytest.fixture(scope="session")
def keys() -> Sequence[str]:
    return private_keys()


@pytest.fixture
def simulation(keys: Sequence[str]) -> Iterator[Simulation]:
    with running(Simulation(1, keys, sweeping=False)) as simulation:
        yield simulation
