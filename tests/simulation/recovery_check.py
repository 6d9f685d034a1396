"""The recovery check: after the faults stop, every order is acknowledged within a limit."""

import hashlib
from collections import Counter
from typing import Final, NamedTuple

from acknowledge_orders.policy import STUCK_MAX_WAIT_S
from shared.walmart.rate_limiter import usable_per_second
from sweep_orders.selection import DUE_AFTER
from tests.simulation.faults import AnyFault
from tests.simulation.harness import SWEEP_INTERVAL_S, Simulation
from tests.simulation.lambda_service import BATCH_SIZE, MAXIMUM_CONCURRENCY
from tests.simulation.record_checks import order_of
from tests.support.settings import ACKNOWLEDGE

_LONGEST_BACKOFF_S: Final = sum(float(ACKNOWLEDGE[f"BACKOFF_{each}_SECONDS"]) for each in ("BASE", "CAP"))
_DAY_S: Final = 24 * 3600 + SWEEP_INTERVAL_S
"""How long after the faults stopped sweeps have found every order that was left to them."""


class Report(NamedTuple):
    """The result of one simulation.

    Attributes:
        orders: The number of orders, including those that only an event names.
        digest: A digest of every call to Walmart with its time; equal digests mean equal simulations.
    """

    seed: int
    orders: int
    occurred: Counter[AnyFault]
    outcomes: Counter[str]
    violations: list[str]
    digest: str


def check_recovery(simulation: Simulation) -> None:
    """Stop the faults, and check that every order that can be acknowledged is, in time."""
    simulation.stop_faults()
    simulation.invariants.check_end()
    limit_s = _drain_limit_s(simulation)
    simulation.pass_time(limit_s)
    simulation.invariants.check_acknowledged(limit_s)
    if simulation.sweeping and simulation.invariants.lost:
        simulation.pass_time(_DAY_S)
        simulation.invariants.check_lost()
    simulation.invariants.check_end()


def _drain_limit_s(simulation: Simulation) -> float:
    """Return how long the order queue may take to drain after the faults stopped.

    A message is hidden for at most the longest back-off; then the queue drains at the rate limit. A message
    may be hidden a second time if the rate limit is too low for the slots of a whole batch, or if Walmart's
    last pause outlasts the faults. Events still have to arrive, and an order without an event waits until it
    is due and for the next sweep.
    """
    queued = len(simulation.orders) + simulation.bus.on_their_way.total()
    per_second = usable_per_second(simulation.requests_per_minute)
    slots_s = MAXIMUM_CONCURRENCY * BATCH_SIZE / per_second
    hidden_twice = slots_s >= STUCK_MAX_WAIT_S or simulation.may_be_throttled
    hidden_s = _LONGEST_BACKOFF_S * (2 if hidden_twice else 1)
    sweep_s = SWEEP_INTERVAL_S + DUE_AFTER.total_seconds() if simulation.sweeping else 0
    return hidden_s + queued / per_second + max(sweep_s, simulation.bus.last_arrives_in_s)


def report(simulation: Simulation) -> Report:
    orders = {*simulation.placed, *map(order_of, simulation.event_bodies)} - {None, ""}
    calls = [
        f"{call.received_at:.6f} {call.action} {call.purchase_order_id} {call.status} {call.fault}"
        for call in simulation.marketplace.calls
    ]
    return Report(
        simulation.seed,
        len(orders),
        simulation.faults.occurred,
        simulation.invariants.records,
        simulation.invariants.violations,
        hashlib.sha256("".join(calls).encode()).hexdigest(),
    )
