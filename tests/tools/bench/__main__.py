"""`python -m tests.tools.bench`: measures everything beside its floor, and prints the table."""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.local.aws import Build, Venvs
from tests.runtime import BuiltFunction
from tests.tools.bench import cold, warm
from tests.tools.bench.cost import Measured, billed_ms, cost
from tests.tools.bench.figures import Spread, in_turns
from tests.tools.bench.processes import Program, Run, Until, instructions, run
from tests.tools.bench.sizes import size_of
from tests.tools.bench.surroundings import MarketplaceProcess
from tests.tools.bench.table import Row, markdown, ratio, spread
from tests.tools.bench.warm import Took
from tests.tools.capacity import Setup

ORDER: Final = "7400000000001"
TEN_SLOW_ORDERS: Final = [str(7_400_000_000_101 + number) for number in range(10)]
SLOW_S: Final = 0.1
WALMART_S: Final = Setup().call_s
"""How long Walmart takes to answer, for the costs."""
MEMORY_SIZES: Final = (256, 384, 512, 768, 1024, 1769)
_COUNTED_RUNS: Final = 3
_MEGA: Final = 1e-6
_VERSIONS: Final = (
    "httpx",
    "pydantic",
    "requests",
    "urllib3",
    "cryptography",
    "botocore",
    "aws-lambda-powertools",
)


def main() -> None:
    """Measure and print."""
    arguments = _parser().parse_args()
    venvs = Venvs()
    build = Build.cached(on_progress=_tell)
    for line in _machine(venvs, arguments.rounds):
        print(line, flush=True)
    with ExitStack() as stack:
        marketplace = stack.enter_context(MarketplaceProcess.running())
        for each in [ORDER, *TEN_SLOW_ORDERS]:
            marketplace.add_order(each)
        for each in TEN_SLOW_ORDERS:
            marketplace.delay(each, SLOW_S)
        function = cold.acknowledge_function(build, marketplace)
        floor = stack.enter_context(cold.floor(function))
        bench = _Bench(marketplace, venvs, function, floor, arguments.rounds)
        rows = [
            *bench.warm_calls(arguments.calls),
            *bench.side_by_side(),
            *bench.cold_function(),
            *bench.cold_client(),
            *_sizes(build),
            *bench.costs(_memory_size(build)),
        ]
    print("", markdown(rows), "", *bench.memory_sizes(), sep="\n")


