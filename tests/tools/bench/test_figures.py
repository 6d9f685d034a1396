"""Many figures as one, two as their ratio, contenders in turns, and the table as it is printed."""

from functools import partial

import pytest

from tests.tools.bench.figures import Row, in_turns, markdown, ratio, spread


def test_figures_are_written_as_their_median_between_its_quartiles_in_the_unit_that_reads_best() -> None:
    assert spread([0.005, 0.001, 0.004, 0.002, 0.003], "ms", 1e3, 1) == "3.0 (2.0 to 4.0) ms"
    assert spread([1_234_567_890], "million", 1e-6, 0) == "1,235 (1,235 to 1,235) million"


@pytest.mark.parametrize(
    ("ours", "floor", "written"),
    [
        ([2.0, 3.0, 4.0], [2.0, 2.0, 2.0], "1.50 (1.25 to 1.75)"),
        # What a single round met does not change the ratio of the medians.
        ([2.0, 2.0, 2.0, 200.0], [1.0, 1.0, 1.0, 1.0], "2.00 (2.00 to 51.50)"),
        # A slow round that meets both is no spread of their ratio.
        ([2.0, 20.0, 2.0, 20.0], [1.0, 10.0, 1.0, 10.0], "2.00 (2.00 to 2.00)"),
    ],
)
def test_a_ratio_is_that_of_the_medians_with_the_quartiles_of_the_rounds(
    ours: list[float], floor: list[float], written: str
) -> None:
    assert ratio(ours, floor) == written


def test_figures_that_were_not_taken_together_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_contenders_take_turns_none_is_always_first_and_the_round_that_warms_up_is_not_counted() -> None:
    turns: list[str] = []

    def turn(name: str) -> int:
        turns.append(name)
        return len(turns)

    taken = in_turns({name: partial(turn, name) for name in ("a", "b", "c")}, rounds=3)

    assert "".join(turns) == "cab" + "abc" + "bca" + "cab"
    assert taken["a"] == [4, 9, 11]


def test_the_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [Row("Call", "1.00 ms"), Row("Memory", "30 MB", "1.20 (1.10 to 1.30)", "≤ 35 MB")]

    assert markdown(rows).splitlines() == [
        "| What   | Figure (quartiles) | Ratio (quartiles)   | Target  |",
        "| ------ | ------------------ | ------------------- | ------- |",
        "| Call   | 1.00 ms            |                     |         |",
        "| Memory | 30 MB              | 1.20 (1.10 to 1.30) | ≤ 35 MB |",
    ]
