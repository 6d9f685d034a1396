"""What is left when the weather has cleared up."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from acknowledge_orders.policy import STUCK_MAX_WAIT_S
from shared.walmart.rate_limiter import usable_per_second
from sweep_orders.selection import DUE_AFTER
from tests.simulation.lambda_service import BATCH_SIZE, MAXIMUM_CONCURRENCY
from tests.simulation.weather import Kind
from tests.simulation.world import BACKOFF_BASE_S, BACKOFF_CAP_S, SWEEP_INTERVAL_S, World

_DAY_S: Final = 24 * 3600 + SWEEP_INTERVAL_S
"""So long after the weather became fair, sweeps have got every order that was left to them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one world.

    Attributes:
        orders: How many orders there were, known to Walmart or only told of.
        course: A digest of every call that Walmart got, and when: two worlds with one digest are the same.
    """

    seed: int
    orders: int
    struck: Counter[Kind]
    outcomes: Counter[str]
    breaches: Sequence[str]
    course: str


def settle(world: World) -> None:
    """Let the weather clear up, and see that every order that can be acknowledged is so in time."""
    world.clear_up()
    world.promise.watch_end()
    limit_s = drain_limit_s(world)
    world.pass_time(limit_s)
    world.promise.watch_acknowledged(limit_s)
    if world.promise.lost and world.sweeping:
        world.pass_time(_DAY_S)
        world.promise.watch_lost()
    world.promise.watch_end()


def drain_limit_s(world: World) -> float:
    """Return how long the queue may take to be worked off once the weather is fair.

    What waits is hidden for the longest back-off at most; then everything is worked off at the limit. An
    order may be hidden once more where the limit is so low that an order which was tried for minutes cannot
    wait for the turns of a whole batch, or where Walmart has called for a pause that outlasts the weather.
    What is on its way has to arrive, and an order that only the sweep knows of waits until it is due, and for
    the next sweep.
    """
    waiting = len(world.orders) + sum(world.bus.on_their_way.values())
    per_second = usable_per_second(world.requests_per_minute)
    turns_s = MAXIMUM_CONCURRENCY * BATCH_SIZE / per_second
    hidden_twice = turns_s >= STUCK_MAX_WAIT_S or world.is_to_pause
    hidden_s = (BACKOFF_CAP_S + BACKOFF_BASE_S) * (2 if hidden_twice else 1)
    sweep_s = SWEEP_INTERVAL_S + DUE_AFTER.total_seconds() if world.sweeping else 0
    return hidden_s + waiting / per_second + max(sweep_s, world.bus.last_arrives_in_s)


def report(world: World) -> Report:
    promise, course = world.promise, hashlib.sha256()
    for call in world.marketplace.calls:
        line = f"{call.received_at:.6f} {call.action} {call.purchase_order_id} {call.status} {call.fault}"
        course.update(line.encode())
    return Report(
        world.seed,
        len(world.every_order),
        world.weather.struck,
        promise.records,
        promise.breaches,
        course.hexdigest(),
    )
