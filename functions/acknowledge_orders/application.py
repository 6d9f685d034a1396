"""One event, from reading it to recording what became of it."""

import asyncio
import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from acknowledge_orders.attempt import Attempts
from acknowledge_orders.policy import (
    Circumstances,
    Decision,
    Delay,
    Disposition,
    DryRun,
    Sight,
    Tried,
    Waiting,
    decide,
    decide_bare,
    must_look_first,
    turn_within_s,
)
from acknowledge_orders.ports import OrderQueue, QueueError, QueueMessage, Recorder
from acknowledge_orders.records import OutcomeRecord
from shared.calling import Deferred
from shared.order_event import DEADLINE, InvalidEventError, OrderEvent
from shared.sweep_mark import SWEEP

BATCH_SIZE: Final = 10
"""How many messages one batch brings at most, all of them side by side (the template's batch size)."""


@dataclass(frozen=True, slots=True)
class _Attempted:
    """What is known of an attempt: the event, if it could be read, and what was seen."""

    event: OrderEvent | None
    sight: Sight


class AcknowledgeOrders:
    """Acknowledges the orders that events tell of."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        queue: OrderQueue,
        recorder: Recorder,
        waiting: Waiting,
        sweeping: bool,
        mark_keys: Callable[[], Sequence[bytes]],
        now: Callable[[], datetime],
        uniform: Callable[[float, float], float],
        executor: Executor,
    ) -> None:
        """Work through the given ports.

        Args:
            attempts: Makes the calls.
            queue: The queue that the messages came from.
            recorder: Where outcome records go.
            waiting: How long messages wait that are to come again.
            sweeping: Whether sweeps go on, by which an order is seen again.
            mark_keys: Returns the keys by which an event of the sweep is known.
            now: The time, aware.
            uniform: Draws a number between two others.
            executor: Where calls of the queue block. With room for a whole batch, none waits for another's.
        """
        self._attempts = attempts
        self._queue = queue
        self._recorder = recorder
        self._waiting = waiting
        self._sweeping = sweeping
        self._mark_keys = mark_keys
        self._now = now
        self._uniform = uniform
        self._executor = executor

    async def handle_message(self, message: QueueMessage, time_left: Callable[[], float]) -> bool:
        """Attempt the order that a message tells of, and carry out what follows from it.

        Args:
            message: As the queue handed it out.
            time_left: Seconds left of the invocation.

        Returns:
            Whether the message is done with. If not, it stays in the queue and comes again.
        """
        try:
            event: object = json.loads(message.body)
        except (ValueError, RecursionError):
            attempted = _Attempted(None, InvalidEventError("body: must be JSON"))
        else:
            attempted = await self._attempt(event, time_left, message)
        circumstances = self._circumstances(attempted.event, message)
        decision = await self._carry_out(decide(attempted.sight, circumstances, self._waiting), message)
        self._record(attempted, decision, message)
        return decision.disposition is not Disposition.LATER

    async def handle_bare_event(self, event: object, time_left: Callable[[], float]) -> OutcomeRecord:
        """Attempt the order that a bare event tells of, and return the record of it."""
        attempted = await self._attempt(event, time_left)
        return self._record(attempted, decide_bare(attempted.sight, self._circumstances(attempted.event)))

    async def _attempt(
        self, event: object, time_left: Callable[[], float], message: QueueMessage | None = None
    ) -> _Attempted:
        now = self._now()
        try:
            order_event = OrderEvent.read(event, now)
        except InvalidEventError as error:
            return _Attempted(None, error)
        for ignored in order_event.ignored_dates:
            self._recorder.warn(
                "event date ignored",
                purchase_order_id=order_event.purchase_order_id,
                event_id=order_event.event_id,
                field=ignored.field,
                reason=ignored.why,
            )
        if order_event.dry_run:
            rehearsed = await self._attempts.rehearse(order_event.purchase_order_id, time_left)
            return _Attempted(order_event, rehearsed)
        tried_before = message is not None and message.was_tried
        sight = await self._attempts.make(
            order_event.purchase_order_id,
            look_first=must_look_first(order_event, now, tried_before=tried_before),
            time_left=time_left,
            turn_within_s=turn_within_s(self._circumstances(order_event, message)),
        )
        return _Attempted(order_event, sight)

    def _circumstances(self, event: OrderEvent | None, message: QueueMessage | None = None) -> Circumstances:
        now = self._now()
        return Circumstances(
            now=now,
            event_time=event.event_time if event else None,
            ordered_at=event.deadline_from if event else None,
            first_received_at=message.first_received_at if message else now,
            receive_count=message.receive_count if message else 1,
            note=event.note_by_sweep(self._mark_keys()) if event and self._sweeping else None,
        )

    async def _carry_out(self, decision: Decision, message: QueueMessage) -> Decision:
        """Do with the message what was decided, and return what was really done with it."""
        try:
            if decision.disposition is Disposition.PARKED:
                reason = decision.reason or decision.outcome
                await self._in_thread(self._queue.park, message, decision.outcome, reason)
            elif decision.delay is not None:
                await self._in_thread(self._queue.hide, message, self._draw(decision.delay))
        except QueueError as error:
            # Either way it is still in the queue, and comes again after the visibility timeout.
            self._recorder.warn(
                "queue did not carry out the disposition",
                message_id=message.message_id,
                disposition=decision.disposition,
                error=str(error),
            )
            return Decision(decision.outcome, decision.reason, Disposition.LATER)
        return decision

    async def _in_thread(self, do: Callable[..., None], *arguments: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, do, *arguments)

    def _draw(self, delay: Delay) -> int:
        """Draw a delay in whole seconds, which is what SQS takes."""
        return math.ceil(self._uniform(delay.at_least_s, delay.at_most_s))

    def _record(
        self, attempted: _Attempted, decision: Decision, message: QueueMessage | None = None
    ) -> OutcomeRecord:
        event, sight = attempted.event, attempted.sight
        named = sight if isinstance(sight, InvalidEventError) else event
        call = sight.call if isinstance(sight, Tried | Deferred) else None
        signed = sight.request if isinstance(sight, DryRun) else call
        age = self._now() - event.deadline_from if event and event.deadline_from else None
        record = OutcomeRecord(
            purchase_order_id=event.purchase_order_id if event else None,
            outcome=decision.outcome,
            reason=decision.reason,
            disposition=decision.disposition,
            http_status=call.status if call else None,
            attempt=message.receive_count if message else 1,
            order_age_s=round(age.total_seconds(), 1) if age is not None else None,
            deadline_remaining_s=round((DEADLINE - age).total_seconds(), 1) if age is not None else None,
            latency_ms=round(call.latency_s * 1000, 1) if call else None,
            correlation_id=signed.correlation_id if signed else None,
            event_id=named.event_id if named else None,
            message_id=message.message_id if message else None,
            origin=_origin(event, message),
            secret_version_id=sight.secret_version_id if isinstance(sight, Tried | DryRun) else None,
        )
        self._recorder.record(record)
        return record


def _origin(event: OrderEvent | None, message: QueueMessage | None) -> str:
    if message is None:
        return "manual"
    return SWEEP if event and event.swept else "queue"
