"""Publishes final outcomes, in one call for a batch."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from typing import Final

from acknowledge_orders.outcome_events import (
    DetailType,
    OutcomeEvent,
    detail_type_of,
    order_of,
    outcome_event,
)
from acknowledge_orders.policy import AttemptResult
from acknowledge_orders.ports import NotificationLimit, NotificationLimitError, OutcomeBus, Recorder
from acknowledge_orders.records import OutcomeRecord

LEAST_TIME_LEFT_S: Final = 8.0
"""Seconds. With less left of the invocation nothing is published: the messages must be updated after it."""


class OutcomePublisher:
    """Makes the event of each final outcome, and publishes the events of a batch."""

    def __init__(
        self,
        *,
        bus: OutcomeBus,
        limit: NotificationLimit,
        detail_types: Collection[DetailType],
        stack: str,
        recorder: Recorder,
        executor: Executor,
    ) -> None:
        """Publish on a bus.

        Args:
            bus: The bus.
            limit: Limits the notifications about parked orders.
            detail_types: What is published.
            stack: The name of the stack, which each event has.
            recorder: Takes warnings.
            executor: Runs the blocking calls.
        """
        self._bus = bus
        self._limit = limit
        self._detail_types = detail_types
        self._stack = stack
        self._recorder = recorder
        self._executor = executor

    async def event_of(self, record: OutcomeRecord, result: AttemptResult) -> OutcomeEvent | None:
        """Return the event of an attempt; None when its outcome is not published."""
        detail_type = detail_type_of(record)
        if detail_type is None or detail_type not in self._detail_types:
            return None
        parked = detail_type is DetailType.PARKED
        notify = parked and await self._may_notify(record.purchase_order_id or record.message_id or "")
        return outcome_event(detail_type, record, order_of(result), self._stack, notify=notify)

    async def _may_notify(self, order: str) -> bool:
        try:
            return await self._in_thread(self._limit.admit, order)
        except NotificationLimitError as error:
            # The alarm OrdersParked does not depend on the limit.
            self._recorder.warn("notification left out", order=order, error=str(error))
            return False

    async def publish(
        self, events: Sequence[OutcomeEvent | None], time_left: Callable[[], float]
    ) -> list[str | None]:
        """Publish the events of a batch.

        Args:
            events: None for a message that has no event.
            time_left: Seconds left of the invocation.

        Returns:
            For each of them None, or why it was not published.
        """
        published = [event for event in events if event]
        if not published:
            return [None] * len(events)
        if time_left() < LEAST_TIME_LEFT_S:
            return ["event_bus: out_of_time" if event else None for event in events]
        refusals = iter(await self._in_thread(self._bus.publish, published))
        return [_reason(next(refusals)) if event else None for event in events]

    async def _in_thread[Argument, Result](
        self, call: Callable[[Argument], Result], argument: Argument
    ) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, argument)


def _reason(refusal: str | None) -> str | None:
    return f"event_bus: {refusal}" if refusal else None
