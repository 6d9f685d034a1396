"""How many calls a minute are let through, behind either door, and what the caller is told of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.caller import NOW, ORDER, Answer, Caller, TokenCaller


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def metered(clock: Clock, private_key: str, **per_minute: int) -> Iterator[tuple[Marketplace, Caller]]:
    with Marketplace(clock=clock, **per_minute) as marketplace:  # type: ignore[arg-type]  # all of them are numbers
        marketplace.add_order(ORDER)
        yield marketplace, Caller(marketplace.url, marketplace.register_seller(private_key), now=clock)


def told(answer: Answer) -> tuple[int, str | None, str | None]:
    headers = answer.headers
    return answer.status, headers["x-current-token-count"], headers["x-next-replenishment-time"]


def milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def test_an_empty_bucket_refuses_at_both_doors_and_every_answer_tells_what_is_left(
    clock: Clock, private_key: str
) -> None:
    with metered(clock, private_key, requests_per_minute=2) as (marketplace, caller):
        by_token = TokenCaller(caller.url, caller.seller)
        answers = [caller.acknowledge(), by_token.acknowledge(), caller.acknowledge()]

        assert [told(answer) for answer in answers] == [
            (200, "1", milliseconds(NOW + 30)),
            (200, "0", milliseconds(NOW + 30)),
            (429, "0", milliseconds(NOW + 30)),
        ]
        assert answers[-1].refusal()[:2] == (429, "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API")
        assert [call.applied for call in marketplace.calls_for(ORDER)] == [True, True, False]


@pytest.mark.parametrize("per_minute", [1, 7, 60, 5000])
def test_a_caller_that_comes_when_told_is_let_through_and_a_millisecond_earlier_is_not(
    clock: Clock, private_key: str, per_minute: int
) -> None:
    with metered(clock, private_key, requests_per_minute=per_minute) as (marketplace, caller):
        marketplace.use_up("acknowledge")
        for _ in range(3):
            replenished_at = int(caller.acknowledge().headers["x-next-replenishment-time"])

            clock.now = (replenished_at - 1) / 1000
            early = caller.acknowledge().status
            clock.now = replenished_at / 1000

            assert (early, caller.acknowledge().status) == (429, 200)


def test_the_bucket_holds_a_minutes_calls_and_no_more(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=3) as (_, caller):
        for _ in range(2):
            assert [caller.acknowledge().status for _ in range(4)] == [200, 200, 200, 429]
            clock.now += 300


def test_a_call_that_the_gateway_refuses_takes_no_token(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=60) as (_, caller):
        caller.acknowledge()
        clock.now += 1.5

        # A full bucket has nothing to wait for.
        assert told(caller.acknowledge(caller.wrong)) == (401, "60", milliseconds(clock.now))


def test_each_kind_of_call_has_a_bucket_of_its_own_if_any(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, looks_per_minute=2, lists_per_minute=1) as (marketplace, caller):
        marketplace.use_up("acknowledge")
        marketplace.use_up("list")

        assert [told(caller.get())[:2] for _ in range(3)] == [(200, "1"), (200, "0"), (429, "0")]
        assert [caller.list("", path=path).status for path in ("", "/released", "/released")] == [
            429,
            400,
            429,
        ]
        assert told(caller.acknowledge()) == (200, None, None)


def test_an_empty_bucket_uses_up_no_fault_and_a_fault_tells_of_the_bucket(
    clock: Clock, private_key: str
) -> None:
    with metered(clock, private_key, requests_per_minute=2) as (marketplace, caller):
        marketplace.use_up("acknowledge")
        marketplace.fail(ORDER, Fault.SLOW_DRIP, interval=0.0)
        during = caller.acknowledge().status
        clock.now += 60

        assert (during, told(caller.acknowledge())[:2]) == (429, (200, "1"))


def test_calls_side_by_side_share_the_bucket(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=10) as (_, caller), ThreadPoolExecutor(8) as pool:
        answers = [told(answer) for answer in pool.map(lambda _: caller.acknowledge(), range(20))]

    assert sorted(int(str(left)) for status, left, _ in answers if status == 200) == list(range(10))
    assert [left for status, left, _ in answers if status == 429] == ["0"] * 10


@pytest.mark.parametrize("kind", ["requests_per_minute", "looks_per_minute", "lists_per_minute"])
def test_a_quota_that_lets_nobody_through_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="bucket"):
        Marketplace(**{kind: 0})  # type: ignore[arg-type]  # all of them are numbers
