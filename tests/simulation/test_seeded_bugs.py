"""The program broken on purpose: the simulation finds each mistake, and says what it breaks."""

import multiprocessing
from collections.abc import Sequence

import pytest

from tests.simulation.seeded_bugs import BREAKS, Break, breaches_beside

TIMEOUT_S = 300
FRESH = multiprocessing.get_context("forkserver")
"""Starts processes that have not imported the program, and so can import it with a mistake."""
FRESH.set_forkserver_preload(
    ["aws_lambda_powertools.metrics", "boto3", "cryptography.hazmat.primitives.serialization", "urllib3"]
)


@pytest.mark.parametrize("mistake", BREAKS, ids=lambda mistake: mistake.name)
def test_it_is_found_when(mistake: Break, keys: Sequence[str]) -> None:
    with FRESH.Pool(1) as pool:
        breaches = pool.apply_async(breaches_beside, (mistake, keys)).get(TIMEOUT_S)

    assert any(mistake.found_as in breach for breach in breaches), breaches[:20]
