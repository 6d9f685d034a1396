"""The page shows what the model says now."""

from tests.tools.capacity.page import PAGE, filled, shown
from tests.tools.capacity.tables import tables


def test_the_tables_of_the_page_are_those_of_the_model() -> None:
    text = PAGE.read_text()

    assert text == filled(text), "run: make capacity ARGS=--write"


def test_the_page_has_every_table_once() -> None:
    assert sorted(shown(PAGE.read_text())) == sorted(tables())


def test_a_figure_that_is_not_the_models_is_put_right() -> None:
    text = PAGE.read_text()
    (row,) = (line for line in text.splitlines() if line.startswith("| 60 | 3,420 |"))

    assert filled(text.replace(row, "| 60 | 9,999 |")) == text
