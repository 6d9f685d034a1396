"""The limits of calls a minute, and the headers that describe them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.caller import NOW, ORDER, Caller, Response, TokenCaller


class Clock:
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


def stated(response: Response) -> tuple[int, str | None, str | None]:
    headers = response.headers
    return response.status, headers["x-current-token-count"], headers["x-next-replenishment-time"]


def milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def test_both_schemes_share_a_bucket_and_responses_say_its_count(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=2) as (marketplace, caller):
        by_token = TokenCaller(caller.url, caller.seller)
        responses = [caller.acknowledge(), by_token.acknowledge(), caller.acknowledge()]

        assert [stated(response) for response in responses] == [
            (200, "1", milliseconds(NOW + 30)),
            (200, "0", milliseconds(NOW + 30)),
            (429, "0", milliseconds(NOW + 30)),
        ]
        assert responses[-1].refusal()[:2] == (429, "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API")
        assert [call.applied for call in marketplace.calls_for(ORDER)] == [True, True, False]


@pytest.mark.parametrize("per_minute", [1, 7, 60, 5000])
def test_a_call_succeeds_at_the_announced_millisecond_not_before(
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

        # A full bucket's time is now.
        assert stated(caller.acknowledge(caller.bad_credentials)) == (401, "60", milliseconds(clock.now))


def test_each_kind_of_call_has_its_own_bucket(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, gets_per_minute=2, lists_per_minute=1) as (marketplace, caller):
        marketplace.use_up("acknowledge")
        marketplace.use_up("list")

        assert [stated(caller.get())[:2] for _ in range(3)] == [(200, "1"), (200, "0"), (429, "0")]
        lists = [caller.list("", path=path).status for path in ("", "/released", "/released")]
        assert lists == [429, 400, 429]
        assert stated(caller.acknowledge()) == (200, None, None)


def test_a_throttled_call_uses_up_no_fault(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=2) as (marketplace, caller):
        marketplace.use_up("acknowledge")
        marketplace.fail(ORDER, Fault.SLOW_DRIP, interval=0.0)
        first = caller.acknowledge().status
        clock.now += 60

        assert (first, stated(caller.acknowledge())[:2]) == (429, (200, "1"))


def test_concurrent_calls_share_the_bucket(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=10) as (_, caller), ThreadPoolExecutor(8) as pool:
        responses = [stated(response) for response in pool.map(lambda _: caller.acknowledge(), range(20))]

    assert sorted(int(str(left)) for status, left, _ in responses if status == 200) == list(range(10))
    assert [left for status, left, _ in responses if status == 429] == ["0"] * 10


@pytest.mark.parametrize("kind", ["requests_per_minute", "gets_per_minute", "lists_per_minute"])
def test_a_quota_of_zero_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="bucket"):
        Marketplace(**{kind: 0})  # type: ignore[arg-type]  # all of them are numbers
