"""The demo as a process, and what it leaves behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from operator import not_
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT
from tests.support.signals import python
from tests.support.waiting import poll

TIMEOUT_S: Final = 540
"""Long, for a busy machine."""


@contextmanager
def demo(
    directory: Path, *arguments: str, ignoring: tuple[signal.Signals, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A demo that writes its files into a directory, which also identifies the processes that it starts."""
    with subprocess.Popen(
        python(["-m", "tests.local.demo", *arguments], ignoring=ignoring),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(directory), "FORCE_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            # Not killed, because then it could not end what it started.
            process.terminate()


def left_behind(directory: Path) -> list[str]:
    """Files and processes that a demo left; a killed process takes a moment to disappear."""
    return poll(lambda: files_and_processes(directory), until=not_, seconds=60)


def files_and_processes(directory: Path) -> list[str]:
    mark = str(directory).encode()
    found = [str(path) for path in directory.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has just ended
    return found
