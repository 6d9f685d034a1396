"""Lists the released orders: every page of them, as far as they can be read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.calling import Calls, Marketplace, clock_ahead_s
from shared.order_event import SWEPT_FOR
from shared.order_state import waits
from shared.pacing import Pacer
from sweep_orders.problems import Problem, problem_of
from sweep_orders.selection import WaitingOrder
from walmart_ca import AsyncClient, Call, OrderPage, check_purchase_order_id

CALL_TIMEOUT_S: Final = 60.0
"""A page gets no more than this: Walmart is slow with lists."""


@dataclass(slots=True)
class Listing:
    """What was learnt from the pages that were read.

    Attributes:
        now: The later of our clock and Walmart's: by a wrong one no order must seem too young.
        pages: How many were read.
        seen: The ids of the orders on them.
        waiting: The orders that wait for an acknowledgement, by their ids.
        unusable: How many entries had no usable id.
        clock_ahead_s: How far our clock is ahead of Walmart's, or None where it did not tell the time.
        problem: What ended it before the last page, or None.
        call: What is known of the last call, or None when none was made.
        secret_version_id: The version of the secret that signed it.
    """

    now: datetime
    pages: int = 0
    seen: set[str] = field(default_factory=set)
    waiting: dict[str, WaitingOrder] = field(default_factory=dict)
    unusable: int = 0
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
                self.waiting[purchase_order_id] = WaitingOrder(purchase_order_id, order.order_date)


class ReleasedOrders:
    """The orders that Walmart has released, and that still have lines in Created."""

    def __init__(self, marketplace: Marketplace, pacer: Pacer, now: Callable[[], datetime]) -> None:
        """List with the clients of `marketplace`, each page in a turn that `pacer` gives.

        Args:
            marketplace: Which client to use.
            pacer: Of the calls for pages.
            now: The time, aware.
        """
        self._marketplace = marketplace
        self._pacer = pacer
        self._now = now

    async def list(self, time_left: Callable[[], float]) -> Listing:
        """Read every page. When one cannot be read, what the pages before it told is returned all the same.

        Args:
            time_left: Seconds left for it.
        """
        listing = Listing(self._now())
        start = listing.now - SWEPT_FOR
        calls = Calls(self._marketplace, time_left, CALL_TIMEOUT_S)
        page: OrderPage | None = None

        async def fetch(client: AsyncClient, seconds: float) -> OrderPage:
            if page is None:
                return await client.orders.released_page(created_start_date=start, timeout=seconds)
            return await client.orders.next_page(page, timeout=seconds)

        while page is None or page.next_cursor is not None:
            result = await calls.make(fetch, self._pacer)
            listing.call, listing.secret_version_id = calls.last, calls.secret_version_id
            if not isinstance(result, OrderPage):
                listing.problem = problem_of(result)
                break
            page = result
            listing.add(page, self._now())
        return listing