class _Bench:
    def __init__(
        self,
        marketplace: MarketplaceProcess,
        venvs: Venvs,
        function: BuiltFunction,
        floor: BuiltFunction,
        rounds: int,
    ) -> None:
        self._marketplace = marketplace
        self._venvs = venvs
        self._functions = {"floor": floor, "function": function}
        self._rounds = rounds
        self._invocation: dict[int, Took] = {}
        self._log_bytes: dict[int, int] = {}
        self._cold_s = 0.0

    def warm_calls(self, calls: int) -> list[Row]:
        """One call after the other; one round is so many calls."""
        _tell("Warm calls")
        taken = self._warm(warm.CONTENDERS, "one_by_one", calls * [ORDER])
        rows = []
        for name, took in taken.items():
            for what, of in (("own processor time", _processor), ("wall time, server included", _wall)):
                target = "≤ 1.30" if name == "ours" else ""
                figure = spread(of(took), "ms", 1e3, 3)
                to_floor = "1" if name == "floor" else ratio(of(took), of(taken["floor"]))
                rows.append(Row(f"Warm call, {name}: {what}", figure, to_floor, target))
        return rows

    def side_by_side(self) -> list[Row]:
        """Ten orders, each answered after a tenth of a second."""
        _tell("Ten side by side")
        names = (
            "ours_async",
            "function",
            "httpx_pydantic_async",
            "ours",
            "httpx_pydantic",
            "requests_snippet",
        )
        taken = self._warm(names, "side_by_side", TEN_SLOW_ORDERS)
        self._invocation[10] = _median(taken["function"])
        return [
            Row(
                f"Ten orders at 100 ms, {name}",
                spread(_wall(took), "ms", 1e3, 0),
                ratio(_wall(took), len(took) * [SLOW_S]) + " of 100 ms",
                "≤ 125 ms" if name in {"ours_async", "function"} else "",
            )
            for name, took in taken.items()
        ]

    def cold_function(self) -> list[Row]:
        """A new execution environment, to its first acknowledged order."""
        _tell("Cold start of the function")
        runs = in_turns(
            {name: partial(self._first, each, run) for name, each in self._functions.items()}, self._rounds
        )
        self._cold_s = Spread.of([each.processor_s for each in runs["function"]]).median
        self._log_bytes[1] = runs["function"][0].said_bytes
        rows = _runs("Cold start, function", runs["function"], runs["floor"])
        return [
            *rows,
            *self._counted(
                "Cold start, function: instructions",
                partial(self._first, self._functions["function"]),
                partial(self._first, self._functions["floor"]),
                "≤ 1.10",
            ),
        ]

    def cold_client(self) -> list[Row]:
        """A new process that calls once by a client, without AWS."""
        _tell("Cold start of the client")
        runs = in_turns(
            {name: partial(self._first_call, name, run) for name in ("ours", "httpx_pydantic")}, self._rounds
        )
        rows = _runs(
            "Client alone, to httpx and pydantic", runs["ours"], runs["httpx_pydantic"], "≤ 0.50", "≤ 35 MiB"
        )
        return [
            *rows,
            *self._counted(
                "Client alone, to httpx and pydantic: instructions",
                partial(self._first_call, "ours"),
                partial(self._first_call, "httpx_pydantic"),
                "≤ 0.50",
            ),
        ]

    def costs(self, memory_mb: int) -> list[Row]:
        """A million orders, each alone in its invocation, and ten in each."""
        _tell("Cost")
        self._invocation[1] = _median(self._warm(["function"], "one_by_one", [ORDER])["function"])
        ten = self._first(self._functions["function"], run, TEN_SLOW_ORDERS)
        self._log_bytes[10] = ten.said_bytes
        rows = []
        for orders, target in ((1, "≤ 7 $"), (10, "")):
            parts = self._cost(orders, memory_mb)
            each = ", ".join(f"{name} {dollars:.2f}" for name, dollars in parts.items())
            answered = f"answered in {WALMART_S * 1000:.0f} ms, no turn waited for"
            what = f"A million orders, {orders} an invocation, {answered}"
            rows.append(Row(what, f"{sum(parts.values()):.2f} $: {each}", target=target))
        return rows

    def memory_sizes(self) -> list[str]:
        """What each `MemorySize` would give: the less of a processor it buys, the longer work takes."""
        lines = [
            "| MemorySize | Work of a cold start | Of ten orders | A million, alone | A million, in tens |",
            "| ---: | ---: | ---: | ---: | ---: |",
        ]
        for memory_mb in MEMORY_SIZES:
            begin, ten = (
                billed_ms(processor_s=processor_s, waiting_s=0, memory_mb=memory_mb)
                for processor_s in (self._cold_s, self._invocation[10].processor_s)
            )
            alone, tens = (sum(self._cost(orders, memory_mb).values()) for orders in (1, 10))
            lines.append(
                f"| {memory_mb} MB | {begin:,.0f} ms | {ten:,.0f} ms | {alone:.2f} $ | {tens:.2f} $ |"
            )
        return lines

    def _cost(self, orders: int, memory_mb: int) -> dict[str, float]:
        processor_s = self._invocation[orders].processor_s
        return cost(
            Measured(
                orders=orders,
                billed_ms=billed_ms(processor_s=processor_s, waiting_s=WALMART_S, memory_mb=memory_mb),
                memory_mb=memory_mb,
                log_bytes=self._log_bytes[orders],
            )
        )

    def _warm(self, names: Sequence[str], how: warm.How, orders: Sequence[str]) -> dict[str, list[Took]]:
        return warm.measure(
            names, how, orders, marketplace=self._marketplace, rounds=self._rounds, venvs=self._venvs
        )

    def _first[T](
        self,
        function: BuiltFunction,
        measure: Callable[[Program, Until], T],
        orders: Sequence[str] = (ORDER,),
    ) -> T:
        return cold.first_invocation(
            function, orders, measure, marketplace=self._marketplace, venvs=self._venvs
        )

    def _first_call[T](self, contender: str, measure: Callable[[Program, Until], T]) -> T:
        return cold.first_call(contender, ORDER, measure, marketplace=self._marketplace, venvs=self._venvs)

    def _counted(
        self,
        what: str,
        ours: Callable[[Callable[[Program, Until], int]], int],
        floor: Callable[[Callable[[Program, Until], int]], int],
        target: str,
    ) -> list[Row]:
        if shutil.which("valgrind") is None:
            return [Row(what, "left out: valgrind is not installed", target=target)]
        counts = in_turns(
            {"ours": lambda: ours(instructions), "floor": lambda: floor(instructions)}, _COUNTED_RUNS
        )
        figure = spread(counts["ours"], "million", _MEGA, 0)
        return [Row(what, figure, ratio(counts["ours"], counts["floor"], 3), target)]


