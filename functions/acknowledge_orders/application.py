"""The orders of a batch, or of a direct invocation: parse, attempt, decide, publish, act and record."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import Final, NamedTuple

from acknowledge_orders.attempt import Attempts
from acknowledge_orders.outcome_events import OutcomeEvent
from acknowledge_orders.outcome_publisher import OutcomePublisher
from acknowledge_orders.policy import (
    AttemptResult,
    BackoffSettings,
    CallResults,
    Decision,
    DecisionContext,
    Delay,
    Disposition,
    DryRun,
    Refusal,
    decide,
    decide_direct,
    decide_unpublished,
    max_wait_s,
    must_fetch_first,
)
from acknowledge_orders.ports import OrderQueue, QueueError, QueueMessage, Recorder
from acknowledge_orders.records import OutcomeRecord
from shared.orders.event import DEADLINE, InvalidEventError, OrderEvent
from shared.orders.sweep_note import SWEEP
from shared.runtime import in_thread
from shared.walmart.caller import Deferred

BATCH_SIZE: Final = 10
"""The largest batch, whose messages are handled at the same time (the template's `BatchSize`)."""


class _Attempt(NamedTuple):
    """An attempt, and what was decided.

    Attributes:
        context: What the decision depended on.
        decision: What happens to the message.
        record: The outcome record, which says the same.
        event: The outcome event; None when the outcome is not final, or its kind is not published.
    """

    context: DecisionContext
    decision: Decision
    record: OutcomeRecord
    event: OutcomeEvent | None


type _Begun = _Attempt | bool
"""An attempt whose outcome is to be published; or whether the message of a finished one can be deleted."""


class AcknowledgeOrders:
    """Acknowledges the order of each event."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        queue: OrderQueue,
        publisher: OutcomePublisher,
        recorder: Recorder,
        backoff: BackoffSettings,
        mark_keys: Callable[[], Sequence[bytes]],
        now: Callable[[], datetime],
        uniform: Callable[[float, float], float],
        executor: Executor,
    ) -> None:
        """Work through the given ports.

        Args:
            attempts: Makes the calls.
            queue: The queue that the messages came from.
            publisher: Publishes final outcomes.
            recorder: Takes the outcome records.
            backoff: How long messages wait for a retry.
            mark_keys: Returns the keys with which the sweep marks its events; none when no sweeps run.
            now: Returns the time, aware.
            uniform: Draws a number between two others.
            executor: Runs the blocking calls of the queue, with room for a whole batch.
        """
        self._attempts = attempts
        self._queue = queue
        self._publisher = publisher
        self._recorder = recorder
        self._backoff = backoff
        self._mark_keys = mark_keys
        self._now = now
        self._uniform = uniform
        self._executor = executor

    async def handle_batch(
        self, messages: Sequence[QueueMessage], time_left: Callable[[], float]
    ) -> list[bool]:
        """Attempt all orders at the same time, and carry out the decisions.

        Only messages with an outcome event wait for each other, because one call publishes all events. An
        unexpected error costs its message one attempt, and the other messages nothing.

        Args:
            messages: From the queue.
            time_left: Seconds left of the invocation.

        Returns:
            Whether each message can be deleted. If not, it stays in the queue and is retried.
        """
        begun = await asyncio.gather(
            *(self._guard(message, self._begin(message, time_left)) for message in messages)
        )
        # Before a message is updated: if its outcome cannot be published, it must stay in the queue.
        refusals = await self._publisher.publish(
            [each.event if isinstance(each, _Attempt) else None for each in begun], time_left
        )
        return await asyncio.gather(
            *(
                self._guard(message, self._end(message, each, refusal))
                for message, each, refusal in zip(messages, begun, refusals, strict=True)
            )
        )

    async def handle_direct_invocation(self, event: object, time_left: Callable[[], float]) -> OutcomeRecord:
        """Attempt the order of the event of a direct invocation, and return its record."""
        order_event, result = await self._try(event, time_left)
        decision = decide_direct(result, self._decision_context(order_event))
        record = self._record_of(order_event, result, decision)
        outcome_event = await self._publisher.make_event(record, result)
        [refusal] = await self._publisher.publish([outcome_event], time_left)
        if refusal:
            record = record._replace(reason=refusal.reason, disposition=Disposition.RETURNED)
        self._recorder.record(record)
        return record

    async def _guard[T](self, message: QueueMessage, work: Awaitable[T]) -> T | bool:
        """Return the result of the work on a message; False after an unexpected error, which is recorded."""
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - the other messages must not fail with this one
            self._recorder.unexpected_error(message.message_id, error)
            return False

    async def _attempt_message(self, message: QueueMessage, time_left: Callable[[], float]) -> _Attempt:
        order_event: OrderEvent | None = None
        result: AttemptResult
        try:
            event: object = json.loads(message.body)
        except (ValueError, RecursionError):
            result = InvalidEventError("body: must be JSON")
        else:
            order_event, result = await self._try(event, time_left, message)
        context = self._decision_context(order_event, message)
        decision = decide(result, context, self._backoff)
        record = self._record_of(order_event, result, decision, message)
        outcome_event = await self._publisher.make_event(record, result)
        return _Attempt(context=context, decision=decision, record=record, event=outcome_event)

    async def _begin(self, message: QueueMessage, time_left: Callable[[], float]) -> _Begun:
        """Attempt the order. Without an outcome event, finish, and return whether to delete the message."""
        attempt = await self._attempt_message(message, time_left)
        return attempt if attempt.event else await self._finish(message, attempt, None)

    async def _end(self, message: QueueMessage, begun: _Begun, refusal: Refusal | None) -> bool:
        """Finish an attempt that is not finished; return whether to delete the message."""
        return begun if isinstance(begun, bool) else await self._finish(message, begun, refusal)

    async def _finish(self, message: QueueMessage, attempt: _Attempt, refusal: Refusal | None) -> bool:
        """Update the message and record its outcome; return whether to delete the message.

        Args:
            message: Its attempt has ended.
            attempt: The attempt, whose event was published or refused if it has one.
            refusal: Why the event was not published, or None.
        """
        decision = attempt.decision
        if refusal:
            decision = decide_unpublished(decision, refusal, attempt.context, self._backoff)
        decision = await self._act_on(decision, message)
        final = attempt.record._replace(reason=decision.reason, disposition=decision.disposition)
        self._recorder.record(final)
        return decision.disposition is not Disposition.RETRY

    async def _try(
        self, event: object, time_left: Callable[[], float], message: QueueMessage | None = None
    ) -> tuple[OrderEvent | None, AttemptResult]:
        """Read the event, and try once to acknowledge its order."""
        now = self._now()
        try:
            order_event = OrderEvent.read(event, now)
        except InvalidEventError as error:
            return None, error
        for ignored in order_event.ignored_dates:
            self._recorder.warn(
                "event date ignored",
                purchase_order_id=order_event.purchase_order_id,
                event_id=order_event.event_id,
                field=ignored.field,
                reason=ignored.why,
            )
        if order_event.dry_run:
            result = await self._attempts.dry_run(order_event.purchase_order_id, time_left)
            return order_event, result
        tried_before = message is not None and message.was_tried
        result = await self._attempts.attempt(
            order_event.purchase_order_id,
            fetch_first=must_fetch_first(order_event, now, tried_before=tried_before),
            time_left=time_left,
            max_wait_s=max_wait_s(self._decision_context(order_event, message)),
        )
        return order_event, result

    def _decision_context(
        self, event: OrderEvent | None, message: QueueMessage | None = None
    ) -> DecisionContext:
        now = self._now()
        return DecisionContext(
            now=now,
            event_time=event.event_time if event else None,
            deadline_from=event.deadline_from if event else None,
            first_received_at=message.first_received_at if message else now,
            receive_count=message.receive_count if message else 1,
            note=event.note_by_sweep(self._mark_keys()) if event else None,
        )

    async def _act_on(self, decision: Decision, message: QueueMessage) -> Decision:
        """Update the message as decided, and return what was done."""
        try:
            if decision.disposition is Disposition.PARKED:
                reason = decision.reason or decision.outcome
                await in_thread(self._executor, self._queue.park, message, decision.outcome, reason)
            elif decision.delay is not None:
                await in_thread(self._executor, self._queue.postpone, message, self._draw(decision.delay))
        except QueueError as error:
            # The message is still in the queue, and becomes visible again after the visibility timeout.
            self._recorder.warn(
                "could not update the message in SQS",
                message_id=message.message_id,
                disposition=decision.disposition,
                error=str(error),
            )
            return Decision(decision.outcome, decision.reason, Disposition.RETRY)
        return decision

    def _draw(self, delay: Delay) -> int:
        """Draw a delay in whole seconds, which is what SQS takes."""
        return math.ceil(self._uniform(delay.at_least_s, delay.at_most_s))

    def _record_of(
        self,
        event: OrderEvent | None,
        result: AttemptResult,
        decision: Decision,
        message: QueueMessage | None = None,
    ) -> OutcomeRecord:
        named = result if isinstance(result, InvalidEventError) else event
        call = result.call if isinstance(result, CallResults | Deferred) else None
        request = result.request if isinstance(result, DryRun) else call
        age = self._now() - event.deadline_from if event and event.deadline_from else None
        return OutcomeRecord(
            purchase_order_id=event.purchase_order_id if event else None,
            outcome=decision.outcome,
            reason=decision.reason,
            disposition=decision.disposition,
            http_status=call.status if call else None,
            attempt=message.receive_count if message else 1,
            order_age_s=round(age.total_seconds(), 1) if age is not None else None,
            deadline_remaining_s=round((DEADLINE - age).total_seconds(), 1) if age is not None else None,
            latency_ms=round(call.latency_s * 1000, 1) if call else None,
            correlation_id=request.correlation_id if request else None,
            event_id=named.event_id if named else None,
            message_id=message.message_id if message else None,
            origin=_origin(event, message),
            secret_version_id=result.secret_version_id if isinstance(result, CallResults | DryRun) else None,
        )


def _origin(event: OrderEvent | None, message: QueueMessage | None) -> str:
    if message is None:
        return "manual"
    return SWEEP if event and event.swept else "queue"
