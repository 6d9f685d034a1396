"""A process that is warm: one call after the other, and ten side by side."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Final, Literal, Self

from tests.local.aws.venvs import Venvs
from tests.support.paths import ROOT
from tests.tools.bench.contend import SECRET, URL
from tests.tools.bench.figures import in_turns
from tests.tools.bench.surroundings import MarketplaceProcess

type How = Literal["one_by_one", "side_by_side"]

CONTENDERS: Final = (
    "floor",
    "ours",
    "ours_async",
    "httpx_pydantic",
    "httpx_pydantic_async",
    "requests_snippet",
)


@dataclass(frozen=True, slots=True)
class Took:
    """What some orders took.

    Attributes:
        wall_s: Seconds.
        processor_s: Seconds of processor, the contender's own and the system's for it.
    """

    wall_s: float
    processor_s: float


class ContenderProcess:
    """A contender in a process of its own, for as long as the `with` block lasts."""

    def __init__(self, name: str, marketplace: MarketplaceProcess, venvs: Venvs) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [venvs.tool("bench", "python"), "-m", "tests.tools.bench.contend", name],
            cwd=ROOT,
            env=environment(marketplace),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def take(self, how: How, orders: Sequence[str]) -> Took:
        """Let it acknowledge orders.

        Raises:
            RuntimeError: It did not.
        """
        to, back = self._pipes()
        to.write(json.dumps({"how": how, "orders": list(orders)}) + "\n")
        to.flush()
        line = back.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} did not acknowledge {orders[0]}")
        took: dict[str, Any] = json.loads(line)
        return Took(**took)

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def environment(marketplace: MarketplaceProcess) -> dict[str, str]:
    """All that a contender sees."""
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "functions", ROOT / "layers" / "walmart_ca"))),
        URL: marketplace.url,
        SECRET: marketplace.secret,
    }


def measure(
    names: Sequence[str],
    how: How,
    orders: Sequence[str],
    *,
    marketplace: MarketplaceProcess,
    rounds: int,
    venvs: Venvs,
) -> dict[str, list[Took]]:
    """Let contenders acknowledge the same orders in turns, and return what each round took.

    One by one it is what one order took, on average; side by side, what all of them took.
    """
    with ExitStack() as stack:
        running = {name: stack.enter_context(ContenderProcess(name, marketplace, venvs)) for name in names}
        tasks: dict[str, Callable[[], Took]] = {
            name: partial(process.take, how, orders) for name, process in running.items()
        }
        taken = in_turns(tasks, rounds)
    parts = len(orders) if how == "one_by_one" else 1
    return {
        name: [Took(each.wall_s / parts, each.processor_s / parts) for each in figures]
        for name, figures in taken.items()
    }
