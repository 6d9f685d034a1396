"""One attempt at one order: try, decide, carry out, record."""

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from acknowledge_orders.policy import (
    DEADLINE,
    Decision,
    Deferred,
    Delay,
    Disposition,
    Sight,
    Waiting,
    decide,
    decide_bare,
)
from acknowledge_orders.ports import Marketplace, OrderQueue, QueueError, QueueMessage, Recorder
from acknowledge_orders.records import OutcomeRecord
from shared.credentials import Access
from shared.order_event import InvalidEventError, OrderEvent
from walmart_ca import Order, Request, WalmartError

CALL_TIMEOUT_S: Final = 15.0
"""A call to Walmart gets no more than this."""
LEAST_TIME_LEFT_S: Final = 15.0
"""With less left of the invocation nothing new is sent."""
RESERVED_S: Final = 5.0
"""Of the invocation's time, kept for carrying out and recording what came of a call."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What is known of an attempt: the event, if it could be read, what was seen, and who signed."""

    event: OrderEvent | None
    sight: Sight
    secret_version_id: str | None = None


class AcknowledgeOrders:
    """Acknowledges the orders that events tell of."""

    def __init__(
        self,
        *,
        marketplace: Marketplace,
        queue: OrderQueue,
        recorder: Recorder,
        waiting: Waiting,
        now: Callable[[], datetime],
        uniform: Callable[[float, float], float],
    ) -> None:
        """Work through the given ports.

        Args:
            marketplace: Where the client of the moment comes from.
            queue: The queue that the messages came from.
            recorder: Where outcome records go.
            waiting: How long messages wait that are to come again.
            now: The time, aware.
            uniform: Draws a number between two others.
        """
        self._marketplace = marketplace
        self._queue = queue
        self._recorder = recorder
        self._waiting = waiting
        self._now = now
        self._uniform = uniform

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
            attempt = _Attempt(None, InvalidEventError("body: must be JSON"))
        else:
            attempt = await self._attempt(event, time_left)
        waited_s = (self._now() - message.first_received_at).total_seconds()
        decision = await self._carry_out(decide(attempt.sight, waited_s, self._waiting), message)
        self._record(attempt, decision, message)
        return decision.disposition is not Disposition.LATER

    async def handle_bare_event(self, event: object, time_left: Callable[[], float]) -> OutcomeRecord:
        """Attempt the order that a bare event tells of, and return the record of it."""
        attempt = await self._attempt(event, time_left)
        return self._record(attempt, decide_bare(attempt.sight))

    async def _attempt(self, event: object, time_left: Callable[[], float]) -> _Attempt:
        try:
            order_event = OrderEvent.read(event)
        except InvalidEventError as error:
            return _Attempt(None, error)
        if order_event.order_date_unreadable:
            self._recorder.warn(
                "order date unreadable, the deadline is counted from the event's time",
                purchase_order_id=order_event.purchase_order_id,
                event_id=order_event.event_id,
                field="detail.orderDate",
            )
        if time_left() < LEAST_TIME_LEFT_S:
            return _Attempt(order_event, Deferred("out_of_time"))
        access = self._marketplace.current()
        if not isinstance(access, Access):
            return _Attempt(order_event, access)
        orders = access.client.orders
        sight: Sight
        try:
            if order_event.dry_run:
                sight = orders.build_acknowledgement(order_event.purchase_order_id)
            else:
                timeout = min(CALL_TIMEOUT_S, time_left() - RESERVED_S)
                sight = await orders.acknowledge(order_event.purchase_order_id, timeout=timeout)
        except WalmartError as error:
            sight = error
        return _Attempt(order_event, sight, access.secret_version_id)

    async def _carry_out(self, decision: Decision, message: QueueMessage) -> Decision:
        """Do with the message what was decided, and return what was really done with it."""
        try:
            if decision.disposition is Disposition.PARKED:
                await asyncio.to_thread(
                    self._queue.park, message, decision.outcome, decision.reason or decision.outcome
                )
            elif decision.delay is not None:
                await asyncio.to_thread(self._queue.hide, message, self._draw(decision.delay))
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

    def _draw(self, delay: Delay) -> int:
        """Draw a delay in whole seconds, which is what SQS takes."""
        return math.ceil(self._uniform(delay.at_least_s, delay.at_most_s))

    def _record(
        self, attempt: _Attempt, decision: Decision, message: QueueMessage | None = None
    ) -> OutcomeRecord:
        event, sight = attempt.event, attempt.sight
        call = sight.call if isinstance(sight, Order | WalmartError) else None
        signed = sight if isinstance(sight, Request) else call
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
            event_id=event.event_id if event else getattr(sight, "event_id", None),
            message_id=message.message_id if message else None,
            origin="queue" if message else "manual",
            secret_version_id=attempt.secret_version_id,
        )
        self._recorder.record(record)
        return record
