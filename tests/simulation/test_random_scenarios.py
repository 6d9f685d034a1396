"""The invariants hold in a few random scenarios. `make simulate` runs many."""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.simulation.__main__ import Summary
from tests.simulation.faults import ALL_FAULTS, RANDOM_FAULTS, AnyFault, SystemFault, name
from tests.simulation.harness import Simulation, running
from tests.simulation.random_scenario import check_recovery, run_scenario


@pytest.mark.parametrize("seed", range(3))
def test_the_invariants_hold_in_a_random_scenario(seed: int, keys: Sequence[str]) -> None:
    assert run_scenario(seed, keys, orders=40).violations == []


@pytest.mark.parametrize("kind", RANDOM_FAULTS, ids=name)
def test_the_invariants_hold_while_one_fault_occurs_repeatedly(kind: AnyFault, keys: Sequence[str]) -> None:
    occurred = 0
    for simulation in (Simulation(4, keys), Simulation(4, keys, scheme="token")):
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


def test_a_run_holds_with_every_fault_and_no_violation(keys: Sequence[str]) -> None:
    summary, one = Summary(), run_scenario(6, keys, orders=5)
    every = one._replace(occurred=Counter(ALL_FAULTS))
    for _ in range(20):
        summary.add(every)
    holds = [summary.holds]

    summary.occurred[SystemFault.BUS_RESPONSE_LOST] = 0
    holds.append(summary.holds)
    assert summary.missing_faults == ["bus response lost occurred 0 times, expected at least 1"]

    summary.add(every._replace(violations=["1.000 s: an event is lost"]))
    holds.append(summary.holds)
    assert summary.violations == ["seed 6: 1.000 s: an event is lost"]
    assert holds == [True, False, False]


@pytest.mark.parametrize(("violations", "holds"), [([], True), (["1.000 s: an event is lost"], False)])
def test_a_run_too_short_for_every_fault_holds_without_violation(
    violations: list[str], holds: bool, keys: Sequence[str]
) -> None:
    summary = Summary()
    summary.add(run_scenario(6, keys, orders=5)._replace(violations=violations))

    assert summary.missing_faults
    assert summary.holds is holds
