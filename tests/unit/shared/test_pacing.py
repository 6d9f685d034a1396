"""Pacing: how calls are kept to Walmart's count, on a clock that the test turns."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pacing import BURST, LONGEST_PAUSE_S, MARGIN, Pacer, usable_per_second
from walmart_ca import Call, Order, Throttled

START = 1_795_532_400.0
FOREVER = 1e9


class Time:
    """Time that passes by sleeping, and a clock that somebody may set."""

    def __init__(self) -> None:
        self.now = START
        self.set_ahead = 0.0

    def clock(self) -> float:
        return self.now + self.set_ahead

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def elapsed(self) -> float:
        return self.now - START


def new(
    time: Time, sleep: Callable[[float], Awaitable[None]], requests_per_minute: float, sharers: int = 1
) -> Pacer:
    return Pacer(
        requests_per_minute=requests_per_minute,
        sharers=sharers,
        clock=time.clock,
        monotonic=time.monotonic,
        sleep=sleep,
    )


def pacer(time: Time, requests_per_minute: float = 57 / 0.95, sharers: int = 1) -> Pacer:
    """A pacer that has rested, so that its bucket is full."""
    return rested(time, time.sleep, requests_per_minute, sharers)


def rested(
    time: Time, sleep: Callable[[float], Awaitable[None]], requests_per_minute: float, sharers: int = 1
) -> Pacer:
    time.now -= 3600
    made = new(time, sleep, requests_per_minute, sharers)
    time.now += 3600
    return made


def turns(pacer: Pacer, count: int, at_most_s: float = FOREVER) -> list[bool]:
    async def take() -> list[bool]:
        return [await pacer.turn(at_most_s) for _ in range(count)]

    return asyncio.run(take())


def answer(tokens_left: int | None = None) -> Order:
    return Order("1", call=Call("POST", "https://walmart.invalid/x", "c", 200, 0.1, None, tokens_left))


def throttled(retry_in_s: float | None = None) -> Throttled:
    retry_at = None if retry_in_s is None else datetime.fromtimestamp(START + retry_in_s, UTC)
    return Throttled("http_429", Call("POST", "https://walmart.invalid/x", "c", 429, 0.1, retry_at))


def test_a_new_environment_sends_one_call_and_the_next_at_its_pace() -> None:
    """It may be one of many that follow each other, and none knows what the one before it used up."""
    time = Time()
    paced = new(time, time.sleep, 57 / 0.95)

    assert turns(paced, 1) == [True]
    assert time.elapsed == 0
    turns(paced, 2)
    assert time.elapsed == pytest.approx(2 * 60 / 57)


def test_one_batch_goes_out_at_once() -> None:
    time = Time()

    assert turns(pacer(time), BURST) == [True] * BURST
    assert time.elapsed == 0


def test_what_follows_goes_out_at_95_percent_of_the_limit() -> None:
    time = Time()
    paced = pacer(time, requests_per_minute=60)

    turns(paced, BURST + 57)

    assert time.elapsed == pytest.approx(60)


def test_those_who_share_the_limit_have_a_part_of_it_each() -> None:
    time = Time()
    paced = pacer(time, requests_per_minute=60, sharers=2)

    turns(paced, BURST + 57)

    assert time.elapsed == pytest.approx(120)


@pytest.mark.parametrize(
    ("limit", "sharers", "burst"), [(60, 2, 10), (20, 2, 5), (10, 2, 2), (1, 2, 1), (60, 30, 1)]
)
def test_of_a_small_limit_no_more_than_half_goes_out_at_once(limit: int, sharers: int, burst: int) -> None:
    time = Time()
    paced = pacer(time, requests_per_minute=limit, sharers=sharers)

    turns(paced, burst)
    assert time.elapsed == 0
    turns(paced, 1)
    assert time.elapsed > 0


def test_a_pause_fills_the_bucket_up_to_one_batch() -> None:
    time = Time()
    paced = pacer(time)
    turns(paced, 50)
    time.now += 3600
    rested_at = time.now

    turns(paced, BURST)
    assert time.now == rested_at
    turns(paced, 1)
    assert time.now > rested_at


def test_a_turn_that_would_come_too_late_is_not_taken() -> None:
    time = Time()
    paced = pacer(time, requests_per_minute=57 / 0.95)
    turns(paced, BURST)

    assert turns(paced, 3, at_most_s=0.5) == [False] * 3
    assert time.elapsed == 0
    # And those who gave up took nobody's turn.
    assert turns(paced, 1) == [True]
    assert time.elapsed == pytest.approx(60 / 57)


def test_walmarts_own_count_corrects_ours() -> None:
    time = Time()
    paced = pacer(time)

    paced.correct(answer(tokens_left=3))
    turns(paced, 3)
    assert time.elapsed == 0
    turns(paced, 1)
    assert time.elapsed > 0


def test_of_walmarts_own_count_each_sharer_uses_its_part() -> None:
    time = Time()
    paced = pacer(time, sharers=2)

    paced.correct(answer(tokens_left=4))
    turns(paced, 2)
    assert time.elapsed == 0
    turns(paced, 1)
    assert time.elapsed > 0


@pytest.mark.parametrize("tokens_left", [None, 1000])
def test_a_count_that_is_missing_or_plenty_changes_nothing(tokens_left: int | None) -> None:
    time = Time()
    paced = pacer(time)

    paced.correct(answer(tokens_left))
    turns(paced, BURST)

    assert time.elapsed == 0


def test_after_a_refusal_nothing_goes_out_before_the_quota_is_replenished() -> None:
    time = Time()
    paced = pacer(time)

    paced.correct(throttled(retry_in_s=40))

    assert turns(paced, 1, at_most_s=39) == [False]
    assert turns(paced, 1) == [True]
    assert time.elapsed == pytest.approx(40)


def test_a_refusal_without_a_time_empties_the_bucket() -> None:
    time = Time()
    paced = pacer(time)

    paced.correct(throttled())
    turns(paced, 1)

    assert time.elapsed == pytest.approx(60 / 57)


def test_a_replenish_time_far_away_is_not_believed() -> None:
    time = Time()
    paced = pacer(time)

    paced.correct(throttled(retry_in_s=86_400))
    turns(paced, 1)

    assert time.elapsed == pytest.approx(LONGEST_PAUSE_S)


def test_a_call_that_waits_gives_up_when_walmart_calls_for_a_longer_pause() -> None:
    time = Time()

    async def refused_meanwhile(seconds: float) -> None:
        time.now += seconds
        paced.correct(throttled(retry_in_s=100))

    paced = rested(time, refused_meanwhile, 60)
    turns(paced, BURST)

    assert turns(paced, 1, at_most_s=50) == [False]
    assert time.elapsed < 50


def test_whoever_gives_up_for_a_pause_gives_the_turn_back() -> None:
    time = Time()

    async def refused_meanwhile(seconds: float) -> None:
        time.now += seconds
        paced.correct(throttled(retry_in_s=3))

    paced = rested(time, refused_meanwhile, 57 / 0.95)
    turns(paced, BURST)
    assert turns(paced, 1, at_most_s=2) == [False]
    time.now = START + 3

    # Two turns have come round by then; the one that was given up would have been the first.
    assert turns(paced, 3, at_most_s=0) == [True, True, False]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    time = Time()
    paced = pacer(time)

    paced.correct(throttled(retry_in_s=40))
    paced.correct(throttled(retry_in_s=5))

    assert turns(paced, 1, at_most_s=39) == [False]


@pytest.mark.parametrize("step_s", [-3600, 3600])
def test_a_clock_that_is_set_opens_and_closes_nothing(step_s: float) -> None:
    time = Time()
    paced = pacer(time)
    turns(paced, BURST)
    paced.correct(throttled(retry_in_s=40))

    time.set_ahead = step_s

    assert turns(paced, 1, at_most_s=39) == [False]
    assert turns(paced, 2) == [True, True]
    assert time.elapsed == pytest.approx(40)


@given(
    limit=st.integers(3, 600),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=200),
    sharers=st.integers(1, 3),
)
def test_walmarts_bucket_never_runs_dry(limit: int, gaps: list[float], sharers: int) -> None:
    """Whenever orders come, a bucket of Walmart's that holds a minute's calls has a token for each.

    With fewer calls a minute than sharers, even one each would be too many.
    """
    time = Time()
    paced = [pacer(time, limit, sharers) for _ in range(sharers)]
    tokens, filled_at = float(limit), time.now
    for number, gap in enumerate(gaps):
        time.now += gap
        assert turns(paced[number % sharers], 1) == [True]
        tokens = min(limit, tokens + (time.now - filled_at) * limit / 60)
        filled_at = time.now
        tokens -= 1
        assert tokens >= 0


def test_what_can_be_worked_off_keeps_the_same_margin() -> None:
    assert usable_per_second(60) == pytest.approx(MARGIN)
