"""Calls to Walmart: each in its turn, in the time left, by good credentials; and their few repeats."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final, Protocol

from shared.credentials import Access, CredentialsPaused, NoAccess, SecretsUnavailableError, SetupError
from shared.pacing import Pacer
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
"""With less left of the invocation nothing new is sent."""
RESERVED_S: Final = 10.0
"""Of the invocation's time, kept for carrying out and recording what came of a call: ten messages side by
side, with an SQS that does not answer (`composition`), and a last look at the secret. So a call that
begins last has five."""
CLOCK_MAY_DIFFER_S: Final = 60.0
"""Walmart does not say how old a timestamp may be; for another programme with the same signature it is
fifteen minutes, so this is no reason for a refusal yet, and far more than a clock that is kept has."""
_CHOOSING_S: Final = 1.0
"""Kept from the wait for a turn, for choosing the key after it."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A call was not made.

    Attributes:
        reason: Why: `out_of_time`, or `paced`: its turn would come too late.
        call: The last call before it, if there was one.
    """

    reason: str
    call: CallInfo | None = None


type NotTried = Deferred | NoAccess
"""Why a call was not made."""
_NOT_TRIED: Final = (Deferred, SetupError, SecretsUnavailableError, CredentialsPaused)

type Send[T: (Order, OrderPage)] = Callable[[AsyncClient, float], Awaitable[T]]
"""Sends one call with a client, within so many seconds."""
type _Choose = Callable[[], Access | NoAccess | None]


def clock_ahead_s(now: datetime, call: CallInfo) -> float | None:
    """Return how far our clock is ahead of Walmart's, negative when behind; None where it did not tell.

    Args:
        now: By our clock, aware.
        call: One that was answered just now.
    """
    return round((now - call.answered_at).total_seconds(), 1) if call.answered_at else None


def may_answer_elsewhere(failure: object) -> bool:
    """Return whether the list of all orders may answer where the one of released orders did not.

    Behind a token the one Canadian seller whose code is public got 520 from `released`; a list that is not
    served at all is an unknown path.
    """
    if isinstance(failure, Unavailable):
        return failure.status is not None and failure.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return is_unknown_path(failure)


def is_unknown_path(failure: object) -> bool:
    """Return whether a call failed because its path is not served."""
    return isinstance(failure, Misconfigured) and failure.status == HTTPStatus.NOT_FOUND


class Marketplace(Protocol):
    """Which marketplace client to use, as `shared.credentials.MarketplaceAccess` describes it."""

    def peek(self) -> Access | NoAccess:
        """Return the client that would be used, or why there is none; no order is to be sent with it."""

    def current(self) -> Access | NoAccess:
        """Return the client to send a call with, now, or why there is none."""

    def refused(self, access: Access) -> None:
        """Take note that Walmart refused a call."""

    def another(self, refused: Access) -> Access | None:
        """Return the client to repeat a refused call with, now, or None."""

    def accepted(self, access: Access) -> None:
        """Take note that Walmart accepted a call."""

    def forbidden(self, access: Access, purchase_order_id: str | None) -> bool:
        """Take note that Walmart answered 403, and return whether that concerns every order."""

    def path_unknown(self) -> None:
        """Take note that Walmart does not serve a path."""


class Calls:
    """The calls of one attempt, and what may still be repeated in it.

    At most one repeat of a call of which nothing was sent, and two of a refused one: with the secret read
    again or the call signed anew, and with the previous version. Everything else is repeated by the queue,
    or by the next sweep, alone.

    Attributes:
        last: What is known of the last call, or None before the first.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        time_left: Callable[[], float],
        call_timeout_s: float,
        *,
        purchase_order_id: str | None = None,
        turn_within_s: float = math.inf,
    ) -> None:
        """Call with the clients of `marketplace`.

        Args:
            marketplace: Which client to use.
            time_left: Seconds left of the invocation.
            call_timeout_s: Seconds for a call, if so many are left.
            purchase_order_id: The order that the calls are about; None for lists.
            turn_within_s: Seconds that each call waits for its turn at most.
        """
        self._marketplace = marketplace
        self._time_left = time_left
        self._call_timeout_s = call_timeout_s
        self._purchase_order_id = purchase_order_id
        self._access: Access | None = None
        self._turn_within_s = turn_within_s
        self._unsent_repeats = 1
        self._refused_repeats = 2
        self.last: CallInfo | None = None

    @property
    def secret_version_id(self) -> str | None:
        """The version of the secret that signed the last call."""
        return self._access.secret_version_id if self._access else None

    async def make[T: (Order, OrderPage)](self, send: Send[T], pacer: Pacer) -> T | WalmartError | NotTried:
        """Make a call, and repeat it at once where that may help.

        Args:
            send: Sends it.
            pacer: Gives it its turn.

        Returns:
            What the last of its sends brought, or why it was not sent. A 403 that is the order's own affair
            is an `OrderRejected`.
        """
        result = await self._send(send, pacer, self._marketplace.current)
        if isinstance(result, NotSent) and self._unsent_repeats:
            self._unsent_repeats -= 1
            again = await self._send(send, pacer, self._marketplace.current)
            result = result if isinstance(again, _NOT_TRIED) else again
        while isinstance(result, CredentialsRefused) and self._access and self._refused_repeats:
            self._refused_repeats -= 1
            again = await self._send(send, pacer, partial(self._marketplace.another, self._access))
            if isinstance(again, _NOT_TRIED):
                break
            result = again
        return result

    async def _send[T: (Order, OrderPage)](
        self, send: Send[T], pacer: Pacer, choose: _Choose
    ) -> T | WalmartError | NotTried:
        if self._time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time", self.last)
        waits_s = max(0.0, self._time_left() - LEAST_TIME_LEFT_S - _CHOOSING_S)
        if not await pacer.turn(min(waits_s, self._turn_within_s)):
            return Deferred("paced", self.last)
        # Chosen only now: while this call waited for its turn, another may have been refused.
        access = choose()
        if not isinstance(access, Access):
            return access or CredentialsPaused()
        if self._time_left() < LEAST_TIME_LEFT_S:
            return Deferred("out_of_time", self.last)  # reading the secret took the rest
        timeout = min(self._call_timeout_s, self._time_left() - RESERVED_S)
        result: T | WalmartError
        try:
            result = await send(access.client, timeout)
        except WalmartError as error:
            result = error
        pacer.correct(result)
        self.last, self._access = result.call, access
        return self._take_note(result, access)

    def _take_note[T: (Order, OrderPage)](self, result: T | WalmartError, access: Access) -> T | WalmartError:
        """Say what an answer tells of the credentials; a 403 that is the order's own affair rejects it."""
        if isinstance(result, CredentialsRefused):
            order = self._purchase_order_id
            # The call for a token is about no order.
            about = order if f"/orders/{order}" in result.call.url else None
            if result.status != HTTPStatus.FORBIDDEN:
                self._marketplace.refused(access)
            elif not self._marketplace.forbidden(access, about):
                return OrderRejected(result.reason, result.call, result.entries)
        elif is_unknown_path(result):
            self._marketplace.path_unknown()
        elif isinstance(result, Order | OrderPage | OrderRejected):
            self._marketplace.accepted(access)
        return result
