"""Publishing ten events in a call, to a bus that refuses events or fails."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from shared.orders.outcome import Outcome
from shared.orders.sweep_note import SweepNote
from sweep_orders.ports import EventBusError
from sweep_orders.problems import Problem
from sweep_orders.publishing import ATTEMPTS, Publisher

NOTES = [
    SweepNote(
        purchase_order_id=str(number),
        ordered_at=None,
        next_sweep_at=datetime(2026, 11, 24, 15, tzinfo=UTC),
        may_park=False,
    )
    for number in range(25)
]
REFUSED = (Outcome.UNAVAILABLE, "event_bus: events refused")


class Bus:
    """A bus that refuses each of these orders so often, and fails at one call."""

    def __init__(self, refusals: dict[str, int] | None = None, fails_at: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self.accepted: list[str] = []
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
                self.accepted.append(note.purchase_order_id)
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


@pytest.mark.parametrize(
    ("refused", "published", "calls"),
    [
        ([], 25, [10, 10, 5]),
        # An event that is refused three times is left.
        (["3"], 24, [10, 1, 1, 10, 5]),
        # A bus that refuses everything gets no more calls.
        ([note.purchase_order_id for note in NOTES], 0, [10] * ATTEMPTS),
    ],
)
def test_orders_are_published_in_tens_in_their_order(
    refused: list[str], published: int, calls: list[int]
) -> None:
    bus = Bus(dict.fromkeys(refused, 99))

    assert publish(bus) == (published, REFUSED if refused else None)
    assert [len(call) for call in bus.calls] == calls
    accepted = [note.purchase_order_id for note in NOTES if note.purchase_order_id not in refused]
    assert bus.accepted == accepted[:published]


def test_no_order_needs_no_call() -> None:
    assert publish(Bus(fails_at=1), []) == (0, None)


@pytest.mark.parametrize(("uniform", "slept_s"), [(max, [2.0, 4.0]), (min, [0.0, 0.0])])
def test_refused_events_are_published_again_after_a_wait(
    uniform: Callable[[float, float], float], slept_s: list[float]
) -> None:
    bus = Bus({"3": 1, "7": 2})
    slept: list[float] = []

    assert publish(bus, NOTES[:10], slept=slept, uniform=uniform) == (10, None)
    assert bus.calls[1:] == [["3", "7"], ["7"]]
    assert sorted(bus.accepted) == sorted(set(bus.accepted))
    assert slept == slept_s


@pytest.mark.parametrize(("refusals", "fails_at", "published"), [({}, 1, 0), ({}, 2, 10), ({"3": 1}, 2, 9)])
def test_a_failed_call_to_the_bus_is_not_repeated(
    refusals: dict[str, int], fails_at: int, published: int
) -> None:
    bus = Bus(refusals, fails_at)

    result = publish(bus, NOTES[:10] if refusals else NOTES)

    assert result == (published, (Outcome.UNAVAILABLE, "event_bus: ReadTimeoutError"))
    assert len(bus.accepted) == published
    assert len(bus.calls) == fails_at


@pytest.mark.parametrize(
    ("refusals", "left_s", "published"),
    [({}, [9.9], 0), ({}, [10.0, 9.9], 10), ({"3": 1}, [60.0, 9.9, 9.9], 9), ({}, [10.0] * 3, 25)],
)
def test_with_less_than_ten_seconds_left_nothing_is_published(
    refusals: dict[str, int], left_s: list[float], published: int
) -> None:
    left = list(left_s)

    result = publish(Bus(refusals), time_left=lambda: left.pop(0))

    assert result == (published, None if published == 25 else (Outcome.DEFERRED, "out_of_time"))
