"""The simulation finds each seeded bug and names the violation."""

import multiprocessing
from collections.abc import Sequence

import pytest

from tests.simulation.seeded_bugs import SEEDED_BUGS, SeededBug, violations_with

TIMEOUT_S = 300
FRESH = multiprocessing.get_context("forkserver")
"""Starts processes that have not imported the program, so that they can import it with a bug."""
FRESH.set_forkserver_preload(
    [
        *("asyncio", "boto3", "urllib3", "cryptography.hazmat.primitives.serialization"),
        *(
            "aws_lambda_powertools.metrics",
            "aws_lambda_powertools.utilities.typing",
            "tests.local.marketplace",
        ),
    ]
)


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=lambda bug: bug.name)
def test_the_simulation_finds(bug: SeededBug, keys: Sequence[str]) -> None:
    with FRESH.Pool(1) as pool:
        violations = pool.apply_async(violations_with, (bug, keys)).get(TIMEOUT_S)

    assert any(bug.found_as in violation for violation in violations), violations[:20]
