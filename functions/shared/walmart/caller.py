"""Makes the calls to Walmart: rate limited, within the time left, with good credentials, and few repeats."""

import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple

from shared.walmart.client_provider import ClientProvider, CredentialsPaused, NoClient, ProvidedClient
from shared.walmart.credentials import SecretsUnavailableError, SetupError
from shared.walmart.rate_limiter import RateLimiter
from walmart_ca import (
    AsyncClient,
    CallInfo,
    CredentialsRefused,
    Misconfigured,
    NotSent,
    Order,
    OrderPage,
    OrderRejected,
    Unavailable,
    WalmartError,
)

LEAST_TIME_LEFT_S: Final = 15.0
"""Seconds. With less left of the invocation no request is sent."""
RESERVED_S: Final = 10.0
"""Seconds of the invocation that are kept for the work after a call: to limit notifications (two), publish
outcomes (three) and update ten messages (four) while AWS does not answer. The last call has five seconds."""
CLOCK_MAY_DIFFER_S: Final = 60.0
"""Walmart does not document how old a timestamp may be. Another Walmart program with the same signature
allows fifteen minutes. A synchronized clock never differs by a minute."""
_CHOOSING_S: Final = 1.0
"""Seconds that a wait for a slot must leave, to choose the client after it."""


class Deferred(NamedTuple):
    """A call was not made.

    Attributes:
        reason: `out_of_time`, or `rate_limited` when its slot would come too late.
        call: The last call before it, if there was one.
    """

    reason: str
    call: CallInfo | None = None


type NotCalled = Deferred | NoClient
"""Why a call was not made."""
_NOT_CALLED: Final = (Deferred, SetupError, SecretsUnavailableError, CredentialsPaused)

type Send[T: (Order, OrderPage)] = Callable[[AsyncClient, float], Awaitable[T]]
"""Sends one request with a client, within so many seconds."""
type _Choose = Callable[[], ProvidedClient | NoClient | None]


def clock_ahead_s(now: datetime, call: CallInfo) -> float | None:
    """Return how many seconds our clock is ahead of Walmart's; None where Walmart did not send its time.

    Args:
        now: By our clock, aware.
        call: A call that was answered just now.
    """
    return round((now - call.answered_at).total_seconds(), 1) if call.answered_at else None


def try_list_of_all_orders(failure: object) -> bool:
    """Return whether the list of all orders may work after the list of released orders failed.

    With an access token, the one Canadian seller whose code is public got 520 from `released`. A list that
    Walmart does not serve at all is an unknown path.
    """
    if isinstance(failure, Unavailable):
        return failure.status is not None and failure.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return is_unknown_path(failure)


def is_unknown_path(failure: object) -> bool:
    """Return whether a call failed because Walmart does not serve its path."""
    return isinstance(failure, Misconfigured) and failure.status == HTTPStatus.NOT_FOUND


class Caller:
    """Makes the calls of one attempt, and repeats the few that may be repeated at once.

    All calls of the attempt share one repeat of an unsent request and two of refused ones: with the current
    version of the secret once more, and with its previous version. The queue, or the next sweep, retries
    everything else.

    Attributes:
        last: The last call, or None before the first.
    """

    def __init__(
        self,
        clients: ClientProvider,
        time_left: Callable[[], float],
        call_timeout_s: float,
        *,
        purchase_order_id: str | None = None,
        max_wait_s: float = math.inf,
    ) -> None:
        """Call with the clients of `clients`.

        Args:
            clients: Provides the client for each call.
            time_left: Seconds left of the invocation.
            call_timeout_s: Seconds for a call, if so many are left.
            purchase_order_id: The order that the calls are about; None for lists.
            max_wait_s: Seconds that each call waits for the rate limiter at most.
        """
        self._clients = clients
        self._time_left = time_left
        self._call_timeout_s = call_timeout_s
        self._purchase_order_id = purchase_order_id
        self._provided: ProvidedClient | None = None
        self._max_wait_s = max_wait_s
        self._unsent_repeats = 1
        self._refused_repeats = 2
        self.last: CallInfo | None = None

    @property
    def secret_version_id(self) -> str | None:
        """The version of the secret that authenticated the last call."""
        return self._provided.secret_version_id if self._provided else None

    async def call[T: (Order, OrderPage)](
        self, send: Send[T], rate_limiter: RateLimiter
    ) -> T | WalmartError | NotCalled:
        """Make a call, and repeat it at once where that may help.

        Args:
            send: Sends the request.
            rate_limiter: Limits this kind of call.

        Returns:
            The result of the last request, or why it was not sent. A 403 that concerns this order alone is an
            `OrderRejected`.
        """
        result = await self._send(send, rate_limiter, self._clients.get)
        if isinstance(result, NotSent) and self._unsent_repeats:
            self._unsent_repeats -= 1
            again = await self._send(send, rate_limiter, self._clients.get)
            result = result if isinstance(again, _NOT_CALLED) else again
        while isinstance(result, CredentialsRefused) and self._provided and self._refused_repeats:
            self._refused_repeats -= 1
            alternative = partial(self._clients.get_alternative, self._provided)
            again = await self._send(send, rate_limiter, alternative)
            if isinstance(again, _NOT_CALLED):
                break
            result = again
        return result

    async def _send[T: (Order, OrderPage)](
        self, send: Send[T], rate_limiter: RateLimiter, choose: _Choose
    ) -> T | WalmartError | NotCalled:
        if self._time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time", self.last)
        wait_s = max(0.0, self._time_left() - LEAST_TIME_LEFT_S - _CHOOSING_S)
        if not await rate_limiter.acquire(min(wait_s, self._max_wait_s)):
            return Deferred("rate_limited", self.last)
        # Choose the client after the wait: Walmart may have refused another call in the meantime.
        provided = choose()
        if not isinstance(provided, ProvidedClient):
            # Without an alternative the call that was refused keeps its result.
            return provided or CredentialsPaused()
        if self._time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time", self.last)  # reading the secret took the remaining time
        timeout = min(self._call_timeout_s, self._time_left() - RESERVED_S)
        result: T | WalmartError
        try:
            result = await send(provided.client, timeout)
        except WalmartError as error:
            result = error
        rate_limiter.correct(result)
        self.last, self._provided = result.call, provided
        return self._report(result, provided)

    def _report[T: (Order, OrderPage)](
        self, result: T | WalmartError, provided: ProvidedClient
    ) -> T | WalmartError:
        """Report what a response says about the credentials; reject an order whose 403 concerns it alone."""
        if isinstance(result, CredentialsRefused):
            order = self._purchase_order_id
            # The request for an access token concerns no order.
            about = order if f"/orders/{order}" in result.call.url else None
            if result.status != HTTPStatus.FORBIDDEN:
                self._clients.report_refused(provided)
            elif not self._clients.report_forbidden(provided, about):
                return OrderRejected(result.reason, result.call, result.entries)
        elif is_unknown_path(result):
            self._clients.report_unknown_path()
        elif isinstance(result, Order | OrderPage | OrderRejected):
            self._clients.report_accepted(provided)
        return result
