"""Which released orders are due, and in which order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.orders.event import DEADLINE
from sweep_orders.selection import (
    DUE_AFTER,
    UnacknowledgedOrder,
    due,
    note_of,
    oldest,
)

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
AGES = st.none() | st.timedeltas(min_value=timedelta(hours=-1), max_value=timedelta(hours=49))


def order(purchase_order_id: str, age: timedelta | None) -> UnacknowledgedOrder:
    return UnacknowledgedOrder(purchase_order_id, None if age is None else NOW - age)


@pytest.mark.parametrize(
    ("age", "is_due"),
    [
        (timedelta(minutes=10, seconds=1), True),
        (timedelta(minutes=10), False),
        (timedelta(hours=-1), False),
        (None, True),
    ],
)
def test_an_order_is_due_once_its_event_should_have_arrived(age: timedelta | None, is_due: bool) -> None:
    assert due([order("1", age)], NOW) == [order("1", age)] * is_due


@settings(deadline=None)
@given(st.lists(AGES, max_size=20))
def test_due_orders_are_sorted_undated_in_time_late(ages: list[timedelta | None]) -> None:
    orders = [order(str(number), age) for number, age in enumerate(ages)]

    found = [each.ordered_at for each in due(orders, NOW)]

    undated = found.count(None)
    assert found[:undated] == [None] * undated
    dates = [date for date in found if date]
    in_time = [date for date in dates if NOW - date < DEADLINE]
    late = [date for date in dates if NOW - date >= DEADLINE]
    assert dates == sorted(in_time) + sorted(late)
    assert all(NOW - date > DUE_AFTER for date in dates)


@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(hours=5), None])
def test_due_orders_are_sorted_by_deadline_and_id(age: timedelta | None) -> None:
    late = [order(str(number), DEADLINE + number * timedelta(hours=1)) for number in range(20, -1, -1)]
    in_time = order("in-time", DEADLINE - timedelta(seconds=1))
    first, second = order("1", age), order("2", age)

    assert due([*late, in_time], NOW) == [in_time, *late]
    assert due([second, first], NOW) == due([first, second], NOW) == [first, second]


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        # An order that is not due counts as well.
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


MINUTE, SOON, HOUR, DAY = (timedelta(minutes=minutes) for minutes in (1, 15, 60, 24 * 60))


@pytest.mark.parametrize(
    ("age", "long_lookback", "park", "seen_again_in"),
    [
        (15 * MINUTE, False, False, SOON),
        (119 * MINUTE, False, False, SOON),
        (2 * HOUR, False, True, SOON),
        (135 * MINUTE, False, False, SOON),
        (135 * MINUTE, True, False, SOON),
        (26 * HOUR, False, True, SOON),
        (71 * HOUR + 45 * MINUTE, False, False, DAY),
        (72 * HOUR, True, False, DAY),
        (72 * HOUR + timedelta(seconds=1), False, False, DAY),
        (72 * HOUR + timedelta(seconds=1), True, True, DAY),
        (None, False, False, SOON),
        (None, True, True, SOON),
    ],
)
def test_the_note_follows_from_the_age_of_the_order(
    age: timedelta | None, long_lookback: bool, park: bool, seen_again_in: timedelta
) -> None:
    note = note_of(order("1", age), NOW, SOON, long_lookback=long_lookback)

    assert (note.may_park, note.next_sweep_at - NOW) == (park, seen_again_in)
