"""The sweep record: one log line for each sweep."""

from dataclasses import asdict, dataclass
from typing import Final

COMPLETED: Final = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """One for each sweep; what is not known is None.

    Attributes:
        outcome: `completed` when every released order was seen, as many as Walmart counts, and whatever was
            due and had room was published; else what came between, by the words of the outcome records.
        reason: More about it.
        listed_by: Which of Walmart's lists answered: `released`, or `all` where that one did not.
        lookback_h: How old an order could be to be listed, in hours.
        pages: How many pages of it were read.
        orders_seen: Released orders on them, each counted once.
        orders_unacknowledged: Those that wait for an acknowledgement of the seller's.
        orders_unusable: Entries without a usable purchase order id: no event can be made of them.
        orders_unread: Entries that could not be read, each even by itself: no event can be made of them.
        orders_missing: Orders that Walmart counted and showed on no page, in two readings of its list.
        orders_due: Those that are old enough to be published.
        orders_published: Order events published, oldest order first.
        orders_left: Due, and left to the next sweep.
        oldest_purchase_order_id: The oldest order that waits.
        oldest_order_age_s: Seconds since the date of the oldest order that waits.
        queue_length: Messages in the order queue before the sweep, hidden ones included.
        drain_time_s: Seconds to work the order queue off at Walmart's limit, published events included.
        clock_ahead_s: How far this machine's clock is ahead of Walmart's; negative when behind.
        http_status: Of the last call to Walmart.
        correlation_id: Of the last call to Walmart.
        secret_version_id: The version of the secret that signed it.
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
        """Return the record as JSON knows it, in the order of its members."""
        return asdict(self)
