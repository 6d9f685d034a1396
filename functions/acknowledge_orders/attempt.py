"""One attempt to acknowledge one order: which calls are made, and in which order."""

import math
from collections.abc import Callable
from typing import Final

from acknowledge_orders.policy import CallResults, DryRun, may_acknowledge, must_fetch_after
from shared.walmart.caller import LEAST_TIME_LEFT_S, RESERVED_S, Caller, Deferred, NotCalled
from shared.walmart.client_provider import ClientProvider, ProvidedClient
from shared.walmart.rate_limiter import RateLimiter
from walmart_ca import AsyncClient, Order, WalmartError

CALL_TIMEOUT_S: Final = 15.0
"""Seconds for a call to Walmart at most."""


class Attempts:
    """Makes attempts. Acknowledging and fetching each have their own rate limit, as at Walmart."""

    def __init__(
        self,
        clients: ClientProvider,
        *,
        acknowledge_limiter: RateLimiter,
        fetch_limiter: RateLimiter,
        call_timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        """Call with the clients of `clients`, within the rates of the two limiters."""
        self._clients = clients
        self._acknowledge_limiter = acknowledge_limiter
        self._fetch_limiter = fetch_limiter
        self._call_timeout_s = call_timeout_s

    async def dry_run(
        self, purchase_order_id: str, time_left: Callable[[], float]
    ) -> DryRun | CallResults | NotCalled:
        """Build the request that would acknowledge an order, and do not send it.

        Args:
            purchase_order_id: The order.
            time_left: Seconds left of the invocation.

        Returns:
            The request; or the result of the request for an access token, if that failed.
        """
        provided = self._clients.peek()
        if not isinstance(provided, ProvidedClient):
            return provided
        if time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time")
        try:
            request = await provided.client.orders.build_acknowledgement(
                purchase_order_id, timeout=min(self._call_timeout_s, time_left() - RESERVED_S)
            )
        except WalmartError as error:
            return CallResults(None, error, error.call, provided.secret_version_id)
        return DryRun(request, provided.secret_version_id)

    async def attempt(
        self,
        purchase_order_id: str,
        *,
        fetch_first: bool,
        time_left: Callable[[], float],
        max_wait_s: float = math.inf,
    ) -> CallResults | NotCalled:
        """Try once to acknowledge an order.

        Args:
            purchase_order_id: The order.
            fetch_first: Check the order's status first, and acknowledge only what may be acknowledged.
            time_left: Seconds left of the invocation.
            max_wait_s: Seconds that each call waits for the rate limiter at most.

        Returns:
            The results of the calls, or why none could be made.
        """
        provided = self._clients.peek()
        if not isinstance(provided, ProvidedClient):
            return provided  # a wait for the rate limiter would be useless

        async def acknowledge(client: AsyncClient, seconds: float) -> Order:
            return await client.orders.acknowledge(purchase_order_id, timeout=seconds)

        async def fetch(client: AsyncClient, seconds: float) -> Order:
            return await client.orders.get(purchase_order_id, timeout=seconds)

        caller = Caller(
            self._clients,
            time_left,
            self._call_timeout_s,
            purchase_order_id=purchase_order_id,
            max_wait_s=max_wait_s,
        )
        fetched: Order | WalmartError | NotCalled | None = None
        if fetch_first:
            fetched = await caller.call(fetch, self._fetch_limiter)
            if isinstance(fetched, WalmartError) or (
                isinstance(fetched, Order) and not may_acknowledge(fetched)
            ):
                return CallResults(None, fetched, caller.last, caller.secret_version_id)
            if not isinstance(fetched, Order):
                return fetched
        acknowledgement = await caller.call(acknowledge, self._acknowledge_limiter)
        if not isinstance(acknowledgement, Order | WalmartError):
            return acknowledgement
        if must_fetch_after(acknowledgement):
            fetched = await caller.call(fetch, self._fetch_limiter)
        known = fetched if isinstance(fetched, Order | WalmartError) else None
        return CallResults(acknowledgement, known, caller.last, caller.secret_version_id)
