"""What is mutated, by which tests it is held, and the mutants that may survive by `docs/mutants.md`."""

from typing import Final, NamedTuple

from tests.support.paths import ROOT

PAGE: Final = ROOT / "docs" / "mutants.md"


class Subject(NamedTuple):
    """A module, and the tests that hold it: those that kill most in the least time first."""

    module: str
    tests: tuple[str, ...]


_CONSEQUENCES: Final = "tests/unit/acknowledge_orders/test_consequences.py"
_TABLE: Final = f"{_CONSEQUENCES}::test_an_answer_is_made_into"
_CODES: Final = f"{_CONSEQUENCES}::test_a_code_means_something_with_its_own_status_alone"
_SWEEP: Final = "tests/unit/sweep_orders"
_TOKENS: Final = "tests/unit/walmart_ca/test_tokens.py"
_PAGES: Final = "tests/unit/walmart_ca/test_pages.py"
_ERRORS: Final = "tests/unit/walmart_ca/test_errors.py"
_ODD: Final = "tests/unit/walmart_ca/test_odd_answers.py"
_VERDICTS: Final = "tests/unit/walmart_ca/test_verdicts.py"
SUBJECTS: Final = {
    "policy": Subject("acknowledge_orders.policy", (_CONSEQUENCES,)),
    "outcomes": Subject("shared.orders.outcome", (_CONSEQUENCES, _SWEEP)),
    "order_state": Subject("shared.orders.status", (_CONSEQUENCES, _SWEEP)),
    "calling": Subject("shared.walmart.caller", ("tests/unit/acknowledge_orders/test_attempt.py", _SWEEP)),
    "selection": Subject("sweep_orders.selection", (_SWEEP,)),
    "verdicts": Subject(
        "walmart_ca.classification", (_TABLE, _VERDICTS, _CODES, _PAGES, _ERRORS, _ODD, _TOKENS)
    ),
    "errors": Subject("walmart_ca.errors", (_ERRORS, _ODD)),
}


def row(subject: str, mutant: str, why: str = "") -> str:
    """Write a row of the page's table; no bar in a mutant ends its cell."""
    escaped = mutant.replace("|", "\\|")
    return f"| {subject} | {escaped} | {why} |"


def listed() -> dict[tuple[str, str], str]:
    """Return why each mutant may survive, by its module and its name."""
    rows = (line for line in PAGE.read_text().splitlines() if line.startswith("| "))
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in rows]
    return {(subject, mutant.replace("\\|", "|")): why for subject, mutant, why in cells[2:]}
