"""Lists the orders that wait for an acknowledgement: every page of them, as far as they can be read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from shared.calling import (
    Calls,
    Marketplace,
    NotTried,
    clock_ahead_s,
    is_unknown_path,
    may_answer_elsewhere,
)
from shared.order_event import CLOCKS_APART
from shared.order_state import waits
from shared.outcomes import Outcome
from shared.pacing import Pacer
from sweep_orders.problems import Problem, problem_of
from sweep_orders.selection import WaitingOrder
from walmart_ca import (
    LARGEST_PAGE,
    AsyncClient,
    Call,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    WalmartError,
    check_purchase_order_id,
)

CALL_TIMEOUT_S: Final = 60.0
"""A page gets no more than this: Walmart is slow with lists."""
BY_OTHERS: Final = "3PLFulfilled"
"""The ship node type of the orders that a third party ships for the seller, who acknowledges them."""

type _First = Callable[[AsyncClient, float, int], Awaitable[OrderPage]]
"""Fetches a first page with a client, within so many seconds, of so many orders."""


@dataclass(slots=True)
class Listing:
    """What was learnt from the pages that were read.

    Attributes:
        now: The later of our clock and Walmart's: by a wrong one no order must seem too young.
        listed_by: Which of Walmart's lists answered: `released`, or `all`; None when neither did.
        pages: How many were read.
        seen: The ids of the orders on them.
        waiting: The orders that wait for an acknowledgement, by their ids.
        unusable: How many entries had no usable id.
        unread: How many entries could not be read, each even by itself.
        dated_ahead: How many orders have a date that lies ahead of the clock. They count as undated.
        clock_ahead_s: How far our clock is ahead of Walmart's, or None where it did not tell the time.
        problem: What kept it from seeing every order, or None.
        call: What is known of the last call, or None when none was made.
        secret_version_id: The version of the secret that signed it.
    """

    now: datetime
    listed_by: str | None = None
    pages: int = 0
    seen: set[str] = field(default_factory=set)
    waiting: dict[str, WaitingOrder] = field(default_factory=dict)
    unusable: int = 0
    unread: int = 0
    dated_ahead: int = 0
    clock_ahead_s: float | None = None
    problem: Problem | None = None
    call: Call | None = None
    secret_version_id: str | None = None

    def add(self, page: OrderPage, now: datetime) -> None:
        """Take in a page. An order that changed while pages were read counts as it was seen last.

        Args:
            page: The page.
            now: By our own clock.
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
                self.unusable += 1
                continue
            self.seen.add(purchase_order_id)
            self.waiting.pop(purchase_order_id, None)
            if waits(order):
                date = self._believed(order.order_date)
                self.waiting[purchase_order_id] = WaitingOrder(purchase_order_id, date)

    def _believed(self, date: datetime | None) -> datetime | None:
        """Return a date that can be true: an order dated ahead would seem too young for as long."""
        if date is None or date <= self.now + CLOCKS_APART:
            return date
        self.dated_ahead += 1
        return None


class ReleasedOrders:
    """The orders that Walmart has released, and that still have lines in Created.

    Attributes:
        now: Returns the time, aware, in UTC.
    """

    def __init__(self, marketplace: Marketplace, pacer: Pacer, now: Callable[[], datetime]) -> None:
        """List with the clients of `marketplace`, each page in a turn that `pacer` gives.

        Args:
            marketplace: Which client to use.
            pacer: Of the calls for pages.
            now: The time, aware.
        """
        self._marketplace = marketplace
        self._pacer = pacer
        self.now = now

    async def list(
        self, time_left: Callable[[], float], *, look_back: timedelta, by_others: bool = False
    ) -> Listing:
        """Read every page. When one cannot be read, what the others told is returned all the same.

        Args:
            time_left: Seconds left for it.
            look_back: How old an order may be at most.
            by_others: Whether to list the orders that a third party ships, too.
        """
        listing = Listing(self.now())
        start = listing.now - look_back
        calls = Calls(self._marketplace, time_left, CALL_TIMEOUT_S)
        failure = await self._read(_first(start), calls, listing)
        if not listing.pages and may_answer_elsewhere(failure):
            other = await self._read(_first(start, from_all=True), calls, listing)
            failure = failure if is_unknown_path(other) else other
        if by_others and failure is None:
            first = _first(start, from_all=listing.listed_by == "all", ship_node_type=BY_OTHERS)
            failure = await self._read(first, calls, listing)
            if isinstance(failure, OrderRejected):
                failure = None  # The API of the digital signature does not document this parameter.
        if failure is not None:
            listing.problem = problem_of(failure)
        elif listing.unread:
            listing.problem = Outcome.UNAVAILABLE, "entries_unreadable"
        return listing

    async def _read(self, first: _First, calls: Calls, listing: Listing) -> WalmartError | NotTried | None:
        """Read a first page and all that follow it; return what ended it early.

        An entry that cannot be read hides the others of its page. The page is asked for again with half of
        the orders, down to a single one: then the entry costs itself only, and is stepped over.
        """
        page: OrderPage | None = None
        limit: int | None = None  # As many as fit on a page, and what the cursor says from there on.
        hidden = False
        while page is None or page.next_cursor is not None:
            result = await calls.make(partial(_fetch, first, page, limit), self._pacer)
            listing.call, listing.secret_version_id = calls.last, calls.secret_version_id
            if isinstance(result, OutcomeUnknown) and result.unread is not None:
                hidden = limit != 1
                if hidden:
                    limit = (limit or LARGEST_PAGE) // 2
                    continue
                listing.unread += 1
                page, limit = result.unread, LARGEST_PAGE
                continue
            if not isinstance(result, OrderPage):
                return result
            if hidden and not result.orders:
                listing.unread += 1  # It was there a moment ago: that nothing is there now is not believed.
            page, hidden = result, False
            listing.add(page, self.now())
        return None


def _first(start: datetime, *, from_all: bool = False, ship_node_type: str | None = None) -> _First:
    """Say how a list begins: that of the released orders, or that of all orders, of those in Created."""

    async def fetch(client: AsyncClient, seconds: float, limit: int) -> OrderPage:
        page = client.orders.created_page if from_all else client.orders.released_page
        return await page(
            created_start_date=start, limit=limit, ship_node_type=ship_node_type, timeout=seconds
        )

    return fetch


async def _fetch(
    first: _First, page: OrderPage | None, limit: int | None, client: AsyncClient, seconds: float
) -> OrderPage:
    if page is None:
        return await first(client, seconds, limit or LARGEST_PAGE)
    return await client.orders.next_page(page, limit=limit, timeout=seconds)
