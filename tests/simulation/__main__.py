"""`make prove`: many storms, and one line that says what became of the promise."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

from tests.local.marketplace import Marketplace
from tests.simulation.aftermath import Report
from tests.simulation.storm import ORDERS, rage
from tests.simulation.stuck import table
from tests.simulation.weather import KINDS, Kind, name

SELLERS_KEYS: Final = 3
SEEDS_FOR_EACH_STRIKE: Final = 20
"""A run counts only when every kind of trouble struck at least once in so many seeds, on average."""
_RUN: Final = "PYTHONPATH=.:functions:layers/walmart_ca .venv/dev/bin/python -m tests.simulation"
"""As `make prove` does it."""
_TELLS_EVERY: Final = 100
_SHOWN: Final = 20


def private_keys() -> list[str]:
    """Make the keys that a seller changes among."""
    return [Marketplace().register_seller().private_key for _ in range(SELLERS_KEYS)]


class Proof:
    def __init__(self) -> None:
        self.seeds = self.orders = 0
        self.struck: Counter[Kind] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.violations: list[str] = []

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.orders += report.orders
        self.struck += report.struck
        self.outcomes += report.outcomes
        self.violations += [f"seed {report.seed}: {breach}" for breach in report.breaches]

    @property
    def too_rare(self) -> list[str]:
        """Which kinds of trouble struck too seldom for the run to count."""
        least = max(1, self.seeds // SEEDS_FOR_EACH_STRIKE)
        return [
            f"{name(kind)} struck {self.struck[kind]} times, {least} are needed"
            for kind in KINDS
            if self.struck[kind] < least
        ]

    @property
    def holds(self) -> bool:
        """Whether the promise held, in a run that counts."""
        return not self.violations and not self.too_rare

    def __str__(self) -> str:
        return (
            f"{self.orders:,} orders, {self.seeds:,} seeds, {self.struck.total():,} faults of"
            f" {len(self.struck)} kinds, {self.outcomes.total():,} outcome records,"
            f" {len(self.violations)} violations"
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many storms")
    parser.add_argument("--first", type=int, default=0, help="the first seed; the others follow")
    parser.add_argument("--orders", type=int, default=ORDERS, help="how many orders in each storm")
    parser.add_argument(
        "--stuck", action="store_true", help="print how late good orders are beside stuck ones"
    )
    options = parser.parse_args()
    keys = private_keys()
    if options.stuck:
        for line in table(keys):
            print(line, flush=True)
        return 0
    proof = Proof()
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor() as pool:
        for report in pool.map(partial(rage, private_keys=keys, orders=options.orders), seeds, chunksize=4):
            proof.add(report)
            if proof.seeds % _TELLS_EVERY == 0:
                print(proof, flush=True)
    _tell(proof, options.orders)
    return 0 if proof.holds else 1


def _tell(proof: Proof, orders: int) -> None:
    for kind, times in sorted(proof.struck.items(), key=lambda item: item[1]):
        print(f"  {times:>9,} {name(kind)}")
    for violation in proof.violations[:_SHOWN]:
        print(violation)
    if proof.violations:
        seed = proof.violations[0].split()[1].rstrip(":")
        print(f"again: {_RUN} --seeds 1 --first {seed} --orders {orders}")
    for rarity in proof.too_rare:
        print(f"the run does not count: {rarity}")
    print(proof)


if __name__ == "__main__":
    sys.exit(main())
