"""Medians, ratios, the order of the rounds, and the printed table."""

from functools import partial

import pytest

from tests.tools.bench.figures import Row, interleaved, markdown, ratio, spread


def test_figures_are_written_as_median_and_quartiles() -> None:
    assert spread([0.005, 0.001, 0.004, 0.002, 0.003], "ms", 1e3, 1) == "3.0 (2.0 to 4.0) ms"
    assert spread([1_234_567_890], "million", 1e-6, 0) == "1,235 (1,235 to 1,235) million"


@pytest.mark.parametrize(
    ("ours", "baseline", "written"),
    [
        ([2.0, 3.0, 4.0], [2.0, 2.0, 2.0], "1.50 (1.25 to 1.75)"),
        # One slow round does not change the ratio of the medians.
        ([2.0, 2.0, 2.0, 200.0], [1.0, 1.0, 1.0, 1.0], "2.00 (2.00 to 51.50)"),
        # A round that is slow for both does not change the ratio.
        ([2.0, 20.0, 2.0, 20.0], [1.0, 10.0, 1.0, 10.0], "2.00 (2.00 to 2.00)"),
    ],
)
def test_a_ratio_is_that_of_the_medians(ours: list[float], baseline: list[float], written: str) -> None:
    assert ratio(ours, baseline) == written


def test_figures_of_different_rounds_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_contenders_alternate_after_a_warm_up_round() -> None:
    turns: list[str] = []

    def turn(name: str) -> int:
        turns.append(name)
        return len(turns)

    taken = interleaved({name: partial(turn, name) for name in ("a", "b", "c")}, rounds=3)

    assert "".join(turns) == "cab" + "abc" + "bca" + "cab"
    assert taken["a"] == [4, 9, 11]


def test_the_columns_of_the_table_are_aligned() -> None:
    rows = [Row("Call", "1.00 ms"), Row("Memory", "30 MB", "1.20 (1.10 to 1.30)", "≤ 35 MB")]

    assert markdown(rows).splitlines() == [
        "| What   | Figure (quartiles) | Ratio (quartiles)   | Target  |",
        "| ------ | ------------------ | ------------------- | ------- |",
        "| Call   | 1.00 ms            |                     |         |",
        "| Memory | 30 MB              | 1.20 (1.10 to 1.30) | ≤ 35 MB |",
    ]
