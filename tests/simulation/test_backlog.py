"""A backlog is worked off as fast as Walmart allows, in virtual time."""

from collections.abc import Sequence

from tests.simulation.backlog import run

ORDERS, CALLS_A_MINUTE = 300, 60


def test_a_backlog_uses_most_of_the_limit_and_no_call_is_refused(keys: Sequence[str]) -> None:
    backlog = run(ORDERS, CALLS_A_MINUTE, private_keys=keys)

    assert backlog.violations == []
    assert backlog.refused == 0
    assert ORDERS / (backlog.drained_s / 60) > 0.9 * CALLS_A_MINUTE
