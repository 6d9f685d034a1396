"""One sweep: list the released orders, and publish an order event for each one that is due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from shared.walmart.caller import CLOCK_MAY_DIFFER_S
from shared.walmart.rate_limiter import usable_per_second
from sweep_orders.listing import Listing, ReleasedOrders
from sweep_orders.ports import OrderQueueLength, QueueLengthError, Recorder
from sweep_orders.problems import Problem
from sweep_orders.publishing import Publisher
from sweep_orders.records import COMPLETED, SweepRecord
from sweep_orders.selection import (
    LONG_LOOKBACK,
    LONG_LOOKBACK_AT,
    SWEEP_LOOKBACK,
    due,
    is_long_lookback,
    note_of,
    oldest,
)

PUBLISHING_S: Final = 30.0
"""Seconds of the invocation that are kept for publishing after listing."""


class Sweep:
    """Finds the orders without an acknowledgement, whether an event announced them or not."""

    def __init__(
        self,
        *,
        released: ReleasedOrders,
        publisher: Publisher,
        queue_length: OrderQueueLength,
        recorder: Recorder,
        requests_per_minute: float,
        interval: timedelta,
        now: Callable[[], datetime],
        long_lookback_at: timedelta = LONG_LOOKBACK_AT,
    ) -> None:
        """Sweep with the given parts.

        Args:
            released: Lists the released orders.
            publisher: Publishes order events.
            queue_length: Counts the messages in the order queue.
            recorder: Takes the sweep record.
            requests_per_minute: Walmart's rate limit for acknowledgements.
            interval: The time between two sweeps.
            now: Returns the time, aware, in UTC.
            long_lookback_at: When the day's one sweep with the long look-back runs, since midnight UTC.
        """
        self._released = released
        self._publisher = publisher
        self._queue_length = queue_length
        self._recorder = recorder
        self._per_second = usable_per_second(requests_per_minute)
        self._at_most = int(interval.total_seconds() * self._per_second)
        self._interval = interval
        self._now = now
        self._long_lookback_at = long_lookback_at

    async def run(self, time_left: Callable[[], float], due_at: datetime | None = None) -> SweepRecord:
        """Sweep once. It raises no error: a problem stands in the record, and the orders found are published.

        Args:
            time_left: Seconds left of the invocation.
            due_at: When the sweep was due by its schedule, aware; now when None.
        """
        sweep_at = due_at or self._now()
        long_lookback = is_long_lookback(sweep_at, self._interval, self._long_lookback_at)
        lookback = LONG_LOOKBACK if long_lookback else SWEEP_LOOKBACK
        listing = await self._released.list(
            lambda: time_left() - PUBLISHING_S, lookback=lookback, by_others=long_lookback
        )
        self._warn(listing)
        queue_length = self._count_queue()
        due_orders = due(listing.unacknowledged.values(), listing.now)
        # Publish only what can be acknowledged before the next sweep, which publishes the rest.
        room = max(0, self._at_most - (queue_length or 0))
        notes = [
            note_of(order, sweep_at, self._interval, long_lookback=long_lookback)
            for order in due_orders[:room]
        ]
        published, problem = await self._publisher.publish(notes, time_left)
        record = self._describe(
            listing, lookback, queue_length, len(due_orders), published, listing.problem or problem
        )
        self._recorder.record(record)
        return record

    def _warn(self, listing: Listing) -> None:
        if listing.unread:
            self._recorder.warn(
                "released orders cannot be read: find them in Seller Center",
                orders_unread=listing.unread,
                correlation_id=listing.call.correlation_id if listing.call else None,
            )
        if listing.missing:
            self._recorder.warn(
                "Walmart counts released orders that it does not list: find them in Seller Center",
                orders_missing=listing.missing,
                correlation_id=listing.call.correlation_id if listing.call else None,
            )
        if listing.dated_ahead:
            self._recorder.warn(
                "released orders have dates ahead of the clock: they count as undated",
                orders_dated_ahead=len(listing.dated_ahead),
            )
        if listing.unusable:
            self._recorder.warn(
                "released orders have no usable purchase order id: find them in Seller Center",
                orders_unusable=listing.unusable,
                correlation_id=listing.call.correlation_id if listing.call else None,
            )
        if abs(listing.clock_ahead_s or 0) > CLOCK_MAY_DIFFER_S:
            self._recorder.warn(
                "clock differs from Walmart's: Walmart may refuse the signature",
                clock_ahead_s=listing.clock_ahead_s,
            )

    def _count_queue(self) -> int | None:
        try:
            return self._queue_length()
        except QueueLengthError as error:
            # Assume that it is empty: an order that is published twice is acknowledged once.
            self._recorder.warn("could not read the length of the order queue", error=str(error))
            return None

    def _describe(
        self,
        listing: Listing,
        lookback: timedelta,
        queue_length: int | None,
        orders_due: int,
        published: int,
        problem: Problem | None,
    ) -> SweepRecord:
        outcome, reason = problem or (COMPLETED, None)
        oldest_id, age = oldest(listing.unacknowledged.values(), listing.now) or (None, None)
        if listing.problem is None and not listing.unacknowledged:
            age = timedelta(0)
        drain_s = (queue_length + published) / self._per_second if queue_length is not None else None
        call = listing.call
        return SweepRecord(
            outcome=outcome,
            reason=reason,
            listed_by=listing.listed_by,
            lookback_h=lookback / timedelta(hours=1),
            pages=listing.pages,
            orders_seen=len(listing.seen),
            orders_unacknowledged=len(listing.unacknowledged),
            orders_unusable=listing.unusable,
            orders_unread=listing.unread,
            orders_missing=listing.missing,
            orders_due=orders_due,
            orders_published=published,
            orders_left=orders_due - published,
            oldest_purchase_order_id=oldest_id,
            oldest_order_age_s=round(age.total_seconds(), 1) if age is not None else None,
            queue_length=queue_length,
            drain_time_s=round(drain_s, 1) if drain_s is not None else None,
            clock_ahead_s=listing.clock_ahead_s,
            http_status=call.status if call else None,
            correlation_id=call.correlation_id if call else None,
            secret_version_id=listing.secret_version_id,
        )
