"""`make simulate`: run random scenarios, and print the faults and the violations."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from typing import Final

from tests.local.marketplace import Marketplace
from tests.simulation import backlog, stuck
from tests.simulation.faults import ALL_FAULTS, AnyFault, name
from tests.simulation.random_scenario import Report, run_scenario

_SEEDS_PER_FAULT: Final = 20
"""Each fault must occur at least once in this many seeds, on average. A shorter run does not count."""
_PROGRESS_EVERY: Final = 100
_SHOWN: Final = 20


def private_keys() -> list[str]:
    """Create the keys that a seller rotates. This takes longer than a whole scenario."""
    return [Marketplace().register_seller().private_key for _ in range(3)]


class Summary:
    def __init__(self) -> None:
        self.seeds = self.orders = 0
        self.occurred: Counter[AnyFault] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.violations: list[str] = []

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.orders += report.orders
        self.occurred += report.occurred
        self.outcomes += report.outcomes
        self.violations += [f"seed {report.seed}: {violation}" for violation in report.violations]

    @property
    def missing_faults(self) -> list[str]:
        """The faults that occurred too rarely for a valid run."""
        least = max(1, self.seeds // _SEEDS_PER_FAULT)
        return [
            f"{name(kind)} occurred {self.occurred[kind]} times, expected at least {least}"
            for kind in ALL_FAULTS
            if self.occurred[kind] < least
        ]

    @property
    def is_short(self) -> bool:
        """Whether the run has too few seeds to count, such as the one that reproduces a violation."""
        return self.seeds < _SEEDS_PER_FAULT

    @property
    def holds(self) -> bool:
        """Whether the invariants held, in a valid run or in a short one."""
        return self.seeds > 0 and not self.violations and (self.is_short or not self.missing_faults)

    def __str__(self) -> str:
        return (
            f"{self.orders:,} orders, {self.seeds:,} seeds, {self.occurred.total():,} faults of"
            f" {len(self.occurred)} kinds, {self.outcomes.total():,} outcome records,"
            f" {len(self.violations)} violations"
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many random scenarios")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--stuck", action="store_true", help="print the latency of orders beside stuck ones and a backlog"
    )
    options = parser.parse_args()
    keys = private_keys()
    if options.stuck:
        for line in chain(stuck.table(keys), [""], backlog.table(keys)):
            print(line, flush=True)
        return 0
    summary = Summary()
    run = partial(run_scenario, private_keys=keys)
    with ProcessPoolExecutor() as pool:
        for report in pool.map(run, range(options.first, options.first + options.seeds), chunksize=4):
            summary.add(report)
            if summary.seeds % _PROGRESS_EVERY == 0:
                print(summary, flush=True)
    for kind, times in sorted(summary.occurred.items(), key=lambda item: item[1]):
        print(f"  {times:>9,} {name(kind)}")
    for violation in summary.violations[:_SHOWN]:
        print(violation)
    if summary.violations:
        seed = summary.violations[0].split()[1].rstrip(":")
        print(f"reproduce: make simulate SEEDS=1 FIRST={seed}")
    if summary.is_short:
        print(f"the run is too short to count: it has fewer than {_SEEDS_PER_FAULT} seeds")
    else:
        for missing in summary.missing_faults:
            print(f"the run is not valid: {missing}")
    print(summary)
    return 0 if summary.holds else 1


if __name__ == "__main__":
    sys.exit(main())
