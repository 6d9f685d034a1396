"""The promise in lives that Hypothesis makes up. `make prove` has more of them."""

from collections.abc import Sequence

from tests.simulation.__main__ import lives


def test_the_promise_holds_in_every_life(keys: Sequence[str]) -> None:
    reports = lives(20, keys)

    assert len(reports) >= 20
    assert [report.breaches for report in reports if report.breaches] == []
