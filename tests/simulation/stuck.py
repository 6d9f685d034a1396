"""The latency of orders while others are stuck, in virtual time."""

import math
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from typing import Final, NamedTuple

from tests.simulation.faults import TimedFault
from tests.simulation.harness import Simulation, running

_ORDERS_AN_HOUR: Final = 60
_STUCK_WITHIN_S: Final = 600.0
_DRAINS_S: Final = 3600.0
_COUNTS_EVERY_S: Final = 60.0
_NAMES: Final = {
    TimedFault.ORDER_FORBIDDEN: "403",
    TimedFault.ORDER_FAILING: "500",
    TimedFault.ORDER_MIXED: "mixed lines",
    TimedFault.ORDER_UNDATED: "mixed lines, no date",
}


class StuckRun(NamedTuple):
    """The result of one run.

    Attributes:
        ages_s: The age of each good order when Walmart acknowledged it, infinite if never, in ascending
            order; under True those that an event announced, under False the others.
        copies: The most messages of one stuck order that were in the queue at the same time.
        fetches: The share of fetches that were about stuck orders.
    """

    ages_s: dict[bool, list[float]]
    copies: int
    dead_letters: int
    fetches: float
    violations: Sequence[str]

    def age_s(self, share: float, *, announced: bool) -> float:
        """Return the age that this share of the good orders did not exceed."""
        ages = self.ages_s[announced]
        return ages[max(0, math.ceil(share * len(ages)) - 1)]


def run(
    kind: TimedFault | None, count: int, *, private_keys: Sequence[str], hours: float = 6.0, seed: int = 1
) -> StuckRun:
    """Place good orders for some hours, and `count` stuck ones in the first minutes; half are announced.

    A seed gives the same good orders with any kind and count.
    """
    simulation, rng = Simulation(seed, private_keys), random.Random(seed)
    after, clock = simulation.timeline.after, simulation.timeline.clock
    placed: dict[bool, dict[str, float]] = {True: {}, False: {}}
    stuck: set[str] = set()
    copies = [0]

    def place_good(announced: bool) -> None:
        placed[announced][simulation.place_order(announced=announced)] = clock()

    def place_stuck(announced: bool) -> None:
        if kind:
            stuck.add(simulation.place_stuck(kind, announced=announced))

    def count_copies() -> None:
        copies.extend(len(simulation.queued_messages(each)) for each in stuck)
        after(_COUNTS_EVERY_S, count_copies)

    for number in range(int(_ORDERS_AN_HOUR * hours)):
        after(rng.uniform(0, hours * 3600), partial(place_good, number % 2 == 0))
    for number in range(count):
        after(rng.uniform(0, _STUCK_WITHIN_S), partial(place_stuck, number % 2 == 0))
    with running(simulation):
        count_copies()
        simulation.pass_time(hours * 3600 + _DRAINS_S)
    calls = simulation.marketplace.calls
    acknowledged = simulation.acknowledged_at()
    fetched = [call.purchase_order_id in stuck for call in calls if call.action == "get"]
    return StuckRun(
        {
            announced: sorted(acknowledged.get(each, math.inf) - at for each, at in orders.items())
            for announced, orders in placed.items()
        },
        max(copies),
        len(simulation.dead_letters),
        sum(fetched) / max(1, len(fetched)),
        simulation.invariants.violations,
    )


def table(private_keys: Sequence[str]) -> Iterator[str]:
    """Write the latency of good orders next to stuck ones as the lines of a Markdown table."""
    cases = [(None, 0), *product(_NAMES, (1, 10, 40))]
    yield "| Stuck orders | Announced: p50, p99, worst | Unannounced | Copies | Dead letters | Of fetches |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    with ProcessPoolExecutor() as pool:
        runs = pool.map(partial(run, private_keys=private_keys), *zip(*cases, strict=True))
        for (kind, count), stuck in zip(cases, runs, strict=True):
            announced, unannounced = (
                ", ".join(f"{stuck.age_s(share, announced=each):,.1f}" for share in (0.5, 0.99, 1))
                for each in (True, False)
            )
            yield (
                f"| {f'{count} with {_NAMES[kind]}' if kind else 'none'} | {announced} s | {unannounced} s"
                f" | {stuck.copies} | {stuck.dead_letters} | {stuck.fetches:.0%} |"
            )
