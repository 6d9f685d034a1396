"""Pacing: Walmart counts calls by the minute, and refuses what is beyond its count."""

import math
from collections.abc import Awaitable, Callable
from typing import Final

from walmart_ca import Order, OrderPage, Throttled, WalmartError

MARGIN: Final = 0.95
"""How much of Walmart's limit is used: clocks and counts differ a little."""
BURST: Final = 10
"""How many calls may go out at once after a pause, at most: one batch."""
LONGEST_PAUSE_S: Final = 600.0
"""A replenish time further away is not believed."""
_NO_WAIT_S: Final = 0.001
"""Less than this is what is left of adding up fractions of seconds."""


def usable_per_second(requests_per_minute: float) -> float:
    """Return how many calls a second are made at most under Walmart's limit."""
    return MARGIN * requests_per_minute / 60


class Pacer:
    """Gives calls of one kind their turns, in one execution environment.

    A token bucket, kept as the one instant at which it would be full again. It waits inside the
    invocation, which burns no receives, and is corrected by Walmart's own count.
    One event loop at a time uses it.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float,
        sharers: int,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Start with one turn in the bucket: what an environment before this one used up is not known.

        With a full one, every environment that Lambda replaces would send a burst of its own.

        Args:
            requests_per_minute: Walmart's limit for the seller.
            sharers: How many execution environments share it.
            clock: Epoch seconds, for Walmart's replenish times and nothing else.
            monotonic: Seconds since some moment, by a clock that nobody can set.
            sleep: Waits for so many seconds.
        """
        self._interval_s = sharers / usable_per_second(requests_per_minute)
        # All sharers together use no more than half of what Walmart's bucket can hold.
        self._burst = max(1, min(BURST, int(requests_per_minute / (2 * sharers))))
        self._sharers = sharers
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._full_at = monotonic() + (self._burst - 1) * self._interval_s
        self._paused_until = -math.inf

    async def turn(self, at_most_s: float) -> bool:
        """Wait for a call's turn.

        Args:
            at_most_s: How long the caller can wait, in seconds.

        Returns:
            Whether the call may go out now. If not, its turn would come too late.
        """
        now = self._monotonic()
        full_at = max(self._full_at, now)
        turn_at = full_at - (self._burst - 1) * self._interval_s
        if max(turn_at, self._paused_until) - now > at_most_s + _NO_WAIT_S:
            return False
        self._full_at = full_at + self._interval_s
        # Walmart may call for a pause while this call waits.
        while (ready_at := max(turn_at, self._paused_until)) > self._monotonic() + _NO_WAIT_S:
            if ready_at - now > at_most_s:
                self._full_at -= self._interval_s
                return False
            await self._sleep(max(0.0, ready_at - self._monotonic()))
        return True

    def correct(self, result: Order | OrderPage | WalmartError) -> None:
        """Take in what an answer said about Walmart's own count."""
        call = result.call
        if call is None:
            return
        now = self._monotonic()
        throttled = isinstance(result, Throttled)
        left = 0 if throttled else call.tokens_left
        if left is not None:
            self._full_at = max(self._full_at, now + (self._burst - left / self._sharers) * self._interval_s)
        if throttled and call.retry_at:
            # Walmart names a time of day. It is a duration from here on: somebody may set the clock.
            pause_s = min(call.retry_at.timestamp() - self._clock(), LONGEST_PAUSE_S)
            self._paused_until = max(self._paused_until, now + pause_s)
