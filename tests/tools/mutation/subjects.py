"""What is mutated, and by which tests it is held."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

ROOTS: Final = (ROOT / "functions", ROOT / "layers" / "walmart_ca")


@dataclass(frozen=True)
class Subject:
    """A module, and the tests that hold it: those that kill most in the least time first."""

    module: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The module's file."""
        paths = [root / f"{self.module.replace('.', '/')}.py" for root in ROOTS]
        return next(path for path in paths if path.exists())


_CONSEQUENCES: Final = "tests/unit/acknowledge_orders/test_consequences.py"
_TABLE: Final = f"{_CONSEQUENCES}::test_an_answer_is_made_into"
_CODES: Final = f"{_CONSEQUENCES}::test_a_code_means_something_with_its_own_status_alone"
_SWEEP: Final = "tests/unit/sweep_orders"
_TOKENS: Final = "tests/unit/walmart_ca/test_tokens.py"
_QUOTA: Final = "tests/unit/walmart_ca/test_quota.py"
_PAGES: Final = "tests/unit/walmart_ca/test_pages.py"
_ERRORS: Final = "tests/unit/walmart_ca/test_errors.py"
_ODD: Final = "tests/unit/walmart_ca/test_odd_answers.py"
_ANSWERS: Final = "tests/integration/walmart_ca/test_verdicts.py"
SUBJECTS: Final = {
    "policy": Subject("acknowledge_orders.policy", (_CONSEQUENCES,)),
    "outcomes": Subject("shared.outcomes", (_CONSEQUENCES, _SWEEP)),
    "order_state": Subject("shared.order_state", (_CONSEQUENCES, _SWEEP)),
    "calling": Subject("shared.calling", ("tests/unit/acknowledge_orders/test_attempt.py", _SWEEP)),
    "selection": Subject("sweep_orders.selection", (_SWEEP,)),
    "verdicts": Subject(
        "walmart_ca.verdicts", (_TABLE, _CODES, _QUOTA, _TOKENS, _PAGES, _ERRORS, _ODD, _ANSWERS)
    ),
    "errors": Subject("walmart_ca.errors", (_ERRORS, _ANSWERS)),
}
