"""Run the tests on every mutant of the modules that decide about an order.

The exit code is 1 if a mutant survives that `survivors.md` does not list, or if a listed one does not.
"""

import gc
import importlib
import os
import signal
import sys
import time
from collections import deque
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.support.mutated import ROOTS, Mutated, path_of
from tests.support.paths import ROOT

from .mutants import mutants

HANGS_AFTER_S: Final = 120
"""A mutant that hangs does not count as killed, because no test fails."""
PYTEST: Final = ("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-profile=ci")
"""With Hypothesis' own profile `ci`, every run has the same examples."""
KILLED: Final = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
"""A test failed, or its import failed. No other result of pytest counts as killed."""
PAGE: Final = Path(__file__).with_name("survivors.md")


class Subject(NamedTuple):
    """A module and its tests, those that kill the most mutants in the least time first."""

    module: str
    tests: tuple[str, ...]


_DECISION_TABLE: Final = "tests/unit/acknowledge_orders/test_decision_table.py"
_ATTEMPT: Final = "tests/unit/acknowledge_orders/test_attempt.py"
_SWEEP: Final = "tests/unit/sweep_orders"
_CLIENT: Final = "tests/unit/walmart_ca"
_CLASSIFICATION: Final = (
    f"{_DECISION_TABLE}::test_a_response_becomes",
    f"{_CLIENT}/test_classification.py",
    f"{_DECISION_TABLE}::test_a_code_has_a_meaning_with_its_own_status_alone",
    *(f"{_CLIENT}/test_{name}.py" for name in ("pages", "errors", "malformed_responses", "tokens")),
)
_ERRORS: Final = (f"{_CLIENT}/test_errors.py", f"{_CLIENT}/test_malformed_responses.py")
SUBJECTS: Final = {
    "policy": Subject("acknowledge_orders.policy", (_DECISION_TABLE,)),
    "outcome": Subject("shared.orders.outcome", (_DECISION_TABLE, _SWEEP)),
    "status": Subject("shared.orders.status", (_DECISION_TABLE, _SWEEP)),
    "caller": Subject("shared.walmart.caller", (_ATTEMPT, _SWEEP)),
    "selection": Subject("sweep_orders.selection", (f"{_SWEEP}/test_selection.py", _SWEEP)),
    "classification": Subject("walmart_ca.classification", _CLASSIFICATION),
    "quota_headers": Subject("walmart_ca.quota_headers", (f"{_CLIENT}/test_classification.py",)),
    "errors": Subject("walmart_ca.errors", _ERRORS),
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


def start(module: str, tests: str, source: str) -> int:
    """Run tests with another source of a module in a child process, and return its id.

    Its exit code is pytest's, unless a signal ends a hanging test. A source that cannot be imported fails.
    """
    if child := os.fork():
        return child
    signal.alarm(HANGS_AFTER_S)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    code = int(pytest.ExitCode.TESTS_FAILED)
    try:
        sys.meta_path.insert(0, Mutated(module, source))
        importlib.import_module(module)
        code = int(pytest.main([*PYTEST, tests]))
    finally:
        os._exit(code)


def surviving(subject: Subject, sources: dict[str, str]) -> list[str]:
    """Return the names of the sources with which all tests of the subject pass, in their order."""
    survivors = list(sources)
    for tests in subject.tests:
        collect(tests)
        running: dict[int, str] = {}
        remaining, killed = deque(survivors), set[str]()
        while remaining or running:
            while remaining and len(running) < (os.process_cpu_count() or 1):
                name = remaining.popleft()
                running[start(subject.module, tests, sources[name])] = name
            child, status = os.wait()
            name = running.pop(child)
            if os.waitstatus_to_exitcode(status) in KILLED:
                killed.add(name)
        survivors = [name for name in survivors if name not in killed]
        print(f"  {len(survivors):3} of {len(survivors) + len(killed)} pass {tests}", flush=True)
    return survivors


def collect(tests: str) -> None:
    """Import the dependencies of the tests once for all mutants, but not our own modules."""
    with redirect_stdout(StringIO()) as said:
        code = pytest.main([*PYTEST, "--collect-only", tests])
    if code:
        sys.exit(said.getvalue())
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        ours = any(Path(file).is_relative_to(folder) for folder in (*ROOTS, ROOT / "tests"))
        if ours and not name.startswith(__package__ or ""):
            del sys.modules[name]
    gc.freeze()  # The child processes share these objects.


def check(name: str) -> bool:
    """Return whether exactly the listed mutants of a module survive."""
    subject, since = SUBJECTS[name], time.monotonic()
    source = path_of(subject.module).read_text()
    every = mutants(source)
    print(f"{name}: {len(every)} mutants, and the original:", flush=True)
    if not surviving(subject, {"none": source}):
        sys.exit(f"{name}: the tests fail without a mutant")
    survivors = set(surviving(subject, every))
    known = {mutant for module, mutant in listed() if module == name}
    print(f"{name}: {len(survivors)} survive; {time.monotonic() - since:.0f} s")
    for mutant in sorted(survivors ^ known):
        what = "survives but is not listed" if mutant in survivors else "is listed but does not survive"
        print(f"{what}:\n{row(name, mutant)}")
    return known == survivors


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path[:0] = map(str, ROOTS)
    checked = [check(name) for name in sys.argv[1:] or SUBJECTS]
    sys.exit(not all(checked))
