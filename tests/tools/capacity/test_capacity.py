"""The model agrees with the simulation, in which the real function works orders off in virtual time."""

from dataclasses import replace
from functools import cache

import pytest

from tests.tools.capacity import cost, flow, simulated
from tests.tools.capacity.assumptions import HOUR_S, Output, Setup
from tests.tools.capacity.simulated import Seen

SETUP = Setup()
AS_SIMULATED = Output(ids=0, lambdas=0)
"""The simulation's ids are short, and Lambda writes nothing there."""
DELIVERED_S = 2.0
"""How long the simulation's bus takes with an event at most."""

# Walmart's limit, orders at once, and how much longer than usual each acknowledgement takes.
AT_THE_LIMIT = (60, 600, 0.0)
WITH_SLOW_CALLS = (60, 300, 4.0)
LIMITED_BY_CALLS = (600, 600, 3.0)
LONGER_THAN_AN_EVENT_IS_YOUNG = (60, 1_200, 0.0)
HANDED_BACK = (20, 500, 0.0)
BURSTS = [AT_THE_LIMIT, WITH_SLOW_CALLS, LIMITED_BY_CALLS, LONGER_THAN_AN_EVENT_IS_YOUNG, HANDED_BACK]

type Case = tuple[int, int, float]


@cache
def simulate(case: Case) -> Seen:
    limit, orders, call_s = case
    return simulated.burst(limit, orders, call_s=call_s)


def setup_of(case: Case) -> Setup:
    limit, _, call_s = case
    return replace(SETUP, requests_per_minute=limit, slowest_call_s=SETUP.slowest_call_s + call_s)


@pytest.mark.parametrize("case", BURSTS, ids=str)
def test_a_burst_is_drained_when_the_model_says(case: Case) -> None:
    seen, told = simulate(case), flow.burst(setup_of(case), case[1])

    assert seen.acknowledged == case[1]
    assert 0.97 * told.drain_s <= seen.drain_s <= 1.03 * (told.drain_s + told.tail_s) + DELIVERED_S


@pytest.mark.parametrize("case", BURSTS, ids=str)
def test_a_burst_takes_the_time_that_the_model_bills(case: Case) -> None:
    told = flow.burst(setup_of(case), case[1])

    assert simulate(case).billed_s == pytest.approx(told.billed_s, rel=0.05)


@pytest.mark.parametrize("case", BURSTS, ids=str)
def test_a_burst_takes_the_calls_and_receives_that_the_model_counts(case: Case) -> None:
    seen, told = simulate(case), flow.burst(setup_of(case), case[1])

    assert seen.calls["acknowledge", 200] == case[1]
    assert seen.receives == pytest.approx(told.receives, rel=0.05)
    # What was handed back is looked at when it comes again, young as it may be.
    handed_back = seen.receives - case[1]
    assert 0.97 * told.looks <= seen.calls["get", 200] <= told.looks + handed_back
    assert seen.calls.keys() <= {("acknowledge", 200), ("get", 200)}


@pytest.mark.parametrize("case", BURSTS[:-1], ids=str)
def test_a_burst_takes_full_batches(case: Case) -> None:
    told = flow.burst(setup_of(case), case[1])

    assert simulate(case).invocations == pytest.approx(told.invocations, rel=0.02)


def test_batches_at_the_end_of_a_burst_are_small_where_orders_were_handed_back() -> None:
    told = flow.burst(setup_of(HANDED_BACK), HANDED_BACK[1])

    assert told.invocations <= simulate(HANDED_BACK).invocations <= 1.3 * told.invocations


def test_orders_that_are_looked_at_first_take_two_calls_of_an_invocations_time() -> None:
    limit, orders, call_s = LIMITED_BY_CALLS
    looked_at = replace(setup_of((limit, orders, call_s / 3)), calls=2)
    told = flow.burst(looked_at, orders)

    seen = simulated.burst(limit, orders, call_s=call_s / 3, age_s=looked_at.look_after_s + 1)

    assert seen.calls == {("get", 200): orders, ("acknowledge", 200): orders}
    assert told.drain_s > 1.5 * flow.burst(replace(looked_at, calls=1), orders).drain_s
    assert seen.drain_s == pytest.approx(told.drain_s, rel=0.05)
    assert seen.billed_s == pytest.approx(told.billed_s, rel=0.05)


