"""Let every mutant of what decides about an order meet the tests: each must make one of them fail.

Ends with 1 where a mutant survives that `docs/mutants.md` does not name, or where that page names one that
does not survive.
"""

import gc
import importlib
import os
import signal
import sys
import time
from collections import deque
from contextlib import redirect_stdout
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from io import StringIO
from pathlib import Path
from types import CodeType
from typing import Final

import pytest

from tests.support.paths import ROOT

from .mutants import mutants
from .subjects import ROOTS, SUBJECTS, Subject
from .survivors import listed, row

HANGS_AFTER_S: Final = 120
"""A mutant that hangs is no killed one: no test says so, and how long is too long depends on the machine."""
PYTEST: Final = ("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-profile=ci")
"""The profile is Hypothesis' own; with it the same examples are tried every time."""
KILLED: Final = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
"""A test failed, or could not be imported. Whatever else keeps pytest from passing is no find of a test's."""


class Mutated(SourceFileLoader):
    """Finds and loads one module, from a source that is not its file's."""

    def __init__(self, subject: Subject, source: str) -> None:
        """Serve `source` where the subject's module is imported."""
        super().__init__(subject.module, str(subject.path))
        self._source = source

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Answer for the one module alone."""
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the import system's signature
        """Compile the mutant."""
        return compile(self._source, self.path, "exec", dont_inherit=True)


def start(subject: Subject, tests: str, source: str) -> int:
    """Run tests on another source of the subject, in a process whose id is returned.

    It ends as pytest does, or by a signal when the tests hang. A source that cannot be imported fails them.
    """
    if child := os.fork():
        return child
    signal.alarm(HANGS_AFTER_S)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    code = int(pytest.ExitCode.TESTS_FAILED)
    try:
        sys.meta_path.insert(0, Mutated(subject, source))
        importlib.import_module(subject.module)
        code = int(pytest.main([*PYTEST, tests]))
    finally:
        os._exit(code)


def survive(subject: Subject, sources: dict[str, str]) -> dict[str, str]:
    """Return those sources that make no test of the subject fail."""
    for tests in subject.tests:
        collect(tests)
        found = passing(subject, tests, sources)
        say(f"  {len(found):3} of {len(sources)} pass {tests}")
        sources = {name: source for name, source in sources.items() if name in found}
    return sources


def passing(subject: Subject, tests: str, sources: dict[str, str]) -> set[str]:
    """Return the names of the sources with which these tests pass."""
    running: dict[int, str] = {}
    waiting = deque(sources)
    found: set[str] = set()
    while waiting or running:
        while waiting and len(running) < (os.process_cpu_count() or 1):
            name = waiting.popleft()
            running[start(subject, tests, sources[name])] = name
        child, status = os.wait()
        name = running.pop(child)
        if os.waitstatus_to_exitcode(status) not in KILLED:
            found.add(name)
    return found


def collect(tests: str) -> None:
    """Import what tests need, once for all mutants, and forget what is ours again."""
    with redirect_stdout(StringIO()) as said:
        code = pytest.main([*PYTEST, "--collect-only", tests])
    if code:
        sys.exit(said.getvalue())
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        ours = any(Path(file).is_relative_to(folder) for folder in (*ROOTS, ROOT / "tests"))
        if ours and not name.startswith(__package__ or ""):
            del sys.modules[name]
    gc.freeze()  # what every mutant's process shares is not looked through in each


def judge(name: str) -> bool:
    """Tell whether exactly those mutants of a module survive that the page names."""
    subject = SUBJECTS[name]
    since = time.monotonic()
    source = subject.path.read_text()
    every = mutants(source)
    say(f"{name}: {len(every)} mutants, and none:")
    if not survive(subject, {"none": source}):
        sys.exit(f"{name}: the tests fail without any mutant")
    survivors = survive(subject, every)
    known = [mutant for module, mutant in listed() if module == name]
    new = [mutant for mutant in survivors if mutant not in known]
    gone = [mutant for mutant in known if mutant not in survivors]
    took_s = time.monotonic() - since
    say(f"{name}: {len(survivors)} survive; {took_s:.0f} s")
    for mutant in new:
        say(f"survives, and is not listed:\n{row(name, mutant)}")
    for mutant in gone:
        say(f"is listed, and does not survive:\n{row(name, mutant)}")
    return not new and not gone


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Judge the modules that are named, or all."""
    os.chdir(ROOT)
    sys.path[:0] = [str(root) for root in ROOTS]
    judged = [judge(name) for name in sys.argv[1:] or SUBJECTS]
    sys.exit(not all(judged))


if __name__ == "__main__":
    main()
