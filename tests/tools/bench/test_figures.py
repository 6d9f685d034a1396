"""Many figures as one, two as their ratio, and contenders in turns."""

import pytest

from tests.tools.bench.figures import Ratio, Spread, in_turns


def test_a_spread_is_the_median_between_its_quartiles() -> None:
    assert Spread.of([5, 1, 4, 2, 3]) == Spread(low=2, median=3, high=4, count=5)


def test_a_single_figure_spreads_nowhere() -> None:
    assert Spread.of([7]) == Spread(low=7, median=7, high=7, count=1)


def test_of_no_figures_there_is_no_spread() -> None:
    with pytest.raises(ValueError, match="no figures"):
        Spread.of([])


def test_a_ratio_is_that_of_the_medians_whatever_a_single_round_met() -> None:
    ours, floor = [2.0, 2.0, 200.0], [1.0, 1.0, 1.0]

    assert Ratio.of(ours, floor).value == 2


def test_a_ratio_spreads_as_the_rounds_do_that_were_taken_together() -> None:
    # A slow round that meets both is no spread of their ratio.
    ours, floor = [2.0, 20.0, 2.0, 20.0], [1.0, 10.0, 1.0, 10.0]

    assert Ratio.of(ours, floor) == Ratio(low=2, value=2, high=2)


def test_figures_that_were_not_taken_together_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Ratio.of([1, 2], [1])


def test_contenders_take_turns_and_none_is_always_first() -> None:
    turns: list[str] = []
    contenders = {name: lambda name=name: turns.append(name) for name in ("a", "b", "c")}

    in_turns(contenders, rounds=3)

    assert "".join(turns) == "cab" + "abc" + "bca" + "cab"


def test_a_round_that_warms_up_is_not_counted() -> None:
    figures = iter([100, 1, 2])

    assert in_turns({"only": lambda: next(figures)}, rounds=2) == {"only": [1, 2]}
