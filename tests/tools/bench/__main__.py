"""`python -m tests.tools.bench`: measure everything next to its baseline, and print the table."""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from typing import Final, Protocol

from tests.local.aws import Build, Venvs
from tests.local.marketplace import Fault, Marketplace
from tests.tools.bench import cold, endurance, warm
from tests.tools.bench.figures import Row, interleaved, markdown, ratio, spread
from tests.tools.bench.processes import Program, Run, Until, instructions, run
from tests.tools.bench.sizes import size_of
from tests.tools.bench.warm import Took, Walmart

ORDER: Final = "7400000000001"
TEN_SLOW_ORDERS: Final = [str(7_400_000_000_101 + number) for number in range(10)]
SLOW_S: Final = 0.1
_SEQUENTIAL: Final = ("baseline", "ours", "httpx_pydantic", "requests_snippet")
_CONCURRENT: Final = ("baseline_threads", "ours_async", "function", "httpx_pydantic_async")
_COUNTED_RUNS: Final = 3
_VERSIONS: Final = (
    "httpx",
    "pydantic",
    "requests",
    "urllib3",
    "cryptography",
    "botocore",
    "aws-lambda-powertools",
)


class Measure(Protocol):
    """Starts a process and measures it."""

    def __call__[T](self, measure: Callable[[Program, Until], T]) -> T: ...


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how often each contender is measured")
    parser.add_argument("--calls", type=int, default=50, help="the number of warm calls in a round")
    parser.add_argument("--invocations", type=int, default=10_000, help="how many one environment handles")
    arguments = parser.parse_args()
    build = Build.cached(on_progress=_tell)
    for line in _machine(arguments.rounds):
        print(line, flush=True)
    with Marketplace() as marketplace:
        for each in [ORDER, *TEN_SLOW_ORDERS]:
            marketplace.add_order(each)
        for each in TEN_SLOW_ORDERS:
            marketplace.fail(each, Fault.DELAY, seconds=SLOW_S, times=None)
        walmart = Walmart(marketplace.url, marketplace.register_seller().secret())
        rows = [
            *_warm_calls(walmart, arguments.rounds, arguments.calls),
            *_concurrent_calls(walmart, arguments.rounds),
            *_many_invocations(walmart, arguments.invocations),
            *_cold_function(build, walmart, arguments.rounds),
            *_cold_client(walmart, arguments.rounds),
            *_sizes(build),
        ]
    print("", markdown(rows), sep="\n")


def _warm_calls(walmart: Walmart, rounds: int, calls: int) -> list[Row]:
    """One call after the other."""
    _tell("Warm calls")
    taken = warm.measure(_SEQUENTIAL, calls * [ORDER], walmart=walmart, rounds=rounds)
    rows = []
    for name, took in taken.items():
        for what, value in (("own processor time", _processor), ("wall time, server included", _wall)):
            target = "≤ 1.30" if name == "ours" else ""
            figure = spread(value(took), "ms", 1e3 / calls, 3)
            to_baseline = "1" if name == "baseline" else ratio(value(took), value(taken["baseline"]))
            rows.append(Row(f"Warm call, {name}: {what}", figure, to_baseline, target))
    return rows


def _concurrent_calls(walmart: Walmart, rounds: int) -> list[Row]:
    """Ten orders at the same time, each with a response after 100 ms."""
    _tell("Ten concurrent calls")
    taken = warm.measure(_CONCURRENT, TEN_SLOW_ORDERS, walmart=walmart, rounds=rounds)
    baseline = _wall(taken["baseline_threads"])
    return [
        Row(
            f"Ten orders at 100 ms, {name}",
            spread(_wall(took), "ms", 1e3, 0),
            f"{ratio(_wall(took), baseline)}; {ratio(_wall(took), len(took) * [SLOW_S])} of 100 ms",
            "≤ 1.08" if name in ("ours_async", "function") else "",
        )
        for name, took in taken.items()
    ]


