"""The mutation operators, and the page of survivors."""

import functools

import pytest

from tests.support.mutated import path_of

from .__main__ import PAGE, SUBJECTS, listed, row
from .mutants import mutants

EXPRESSIONS = {
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
IMPORT = "from walmart_ca import Order, CallInfo\n"
SOURCES = {
    **{f"x = {one}": {f"x = {other}" for other in others} for one, others in EXPRESSIONS.items()},
    "if a:\n    f()": {"if True:\n    f()", "if False:\n    f()", "if a:\n    pass"},
    "for a in b:\n    f()": {"for a in ():\n    f()", "for a in b:\n    pass"},
    "def f():\n    return a": {"def f():\n    return"},
    "def f():\n    return None": set(),
    "def f(a: int=b) -> str:\n    raise a": {"def f(a: int=b) -> str:\n    pass"},
    "match a:\n    case b.c | b.d:\n        pass": {
        *(f"match a:\n    case b.{name}:\n        pass" for name in "cd"),
        "match a:",
    },
    f"{IMPORT}return f(Order, CallInfo)": {
        *(f"{IMPORT}return f({name}, {name})" for name in ("CallInfo", "Order")),
        f"{IMPORT}return",
    },
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_has_these_mutants(source: str) -> None:
    # Each source also has the mutant `pass`.
    assert {mutant.strip() for mutant in mutants(source).values()} - {"pass"} == SOURCES[source]


@functools.cache
def mutants_of(subject: str) -> dict[str, str]:
    return mutants(path_of(SUBJECTS[subject].module).read_text())


def test_the_page_names_existing_mutants_with_reasons() -> None:
    rows = [row(subject, mutant, why) for (subject, mutant), why in listed().items()]

    assert PAGE.read_text().endswith("\n".join(["| --- | --- | --- |", *rows, ""]))
    for (subject, mutant), why in listed().items():
        assert mutant in mutants_of(subject), row(subject, mutant)
        assert why, row(subject, mutant)
