"""A command at a terminal, and somebody who answers what it asks."""

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
    """What came of a command.

    Args:
        status: What it ended with.
        output: Everything it printed.
        offered: What it offered for Enter, by its question.
    """

    status: int
    output: str
    offered: Mapping[str, str]


def converse(
    command: Sequence[str | Path], *, cwd: Path, extra: Mapping[str, str], answers: Mapping[str, str]
) -> Conversation:
    """Run a command at a terminal to its end; whatever has no answer is answered with Enter."""
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
    said, heard, offered = b"", 0, {}
    try:
        # When the command has ended, Linux says so by an error.
        with suppress(OSError):
            while more := os.read(ours, 65536):
                said += more
                if asked := _QUESTION.search(_plain(said[heard:])):
                    heard = len(said)
                    offered[asked[1]] = asked[2]
                    os.write(ours, f"{answers.get(asked[1], '')}\n".encode())
        status = process.wait()
    finally:
        os.close(ours)
        end(process)
    return Conversation(status, _plain(said), offered)


def _plain(said: bytes) -> str:
    return _STYLE.sub("", said.decode(errors="replace"))