def _many_invocations(walmart: Walmart, invocations: int) -> list[Row]:
    """One order after the other in one environment: nothing may grow."""
    _tell(f"{invocations:,} invocations in one environment")
    tenth = invocations // 10
    took, before, after = endurance.measure(invocations * [ORDER], walmart=walmart, warm_up=tenth)
    first, last = _processor(took[:tenth]), _processor(took[-tenth:])
    what = f"{invocations:,} invocations, from the first {tenth:,} to the last"
    return [
        Row(f"{what}: own processor time", spread(last, "ms", 1e3, 2), ratio(last, first)),
        Row(
            f"{what}: resident memory",
            f"{before.resident_bytes / 2**20:.1f} to {after.resident_bytes / 2**20:.1f} MiB",
            f"{after.resident_bytes / before.resident_bytes:.2f}",
        ),
        Row(f"{what}: threads", f"{before.threads} to {after.threads}"),
        Row(f"{what}: descriptors", f"{before.descriptors} to {after.descriptors}"),
    ]


def _cold_function(build: Build, walmart: Walmart, rounds: int) -> list[Row]:
    """A new execution environment until its first acknowledged order."""
    _tell("Cold start of the function")
    function = cold.acknowledge_function(build, walmart)
    with cold.baseline(function) as baseline:
        return _cold(
            "Cold start, function",
            partial(cold.first_invocation, function, ORDER, walmart=walmart),
            partial(cold.first_invocation, baseline, ORDER, walmart=walmart),
            rounds,
            targets=("≤ 1.10", ""),
        )


def _cold_client(walmart: Walmart, rounds: int) -> list[Row]:
    """A new process that makes one call, without AWS."""
    _tell("Cold start of the client")
    return _cold(
        "Client alone, to httpx and pydantic",
        partial(cold.first_call, "ours", ORDER, walmart=walmart),
        partial(cold.first_call, "httpx_pydantic", ORDER, walmart=walmart),
        rounds,
        targets=("≤ 0.50", "≤ 35 MiB"),
    )


def _cold(what: str, ours: Measure, baseline: Measure, rounds: int, targets: tuple[str, str]) -> list[Row]:
    target, memory_target = targets
    runs = interleaved({"ours": partial(ours, run), "baseline": partial(baseline, run)}, rounds)

    def row(name: str, of: Callable[[Run], float], unit: str, scale: float, target: str) -> Row:
        one, other = ([of(each) for each in runs[which]] for which in ("ours", "baseline"))
        return Row(f"{what}: {name}", spread(one, unit, scale, 1), ratio(one, other), target)

    rows = [
        row("wall time", lambda each: each.wall_s, "ms", 1e3, target),
        row("peak memory", lambda each: each.peak_bytes, "MiB", 1 / 2**20, memory_target),
    ]
    if any(each.event_s for each in runs["ours"]):
        rows.append(row("own processor time of its first event", lambda each: each.event_s, "ms", 1e3, ""))
    if shutil.which("valgrind") is None:
        return [*rows, Row(f"{what}: instructions", "left out: valgrind is not installed", target=target)]
    counts = interleaved(
        {"ours": partial(ours, instructions), "baseline": partial(baseline, instructions)}, _COUNTED_RUNS
    )
    figure = spread(counts["ours"], "million", 1e-6, 0)
    return [*rows, Row(f"{what}: instructions", figure, ratio(counts["ours"], counts["baseline"], 3), target)]


def _sizes(build: Build) -> list[Row]:
    rows = []
    for part in ("DependenciesLayer", "WalmartCaLayer", "AcknowledgeFunction", "SweepFunction"):
        size = size_of(build.directory / part)
        figure = f"{size.zipped / 1e3:,.0f} kB, {size.unzipped / 1e3:,.0f} kB unzipped"
        rows.append(Row(f"Size of {part}", figure))
    return rows


def _machine(rounds: int) -> list[str]:
    installed = _installed(Venvs().directory / "bench")
    versions = ", ".join(f"{name} {installed[name]}" for name in _VERSIONS)
    return [
        f"{_processor_name()}, {os.cpu_count()} cores, {platform.platform()}",
        f"Python {platform.python_version()}; {versions}",
        f"{rounds} rounds, instructions counted {_COUNTED_RUNS} times",
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


def _wall(figures: Sequence[Took]) -> list[float]:
    return [each.wall_s for each in figures]


def _processor(figures: Sequence[Took]) -> list[float]:
    return [each.processor_s for each in figures]


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
