"""Lists the released orders without an acknowledgement, on every page that can be read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self

from shared.orders.event import CLOCKS_APART
from shared.orders.outcome import Outcome
from shared.orders.status import awaits_acknowledgement
from shared.walmart.caller import (
    Caller,
    NotCalled,
    clock_ahead_s,
    is_unknown_path,
    try_list_of_all_orders,
)
from shared.walmart.client_provider import ClientProvider
from shared.walmart.rate_limiter import RateLimiter
from sweep_orders.problems import Problem, problem_of
from sweep_orders.selection import UnacknowledgedOrder
from walmart_ca import (
    LARGEST_PAGE,
    AsyncClient,
    CallInfo,
    FollowedCursors,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    WalmartError,
    check_purchase_order_id,
)

CALL_TIMEOUT_S: Final = 60.0
"""Seconds for one page at most: Walmart is slow with lists."""
_BY_OTHERS: Final = "3PLFulfilled"
"""The ship node type of the orders that a third party ships for the seller, who acknowledges them."""

_ORDERS_OF_A_PART: Final = LARGEST_PAGE // 2
"""The number of known orders in a part of a list: half a page, so that unknown ones fit on it as well."""


@dataclass(slots=True)
class Listing:
    """The content of the pages that were read.

    Attributes:
        now: The later of our clock and Walmart's: a wrong clock must not make an order seem too young.
        listed_by: Which of Walmart's lists was read: `released` or `all`; None when none was read.
        pages: How many were read.
        seen: The ids of the orders on them.
        unacknowledged: The orders that await acknowledgement, by their ids.
        unusable: How many entries had no usable id.
        unread: How many entries could not be read, even as the only one of a page.
        missing: How many orders Walmart counted and did not show.
        dated_ahead: The ids of the orders whose date is ahead of the clock. They count as undated.
        clock_ahead_s: How far our clock is ahead of Walmart's, or None when Walmart did not send its time.
        problem: Why not every order was seen, or None.
        call: The last call, or None.
        secret_version_id: The version of the secret that authenticated it.
    """

    now: datetime
    listed_by: str | None = None
    pages: int = 0
    seen: set[str] = field(default_factory=set)
    unacknowledged: dict[str, UnacknowledgedOrder] = field(default_factory=dict)
    unusable: int = 0
    unread: int = 0
    missing: int = 0
    dated_ahead: set[str] = field(default_factory=set)
    clock_ahead_s: float | None = None
    problem: Problem | None = None
    call: CallInfo | None = None
    secret_version_id: str | None = None

    def add(self, page: OrderPage, reading: "_Reading", now: datetime) -> None:
        """Add a page. If an order is on several pages, the last one counts.

        Args:
            page: The page.
            reading: The reading that the page belongs to.
            now: Our own clock's time.
        """
        self.pages += 1
        self.listed_by = page.listed_by
        self.now = max(now, page.call.answered_at or now)
        if (ahead_s := clock_ahead_s(now, page.call)) is not None:
            self.clock_ahead_s = ahead_s
        for order in page.orders:
            try:
                purchase_order_id = check_purchase_order_id(order.purchase_order_id)
            except ValueError:
                reading.unusable += 1
                continue
            reading.dates[purchase_order_id] = order.order_date
            self.seen.add(purchase_order_id)
            self.unacknowledged.pop(purchase_order_id, None)
            if awaits_acknowledgement(order):
                date = self._plausible_date(purchase_order_id, order.order_date)
                self.unacknowledged[purchase_order_id] = UnacknowledgedOrder(purchase_order_id, date)

    def _plausible_date(self, purchase_order_id: str, date: datetime | None) -> datetime | None:
        """Return a plausible date or None: an order dated ahead of the clock would seem too young."""
        if date is None or date <= self.now + CLOCKS_APART:
            return date
        self.dated_ahead.add(purchase_order_id)
        return None


@dataclass(slots=True)
class _Reading:
    """One reading of a list, from its first page to its last.

    Attributes:
        counted: How many orders the list has, according to its first page; None if it does not say.
        dates: The dates of the different orders that were seen, by their ids.
        unusable: How many entries had no usable id.
        unread: How many entries could not be read, even as the only one of a page.
        failure: What ended it early, or None.
    """

    counted: int | None = None
    dates: dict[str, datetime | None] = field(default_factory=dict)
    unusable: int = 0
    unread: int = 0
    failure: WalmartError | NotCalled | None = None

    @property
    def missing(self) -> int:
        """How many orders were counted and not seen, although the list was read to its end."""
        if self.counted is None or self.failure is not None:
            return 0
        return max(0, self.counted - len(self.dates) - self.unusable - self.unread)


@dataclass(frozen=True, slots=True)
class _Query:
    """One of Walmart's lists, or the part of it between two dates.

    Attributes:
        start: The earliest order date.
        end: The latest; now when None.
        from_all: Whether to use the list of all orders, limited to orders with a line in Created.
        ship_node_type: Who ships the orders; None for Walmart's default.
    """

    start: datetime
    end: datetime | None = None
    from_all: bool = False
    ship_node_type: str | None = None

    async def fetch(
        self, page: OrderPage | None, limit: int | None, client: AsyncClient, seconds: float
    ) -> OrderPage:
        """Fetch the page after `page`, or the first one when None."""
        if page is not None:
            return await client.orders.next_page(page, limit=limit, timeout=seconds)
        first = client.orders.created_page if self.from_all else client.orders.released_page
        return await first(
            created_start_date=self.start,
            created_end_date=self.end,
            limit=limit or LARGEST_PAGE,
            ship_node_type=self.ship_node_type,
            timeout=seconds,
        )

    def parts(self, dates: Iterable[datetime | None]) -> Iterable[Self]:
        """Cut the list into parts that fit on one page each, as far as the dates of its orders are known.

        The parts overlap by a second: Walmart does not say whether an end belongs to its list.
        """
        known = sorted(date for date in dates if date is not None and date > self.start)
        cuts = dict.fromkeys(
            date.replace(microsecond=0) for date in known[_ORDERS_OF_A_PART::_ORDERS_OF_A_PART]
        )
        ends = [cut + timedelta(seconds=1) for cut in cuts]
        for start, end in zip([self.start, *cuts], [*ends, self.end], strict=True):
            yield replace(self, start=start, end=end)


class ReleasedOrders:
    """The orders that Walmart has released and that still have lines in Created."""

    def __init__(
        self, clients: ClientProvider, rate_limiter: RateLimiter, now: Callable[[], datetime]
    ) -> None:
        """List with the clients of `clients`, each page within the rate of `rate_limiter`.

        Args:
            clients: Provides the client for each call.
            rate_limiter: Limits the calls for pages.
            now: Returns the time, aware, in UTC.
        """
        self._clients = clients
        self._rate_limiter = rate_limiter
        self._now = now

    async def list(
        self, time_left: Callable[[], float], *, lookback: timedelta, by_others: bool = False
    ) -> Listing:
        """Read every page. When a page cannot be read, the orders of the other pages are returned.

        Args:
            time_left: Seconds left for listing.
            lookback: The age of the oldest orders.
            by_others: Whether to list the orders that a third party ships as well.
        """
        listing = Listing(self._now())
        query = _Query(listing.now - lookback)
        caller = Caller(self._clients, time_left, CALL_TIMEOUT_S)
        failure = await self._read_completely(query, caller, listing)
        if not listing.pages and try_list_of_all_orders(failure):
            other = await self._read_completely(replace(query, from_all=True), caller, listing)
            failure = failure if is_unknown_path(other) else other
        if by_others and failure is None:
            theirs = replace(query, from_all=listing.listed_by == "all", ship_node_type=_BY_OTHERS)
            failure = await self._read_completely(theirs, caller, listing)
            if isinstance(failure, OrderRejected):
                failure = None  # The API of the digital signature does not document this parameter.
        if failure is not None:
            listing.problem = problem_of(failure)
        elif listing.unread:
            listing.problem = Outcome.UNAVAILABLE, "entries_unreadable"
        elif listing.missing:
            listing.problem = Outcome.UNAVAILABLE, "orders_missing"
        return listing

    async def _read_completely(
        self, query: _Query, caller: Caller, listing: Listing
    ) -> WalmartError | NotCalled | None:
        """Read a list, and once more in parts if it shows fewer orders than it counts; return what failed.

        Walmart's cursors may be counts. When orders leave the list while its pages are read, the others move
        up, and as many orders appear on no page. A list of one page cannot lose an order in that way. So the
        second reading asks for parts of one page each. Each part is compared with its own count: an order
        that left the list in the meantime is not missing.
        """
        once = await self._read(query, caller, listing)
        again: list[_Reading] = []
        if once.missing:
            for part in query.parts(once.dates.values()):
                again.append(await self._read(part, caller, listing))
                if again[-1].failure is not None:
                    break
        failure = again[-1].failure if again else once.failure
        listing.unusable += max(once.unusable, sum(each.unusable for each in again))
        listing.unread += max(once.unread, sum(each.unread for each in again))
        listing.missing += sum(each.missing for each in again) if again and failure is None else once.missing
        return failure

    async def _read(self, query: _Query, caller: Caller, listing: Listing) -> _Reading:
        """Read a first page and all that follow it.

        An entry that cannot be read hides the others of its page. So the page is fetched again with half of
        the orders, down to a single one: then only that entry is lost, and the next page follows.
        """
        reading = _Reading()
        followed = FollowedCursors()
        page: OrderPage | None = None
        limit: int | None = None  # A full page, and then as many as the cursor says.
        hidden = False
        while page is None or page.next_cursor is not None:
            result = await caller.call(partial(query.fetch, page, limit), self._rate_limiter)
            listing.call, listing.secret_version_id = caller.last, caller.secret_version_id
            if isinstance(result, OutcomeUnknown) and result.unread is not None:
                hidden = limit != 1
                if hidden:
                    limit = (limit or LARGEST_PAGE) // 2
                    continue
                reading.unread += 1
                page, limit = result.unread, LARGEST_PAGE
            elif isinstance(result, OrderPage):
                if hidden and not result.orders:
                    reading.unread += 1  # The entry was there a moment ago: an empty page is not trusted.
                page, hidden = result, False
                if reading.counted is None:
                    reading.counted = page.total_count
                listing.add(page, reading, self._now())
            else:
                reading.failure = result
                break
            try:
                followed.follow(page)
            except OutcomeUnknown as error:
                reading.failure = error
                break
        return reading
