"""Pacing: how calls are kept to Walmart's count, on a clock that the test turns."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.walmart.rate_limiter import BURST, LONGEST_PAUSE_S, MARGIN, RateLimiter, usable_per_second
from tests.support.rate_limiters import START, Time, rested_rate_limiter
from walmart_ca import CallInfo, Order, Throttled

PER_MINUTE = 57 / MARGIN
"""A limit of which 57 calls a minute are used."""
FOREVER = 1e9


def turns(rate_limiter: RateLimiter, count: int, at_most_s: float = FOREVER) -> list[bool]:
    async def take() -> list[bool]:
        return [await rate_limiter.acquire(at_most_s) for _ in range(count)]

    return asyncio.run(take())


def answer(tokens_left: int | None = None) -> Order:
    return Order("1", call=CallInfo("POST", "https://walmart.invalid/x", "c", 200, 0.1, None, tokens_left))


def throttled(retry_in_s: float | None = None) -> Throttled:
    retry_at = None if retry_in_s is None else datetime.fromtimestamp(START + retry_in_s, UTC)
    return Throttled("http_429", CallInfo("POST", "https://walmart.invalid/x", "c", 429, 0.1, retry_at))


def waits_s(paced: RateLimiter, time: Time, count: int) -> float:
    """How long so many calls wait for their turns, one after the other."""
    since = time.now
    assert turns(paced, count) == [True] * count
    return time.now - since


@pytest.mark.parametrize(
    ("limit", "environments", "rested_s", "count", "waited_s"),
    [
        # A new environment may be one of many: none knows what the one before it used up.
        pytest.param(PER_MINUTE, 1, 0, 1, 0, id="a new environment sends one call"),
        pytest.param(PER_MINUTE, 1, 0, 3, 2 * 60 / 57, id="and the next ones at its pace"),
        pytest.param(PER_MINUTE, 1, 3600, BURST, 0, id="after a pause one batch goes out at once"),
        pytest.param(60, 1, 3600, BURST + 57, 60, id="what follows at 95 percent of the limit"),
        pytest.param(60, 2, 3600, BURST + 57, 120, id="of which each who shares it has a part"),
        pytest.param(20, 2, 3600, 5, 0, id="of a small limit half goes out at once"),
        pytest.param(20, 2, 3600, 6, 2 * 3 / 0.95, id="and no more than half"),
        pytest.param(10, 2, 3600, 3, 2 * 6 / 0.95, id="of a smaller one as well"),
        pytest.param(1, 2, 3600, 2, 2 * 60 / 0.95, id="or at least one call"),
        pytest.param(60, 30, 3600, 2, 30 / 0.95, id="however many share it"),
    ],
)
def test_calls_wait_for_their_turns(
    limit: float, environments: int, rested_s: float, count: int, waited_s: float
) -> None:
    time = Time()
    paced = rested_rate_limiter(time, limit, environments=environments, rested_s=rested_s)

    assert waits_s(paced, time, count) == pytest.approx(waited_s)


def test_a_pause_fills_the_bucket_up_to_one_batch() -> None:
    time = Time()
    paced = rested_rate_limiter(time, PER_MINUTE)
    turns(paced, 50)
    time.now += 3600

    assert waits_s(paced, time, BURST) == 0
    assert waits_s(paced, time, 1) > 0


def test_a_turn_that_would_come_too_late_is_not_taken() -> None:
    time = Time()
    paced = rested_rate_limiter(time, PER_MINUTE)
    turns(paced, BURST)

    assert turns(paced, 3, at_most_s=0.5) == [False] * 3
    assert time.now == START
    # And those who gave up took nobody's turn.
    assert waits_s(paced, time, 1) == pytest.approx(60 / 57)


@pytest.mark.parametrize(
    ("tokens_left", "environments", "at_once"),
    [(3, 1, 3), (4, 2, 2), (None, 1, BURST), (1000, 1, BURST)],
)
def test_walmarts_own_count_corrects_ours_downwards(
    tokens_left: int | None, environments: int, at_once: int
) -> None:
    time = Time()
    paced = rested_rate_limiter(time, PER_MINUTE, environments=environments)

    paced.correct(answer(tokens_left))

    assert waits_s(paced, time, at_once) == 0
    assert waits_s(paced, time, 1) > 0


@pytest.mark.parametrize(
    ("retries_in_s", "waited_s"),
    [
        pytest.param([40], 40, id="nothing goes out before the quota is replenished"),
        pytest.param([None], 60 / 57, id="without a time the bucket is empty"),
        pytest.param([86_400], LONGEST_PAUSE_S, id="a time far away is not believed"),
        pytest.param([40, 5], 40, id="a shorter pause does not end a longer one"),
    ],
)
def test_after_a_refusal_calls_pause(retries_in_s: list[float | None], waited_s: float) -> None:
    time = Time()
    paced = rested_rate_limiter(time, PER_MINUTE)

    for retry_in_s in retries_in_s:
        paced.correct(throttled(retry_in_s))

    assert turns(paced, 1, at_most_s=waited_s - 1) == [False]
    assert waits_s(paced, time, 1) == pytest.approx(waited_s)


def test_a_call_that_waits_gives_up_for_a_longer_pause_and_gives_its_turn_back() -> None:
    time = Time()

    async def refused_meanwhile(seconds: float) -> None:
        time.now += seconds
        paced.correct(throttled(retry_in_s=3))

    paced = rested_rate_limiter(time, PER_MINUTE, sleep=refused_meanwhile)
    turns(paced, BURST)
    assert turns(paced, 1, at_most_s=2) == [False]
    assert time.now - START < 2
    time.now = START + 3

    # Two turns have come round by then; the one that was given up would have been the first.
    assert turns(paced, 3, at_most_s=0) == [True, True, False]


@pytest.mark.parametrize("step_s", [-3600, 3600])
def test_a_clock_that_is_set_opens_and_closes_nothing(step_s: float) -> None:
    time = Time()
    paced = rested_rate_limiter(time, PER_MINUTE)
    turns(paced, BURST)
    paced.correct(throttled(retry_in_s=40))

    time.set_ahead = step_s

    assert turns(paced, 1, at_most_s=39) == [False]
    assert waits_s(paced, time, 2) == pytest.approx(40)


@settings(deadline=None, max_examples=50)
@given(
    limit=st.integers(3, 600),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=100),
    environments=st.integers(1, 3),
)
def test_walmarts_bucket_never_runs_dry(limit: int, gaps: list[float], environments: int) -> None:
    """Whenever orders come, a bucket of Walmart's that holds a minute's calls has a token for each.

    With fewer calls a minute than environments, even one each would be too many.
    """
    time = Time()
    paced = [rested_rate_limiter(time, limit, environments=environments) for _ in range(environments)]
    tokens, filled_at = float(limit), time.now
    for number, gap in enumerate(gaps):
        time.now += gap
        assert turns(paced[number % environments], 1) == [True]
        tokens = min(limit, tokens + (time.now - filled_at) * limit / 60)
        filled_at = time.now
        tokens -= 1
        assert tokens >= 0


def test_what_can_be_worked_off_keeps_the_same_margin() -> None:
    assert usable_per_second(60) == pytest.approx(MARGIN)
