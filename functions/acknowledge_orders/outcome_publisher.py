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
from acknowledge_orders.policy import AttemptResult, Refusal
from acknowledge_orders.ports import NotificationLimit, NotificationLimitError, OutcomeBus, Recorder
from acknowledge_orders.records import OutcomeRecord
from shared.runtime import in_thread

UPDATE_S: Final = 5.0
"""Seconds of the invocation that are kept to update the messages after the call."""
LEAST_TIME_TO_PUBLISH_S: Final = 8.0
"""Seconds. With less left of the invocation nothing is published: the call itself takes three."""
WITHOUT_ORDER: Final = "events without an order"
"""They count as one order: a producer of such events must not use up the notifications of a day."""


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

    async def make_event(self, record: OutcomeRecord, result: AttemptResult) -> OutcomeEvent | None:
        """Make the event of an attempt; return None when its outcome is not published.

        For a parked order this counts a notification against the day's limit. If the event is then refused,
        that notification is lost, and the alarm OrdersParked stands for it.
        """
        detail_type = detail_type_of(record)
        if detail_type is None or detail_type not in self._detail_types:
            return None
        notify = detail_type is DetailType.PARKED and await self._may_notify(record)
        return outcome_event(detail_type, record, order_of(result), self._stack, notify=notify)

    async def _may_notify(self, record: OutcomeRecord) -> bool:
        try:
            return await in_thread(
                self._executor, self._limit.admit, record.purchase_order_id or WITHOUT_ORDER
            )
        except NotificationLimitError as error:
            # The alarm OrdersParked does not depend on the limit.
            self._recorder.warn(
                "notification left out",
                purchase_order_id=record.purchase_order_id,
                message_id=record.message_id,
                error=str(error),
            )
            return False

    async def publish(
        self, events: Sequence[OutcomeEvent | None], time_left: Callable[[], float]
    ) -> list[Refusal | None]:
        """Publish the events of a batch.

        Args:
            events: None for a message that has no event.
            time_left: Seconds left of the invocation.

        Returns:
            For each of them None, or why it was not published, if its message must be retried for it. When
            only parked orders are published, no order waits for that: its dead letter is the notice.
        """
        to_publish = [event for event in events if event]
        if not to_publish:
            return [None] * len(events)
        found = dict(zip(to_publish, await self._refusals(to_publish, time_left), strict=True))
        refusals = [found.get(event) if event else None for event in events]
        if DetailType.ACKNOWLEDGED in self._detail_types:
            return refusals
        for refusal in filter(None, refusals):
            self._recorder.warn("parked order not published", error=refusal.code)
        return [None] * len(events)

    async def _refusals(
        self, events: Sequence[OutcomeEvent], time_left: Callable[[], float]
    ) -> Sequence[Refusal | None]:
        if time_left() < LEAST_TIME_TO_PUBLISH_S:
            return [Refusal("out_of_time")] * len(events)
        try:
            # Looking up a host's name has no time-out, and an invocation that is ended updates no message.
            async with asyncio.timeout(time_left() - UPDATE_S):
                return await in_thread(self._executor, self._bus.publish, events)
        except Exception as error:  # noqa: BLE001 - every message of the batch must still be updated
            return [Refusal(type(error).__name__)] * len(events)
