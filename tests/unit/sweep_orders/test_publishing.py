"""Publishing in tens, with a bus that refuses events or fails altogether."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from shared.outcomes import Outcome
from shared.sweep_mark import SweepNote
from sweep_orders.ports import EventBusError
from sweep_orders.problems import Problem
from sweep_orders.publishing import ATTEMPTS, LEAST_TIME_LEFT_S, Publisher

NOTES = [
    SweepNote(
        purchase_order_id=str(number),
        ordered_at=None,
        next_sweep_at=datetime(2026, 11, 24, 15, tzinfo=UTC),
        park_if_stuck=False,
    )
    for number in range(25)
]
REFUSED = (Outcome.UNAVAILABLE, "event_bus: events refused")


class Bus:
    """A bus that refuses some orders so many times, and fails at the call of a number."""

    def __init__(self, refusals: dict[str, int] | None = None, fails_at: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self.taken: list[str] = []
        self._refusals = dict(refusals or {})
        self._fails_at = fails_at

    def publish(self, notes: Sequence[SweepNote]) -> list[SweepNote]:
        self.calls.append([note.purchase_order_id for note in notes])
        if len(self.calls) == self._fails_at:
            raise EventBusError("ReadTimeoutError")
        refused = []
        for note in notes:
            if self._refusals.get(note.purchase_order_id, 0):
                self._refusals[note.purchase_order_id] -= 1
                refused.append(note)
            else:
                self.taken.append(note.purchase_order_id)
        return refused


def publish(
    bus: Bus,
    notes: Sequence[SweepNote] = NOTES,
    time_left: Callable[[], float] = lambda: 60.0,
    slept: list[float] | None = None,
    uniform: Callable[[float, float], float] = max,
) -> tuple[int, Problem | None]:
    async def sleep(seconds: float) -> None:
        if slept is not None:
            slept.append(seconds)

    return asyncio.run(Publisher(bus, sleep, uniform).publish(notes, time_left))


def test_orders_are_published_in_tens_in_their_order() -> None:
    bus = Bus()

    assert publish(bus) == (25, None)
    assert [len(call) for call in bus.calls] == [10, 10, 5]
    assert bus.taken == [note.purchase_order_id for note in NOTES]


def test_without_orders_the_bus_is_not_called() -> None:
    bus = Bus()

    assert publish(bus, []) == (0, None)
    assert bus.calls == []


def test_only_what_was_refused_is_published_again() -> None:
    bus = Bus({"3": 1, "7": 2})
    slept: list[float] = []

    assert publish(bus, NOTES[:10], slept=slept) == (10, None)
    assert bus.calls[1:] == [["3", "7"], ["7"]]
    assert sorted(bus.taken) == sorted(set(bus.taken))
    assert slept == [2.0, 4.0]


def test_the_wait_before_a_repeat_may_be_none_at_all() -> None:
    slept: list[float] = []

    publish(Bus({"3": 2}), NOTES[:10], slept=slept, uniform=min)

    assert slept == [0.0, 0.0]


def test_what_is_refused_every_time_is_left_and_those_after_it_are_published() -> None:
    bus = Bus({"3": ATTEMPTS})

    assert publish(bus) == (24, REFUSED)
    assert "24" in bus.taken


def test_what_is_refused_is_published_again_twice_at_most() -> None:
    bus = Bus({"3": 99})

    publish(bus, NOTES[:10])

    assert bus.calls[1:] == [["3"], ["3"]]


def test_a_bus_that_takes_nothing_is_left_alone() -> None:
    bus = Bus(dict.fromkeys(map(str, range(25)), 99))

    assert publish(bus) == (0, REFUSED)
    assert len(bus.calls) == ATTEMPTS


@pytest.mark.parametrize(("fails_at", "published"), [(1, 0), (2, 10)])
def test_a_call_that_fails_is_not_repeated_because_it_may_have_published(
    fails_at: int, published: int
) -> None:
    bus = Bus(fails_at=fails_at)

    assert publish(bus) == (published, (Outcome.UNAVAILABLE, "event_bus: ReadTimeoutError"))
    assert len(bus.calls) == fails_at


def test_what_was_taken_before_a_call_failed_is_counted() -> None:
    bus = Bus({"3": 1}, fails_at=2)

    published, problem = publish(bus, NOTES[:10])

    assert published == len(bus.taken) == 9
    assert problem == (Outcome.UNAVAILABLE, "event_bus: ReadTimeoutError")


def test_with_too_little_time_left_what_was_refused_is_left_too() -> None:
    bus = Bus({"3": 1})
    left = [60.0, LEAST_TIME_LEFT_S - 0.1]

    answer = publish(bus, NOTES[:10], time_left=lambda: left.pop(0))

    assert answer == (9, (Outcome.DEFERRED, "out_of_time"))
    assert len(bus.calls) == 1


def test_with_too_little_time_left_the_rest_is_left_to_the_next_sweep() -> None:
    bus = Bus()
    left = [60.0, LEAST_TIME_LEFT_S - 0.1]

    assert publish(bus, time_left=lambda: left.pop(0)) == (10, (Outcome.DEFERRED, "out_of_time"))


@pytest.mark.parametrize(("left_s", "published"), [(9.9, 0), (10.0, 25)])
def test_below_10_seconds_nothing_more_is_published(left_s: float, published: int) -> None:
    assert publish(Bus(), time_left=lambda: left_s)[0] == published
