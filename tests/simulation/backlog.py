"""How fast a backlog is worked off, and how long new orders wait meanwhile, in virtual time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple

from tests.simulation.harness import Simulation, running

_NEW_ORDER_EVERY_S: Final = 60.0
_CASES: Final = ((1_000, 60), (1_000, 600), (10_000, 600))
"""Orders, and Walmart's limit in calls a minute."""


class BacklogRun(NamedTuple):
    """The result of one run.

    Attributes:
        drained_s: Seconds until the last order of the backlog was acknowledged.
        fetches: How many calls fetched an order.
        refused: How many calls Walmart refused.
        ages_s: The ages of all orders that came meanwhile, when Walmart acknowledged them, ascending.
    """

    drained_s: float
    fetches: int
    refused: int
    ages_s: Sequence[float]
    violations: Sequence[str]


def run(orders: int, requests_per_minute: int, *, private_keys: Sequence[str]) -> BacklogRun:
    """Place announced orders at once, and a new one each minute, until the backlog is worked off."""
    simulation = Simulation(1, private_keys, requests_per_minute=requests_per_minute)
    clock = simulation.timeline.clock
    new: dict[str, float] = {}
    with running(simulation):
        started_at = clock()
        backlog = {simulation.place_order() for _ in range(orders)}
        acknowledged_at: dict[str | None, float] = {}
        while not {*backlog, *new} <= acknowledged_at.keys():
            if not backlog <= acknowledged_at.keys():
                new[simulation.place_order()] = clock()
            simulation.pass_time(_NEW_ORDER_EVERY_S)
            acknowledged_at = simulation.acknowledged_at()
    calls = simulation.marketplace.calls
    return BacklogRun(
        max(acknowledged_at[order] for order in backlog) - started_at,
        sum(call.action == "get" for call in calls),
        sum(call.status != HTTPStatus.OK for call in calls),
        sorted(acknowledged_at[order] - at for order, at in new.items()),
        simulation.invariants.violations,
    )


def table(private_keys: Sequence[str]) -> Iterator[str]:
    """Write how backlogs are worked off as the lines of a Markdown table."""
    yield "| Orders | Calls a minute | Drained in | Fetches | Refused | New orders: p50, worst |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    with ProcessPoolExecutor() as pool:
        runs = pool.map(partial(run, private_keys=private_keys), *zip(*_CASES, strict=True))
        for (orders, limit), backlog in zip(_CASES, runs, strict=True):
            ages = backlog.ages_s[(len(backlog.ages_s) - 1) // 2], backlog.ages_s[-1]
            yield (
                f"| {orders:,} | {limit} | {backlog.drained_s / 60:.1f} min | {backlog.fetches:,}"
                f" | {backlog.refused} | {ages[0]:,.0f}, {ages[1]:,.0f} s |"
            )
