"""The sweep record: one log line for each sweep."""

from typing import Final, NamedTuple

COMPLETED: Final = "completed"


class SweepRecord(NamedTuple):
    """One for each sweep; unknown values are None.

    Attributes:
        outcome: `completed` when the sweep saw every released order, as many as Walmart counts, and published
            every order that was due and had room; otherwise a value of `shared.orders.outcome.Outcome`.
        reason: More about the outcome.
        listed_by: Which of Walmart's lists was read: `released`, or `all` when that one failed.
        lookback_h: How old an order could be to be listed, in hours.
        pages: How many of its pages were read.
        orders_seen: How many different orders were on them.
        orders_unacknowledged: How many of them await the seller's acknowledgement.
        orders_unusable: Entries without a usable purchase order id: no event can be published for them.
        orders_unread: Entries that could not be read, even alone: no event can be published for them.
        orders_missing: Orders that Walmart counted and showed on no page, in two readings of its list.
        orders_due: How many unacknowledged orders are old enough to be published.
        orders_published: How many of them were published, the oldest first.
        orders_left: How many due orders are left to the next sweep.
        oldest_purchase_order_id: The oldest unacknowledged order.
        oldest_order_age_s: Seconds since the date of that order.
        queue_length: Messages in the order queue before the sweep, including hidden ones.
        drain_time_s: Seconds that the order queue needs at Walmart's rate limit, including published events.
        clock_ahead_s: How far this machine's clock is ahead of Walmart's; negative when behind.
        http_status: The status of the last call to Walmart.
        correlation_id: The id of the last call to Walmart.
        secret_version_id: The version of the secret that authenticated it.
    """

    outcome: str
    reason: str | None
    listed_by: str | None
    lookback_h: float
    pages: int
    orders_seen: int
    orders_unacknowledged: int
    orders_unusable: int
    orders_unread: int
    orders_missing: int
    orders_due: int
    orders_published: int
    orders_left: int
    oldest_purchase_order_id: str | None
    oldest_order_age_s: float | None
    queue_length: int | None
    drain_time_s: float | None
    clock_ahead_s: float | None
    http_status: int | None
    correlation_id: str | None
    secret_version_id: str | None

    def as_dict(self) -> dict[str, object]:
        """Return the record for JSON, with its members in this order."""
        return self._asdict()
