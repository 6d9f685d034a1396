"""Which released orders are due, and in which order."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.order_event import DEADLINE
from sweep_orders.selection import DUE_AFTER, WaitingOrder, due, oldest

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
AGES = st.none() | st.timedeltas(min_value=timedelta(hours=-1), max_value=timedelta(hours=49))


def order(purchase_order_id: str, age: timedelta | None) -> WaitingOrder:
    return WaitingOrder(purchase_order_id, None if age is None else NOW - age)


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


def test_orders_that_are_late_as_it_is_do_not_keep_out_one_that_may_be_in_time() -> None:
    late = [order(str(number), timedelta(hours=5)) for number in range(20)]
    in_time = order("in-time", timedelta(hours=3, minutes=59))

    assert due([*late, in_time], NOW)[0] == in_time


def test_an_order_is_late_from_the_very_moment_of_its_deadline() -> None:
    late, in_time = order("late", DEADLINE), order("in-time", DEADLINE - timedelta(seconds=1))

    assert due([late, in_time], NOW) == [in_time, late]


@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(hours=5), None])
def test_orders_of_one_date_come_in_one_order_however_walmart_lists_them(age: timedelta | None) -> None:
    first, second = order("1", age), order("2", age)

    assert due([second, first], NOW) == due([first, second], NOW) == [first, second]


def test_the_oldest_age_is_that_of_any_waiting_order_due_or_not() -> None:
    orders = [order("1", timedelta(minutes=3)), order("2", timedelta(minutes=5)), order("3", None)]

    assert oldest(orders, NOW) == ("2", timedelta(minutes=5))


def test_without_a_dated_order_there_is_no_oldest_age() -> None:
    assert oldest([order("1", None)], NOW) is None


def test_an_order_from_the_future_has_no_negative_age() -> None:
    assert oldest([order("1", timedelta(minutes=-5))], NOW) == ("1", timedelta(0))
