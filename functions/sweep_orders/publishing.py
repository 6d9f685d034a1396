"""Publishes order events, and repeats those that the bus refused."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import batched
from typing import Final

from shared.orders.outcome import Outcome
from shared.orders.sweep_note import SweepNote
from sweep_orders.ports import EventBus, EventBusError
from sweep_orders.problems import Problem

_EVENTS_AT_ONCE: Final = 10
"""The largest number of events in one call of `PutEvents`."""
ATTEMPTS: Final = 3
LEAST_TIME_LEFT_S: Final = 10.0
"""Seconds. With less left of the invocation nothing is published: the last call and the record need time."""


class Publisher:
    """Publishes an order event for each order, in the order given."""

    def __init__(
        self,
        event_bus: EventBus,
        sleep: Callable[[float], Awaitable[None]],
        uniform: Callable[[float, float], float],
    ) -> None:
        """Publish on `event_bus`.

        Args:
            event_bus: The bus.
            sleep: Waits for so many seconds.
            uniform: Draws a number between two others.
        """
        self._event_bus = event_bus
        self._sleep = sleep
        self._uniform = uniform

    async def publish(
        self, notes: Sequence[SweepNote], time_left: Callable[[], float]
    ) -> tuple[int, Problem | None]:
        """Publish the events, ten in a call.

        Args:
            notes: One for each event.
            time_left: Seconds left of the invocation.

        Returns:
            How many events were published, and the problem with the others.
        """
        published = 0
        problem: Problem | None = None
        for some in batched(notes, _EVENTS_AT_ONCE, strict=False):
            refused, trouble = await self._publish_some(some, time_left)
            published += len(some) - len(refused)
            problem = trouble or problem
            if len(refused) == len(some):
                break  # The bus refuses everything, or no time is left: the next sweep tries again.
        return published, problem

    async def _publish_some(
        self, notes: Sequence[SweepNote], time_left: Callable[[], float]
    ) -> tuple[Sequence[SweepNote], Problem | None]:
        """Publish ten events at most; publish those that the bus refused again, twice at most.

        A call that fails as a whole is not repeated: its events may have been published, and the next sweep
        publishes the others.
        """
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._sleep(self._uniform(0, 2.0**attempt))
            if time_left() < LEAST_TIME_LEFT_S:
                return notes, (Outcome.DEFERRED, "out_of_time")
            try:
                notes = self._event_bus.publish(notes)
            except EventBusError as error:
                return notes, (Outcome.UNAVAILABLE, f"event_bus: {error}")
            if not notes:
                return notes, None
        return notes, (Outcome.UNAVAILABLE, "event_bus: events refused")
