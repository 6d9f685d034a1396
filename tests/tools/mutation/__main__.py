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
from typing import Final

import pytest

from tests.support.mutated import ROOTS, Mutated, path_of
from tests.support.paths import ROOT

from .mutants import mutants
from .subjects import SUBJECTS, Subject, listed, row

HANGS_AFTER_S: Final = 120
"""A mutant that hangs does not count as killed, because no test fails."""
PYTEST: Final = ("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-profile=ci")
"""With Hypothesis' own profile `ci`, every run has the same examples."""
KILLED: Final = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
"""A test failed, or its import failed. No other result of pytest counts as killed."""


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


def surviving(subject: Subject, sources: dict[str, str]) -> dict[str, str]:
    """Return the sources with which all tests of the subject pass."""
    for tests in subject.tests:
        collect(tests)
        found = passing(subject.module, tests, sources)
        print(f"  {len(found):3} of {len(sources)} pass {tests}", flush=True)
        sources = {name: source for name, source in sources.items() if name in found}
    return sources


def passing(module: str, tests: str, sources: dict[str, str]) -> set[str]:
    """Return the names of the sources with which these tests pass."""
    running: dict[int, str] = {}
    remaining = deque(sources)
    found: set[str] = set()
    while remaining or running:
        while remaining and len(running) < (os.process_cpu_count() or 1):
            name = remaining.popleft()
            running[start(module, tests, sources[name])] = name
        child, status = os.wait()
        name = running.pop(child)
        if os.waitstatus_to_exitcode(status) not in KILLED:
            found.add(name)
    return found


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
    survivors = surviving(subject, every)
    known = [mutant for module, mutant in listed() if module == name]
    print(f"{name}: {len(survivors)} survive; {time.monotonic() - since:.0f} s")
    for mutant in survivors:
        if mutant not in known:
            print(f"survives but is not listed:\n{row(name, mutant)}")
    for mutant in known:
        if mutant not in survivors:
            print(f"is listed but does not survive:\n{row(name, mutant)}")
    return set(known) == set(survivors)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path[:0] = map(str, ROOTS)
    checked = [check(name) for name in sys.argv[1:] or SUBJECTS]
    sys.exit(not all(checked))
