"""The mutated modules, their tests, and the mutants that may survive."""

from pathlib import Path
from typing import Final, NamedTuple

PAGE: Final = Path(__file__).with_name("survivors.md")


class Subject(NamedTuple):
    """A module and its tests, those that kill the most mutants in the least time first."""

    module: str
    tests: tuple[str, ...]


_DECISION_TABLE: Final = "tests/unit/acknowledge_orders/test_decision_table.py"
_TABLE: Final = f"{_DECISION_TABLE}::test_a_response_becomes"
_CODES: Final = f"{_DECISION_TABLE}::test_a_code_has_a_meaning_with_its_own_status_alone"
_SWEEP: Final = "tests/unit/sweep_orders"
_TOKENS: Final = "tests/unit/walmart_ca/test_tokens.py"
_PAGES: Final = "tests/unit/walmart_ca/test_pages.py"
_ERRORS: Final = "tests/unit/walmart_ca/test_errors.py"
_MALFORMED: Final = "tests/unit/walmart_ca/test_malformed_responses.py"
_CLASSIFICATION: Final = "tests/unit/walmart_ca/test_classification.py"
SUBJECTS: Final = {
    "policy": Subject("acknowledge_orders.policy", (_DECISION_TABLE,)),
    "outcome": Subject("shared.orders.outcome", (_DECISION_TABLE, _SWEEP)),
    "status": Subject("shared.orders.status", (_DECISION_TABLE, _SWEEP)),
    "caller": Subject("shared.walmart.caller", ("tests/unit/acknowledge_orders/test_attempt.py", _SWEEP)),
    "selection": Subject("sweep_orders.selection", (f"{_SWEEP}/test_selection.py", _SWEEP)),
    "classification": Subject(
        "walmart_ca.classification", (_TABLE, _CLASSIFICATION, _CODES, _PAGES, _ERRORS, _MALFORMED, _TOKENS)
    ),
    "quota_headers": Subject("walmart_ca.quota_headers", (_CLASSIFICATION,)),
    "errors": Subject("walmart_ca.errors", (_ERRORS, _MALFORMED)),
}


def row(subject: str, mutant: str, why: str = "") -> str:
    """Return a row of the table, with escaped bars."""
    escaped = mutant.replace("|", "\\|")
    return f"| {subject} | {escaped} | {why} |"


def listed() -> dict[tuple[str, str], str]:
    """Return the reason for each listed survivor, by module and mutant."""
    rows = (line for line in PAGE.read_text().splitlines() if line.startswith("| "))
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in rows]
    return {(subject, mutant.replace("\\|", "|")): why for subject, mutant, why in cells[2:]}
