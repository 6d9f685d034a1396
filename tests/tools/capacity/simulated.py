"""The same as the model tells, seen in the simulation: the real function in virtual time."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.local.marketplace import Fault
from tests.simulation.world import World, going_on
from tests.support.keys import rsa_key, walmart_form
from tests.support.printed import records_of

_STEP_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a simulation came to.

    Attributes:
        drain_s: Until nobody waited any more; from the beginning, or from the end of the outage.
        acknowledged: How many orders were.
        missed: Those that were acknowledged past the deadline.
        parked: Messages in the dead-letter queue.
        invocations: How many there were.
        billed_s: How long they took in all.
        receives: Messages they were given in all.
        most_receives: How often one message was received at most.
        size: Bytes that were written.
        calls: Calls of each kind, with the status of the answer.
    """

    drain_s: float
    acknowledged: int
    missed: int
    parked: int
    invocations: int
    billed_s: float
    receives: int
    most_receives: int
    size: int
    calls: Counter[tuple[str, int]]


def burst(
    requests_per_minute: int,
    orders: int,
    *,
    call_s: float = 0.0,
    age_s: float = 0.0,
    deadline_s: float = 14_400,
    seed: int = 1,
) -> Seen:
    """Let so many orders come at once, and time pass until the queue is empty.

    Args:
        requests_per_minute: Walmart's limit.
        orders: How many.
        call_s: How much longer each call takes than the simulation's network.
        age_s: How old their events are already.
        deadline_s: Past which an order is missed.
        seed: For everything that is left to chance.
    """
    world = _world(requests_per_minute, seed)
    if call_s:
        world.marketplace.fail_all(Fault.DELAY, times=None, seconds=call_s)
    with going_on(world):
        for _ in range(orders):
            purchase_order_id = world.place_order(told=False)
            world.tell_of(purchase_order_id, world.timeline.now(), age=timedelta(seconds=age_s))
        while len(world.orders) + world.bus.on_their_way.total():
            world.pass_time(_STEP_S)
    return _seen(world, since_s=0.0, deadline_s=deadline_s)


def outage(requests_per_minute: int, arriving_per_second: float, lasts_s: float) -> Seen:
    """Let orders come in while Walmart has an outage, and go on coming after it until nobody waits."""
    world = _world(requests_per_minute, 1)
    world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)

    def place() -> None:
        world.place_order()
        world.timeline.after(1 / arriving_per_second, place)

    world.timeline.after(0, place)
    with going_on(world):
        world.pass_time(lasts_s)
        world.marketplace.recover_all()
        backlog = set(world.placed)
        while any(world.marketplace.order(each).released for each in backlog):
            world.pass_time(_STEP_S)
    return _seen(world, since_s=lasts_s, deadline_s=14_400)


def _world(requests_per_minute: int, seed: int) -> World:
    # Sweeps would look at what waits once more, and count as work.
    return World(seed, [walmart_form(rsa_key())], requests_per_minute=requests_per_minute, sweeping=False)


def _seen(world: World, *, since_s: float, deadline_s: float) -> Seen:
    records = records_of(line for batch in world.batches for line in batch.lines)
    ages = [record["order_age_s"] for record in records if record["outcome"] == "acknowledged"]
    return Seen(
        drain_s=world.timeline.elapsed - since_s,
        acknowledged=len(ages),
        missed=sum(age > deadline_s for age in ages),
        parked=len(world.dead_letters),
        invocations=len(world.batches),
        billed_s=sum(batch.took_s for batch in world.batches),
        receives=sum(len(batch.event["Records"]) for batch in world.batches),
        most_receives=max(record["attempt"] for record in records),
        size=sum(batch.size for batch in world.batches),
        calls=Counter((str(call.action), int(call.status or 0)) for call in world.marketplace.calls),
    )
