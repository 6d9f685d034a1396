"""How many calls a minute: a token bucket, refilled all the time, as Walmart meters its callers."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

COUNT_HEADER = "x-current-token-count"
TIME_HEADER = "x-next-replenishment-time"
_MICROSECONDS = 1_000_000
_MINUTE = 60 * _MICROSECONDS


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the bucket had for one call: ``left`` without it, one more at ``replenished_at`` (epoch ms)."""

    granted: bool
    left: int
    replenished_at: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers by which the caller learns of it."""
        return ((COUNT_HEADER, str(self.left)), (TIME_HEADER, str(self.replenished_at)))


class Bucket:
    """A bucket that holds the tokens for the ``per_minute`` calls of a minute and begins full.

    All that is kept is the moment at which it will be full again, as an exact number: who calls at the very
    millisecond that was announced finds a token.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        if per_minute < 1:
            raise ValueError("a bucket that is never filled lets nobody through")
        self._interval = Fraction(_MINUTE, per_minute)
        self._capacity = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at = Fraction(0)

    def take(self) -> Allowance:
        """Take a token if there is one."""
        with self._lock:
            now = self._now()
            granted = self._left(now) > 0
            if granted:
                self._full_at = max(self._full_at, now) + self._interval
            return self._allowance(now, granted=granted)

    def look(self) -> Allowance:
        """Tell what is there, and take nothing."""
        with self._lock:
            now = self._now()
            return self._allowance(now, granted=self._left(now) > 0)

    def _now(self) -> Fraction:
        return Fraction(round(self._clock() * _MICROSECONDS))

    def _left(self, now: Fraction) -> int:
        missing = math.ceil((self._full_at - now) / self._interval)
        return min(self._capacity, max(0, self._capacity - missing))

    def _allowance(self, now: Fraction, *, granted: bool) -> Allowance:
        left = self._left(now)
        next_at = self._full_at - (self._capacity - left - 1) * self._interval
        # A full bucket has nothing to wait for. Rounded up: a millisecond too early there is no token.
        return Allowance(granted, left, math.ceil(max(min(next_at, self._full_at), now) / 1000))
