"""Start a process with a terminal's signals, or with those of a background job."""

import signal
import sys
from collections.abc import Collection, Sequence
from typing import Final

_INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_START: Final = """
import os, signal, sys
for each, ignored in {dispositions}:
    signal.signal(each, signal.SIG_IGN if ignored else signal.SIG_DFL)
os.execv(sys.executable, sys.orig_argv[:1] + sys.argv[1:])
"""


def python(arguments: Sequence[str], *, ignoring: Collection[signal.Signals] = ()) -> list[str]:
    """Return the command that runs Python with arguments, some interrupts ignored and the others not.

    A process inherits its ignored signals: a shell ignores SIGINT for a background job, and CI runners may.
    """
    dispositions = [(int(each), each in ignoring) for each in _INTERRUPTS]
    return [sys.executable, "-c", _START.format(dispositions=dispositions), *arguments]
