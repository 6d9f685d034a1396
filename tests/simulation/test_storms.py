"""The promise in a few storms. `make prove` has many of them."""

from collections.abc import Sequence
from dataclasses import replace

from tests.simulation.__main__ import Proof, prove
from tests.simulation.storm import rage
from tests.simulation.weather import KINDS, Mishap

SEEDS = 32


def test_the_promise_holds_whatever_strikes() -> None:
    proof = Proof()
    for report in prove(range(SEEDS), orders=60, jobs=1):
        proof.add(report)

    assert proof.violations == []
    # And every kind of trouble there is did strike.
    assert proof.too_rare == []
    assert proof.holds


def test_a_seed_gives_the_same_course_of_events_again(keys: Sequence[str]) -> None:
    assert rage(1, keys, orders=30) == rage(1, keys, orders=30)


def test_another_seed_gives_another(keys: Sequence[str]) -> None:
    assert rage(1, keys, orders=30).course != rage(2, keys, orders=30).course


def test_a_run_in_which_a_kind_of_trouble_never_struck_does_not_count(keys: Sequence[str]) -> None:
    proof = Proof()
    proof.add(rage(1, keys, orders=5))
    for kind in KINDS:
        proof.struck[kind] = 1
    assert proof.holds

    proof.struck[Mishap.BUS_MUTE] = 0

    assert proof.too_rare == ["bus mute struck 0 times, 1 are needed"]
    assert not proof.holds


def test_a_violation_is_told_with_its_seed(keys: Sequence[str]) -> None:
    proof = Proof()

    proof.add(replace(rage(1, keys, orders=5), breaches=["1.000 s: something is gone"]))

    assert proof.violations == ["seed 1: 1.000 s: something is gone"]
    assert str(proof).endswith(" 1 violations")
