"""One sweep: list the released orders, and publish an order event for each one that is due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from shared.calling import CLOCK_MAY_DIFFER_S
from shared.pacing import usable_per_second
from sweep_orders.listing import Listing, ReleasedOrders
from sweep_orders.ports import OrderQueueLength, QueueLengthError, Recorder
from sweep_orders.problems import Problem
from sweep_orders.publishing import Publisher
from sweep_orders.records import COMPLETED, SweepRecord
from sweep_orders.selection import (
    LONG_LOOK_BACK,
    LONG_LOOK_BACK_AT,
    LOOK_BACK,
    due,
    looks_far_back,
    note_of,
    oldest,
)

PUBLISHING_S: Final = 30.0
"""Of the invocation's time, kept for publishing what was found before it ran out."""


class Sweep:
    """Finds the orders that nobody told of, or that were told of in vain."""

    def __init__(
        self,
        *,
        released: ReleasedOrders,
        publisher: Publisher,
        queue_length: OrderQueueLength,
        recorder: Recorder,
        requests_per_minute: float,
        interval: timedelta,
        long_look_back_at: timedelta = LONG_LOOK_BACK_AT,
    ) -> None:
        """Sweep through the given parts.

        Args:
            released: Lists what there is.
            publisher: Publishes order events.
            queue_length: How many of them wait in the order queue already.
            recorder: Where the record goes.
            requests_per_minute: How many acknowledgements Walmart takes in a minute.
            interval: How far apart the sweeps are.
            long_look_back_at: When a sweep looks far back, since midnight UTC.
        """
        self._released = released
        self._publisher = publisher
        self._queue_length = queue_length
        self._recorder = recorder
        self._per_second = usable_per_second(requests_per_minute)
        self._at_most = int(interval.total_seconds() * self._per_second)
        self._interval = interval
        self._long_look_back_at = long_look_back_at

    async def run(self, time_left: Callable[[], float], due_at: datetime | None = None) -> SweepRecord:
        """Sweep once. What goes wrong is not raised: it is in the record, and what was found is published.

        Args:
            time_left: Seconds left of the invocation.
            due_at: When the schedule meant it to begin, aware; now when None.
        """
        sweep_at = due_at or self._released.now()
        far = looks_far_back(sweep_at, self._interval, self._long_look_back_at)
        look_back = LONG_LOOK_BACK if far else LOOK_BACK
        listing = await self._released.list(
            lambda: time_left() - PUBLISHING_S, look_back=look_back, by_others=far
        )
        self._warn(listing)
        queue_length = self._count_queue()
        overdue = due(listing.waiting.values(), listing.now)
        # No more than can be worked off by the next sweep, which publishes again what still waits then.
        room = max(0, self._at_most - (queue_length or 0))
        notes = [note_of(order, sweep_at, self._interval, far=far) for order in overdue[:room]]
        published, problem = await self._publisher.publish(notes, time_left)
        record = self._describe(
            listing, look_back, queue_length, len(overdue), published, listing.problem or problem
        )
        self._recorder.record(record)
        return record

    def _warn(self, listing: Listing) -> None:
        if listing.unread:
            self._recorder.warn(
                "released orders that cannot be read, look for them in Seller Center",
                orders_unread=listing.unread,
                correlation_id=listing.call.correlation_id if listing.call else None,
            )
        if listing.missing:
            self._recorder.warn(
                "released orders that Walmart counts and does not list, look for them in Seller Center",
                orders_missing=listing.missing,
                correlation_id=listing.call.correlation_id if listing.call else None,
            )
        if listing.dated_ahead:
            self._recorder.warn(
                "released orders dated ahead of the clock, taken for undated",
                orders_dated_ahead=len(listing.dated_ahead),
            )
        if listing.unusable:
            self._recorder.warn(
                "released orders without a usable purchase order id, look for them in Seller Center",
                orders_unusable=listing.unusable,
                correlation_id=listing.call.correlation_id if listing.call else None,
            )
        if abs(listing.clock_ahead_s or 0) > CLOCK_MAY_DIFFER_S:
            self._recorder.warn(
                "clock differs from Walmart's, which may refuse the signature",
                clock_ahead_s=listing.clock_ahead_s,
            )

    def _count_queue(self) -> int | None:
        try:
            return self._queue_length()
        except QueueLengthError as error:
            # Taken for empty: an order that is published twice is acknowledged all the same.
            self._recorder.warn("order queue did not tell its length", error=str(error))
            return None

    def _describe(
        self,
        listing: Listing,
        look_back: timedelta,
        queue_length: int | None,
        overdue: int,
        published: int,
        problem: Problem | None,
    ) -> SweepRecord:
        outcome, reason = problem or (COMPLETED, None)
        oldest_id, age = oldest(listing.waiting.values(), listing.now) or (None, None)
        if listing.problem is None and not listing.waiting:
            age = timedelta(0)
        drain_s = (queue_length + published) / self._per_second if queue_length is not None else None
        call = listing.call
        return SweepRecord(
            outcome=outcome,
            reason=reason,
            listed_by=listing.listed_by,
            look_back_h=look_back / timedelta(hours=1),
            pages=listing.pages,
            orders_seen=len(listing.seen),
            orders_waiting=len(listing.waiting),
            orders_unusable=listing.unusable,
            orders_unread=listing.unread,
            orders_missing=listing.missing,
            orders_due=overdue,
            orders_published=published,
            orders_left=overdue - published,
            oldest_purchase_order_id=oldest_id,
            oldest_order_age_s=round(age.total_seconds(), 1) if age is not None else None,
            queue_length=queue_length,
            drain_time_s=round(drain_s, 1) if drain_s is not None else None,
            clock_ahead_s=listing.clock_ahead_s,
            http_status=call.status if call else None,
            correlation_id=call.correlation_id if call else None,
            secret_version_id=listing.secret_version_id,
        )
