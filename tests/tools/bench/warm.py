"""Warm processes: one call after the other, and ten concurrent ones."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.local.aws import Venvs
from tests.support.paths import ROOT
from tests.tools.bench.contend import SECRET, URL
from tests.tools.bench.figures import interleaved

_IMPORTED_FROM: Final = (ROOT, ROOT / "functions", ROOT / "layers" / "walmart_ca")


@dataclass(frozen=True, slots=True)
class Walmart:
    """The local marketplace, in this process so that its work does not count as a contender's.

    Attributes:
        secret: The seller's credentials, as Secrets Manager stores them.
    """

    url: str
    secret: str

    def environment(self) -> dict[str, str]:
        """Return the whole environment of a contender."""
        return {
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "PYTHONPATH": os.pathsep.join(map(str, _IMPORTED_FROM)),
            URL: self.url,
            SECRET: self.secret,
        }


@dataclass(frozen=True, slots=True)
class Took:
    """The wall time and the processor time, user and system, of some orders."""

    wall_s: float
    processor_s: float


def measure(
    names: Sequence[str], orders: Sequence[str], *, walmart: Walmart, rounds: int
) -> dict[str, list[Took]]:
    """Let each contender acknowledge the orders in every round, and return the times."""
    with ExitStack() as stack:
        running = {name: stack.enter_context(started(name, walmart)) for name in names}
        return interleaved(
            {name: partial(take, process, orders) for name, process in running.items()}, rounds
        )


@contextmanager
def started(name: str, walmart: Walmart) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [Venvs().tool("bench", "python"), "-m", "tests.tools.bench.contend", name],
        cwd=ROOT,
        env=walmart.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def take(process: subprocess.Popen[str], orders: Sequence[str]) -> Took:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(list(orders)) + "\n")
    process.stdin.flush()
    if not (line := process.stdout.readline()):
        raise RuntimeError(f"{process.args!r} did not acknowledge {orders[0]}")
    return Took(**json.loads(line))
