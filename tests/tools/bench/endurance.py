"""Many invocations in one environment: what would grow with them."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools.bench import warm
from tests.tools.bench.warm import Took, Walmart


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process holds."""

    resident_bytes: int
    threads: int
    descriptors: int


def measure(orders: Sequence[str], *, walmart: Walmart, warm_up: int) -> tuple[list[Took], Usage, Usage]:
    """Invoke the function once for each order, in one process.

    Returns:
        The time of each invocation, and what the process held after the first `warm_up` and at the end.
    """
    with warm.started("function", walmart) as process:
        took = [warm.take(process, [each]) for each in orders[:warm_up]]
        before = _usage(process)
        took += [warm.take(process, [each]) for each in orders[warm_up:]]
        return took, before, _usage(process)


def _usage(process: subprocess.Popen[str]) -> Usage:
    directory = Path("/proc", str(process.pid))
    status = dict(line.split(":", 1) for line in (directory / "status").read_text().splitlines())
    descriptors = len(list((directory / "fd").iterdir()))
    return Usage(int(status["VmRSS"].split()[0]) * 1024, int(status["Threads"]), descriptors)
