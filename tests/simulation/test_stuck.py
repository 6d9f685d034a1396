"""Orders that cannot be acknowledged do not delay others, in virtual time."""

from collections.abc import Sequence

import pytest

from tests.simulation.faults import STUCK_ORDER_FAULTS, TimedFault, name
from tests.simulation.stuck import StuckRun, run

HOURS, STUCK = 2.0, 10  # `make stuck` runs six hours with up to forty.


@pytest.fixture(scope="module")
def undisturbed(keys: Sequence[str]) -> StuckRun:
    return run(None, 0, private_keys=keys, hours=HOURS)


@pytest.mark.parametrize("kind", STUCK_ORDER_FAULTS, ids=name)
def test_stuck_orders_do_not_delay_others(
    kind: TimedFault, undisturbed: StuckRun, keys: Sequence[str]
) -> None:
    stuck = run(kind, STUCK, private_keys=keys, hours=HOURS)

    assert stuck.violations == []
    for each in (True, False):
        assert stuck.age_s(0.99, announced=each) <= 2 * undisturbed.age_s(0.99, announced=each)
    assert stuck.copies <= 2
