"""How orders flow: what goes out in an hour, how long a queue takes, and which orders come too late. Pure."""

import math
from dataclasses import dataclass

from shared.calling import LEAST_TIME_LEFT_S
from shared.pacing import usable_per_second
from sweep_orders.sweep import PUBLISHING_S
from tests.tools.capacity.assumptions import Setup, Stack


@dataclass(frozen=True, slots=True)
class Carries:
    """What a stack carries while orders wait.

    Attributes:
        per_second: Orders acknowledged a second.
        turns: Acknowledgements that one invocation gets a turn for.
        cycle_s: From the beginning of an invocation to that of the next in the same environment.
    """

    per_second: float
    turns: int
    cycle_s: float

    def receives(self, batch: int) -> float:
        """Return how often an order is received: what gets no turn in an invocation is handed back."""
        return batch / self.turns if self.turns else math.inf


def carries(setup: Setup) -> Carries:
    """Return what a stack carries while orders wait.

    An environment gives a turn every so many seconds. A batch waits for its turns inside the invocation; what
    the invocation has no time for is handed back. When calls take longer than a batch's turns, they are what
    limits it. Without any turn in an invocation there is no such cycle: see `spins`.
    """
    interval_s = setup.environments / usable_per_second(setup.requests_per_minute)
    between_s = setup.calls * setup.slowest_call_s + setup.poll_s
    first_s = max(0.0, interval_s - between_s)
    longest_s = setup.timeout_s - setup.kept_s
    turns = min(setup.batch, max(0, math.floor((longest_s - first_s) / interval_s) + 1))
    cycle_s = max(turns * interval_s, between_s)
    per_second = min(usable_per_second(setup.requests_per_minute), setup.environments * turns / cycle_s)
    return Carries(per_second, turns, cycle_s)


def spins(setup: Setup) -> bool:
    """Tell whether an invocation may end without a turn.

    Then a batch is handed back at once, and comes round as fast as its back-offs are over: each order costs
    dozens of receives, and one that waits for hours is parked although nothing is wrong.
    """
    return carries(setup).turns == 0


def slowest_call_for_full_pace_s(setup: Setup) -> float:
    """Return how long the slowest of ten calls may take before the environments are what limits the pace."""
    in_hand = setup.environments * setup.batch
    return (in_hand / usable_per_second(setup.requests_per_minute) - setup.poll_s) / setup.calls


def environments_for_full_pace(setup: Setup) -> int:
    """Return how many environments keep the pace of Walmart's limit; two at least, which is AWS's least."""
    between_s = setup.calls * setup.slowest_call_s + setup.poll_s
    in_hand = usable_per_second(setup.requests_per_minute) * between_s
    return max(2, math.ceil(in_hand / setup.batch))


@dataclass(frozen=True, slots=True)
class Burst:
    """What becomes of orders that come all at once.

    Attributes:
        drain_s: Until the last one is acknowledged, if none hides at the end.
        tail_s: How much later that may be: what was handed back last hides for its back-off.
        missed: Orders that are acknowledged past the deadline.
        invocations: How many it takes.
        receives: How many messages they are given in all.
        billed_s: How long they take in all.
        looks: Orders that are looked at first, because their event became old in the queue; those that were
            handed back before are not among them.
    """

    drain_s: float
    tail_s: float
    missed: float
    invocations: float
    receives: float
    billed_s: float
    looks: float


def burst(setup: Setup, orders: int) -> Burst:
    """Return what becomes of so many orders that come at once to a queue that is empty."""
    carried = carries(setup)
    drain_s = orders / carried.per_second
    invocations = orders / carried.turns if carried.turns else math.inf
    handed_back = carried.turns < setup.batch
    tail_s = min(setup.backoff_cap_s, setup.backoff_base_s + drain_s) if handed_back else carried.cycle_s
    return Burst(
        drain_s=drain_s,
        tail_s=tail_s,
        missed=max(0.0, orders - carried.per_second * setup.deadline_s),
        invocations=invocations,
        receives=orders * carried.receives(setup.batch),
        billed_s=invocations * (carried.cycle_s - setup.poll_s),
        looks=max(0.0, orders - carried.per_second * setup.look_after_s),
    )


