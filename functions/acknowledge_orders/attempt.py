"""The calls of one attempt at one order: which are made, and in which order."""

import math
from collections.abc import Callable
from typing import Final

from acknowledge_orders.policy import DryRun, Tried, may_post, must_look_after
from shared.calling import LEAST_TIME_LEFT_S, RESERVED_S, Calls, Deferred, Marketplace, NotTried
from shared.credentials import Access
from shared.pacing import Pacer
from walmart_ca import AsyncClient, Order, WalmartError

CALL_TIMEOUT_S: Final = 15.0
"""A call to Walmart gets no more than this."""


class Attempts:
    """Makes attempts: looks at orders and posts acknowledgements, each kind of call at its own pace."""

    def __init__(
        self,
        marketplace: Marketplace,
        *,
        posts: Pacer,
        looks: Pacer,
        call_timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        """Call through `marketplace`, in the turns that `posts` and `looks` give."""
        self._marketplace = marketplace
        self._posts = posts
        self._looks = looks
        self._call_timeout_s = call_timeout_s

    async def rehearse(
        self, purchase_order_id: str, time_left: Callable[[], float]
    ) -> DryRun | Tried | NotTried:
        """Build what would be posted, and post nothing.

        Args:
            purchase_order_id: The order.
            time_left: Seconds left of the invocation.

        Returns:
            What would be posted; or what getting a token for it brought, where one is needed.
        """
        access = self._marketplace.peek()
        if not isinstance(access, Access):
            return access
        if time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time")
        try:
            request = await access.client.orders.build_acknowledgement(
                purchase_order_id, timeout=min(self._call_timeout_s, time_left() - RESERVED_S)
            )
        except WalmartError as error:
            return Tried(None, error, error.call, access.secret_version_id)
        return DryRun(request, access.secret_version_id)

    async def make(
        self,
        purchase_order_id: str,
        *,
        look_first: bool,
        time_left: Callable[[], float],
        turn_within_s: float = math.inf,
    ) -> Tried | NotTried:
        """Try once to get an order acknowledged.

        Args:
            purchase_order_id: The order.
            look_first: Post only after having seen that no line is beyond acknowledging.
            time_left: Seconds left of the invocation.
            turn_within_s: Seconds that each call waits for its turn at most.

        Returns:
            What the calls brought, or why none could be made.
        """
        ready = self._marketplace.peek()
        if not isinstance(ready, Access):
            return ready  # before a turn is waited for that would be wasted

        async def post(client: AsyncClient, seconds: float) -> Order:
            return await client.orders.acknowledge(purchase_order_id, timeout=seconds)

        async def look(client: AsyncClient, seconds: float) -> Order:
            return await client.orders.get(purchase_order_id, timeout=seconds)

        calls = Calls(
            self._marketplace,
            time_left,
            self._call_timeout_s,
            purchase_order_id=purchase_order_id,
            turn_within_s=turn_within_s,
        )
        looked: Order | WalmartError | NotTried | None = None
        if look_first:
            looked = await calls.make(look, self._looks)
            if isinstance(looked, WalmartError) or (isinstance(looked, Order) and not may_post(looked)):
                return Tried(None, looked, calls.last, calls.secret_version_id)
            if not isinstance(looked, Order):
                return looked
        posted = await calls.make(post, self._posts)
        if not isinstance(posted, Order | WalmartError):
            return posted
        if must_look_after(posted):
            looked = await calls.make(look, self._looks)
        seen = looked if isinstance(looked, Order | WalmartError) else None
        return Tried(posted, seen, calls.last, calls.secret_version_id)
