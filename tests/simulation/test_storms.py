"""The promise in a few storms. `make prove` has many of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.simulation.__main__ import Proof
from tests.simulation.aftermath import settle
from tests.simulation.storm import rage
from tests.simulation.weather import KINDS, OF_CHANCE, Kind, Mishap, name
from tests.simulation.world import Door, World, going_on

SEEDS = 12


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_promise_holds_in_a_storm(seed: int, keys: Sequence[str]) -> None:
    assert rage(seed, keys, orders=60).breaches == []


@pytest.mark.parametrize("kind", OF_CHANCE, ids=name)
def test_the_promise_holds_while_something_goes_wrong_again_and_again(
    kind: Kind, keys: Sequence[str]
) -> None:
    doors: list[Door] = ["signature", "token"]
    struck = 0
    for door in doors:
        world = World(1, keys, door=door)
        with going_on(world):
            world.weather.likely = {kind: 0.4}
            for number in range(12):
                world.place_order(told=number % 2 == 0)
                world.pass_time(300)
            settle(world)
        assert world.promise.breaches == []
        struck += world.weather.struck[kind]

    assert struck


def test_a_seed_gives_the_same_course_of_events_again_and_another_seed_another(keys: Sequence[str]) -> None:
    course = rage(1, keys, orders=30).course

    assert rage(1, keys, orders=30).course == course
    assert rage(2, keys, orders=30).course != course


@pytest.fixture
def proof(keys: Sequence[str]) -> Proof:
    """Of one seed, in which every kind of trouble struck."""
    proof = Proof()
    one = rage(6, keys, orders=5)
    proof.add(replace(one, struck=one.struck + Counter(KINDS)))
    return proof


def test_a_run_counts_when_every_kind_of_trouble_struck(proof: Proof) -> None:
    assert proof.holds

    proof.struck[Mishap.BUS_MUTE] = 0

    assert proof.too_rare == ["bus mute struck 0 times, 1 are needed"]
    assert not proof.holds


def test_a_violation_is_told_with_its_seed(proof: Proof, keys: Sequence[str]) -> None:
    proof.add(replace(rage(6, keys, orders=5), breaches=["1.000 s: something is gone"]))

    assert proof.violations == ["seed 6: 1.000 s: something is gone"]
    assert not proof.holds
