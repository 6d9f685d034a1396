"""What the operators make of a line, and that the page of survivors names mutants that there are."""

import ast
import functools

import pytest

from .mutants import mutants
from .subjects import SUBJECTS
from .survivors import PAGE, listed, row

OPERATORS = {
    "a < b": {"a <= b", "a >= b"},
    "a == b": {"a != b"},
    "a is not b": {"a is b"},
    "a in b": {"a not in b"},
    "a and b": {"a or b", "a", "b"},
    "a or b or c": {"a and b and c", "b or c", "a or c", "a or b"},
    "not a": {"a"},
    "a + b": {"a - b"},
    "a - b": {"a + b", "a", "b"},
    "a | b": {"a", "b"},
    "7": {"8", "6"},
    "'word'": {"''"},
    "True": {"False"},
    "a if b else c": {"a if True else c", "a if False else c"},
    "max(a, b)": {"a", "b"},
    "f(key=a)": {"f()"},
    "(a, b)": {"(a,)", "(b,)"},
    "{a: b}": {"{}"},
    "[a for a in b]": {"[a for a in ()]"},
    "Kind.A + Kind.B": {"Kind.B + Kind.B", "Kind.A + Kind.A", "Kind.A - Kind.B"},
}


@pytest.mark.parametrize("line", OPERATORS)
def test_a_line_has_these_mutants(line: str) -> None:
    assert set(mutants(f"x = {line}").values()) == {"pass", *(f"x = {other}" for other in OPERATORS[line])}


STATEMENTS = {
    "if a:\n    f()": {"if True:\n    f()", "if False:\n    f()", "if a:\n    pass"},
    "for a in b:\n    f()": {"for a in ():\n    f()", "for a in b:\n    pass"},
    "def f():\n    return a": {"def f():\n    return"},
    "def f():\n    return None": set(),
    "def f(a: int=b) -> str:\n    raise a": {"def f(a: int=b) -> str:\n    pass"},
    "match a:\n    case b.c | b.d:\n        pass": {
        "match a:\n    case b.c:\n        pass",
        "match a:\n    case b.d:\n        pass",
        "match a:",
    },
    "from walmart_ca import Order, Call\nreturn f(Order, Call)": {
        "from walmart_ca import Order, Call\nreturn f(Call, Call)",
        "from walmart_ca import Order, Call\nreturn f(Order, Order)",
        "from walmart_ca import Order, Call\nreturn",
    },
}


@pytest.mark.parametrize("source", STATEMENTS)
def test_a_statement_has_these_mutants(source: str) -> None:
    assert {mutant.strip() for mutant in mutants(source).values()} - {"pass"} == STATEMENTS[source]


@functools.cache
def mutants_of(subject: str) -> dict[str, str]:
    return mutants(SUBJECTS[subject].path.read_text())


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_mutant_is_python_and_another(subject: str) -> None:
    found = mutants_of(subject)

    assert len(set(found.values())) == len(found) > 30
    for mutant in found.values():
        ast.parse(mutant)


def test_the_page_names_mutants_that_there_are_each_with_a_reason() -> None:
    assert listed()
    for (subject, mutant), why in listed().items():
        assert mutant in mutants_of(subject), row(subject, mutant)
        assert why, row(subject, mutant)


def test_every_row_of_the_page_is_read_as_it_stands_there() -> None:
    rows = [row(subject, mutant, why) for (subject, mutant), why in listed().items()]

    assert PAGE.read_text().endswith("\n".join(["| --- | --- | --- |", *rows, ""]))
