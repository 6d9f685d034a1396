"""A command at a terminal, with answers to its questions."""

import os
import pty
import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.local.aws.commands import end, environment, interrupts_held_back

_QUESTION: Final = re.compile(r"([^\n\t]+) \[([^\n]*)\]: \Z")
_STYLE: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Conversation:
    """The exit status and output of a command, and the default answer of each of its questions."""

    status: int
    output: str
    defaults: Mapping[str, str]


def converse(
    command: Sequence[str | Path], *, cwd: Path, extra: Mapping[str, str], answers: Mapping[str, str]
) -> Conversation:
    """Run a command at a terminal; a question without an answer gets Enter."""
    ours, theirs = pty.openpty()
    with interrupts_held_back():
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=environment(extra),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            text=True,
            start_new_session=True,
        )
    os.close(theirs)
    printed, answered, defaults = b"", 0, {}
    try:
        # On Linux, a read after the end of the command is an error.
        with suppress(OSError):
            while more := os.read(ours, 65536):
                printed += more
                if question := _QUESTION.search(_plain(printed[answered:])):
                    answered = len(printed)
                    defaults[question[1]] = question[2]
                    os.write(ours, f"{answers.get(question[1], '')}\n".encode())
        status = process.wait()
    finally:
        os.close(ours)
        end(process)
    return Conversation(status, _plain(printed), defaults)


def _plain(printed: bytes) -> str:
    return _STYLE.sub("", printed.decode(errors="replace"))