def _runs(
    what: str, ours: Sequence[Run], floor: Sequence[Run], target: str = "", memory_target: str = ""
) -> list[Row]:
    def row(name: str, of: Callable[[Run], float], unit: str, scale: float, target: str) -> Row:
        one, other = [of(each) for each in ours], [of(each) for each in floor]
        return Row(f"{what}: {name}", spread(one, unit, scale, 1), ratio(one, other), target)

    return [
        row("wall time", lambda each: each.wall_s, "ms", 1e3, target),
        row("processor time", lambda each: each.processor_s, "ms", 1e3, target),
        row("peak memory", lambda each: each.peak_bytes, "MiB", 1 / 2**20, memory_target),
    ]


def _sizes(build: Build) -> list[Row]:
    rows = []
    for part in ("DependenciesLayer", "WalmartCaLayer", "AcknowledgeFunction", "SweepFunction"):
        size = size_of(build.directory / part)
        figure = f"{size.zipped / 1e3:,.0f} kB, {size.unzipped / 1e3:,.0f} kB unzipped"
        rows.append(Row(f"Size of {part}", figure))
    return rows


def _machine(venvs: Venvs, rounds: int) -> list[str]:
    installed = _installed(venvs.directory / "bench")
    versions = ", ".join(f"{name} {installed[name]}" for name in _VERSIONS)
    return [
        f"{_processor_name()}, {os.cpu_count()} cores, {platform.platform()}",
        f"Python {platform.python_version()}; {versions}",
        f"{rounds} rounds in turns, instructions counted {_COUNTED_RUNS} times",
    ]


def _installed(venv: Path) -> Mapping[str, str]:
    packages = next(venv.glob("lib/python*/site-packages"))
    found = distributions(path=[str(packages)])
    return {each.metadata["Name"].lower().replace("_", "-"): each.version for each in found}


def _processor_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _memory_size(build: Build) -> int:
    return int(yaml_parse(build.template.read_text())["Globals"]["Function"]["MemorySize"])


def _median(figures: Sequence[Took]) -> Took:
    return Took(Spread.of(_wall(figures)).median, Spread.of(_processor(figures)).median)


def _wall(figures: Sequence[Took]) -> list[float]:
    return [each.wall_s for each in figures]


def _processor(figures: Sequence[Took]) -> list[float]:
    return [each.processor_s for each in figures]


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how often each contender has its turn")
    parser.add_argument("--calls", type=int, default=50, help="how many warm calls a turn is")
    return parser


if __name__ == "__main__":
    main()
