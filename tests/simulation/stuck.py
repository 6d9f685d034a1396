"""How late good orders are while others are stuck, in virtual time."""

import math
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.simulation.weather import STUCK, Mishap
from tests.simulation.world import World, going_on

HOURS: Final = 6.0
ORDERS_AN_HOUR: Final = 60
COUNTS: Final = (1, 10, 40)
_STUCK_WITHIN_S: Final = 600.0
_DRAINS_S: Final = 3600.0
_LOOKS_EVERY_S: Final = 60.0
_NAMES: Final = {
    Mishap.ORDER_FORBIDDEN: "403",
    Mishap.ORDER_FAILING: "500",
    Mishap.ORDER_MIXED: "mixed lines",
    Mishap.ORDER_UNDATED: "mixed lines, no date",
}


@dataclass(frozen=True, slots=True)
class Course:
    """What became of the orders of one run.

    Attributes:
        ages_s: How old each good order was when Walmart acknowledged it, infinite when it never did; those
            that an event announced under True, the others under False. In ascending order.
        copies: How many messages of one stuck order waited at the same time at most.
        fetches: How many of the calls that fetch an order were about stuck ones, of 1.
    """

    ages_s: dict[bool, list[float]]
    copies: int
    dead_letters: int
    fetches: float
    breaches: Sequence[str]

    def age_s(self, share: float, *, announced: bool) -> float:
        """Return the age that this share of the good orders did not exceed."""
        ages = self.ages_s[announced]
        return ages[max(0, math.ceil(share * len(ages)) - 1)]


def run(
    kind: Mishap | None, count: int, *, private_keys: Sequence[str], hours: float = HOURS, seed: int = 1
) -> Course:
    """Let good orders come in for some hours, half of them announced, beside `count` that are stuck.

    Those come in within the first minutes, half of them announced too. One seed gives the same good orders.
    """
    world, chance = World(seed, private_keys), random.Random(seed)
    placed: dict[bool, dict[str, float]] = {True: {}, False: {}}
    stuck: set[str] = set()
    copies = 0

    def place_good(announced: bool) -> None:
        placed[announced][world.place_order(told=announced)] = world.timeline.clock()

    def place_stuck(announced: bool) -> None:
        if kind:
            stuck.add(world.place_stuck(kind, announced=announced))

    def look() -> None:
        nonlocal copies
        copies = max([copies, *(len(world.waiting_for(each)) for each in stuck)])
        world.timeline.after(_LOOKS_EVERY_S, look)

    for number in range(int(ORDERS_AN_HOUR * hours)):
        world.timeline.after(chance.uniform(0, hours * 3600), partial(place_good, number % 2 == 0))
    for number in range(count):
        world.timeline.after(chance.uniform(0, _STUCK_WITHIN_S), partial(place_stuck, number % 2 == 0))
    with going_on(world):
        look()
        world.pass_time(hours * 3600 + _DRAINS_S)
    calls = world.marketplace.calls
    acknowledged = {call.purchase_order_id: call.received_at for call in reversed(calls) if call.applied}
    fetched = [call.purchase_order_id for call in calls if call.action == "get"]
    return Course(
        {
            announced: sorted(acknowledged.get(each, math.inf) - at for each, at in orders.items())
            for announced, orders in placed.items()
        },
        copies,
        len(world.dead_letters),
        sum(each in stuck for each in fetched) / max(1, len(fetched)),
        world.promise.breaches,
    )


def table(private_keys: Sequence[str]) -> Iterator[str]:
    """Write how late good orders are beside stuck ones, line by line, as a table in Markdown."""
    cases = [(None, 0), *((kind, count) for kind in STUCK for count in COUNTS)]
    yield "| Stuck orders | Announced: p50, p99, worst | Unannounced | Copies | Dead letters | Of fetches |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    with ProcessPoolExecutor() as pool:
        courses = pool.map(partial(run, private_keys=private_keys), *zip(*cases, strict=True))
        for (kind, count), course in zip(cases, courses, strict=True):
            announced, unannounced = (
                ", ".join(f"{course.age_s(share, announced=each):,.1f}" for share in (0.5, 0.99, 1))
                for each in (True, False)
            )
            yield (
                f"| {f'{count} with {_NAMES[kind]}' if kind else 'none'} | {announced} s | {unannounced} s"
                f" | {course.copies} | {course.dead_letters} | {course.fetches:.0%} |"
            )
