"""The limit of calls a minute: a token bucket that refills continuously, like Walmart's."""

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
    """The bucket's decision about one call, the tokens ``left``, and when the next one comes (epoch ms)."""

    granted: bool
    left: int
    replenished_at: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return ((COUNT_HEADER, str(self.left)), (TIME_HEADER, str(self.replenished_at)))


class Bucket:
    """A bucket of ``per_minute`` tokens that begins full.

    Its only state is the moment at which it is full again. That is an exact number, because a call at the
    announced millisecond has to find a token.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        if per_minute < 1:
            raise ValueError("a bucket needs at least one token a minute")
        self._interval = Fraction(_MINUTE, per_minute)
        self._capacity = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at = Fraction(0)

    def take(self) -> Allowance:
        with self._lock:
            now = self._now()
            granted = self._left(now) > 0
            if granted:
                self._full_at = max(self._full_at, now) + self._interval
            return self._allowance(now, granted=granted)

    def peek(self) -> Allowance:
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
        # A full bucket's time is now. Rounded up, because a millisecond earlier there is no token.
        return Allowance(granted, left, math.ceil(max(min(next_at, self._full_at), now) / 1000))