def first_missed_s(setup: Setup, arriving_per_second: float) -> float:
    """Return when the first order is missed at a rate that is kept up; infinite below what is carried.

    The oldest order is taken to be acknowledged first, which SQS does not promise.
    """
    carried = carries(setup).per_second
    if arriving_per_second <= carried:
        return math.inf
    return setup.deadline_s * carried / (arriving_per_second - carried)


@dataclass(frozen=True, slots=True)
class Outage:
    """What becomes of the orders that come while Walmart has an outage.

    Attributes:
        backlog: How many wait when it is over.
        receives: How often the first of them was received by then, unless so many wait that each one's next
            turn comes later than its back-off ends.
        parked: Whether it is parked, before it could succeed.
        catch_up_s: From then until nobody waits.
        missed: Of the backlog, those acknowledged past the deadline, parked ones among them.
    """

    backlog: float
    receives: float
    parked: bool
    catch_up_s: float
    missed: float


def outage(setup: Setup, arriving_per_second: float, lasts_s: float) -> Outage:
    """Return what becomes of an outage, during and after which orders come in at one rate.

    After it, waiting orders come again in any order, because each one hides for a time of its own.

    Raises:
        ValueError: So many come in that nothing would ever be caught up with.
    """
    spare = carries(setup).per_second - arriving_per_second
    if spare <= 0:
        raise ValueError("arriving_per_second must be below what is carried")
    backlog = arriving_per_second * lasts_s
    hides_s = min(setup.backoff_cap_s, setup.backoff_base_s + lasts_s)
    catch_up_s = max(backlog / spare, hides_s)
    receives = receives_within(setup, lasts_s)
    # Ages at the end of the outage are spread evenly, and so is who has its turn when. In seconds: how far
    # past the deadline the youngest and the oldest would be if they came last; that, as a share of the
    # catching up, is how likely one is to be late.
    least = max(0.0, catch_up_s - setup.deadline_s)
    most = max(0.0, catch_up_s - setup.deadline_s + lasts_s)
    late_s = (min(most, catch_up_s) ** 2 - least**2) / (2 * catch_up_s) + max(0.0, most - catch_up_s)
    return Outage(backlog, receives, receives >= setup.last_receive, catch_up_s, arriving_per_second * late_s)


def receives_within(setup: Setup, seconds: float) -> float:
    """Return how often a message is received that is handed back each time, on average.

    It hides for half of what it waited already and of the base, so that the wait grows by half each time; and
    for half of the cap once it has grown to that.
    """
    grows_until_s = setup.backoff_cap_s - setup.backoff_base_s
    growing_s = min(seconds, grows_until_s)
    growing = math.log((growing_s + setup.backoff_base_s) / setup.backoff_base_s, 1.5)
    return 1 + growing + max(0.0, seconds - grows_until_s) / (setup.backoff_cap_s / 2)


def sweep_sees(setup: Setup, stack: Stack, page_s: float) -> int:
    """Return how many released orders a sweep sees at most, page after page.

    Args:
        setup: With Walmart's limit.
        stack: With the sweep's time.
        page_s: How long Walmart takes for a page.
    """
    listing_s = stack.sweep_timeout_s - PUBLISHING_S - LEAST_TIME_LEFT_S
    a_page_s = max(page_s, 1 / usable_per_second(setup.requests_per_minute))
    return math.floor(listing_s / a_page_s) * stack.page


def sweep_publishes(setup: Setup, stack: Stack) -> int:
    """Return how many order events the sweeps publish at most, from one to the next."""
    return int(stack.sweep_every_s * usable_per_second(setup.requests_per_minute))
