"""The invariants hold in a few random scenarios. `make simulate` runs many."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.simulation.__main__ import Summary
from tests.simulation.faults import ALL_FAULTS, RANDOM_FAULTS, AnyFault, SystemFault, name
from tests.simulation.harness import Scheme, Simulation, running
from tests.simulation.random_scenario import run_scenario
from tests.simulation.recovery_check import check_recovery

SEEDS = 8


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_invariants_hold_in_a_random_scenario(seed: int, keys: Sequence[str]) -> None:
    assert run_scenario(seed, keys, orders=40).violations == []


@pytest.mark.parametrize("kind", RANDOM_FAULTS, ids=name)
def test_the_invariants_hold_while_one_fault_occurs_repeatedly(kind: AnyFault, keys: Sequence[str]) -> None:
    schemes: list[Scheme] = ["signature", "token"]
    occurred = 0
    for scheme in schemes:
        simulation = Simulation(1, keys, scheme=scheme)
        with running(simulation):
            simulation.faults.probabilities = {kind: 0.4}
            for number in range(8):
                simulation.place_order(announced=number % 2 == 0)
                simulation.pass_time(300)
            check_recovery(simulation)
        assert simulation.invariants.violations == []
        occurred += simulation.faults.occurred[kind]

    assert occurred


def test_a_seed_reproduces_its_scenario(keys: Sequence[str]) -> None:
    first, again, other = (run_scenario(seed, keys, orders=15).digest for seed in (0, 0, 2))

    assert first == again != other


@pytest.fixture
def summary(keys: Sequence[str]) -> Summary:
    """A run of one seed in which every fault occurred."""
    summary = Summary()
    one = run_scenario(6, keys, orders=5)
    summary.add(replace(one, occurred=one.occurred + Counter(ALL_FAULTS)))
    return summary


def test_a_run_is_valid_when_every_fault_occurred(summary: Summary) -> None:
    assert summary.holds

    summary.occurred[SystemFault.BUS_RESPONSE_LOST] = 0

    assert summary.missing_faults == ["bus response lost occurred 0 times, expected at least 1"]
    assert not summary.holds


def test_a_violation_is_reported_with_its_seed(summary: Summary, keys: Sequence[str]) -> None:
    summary.add(replace(run_scenario(6, keys, orders=5), violations=["1.000 s: an event is lost"]))

    assert summary.violations == ["seed 6: 1.000 s: an event is lost"]
    assert not summary.holds
