"""New processes, from their start to their first answer: how long, how many instructions, how much memory."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_COUNTING: Final = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNTED: Final = re.compile(r"I\s+refs:\s+([\d,]+)")
_END_SECONDS: Final = 1800


type Until = Callable[[subprocess.Popen[bytes], IO[bytes]], object]
"""Waits for what a process is run for. It is given the process, and what that writes."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, and the whole of its environment."""

    command: Sequence[str | Path]
    directory: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took until its first answer.

    Attributes:
        wall_s: Seconds from its start.
        peak_bytes: The most memory it had. Not `ru_maxrss`: that of a process begins with what the one had
            that started it.
    """

    wall_s: float
    peak_bytes: int


def run(program: Program, until: Until) -> Run:
    """Run a program until `until` returns, then end it.

    Raises:
        RuntimeError: What `until` waits for did not happen.
    """
    started = time.perf_counter()
    with _started(program.command, program) as (process, said, _):
        until(process, said)
        wall_s = time.perf_counter() - started
        status = Path(f"/proc/{process.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    return Run(wall_s, int(peak[1]) * 1024)


def instructions(program: Program, until: Until) -> int:
    """Run a program in the same way under valgrind, and return how many instructions it took.

    Its hashes are seeded alike each time, and it is ended by a signal that valgrind counts up to.

    Raises:
        RuntimeError: What `until` waits for did not happen, or valgrind did not count.
    """
    steady = Program(program.command, program.directory, {**program.environment, "PYTHONHASHSEED": "0"})
    with _started([*_COUNTING, *program.command], steady) as (process, said, complaints):
        until(process, said)
        process.send_signal(signal.SIGTERM)
        process.wait(_END_SECONDS)
        complaints.seek(0)
        text = complaints.read().decode(errors="replace")
    counted = _COUNTED.search(text)
    if counted is None:
        raise RuntimeError(text)
    return int(counted[1].replace(",", ""))


def says_something(process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    """Wait until a process has written something.

    Raises:
        RuntimeError: It ended without a word.
    """
    while os.fstat(said.fileno()).st_size == 0:
        if process.poll() is not None:
            raise RuntimeError("it ended without a word")
        time.sleep(0.001)


@contextmanager
def _started(
    command: Sequence[str | Path], program: Program
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            cwd=program.directory,
            env=dict(program.environment),
            stdin=subprocess.PIPE,  # for whoever waits for its end
            stdout=said,
            stderr=complaints,
        )
        try:
            yield process, said, complaints
        except Exception as error:
            complaints.seek(0)
            raise RuntimeError(f"{error}\n{complaints.read().decode(errors='replace')}") from error
        finally:
            process.kill()
            process.communicate()
