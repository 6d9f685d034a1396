"""New processes from their start to their first response: time, instructions and memory."""

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


type Until = Callable[[subprocess.Popen[bytes], IO[bytes]], float]
"""Waits for the result of a process, given the process and its output. Returns the seconds of processor time
that its event took; 0 without an event."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command with its whole environment."""

    command: Sequence[str | Path]
    directory: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one process until its first response.

    Attributes:
        wall_s: Seconds since its start.
        event_s: Seconds of processor time from its event to its response.
        peak_bytes: Its peak memory. Not `ru_maxrss`, which includes the parent's memory at the fork.
    """

    wall_s: float
    event_s: float
    peak_bytes: int


def run(program: Program, until: Until) -> Run:
    """Run a program until `until` returns, then kill it."""
    started = time.perf_counter()
    with _started(program.command, program) as (process, output, _):
        event_s = until(process, output)
        wall_s = time.perf_counter() - started
        status = Path(f"/proc/{process.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    return Run(wall_s, event_s, int(peak[1]) * 1024)


def instructions(program: Program, until: Until) -> int:
    """Run a program under valgrind, and return how many instructions it executed.

    The hash seed is fixed, and a signal ends the process so that valgrind prints its count.

    Raises:
        RuntimeError: Valgrind printed no count.
    """
    steady = Program(program.command, program.directory, {**program.environment, "PYTHONHASHSEED": "0"})
    with _started([*_COUNTING, *program.command], steady) as (process, output, errors):
        until(process, output)
        process.send_signal(signal.SIGTERM)
        process.wait(_END_SECONDS)
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    counted = _COUNTED.search(text)
    if counted is None:
        raise RuntimeError(text)
    return int(counted[1].replace(",", ""))


def first_output(process: subprocess.Popen[bytes], output: IO[bytes]) -> float:
    """Wait until a process without an event has written something.

    Raises:
        RuntimeError: It ended without output.
    """
    while os.fstat(output.fileno()).st_size == 0:
        if process.poll() is not None:
            raise RuntimeError("it ended without output")
        time.sleep(0.001)
    return 0.0


@contextmanager
def _started(
    command: Sequence[str | Path], program: Program
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            cwd=program.directory,
            env=dict(program.environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
        )
        try:
            yield process, output, errors
        except Exception as error:
            errors.seek(0)
            raise RuntimeError(f"{error}\n{errors.read().decode(errors='replace')}") from error
        finally:
            process.kill()
            process.communicate()
