"""Rate limiters for tests, and a simulated time."""

from collections.abc import Awaitable, Callable

from shared.walmart.rate_limiter import RateLimiter

START = 1_795_532_400.0


class Time:
    """A simulated time that only `sleep` advances, with a wall clock that a test may set."""

    def __init__(self) -> None:
        self.now = START
        self.set_ahead = 0.0

    def clock(self) -> float:
        return self.now + self.set_ahead

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def rested_rate_limiter(
    time: Time,
    requests_per_minute: float,
    *,
    environments: int = 1,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    rested_s: float = 3600,
) -> RateLimiter:
    """Return a rate limiter that was unused for `rested_s`, so that its bucket is full by default."""
    time.now -= rested_s
    made = RateLimiter(
        requests_per_minute=requests_per_minute,
        environments=environments,
        clock=time.clock,
        monotonic=time.monotonic,
        sleep=sleep or time.sleep,
    )
    time.now += rested_s
    return made


def unlimited_rate_limiter(clock: Callable[[], float]) -> RateLimiter:
    """Return a rate limiter of a billion calls per minute, so that no call waits."""
    return RateLimiter(
        requests_per_minute=1e9, environments=1, clock=clock, monotonic=clock, sleep=_never_wait
    )


async def _never_wait(seconds: float) -> None:
    raise AssertionError(seconds)
