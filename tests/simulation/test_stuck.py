"""Orders that cannot be acknowledged delay no others. Virtual time alone: no run depends on the machine."""

from collections.abc import Sequence

import pytest

from tests.simulation.stuck import Course, run
from tests.simulation.weather import STUCK, Mishap

HOURS = 4.0


@pytest.fixture(scope="module")
def undisturbed(keys: Sequence[str]) -> Course:
    return run(None, 0, private_keys=keys, hours=HOURS)


@pytest.mark.parametrize("kind", STUCK, ids=lambda kind: kind.value)
def test_good_orders_are_not_late_beside_stuck_ones(
    kind: Mishap, undisturbed: Course, keys: Sequence[str]
) -> None:
    course = run(kind, 40, private_keys=keys, hours=HOURS)

    assert course.breaches == []
    for announced in (True, False):
        limit_s = 2 * undisturbed.age_s(0.99, announced=announced)
        assert course.age_s(0.99, announced=announced) <= limit_s
    assert course.copies <= 2
