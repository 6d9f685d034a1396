"""Seeded bugs: mistakes that a developer could make, each of which the simulation must find."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.mutated import Mutated, path_of
from tests.support.pages import Page

_SEEDS: Final = 120
"""More than any bug needs."""


class SeededBug(NamedTuple):
    """A row of `seeded_bugs.md`: `wrong` replaces `right`, and a violation contains `found_as`."""

    name: str
    module: str
    right: str
    wrong: str
    found_as: str
    first_seed: str
    orders: str


SEEDED_BUGS: Final = [
    SeededBug(*(cell.strip("`") for cell in row))
    for row in Page(Path(__file__).with_suffix(".md")).table("Bug")
]


def violations_with(bug: SeededBug, private_keys: Sequence[str]) -> list[str]:
    """Run scenarios with a bug until one finds it, in a process that has not imported the program yet."""
    source = path_of(bug.module).read_text()
    if source.count(bug.right) != 1:
        raise ValueError(f"{bug.module} has changed: update the seeded bug {bug.name!r}")
    sys.meta_path.insert(0, Mutated(bug.module, source.replace(bug.right, bug.wrong)))
    from tests.simulation.random_scenario import run_scenario  # noqa: PLC0415 - it imports the program with the bug

    found: list[str] = []
    for seed in range(int(bug.first_seed), int(bug.first_seed) + _SEEDS):
        found += run_scenario(seed, private_keys, orders=int(bug.orders)).violations
        if any(bug.found_as in violation for violation in found):
            break
    return found
