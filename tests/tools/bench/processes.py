"""New processes, from their start to their first answer: how long, how much work, how much memory."""

import os
import re
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_COUNTING: Final = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNTED: Final = re.compile(r"I\s+refs:\s+([\d,]+)")
_END_SECONDS: Final = 300


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
        processor_s: Seconds of processor, its own and the system's for it.
        peak_bytes: The most memory it had. Not `ru_maxrss`: that of a process begins with what the one had
            that started it.
        said_bytes: What it wrote to its standard output.
    """

    wall_s: float
    processor_s: float
    peak_bytes: int
    said_bytes: int


def run(program: Program, until: Until) -> Run:
    """Run a program until `until` returns, then end it.

    Raises:
        RuntimeError: What `until` waits for did not happen.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaints:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        process = _start(program.command, program, said, complaints)
        try:
            until(process, said)
            wall_s = time.perf_counter() - started
            status = Path(f"/proc/{process.pid}/status").read_text()
        except Exception as error:
            complaints.seek(0)
            raise RuntimeError(f"{error}\n{complaints.read().decode(errors='replace')}") from error
        finally:
            _end(process)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert peak is not None
        processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Run(wall_s, processor_s, int(peak[1]) * 1024, said.seek(0, os.SEEK_END))


def instructions(program: Program, until: Until) -> int:
    """Run a program in the same way under valgrind, and return how many instructions it took.

    Its hashes are seeded alike each time, and it is ended by a signal that valgrind counts up to.
    """
    steady = Program(program.command, program.directory, {**program.environment, "PYTHONHASHSEED": "0"})
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaints:
        process = _start([*_COUNTING, *program.command], steady, said, complaints)
        try:
            until(process, said)
            process.send_signal(signal.SIGTERM)
            process.wait(_END_SECONDS)
        finally:
            _end(process)
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


def _start(
    command: Sequence[str | Path], program: Program, said: IO[bytes], complaints: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=program.directory,
        env=dict(program.environment),
        stdin=subprocess.PIPE,  # for whoever waits for its end
        stdout=said,
        stderr=complaints,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