@pytest.mark.parametrize("case", [AT_THE_LIMIT, HANDED_BACK], ids=str)
def test_what_is_written_about_an_order_in_a_full_batch_is_what_the_model_bills(case: Case) -> None:
    order = cost.in_full_batches(setup_of(case), AS_SIMULATED)

    assert simulate(case).size / case[1] == pytest.approx(order.log_bytes, rel=0.06)


@pytest.mark.parametrize("case", [AT_THE_LIMIT, HANDED_BACK], ids=str)
def test_an_order_in_a_full_batch_takes_the_requests_to_the_queue_that_the_model_bills(case: Case) -> None:
    seen, orders = simulate(case), case[1]

    requests = orders + 2 * seen.invocations + (seen.receives - orders)
    told = cost.in_full_batches(setup_of(case), AS_SIMULATED)
    assert requests / orders == pytest.approx(told.sqs_requests, rel=0.05)


def test_an_order_alone_takes_and_writes_what_the_model_bills() -> None:
    orders = 60
    seen = [simulated.burst(60, 1, seed=seed) for seed in range(orders)]
    told = cost.one_by_one(replace(SETUP, own_s=0), AS_SIMULATED)

    assert all(each.invocations == each.receives == 1 for each in seen)
    assert sum(each.billed_s for each in seen) / orders == pytest.approx(told.billed_s, rel=0.1)
    assert sum(each.size for each in seen) / orders == pytest.approx(told.log_bytes, rel=0.02)


def test_as_many_orders_of_a_burst_miss_a_deadline_as_the_model_says() -> None:
    limit, orders, deadline_s = 20, 900, HOUR_S / 2
    told = flow.burst(replace(SETUP, requests_per_minute=limit, deadline_s=deadline_s), orders)

    seen = simulated.burst(limit, orders, deadline_s=deadline_s)

    assert told.missed == 330
    assert seen.missed == pytest.approx(told.missed, abs=3)


@pytest.mark.parametrize("arriving_per_minute", [1, 30], ids=["few wait", "many wait"])
def test_an_outage_is_caught_up_with_when_the_model_says(arriving_per_minute: float) -> None:
    lasts_s = HOUR_S if arriving_per_minute == 1 else HOUR_S / 6
    told = flow.outage(SETUP, arriving_per_minute / 60, lasts_s)

    seen = simulated.outage(60, arriving_per_minute / 60, lasts_s)

    assert seen.drain_s == pytest.approx(told.catch_up_s, rel=0.1)
    assert seen.missed == seen.parked == told.missed == 0
    assert not told.parked
    # The average is the model's; of many messages one comes round more often.
    assert told.receives * 0.8 <= seen.most_receives <= told.receives * 1.5


def test_no_order_is_parked_by_a_rush_at_the_lowest_limit() -> None:
    seen = simulated.burst(3, 200)

    assert seen.acknowledged == 200
    assert seen.parked == 0
    assert seen.most_receives < SETUP.last_receive / 3


def test_an_invocation_without_a_turn_costs_an_order_many_more_receives() -> None:
    assert flow.spins(replace(SETUP, requests_per_minute=2))
    assert not flow.spins(replace(SETUP, requests_per_minute=3))

    spinning, waiting = (simulated.burst(limit, 60) for limit in (2, 3))

    assert waiting.receives / 60 < SETUP.batch
    assert spinning.receives > 2 * waiting.receives


def test_above_what_is_carried_the_first_order_is_missed_when_the_queue_is_four_hours_long() -> None:
    carried = flow.carries(SETUP).per_second

    assert flow.first_missed_s(SETUP, carried) == float("inf")
    first_s = flow.first_missed_s(SETUP, 1.25 * carried)
    assert 0.25 * carried * first_s == pytest.approx(carried * SETUP.deadline_s)


def test_nothing_is_caught_up_with_at_a_rate_above_what_is_carried() -> None:
    with pytest.raises(ValueError, match="below what is carried"):
        flow.outage(SETUP, 2 * flow.carries(SETUP).per_second, HOUR_S)
