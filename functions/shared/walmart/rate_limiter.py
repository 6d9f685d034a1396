"""The rate limiter: Walmart counts calls by the minute, and refuses those beyond its limit."""

import math
from collections.abc import Awaitable, Callable
from typing import Final

from walmart_ca import Order, OrderPage, Throttled, WalmartError

MARGIN: Final = 0.95
"""The part of Walmart's limit that is used: clocks and counts differ a little."""
BURST: Final = 10
"""The most calls that may start at once after a pause: one batch."""
LONGEST_PAUSE_S: Final = 600.0
"""Seconds. A replenish time that is further away counts as this."""
_NO_WAIT_S: Final = 0.001
"""Seconds. A shorter wait is a rounding error."""


def usable_per_second(requests_per_minute: float) -> float:
    """Return how many calls a second may be made under Walmart's limit."""
    return MARGIN * requests_per_minute / 60


class RateLimiter:
    """Limits the rate of one kind of call in one execution environment.

    It is a token bucket, kept as the instant at which the bucket would be full again. Calls wait inside the
    invocation, which costs no receive of a message. Walmart's own count corrects the bucket. Only one event
    loop at a time may use it.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float,
        environments: int,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Start with one slot in the bucket.

        With a full bucket, every new environment would send a burst of its own.

        Args:
            requests_per_minute: Walmart's limit for the seller.
            environments: How many execution environments share the limit.
            clock: Epoch seconds, for Walmart's replenish times.
            monotonic: Seconds since an arbitrary moment, by a clock that cannot be set.
            sleep: Waits for so many seconds.
        """
        self._interval_s = environments / usable_per_second(requests_per_minute)
        # The bursts of all environments together are at most half of Walmart's bucket.
        self._burst = max(1, min(BURST, int(requests_per_minute / (2 * environments))))
        self._environments = environments
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._full_at = monotonic() + (self._burst - 1) * self._interval_s
        self._paused_until = -math.inf

    async def acquire(self, at_most_s: float) -> bool:
        """Wait for a slot for one call.

        Args:
            at_most_s: Seconds that the call can wait.

        Returns:
            Whether the call may be made now. If not, its slot would come too late.
        """
        now = self._monotonic()
        full_at = max(self._full_at, now)
        slot_at = full_at - (self._burst - 1) * self._interval_s
        if max(slot_at, self._paused_until) - now > at_most_s + _NO_WAIT_S:
            return False
        self._full_at = full_at + self._interval_s
        # Walmart may ask for a pause while this call waits.
        while (ready_at := max(slot_at, self._paused_until)) > self._monotonic() + _NO_WAIT_S:
            if ready_at - now > at_most_s:
                self._full_at -= self._interval_s
                return False
            await self._sleep(max(0.0, ready_at - self._monotonic()))
        return True

    def correct(self, result: Order | OrderPage | WalmartError) -> None:
        """Correct the bucket by what a response says about Walmart's own count."""
        call = result.call
        if call is None:
            return
        now = self._monotonic()
        throttled = isinstance(result, Throttled)
        left = 0 if throttled else call.tokens_left
        if left is not None:
            self._full_at = max(
                self._full_at, now + (self._burst - left / self._environments) * self._interval_s
            )
        if throttled and call.retry_at:
            # Walmart names a time of day. Keep the duration instead, because the clock may be set.
            pause_s = min(call.retry_at.timestamp() - self._clock(), LONGEST_PAUSE_S)
            self._paused_until = max(self._paused_until, now + pause_s)
