"""The simulation finds each bug of `seeded_bugs.md` and names the violation."""

import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.mutated import Mutated, path_of
from tests.support.pages import Page

SEEDS = 120
"""More than any bug needs."""
TIMEOUT_S = 300
FRESH = multiprocessing.get_context("forkserver")
"""Starts processes that have not imported the program, so that they can import it with a bug."""
FRESH.set_forkserver_preload(
    [
        *("asyncio", "boto3", "urllib3", "cryptography.hazmat.primitives.serialization"),
        *("encodings.idna", "aws_lambda_powertools.metrics", "aws_lambda_powertools.utilities.typing"),
        *("tests.local.marketplace", "tests.support.outcome_schema", "tests.support.sqs_limits", __name__),
    ]
)


class SeededBug(NamedTuple):
    """A row of the table: `wrong` replaces `right`, and a violation contains `found_as`."""

    name: str
    module: str
    right: str
    wrong: str
    found_as: str
    first_seed: str
    orders: str


ROWS = Page(Path(__file__).with_name("seeded_bugs.md")).table("Bug")
SEEDED_BUGS = [SeededBug(*(cell.strip("`") for cell in row)) for row in ROWS]


def violations_with(bug: SeededBug, private_keys: Sequence[str]) -> list[str]:
    """Run scenarios with a bug until one finds it, in a process that has not imported the program yet."""
    source = path_of(bug.module).read_text()
    assert source.count(bug.right) == 1, f"{bug.module} has changed: update the seeded bug"
    sys.meta_path.insert(0, Mutated(bug.module, source.replace(bug.right, bug.wrong)))
    from tests.simulation.random_scenario import run_scenario  # noqa: PLC0415 - it imports the program with the bug

    found: list[str] = []
    for seed in range(int(bug.first_seed), int(bug.first_seed) + SEEDS):
        found += run_scenario(seed, private_keys, orders=int(bug.orders)).violations
        if any(bug.found_as in violation for violation in found):
            break
    return found


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=lambda bug: bug.name)
def test_the_simulation_finds(bug: SeededBug, keys: Sequence[str]) -> None:
    with FRESH.Pool(1) as pool:
        violations = pool.apply_async(violations_with, (bug, keys)).get(TIMEOUT_S)

    assert any(bug.found_as in violation for violation in violations), violations[:20]
