"""The calls of one attempt at one order: which are made, in which order, and how often."""

from collections.abc import Awaitable, Callable
from typing import Final

from acknowledge_orders.pacing import Pacer
from acknowledge_orders.policy import (
    Deferred,
    DryRun,
    Tried,
    may_post,
    must_look_after,
)
from acknowledge_orders.ports import Marketplace
from shared.credentials import Access, CredentialsPaused, NoAccess
from walmart_ca import AsyncClient, CredentialsRefused, NotSent, Order, OrderRejected, WalmartError

CALL_TIMEOUT_S: Final = 15.0
"""A call to Walmart gets no more than this."""
LEAST_TIME_LEFT_S: Final = 15.0
"""With less left of the invocation nothing new is sent."""
RESERVED_S: Final = 10.0
"""Of the invocation's time, kept for carrying out and recording what came of a call: ten messages side by
side, with an SQS that does not answer (`composition`), and a last look at the secret. So a call that
begins last has five."""
_CHOOSING_S: Final = 1.0
"""Kept from the wait for a turn, for choosing the key after it."""

type Result = Order | WalmartError
type NotTried = Deferred | NoAccess
type Send = Callable[[AsyncClient, str, float], Awaitable[Order]]
type Choose = Callable[[], Access | NoAccess | None]


async def _post(client: AsyncClient, purchase_order_id: str, seconds: float) -> Order:
    return await client.orders.acknowledge(purchase_order_id, timeout=seconds)


async def _look(client: AsyncClient, purchase_order_id: str, seconds: float) -> Order:
    return await client.orders.get(purchase_order_id, timeout=seconds)


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

    def rehearse(self, purchase_order_id: str) -> DryRun | NoAccess:
        """Sign what would be posted, and post nothing."""
        access = self._marketplace.peek()
        if not isinstance(access, Access):
            return access
        request = access.client.orders.build_acknowledgement(purchase_order_id)
        return DryRun(request, access.secret_version_id)

    async def make(
        self, purchase_order_id: str, *, look_first: bool, time_left: Callable[[], float]
    ) -> Tried | NotTried:
        """Try once to get an order acknowledged.

        Args:
            purchase_order_id: The order.
            look_first: Post only after having seen that no line is beyond acknowledging.
            time_left: Seconds left of the invocation.

        Returns:
            What the calls brought, or why none could be made.
        """
        ready = self._marketplace.peek()
        if not isinstance(ready, Access):
            return ready  # before a turn is waited for that would be wasted
        calls = _Calls(self._marketplace, purchase_order_id, time_left, self._call_timeout_s)
        looked: Result | NotTried | None = None
        if look_first:
            looked = await calls.make(_look, self._looks)
            if isinstance(looked, WalmartError) or (isinstance(looked, Order) and not may_post(looked)):
                return calls.tried(posted=None, looked=looked)
            if not isinstance(looked, Order):
                return looked
        posted = await calls.make(_post, self._posts)
        if not isinstance(posted, Order | WalmartError):
            return posted
        if must_look_after(posted):
            looked = await calls.make(_look, self._looks)
        return calls.tried(posted, looked if isinstance(looked, Order | WalmartError) else None)


class _Calls:
    """The calls of one attempt, and what may still be repeated in it.

    At most one repeat of a call of which nothing was sent, and two of a refused one: after the secret was
    read again, and with its previous version. Everything else is repeated by the queue alone.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        purchase_order_id: str,
        time_left: Callable[[], float],
        call_timeout_s: float,
    ) -> None:
        self._marketplace = marketplace
        self._call_timeout_s = call_timeout_s
        self._purchase_order_id = purchase_order_id
        self._time_left = time_left
        self._unsent_repeats = 1
        self._refused_repeats = 2
        self._last: Result | None = None
        self._access: Access | None = None

    def tried(self, posted: Result | None, looked: Result | None) -> Tried:
        if self._last is None or self._access is None:
            raise ValueError("no call was made")
        return Tried(posted, looked, self._last, self._access.secret_version_id)

    async def make(self, send: Send, pacer: Pacer) -> Result | NotTried:
        result = await self._send(send, pacer, self._marketplace.current)
        if isinstance(result, NotSent) and self._unsent_repeats:
            self._unsent_repeats -= 1
            again = await self._send(send, pacer, self._marketplace.current)
            result = again if isinstance(again, Order | WalmartError) else result
        while isinstance(result, CredentialsRefused) and self._refused_repeats:
            self._refused_repeats -= 1
            again = await self._send(send, pacer, self._marketplace.another)
            if not isinstance(again, Order | WalmartError):
                break
            result = again
        return result

    async def _send(self, send: Send, pacer: Pacer, choose: Choose) -> Result | NotTried:
        if self._time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time", self._last)
        if not await pacer.turn(max(0.0, self._time_left() - LEAST_TIME_LEFT_S - _CHOOSING_S)):
            return Deferred("paced", self._last)
        # Chosen only now: while this call waited for its turn, another may have been refused.
        access = choose()
        if not isinstance(access, Access):
            return access or CredentialsPaused()
        if self._time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time", self._last)  # reading the secret took the rest
        timeout = min(self._call_timeout_s, self._time_left() - RESERVED_S)
        result: Result
        try:
            result = await send(access.client, self._purchase_order_id, timeout)
        except WalmartError as error:
            result = error
        pacer.correct(result)
        if isinstance(result, CredentialsRefused):
            self._marketplace.refused(access)
        elif isinstance(result, Order | OrderRejected):
            self._marketplace.accepted(access)
        self._last, self._access = result, access
        return result
