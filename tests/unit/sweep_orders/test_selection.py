"""Which released orders are due, and in which order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.orders.event import DEADLINE
from sweep_orders.selection import (
    DUE_AFTER,
    LONG_LOOKBACK,
    LONG_LOOKBACK_AT,
    SWEEP_LOOKBACK,
    UnacknowledgedOrder,
    due,
    is_long_lookback,
    note_of,
    oldest,
)

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
AGES = st.none() | st.timedeltas(min_value=timedelta(hours=-1), max_value=timedelta(hours=49))


def order(purchase_order_id: str, age: timedelta | None) -> UnacknowledgedOrder:
    return UnacknowledgedOrder(purchase_order_id, None if age is None else NOW - age)


@pytest.mark.parametrize(
    ("age", "is_due"),
    [
        (timedelta(minutes=10, seconds=1), True),
        (timedelta(minutes=10), False),
        (timedelta(0), False),
        (timedelta(hours=-1), False),
        (timedelta(hours=48), True),
        (None, True),
    ],
)
def test_an_order_is_due_once_its_event_should_have_come(age: timedelta | None, is_due: bool) -> None:
    assert due([order("1", age)], NOW) == [order("1", age)] * is_due


@settings(deadline=None)
@given(st.lists(AGES, max_size=20))
def test_the_oldest_comes_first_of_those_in_time_and_one_without_a_date_before_it(
    ages: list[timedelta | None],
) -> None:
    orders = [order(str(number), age) for number, age in enumerate(ages)]

    found = [each.ordered_at for each in due(orders, NOW)]

    undated = found.count(None)
    assert found[:undated] == [None] * undated
    dates = [date for date in found if date]
    in_time = [date for date in dates if NOW - date < DEADLINE]
    late = [date for date in dates if NOW - date >= DEADLINE]
    assert dates == sorted(in_time) + sorted(late)
    assert all(NOW - date > DUE_AFTER for date in dates)


def test_an_order_is_late_from_the_very_moment_of_its_deadline() -> None:
    late = [order(str(number), DEADLINE + number * timedelta(hours=1)) for number in range(20, -1, -1)]
    in_time = order("in-time", DEADLINE - timedelta(seconds=1))

    assert due([*late, in_time], NOW) == [in_time, *late]


@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(hours=5), None])
def test_orders_of_one_date_come_in_one_order_however_walmart_lists_them(age: timedelta | None) -> None:
    first, second = order("1", age), order("2", age)

    assert due([second, first], NOW) == due([first, second], NOW) == [first, second]


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        # Any that waits, due or not.
        ([3, 5, None], ("1", timedelta(minutes=5))),
        ([None], None),
        ([-5], ("0", timedelta(0))),
    ],
)
def test_the_oldest_order_is_the_oldest_with_a_date(
    minutes: list[int | None], found: tuple[str, timedelta] | None
) -> None:
    orders = [
        order(str(number), None if each is None else timedelta(minutes=each))
        for number, each in enumerate(minutes)
    ]

    assert oldest(orders, NOW) == found


INTERVALS = st.sampled_from([timedelta(minutes=minutes) for minutes in (5, 15, 60)])


def sweeps_of_a_month(first: datetime, interval: timedelta, ordered_at: datetime | None) -> list[datetime]:
    """The sweeps that see an order which nobody acknowledges, in the month after the first one."""
    sweeps = [first + number * interval for number in range(timedelta(days=29) // interval)]
    if ordered_at is None:
        return sweeps
    return [
        now
        for now in sweeps
        if now - ordered_at
        <= (LONG_LOOKBACK if is_long_lookback(now, interval, LONG_LOOKBACK_AT) else SWEEP_LOOKBACK)
    ]


@settings(max_examples=20, deadline=None)
@given(
    interval=INTERVALS,
    phase=st.timedeltas(timedelta(0), timedelta(days=1)),
    age=st.none() | st.timedeltas(DUE_AFTER, timedelta(minutes=130)),
)
def test_a_stuck_order_is_for_parking_once_a_day_and_always_seen_again_when_it_is_said(
    interval: timedelta, phase: timedelta, age: timedelta | None
) -> None:
    first = NOW + phase
    stuck = UnacknowledgedOrder("1", None if age is None else first - age)
    sweeps = sweeps_of_a_month(first, interval, stuck.ordered_at)
    notes = [
        note_of(stuck, now, interval, long_lookback=is_long_lookback(now, interval, LONG_LOOKBACK_AT))
        for now in sweeps
    ]

    parked_at = [now for now, note in zip(sweeps, notes, strict=True) if note.park_if_stuck]

    assert len(parked_at) >= 28
    for earlier, later in pairwise(parked_at):
        assert timedelta(hours=22) - interval < later - earlier < timedelta(days=2)
    for note, again in zip(notes, sweeps[1:], strict=False):
        assert timedelta(0) <= note.next_sweep_at - again < timedelta(days=1)


@pytest.mark.parametrize(
    ("age", "far", "park", "again"),
    [
        (timedelta(minutes=15), False, False, timedelta(minutes=15)),
        (timedelta(minutes=119), False, False, timedelta(minutes=15)),
        (timedelta(hours=2), False, True, timedelta(minutes=15)),
        (timedelta(minutes=135), False, False, timedelta(minutes=15)),
        (timedelta(minutes=135), True, False, timedelta(minutes=15)),
        (timedelta(hours=26), False, True, timedelta(minutes=15)),
        (timedelta(hours=71, minutes=45), False, False, timedelta(days=1)),
        (timedelta(hours=71, minutes=46), False, False, timedelta(days=1)),
        (timedelta(hours=72), False, False, timedelta(days=1)),
        (timedelta(hours=72), True, False, timedelta(days=1)),
        (timedelta(hours=72, seconds=1), False, False, timedelta(days=1)),
        (timedelta(hours=72, seconds=1), True, True, timedelta(days=1)),
        (None, False, False, timedelta(minutes=15)),
        (None, True, True, timedelta(minutes=15)),
    ],
)
def test_what_a_sweep_says_of_an_order_follows_from_its_age(
    age: timedelta | None, far: bool, park: bool, again: timedelta
) -> None:
    said = note_of(order("1", age), NOW, timedelta(minutes=15), long_lookback=far)

    assert (said.park_if_stuck, said.next_sweep_at - NOW) == (park, again)
