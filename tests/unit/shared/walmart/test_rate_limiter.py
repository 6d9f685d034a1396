"""The rate limiter keeps calls within Walmart's limit, on a clock that the test controls."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.walmart.rate_limiter import BURST, LONGEST_PAUSE_S, MARGIN, RateLimiter, usable_per_second
from tests.support.rate_limiters import START, Time, rested_rate_limiter
from walmart_ca import CallInfo, Order, Throttled

PER_MINUTE = 57 / MARGIN
"""With this limit 57 calls a minute are made."""
FOREVER = 1e9


def acquire(limiter: RateLimiter, count: int, at_most_s: float = FOREVER) -> list[bool]:
    async def take() -> list[bool]:
        return [await limiter.acquire(at_most_s) for _ in range(count)]

    return asyncio.run(take())


def response(tokens_left: int | None = None) -> Order:
    return Order("1", call=CallInfo("POST", "https://walmart.invalid/x", "c", 200, 0.1, None, tokens_left))


def throttled(retry_in_s: float | None = None) -> Throttled:
    retry_at = None if retry_in_s is None else datetime.fromtimestamp(START + retry_in_s, UTC)
    return Throttled("http_429", CallInfo("POST", "https://walmart.invalid/x", "c", 429, 0.1, retry_at))


def waits_s(limiter: RateLimiter, time: Time, count: int) -> float:
    """Return how many seconds so many calls wait for their slots, one after the other."""
    since = time.now
    assert acquire(limiter, count) == [True] * count
    return time.now - since


@pytest.mark.parametrize(
    ("limit", "environments", "rested_s", "count", "waited_s"),
    [
        # A new environment does not know how much of the limit other environments used.
        pytest.param(PER_MINUTE, 1, 0, 1, 0, id="a new environment sends one call"),
        pytest.param(PER_MINUTE, 1, 0, 3, 2 * 60 / 57, id="and the next ones at its rate"),
        pytest.param(PER_MINUTE, 1, 3600, BURST, 0, id="after a pause one batch starts at once"),
        pytest.param(60, 1, 3600, BURST + 57, 60, id="the next calls use 95 percent of the limit"),
        pytest.param(60, 2, 3600, BURST + 57, 120, id="environments share the limit"),
        pytest.param(20, 2, 3600, 5, 0, id="a burst is half of a small limit"),
        pytest.param(20, 2, 3600, 6, 2 * 3 / 0.95, id="and not more than half"),
        pytest.param(1, 2, 3600, 2, 2 * 60 / 0.95, id="but at least one call"),
        pytest.param(60, 30, 3600, 2, 30 / 0.95, id="for any number of environments"),
    ],
)
def test_calls_wait_for_their_slots(
    limit: float, environments: int, rested_s: float, count: int, waited_s: float
) -> None:
    time = Time()
    limiter = rested_rate_limiter(time, limit, environments=environments, rested_s=rested_s)

    assert waits_s(limiter, time, count) == pytest.approx(waited_s)


def test_a_slot_that_would_come_too_late_is_not_taken() -> None:
    time = Time()
    limiter = rested_rate_limiter(time, PER_MINUTE)
    acquire(limiter, BURST)

    assert acquire(limiter, 3, at_most_s=0.5) == [False] * 3
    assert time.now == START
    # The calls that gave up took no slot.
    assert waits_s(limiter, time, 1) == pytest.approx(60 / 57)


@pytest.mark.parametrize(
    ("tokens_left", "environments", "at_once"), [(3, 1, 3), (4, 2, 2), (None, 1, BURST), (1000, 1, BURST)]
)
def test_walmarts_count_only_lowers_ours(tokens_left: int | None, environments: int, at_once: int) -> None:
    time = Time()
    limiter = rested_rate_limiter(time, PER_MINUTE, environments=environments)

    limiter.correct(response(tokens_left))

    assert waits_s(limiter, time, at_once) == 0
    assert waits_s(limiter, time, 1) > 0


@pytest.mark.parametrize(
    ("retries_in_s", "waited_s"),
    [
        pytest.param([40], 40, id="no call before the quota is replenished"),
        pytest.param([None], 60 / 57, id="without a time the bucket is empty"),
        pytest.param([86_400], LONGEST_PAUSE_S, id="a distant time is limited"),
        pytest.param([40, 5], 40, id="a shorter pause does not end a longer one"),
    ],
)
def test_calls_pause_after_a_429(retries_in_s: list[float | None], waited_s: float) -> None:
    time = Time()
    limiter = rested_rate_limiter(time, PER_MINUTE)

    for retry_in_s in retries_in_s:
        limiter.correct(throttled(retry_in_s))

    assert acquire(limiter, 1, at_most_s=waited_s - 1) == [False]
    assert waits_s(limiter, time, 1) == pytest.approx(waited_s)


def test_a_waiting_call_that_gives_up_returns_its_slot() -> None:
    time = Time()

    async def throttle_during_sleep(seconds: float) -> None:
        time.now += seconds
        limiter.correct(throttled(retry_in_s=3))

    limiter = rested_rate_limiter(time, PER_MINUTE, sleep=throttle_during_sleep)
    acquire(limiter, BURST)
    assert acquire(limiter, 1, at_most_s=2) == [False]
    assert time.now - START < 2
    time.now = START + 3

    # Two slots have come by then, and the first is the one that was given back.
    assert acquire(limiter, 3, at_most_s=0) == [True, True, False]


@pytest.mark.parametrize("step_s", [-3600, 3600])
def test_setting_the_clock_changes_no_slot(step_s: float) -> None:
    time = Time()
    limiter = rested_rate_limiter(time, PER_MINUTE)
    acquire(limiter, BURST)
    limiter.correct(throttled(retry_in_s=40))

    time.set_ahead = step_s

    assert acquire(limiter, 1, at_most_s=39) == [False]
    assert waits_s(limiter, time, 2) == pytest.approx(40)


@settings(deadline=None, max_examples=50)
@given(
    limit=st.integers(3, 600),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=100),
    environments=st.integers(1, 3),
)
def test_walmarts_bucket_never_runs_dry(limit: int, gaps: list[float], environments: int) -> None:
    """Walmart's bucket, which holds the calls of a minute, has a token for each call at any time.

    With a limit below the number of environments, even one call each would be too many.
    """
    time = Time()
    limiter = [rested_rate_limiter(time, limit, environments=environments) for _ in range(environments)]
    tokens, filled_at = float(limit), time.now
    for number, gap in enumerate(gaps):
        time.now += gap
        assert acquire(limiter[number % environments], 1) == [True]
        tokens = min(limit, tokens + (time.now - filled_at) * limit / 60)
        filled_at = time.now
        tokens -= 1
        assert tokens >= 0


def test_the_usable_rate_keeps_the_margin() -> None:
    assert usable_per_second(60) == pytest.approx(MARGIN)
