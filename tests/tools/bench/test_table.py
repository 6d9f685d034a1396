"""The table as it is printed."""

from tests.tools.bench.table import Row, markdown, ratio, spread


def test_the_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [Row("Call", "1.00 ms"), Row("Memory", "30 MB", "1.20 (1.10 to 1.30)", "≤ 35 MB")]

    assert markdown(rows).splitlines() == [
        "| What   | Figure (quartiles) | Ratio (quartiles)   | Target  |",
        "| ------ | ------------------ | ------------------- | ------- |",
        "| Call   | 1.00 ms            |                     |         |",
        "| Memory | 30 MB              | 1.20 (1.10 to 1.30) | ≤ 35 MB |",
    ]


def test_figures_are_written_in_the_unit_that_reads_best() -> None:
    assert spread([0.001, 0.002, 0.003], "ms", 1e3, 1) == "2.0 (1.5 to 2.5) ms"
    assert spread([1_234_567_890], "million", 1e-6, 0) == "1,235 (1,235 to 1,235) million"


def test_a_ratio_is_written_with_its_range() -> None:
    assert ratio([2.0, 3.0, 4.0], [2.0, 2.0, 2.0]) == "1.50 (1.25 to 1.75)"
