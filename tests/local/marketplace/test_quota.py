"""The limits of calls a minute, and the headers that describe them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.caller import NOW, ORDER, Caller, Response, TokenCaller


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@contextmanager
def metered(private_key: str, **per_minute: int) -> Iterator[tuple[Clock, Marketplace, Caller]]:
    clock = Clock()
    with Marketplace(clock=clock, **per_minute) as marketplace:  # type: ignore[arg-type]  # all are numbers
        marketplace.add_order(ORDER)
        yield clock, marketplace, Caller(marketplace.url, marketplace.register_seller(private_key), now=clock)


def stated(response: Response) -> tuple[int, str | None, str | None]:
    headers = response.headers
    return response.status, headers["x-current-token-count"], headers["x-next-replenishment-time"]


def test_both_schemes_share_a_bucket_and_responses_say_its_count(private_key: str) -> None:
    with metered(private_key, requests_per_minute=2) as (_, marketplace, caller):
        by_token = TokenCaller(caller.url, caller.seller)
        responses = [caller.acknowledge(), by_token.acknowledge(), caller.acknowledge()]

        replenished = str(round((NOW + 30) * 1000))
        assert [stated(response) for response in responses] == [
            (200, "1", replenished),
            (200, "0", replenished),
            (429, "0", replenished),
        ]
        assert responses[-1].refusal()[1] == "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"
        assert [call.applied for call in marketplace.calls_for(ORDER)] == [True, True, False]


@pytest.mark.parametrize("per_minute", [1, 7, 60, 5000])
def test_a_call_succeeds_at_the_announced_millisecond_not_before(private_key: str, per_minute: int) -> None:
    with metered(private_key, requests_per_minute=per_minute) as (clock, marketplace, caller):
        marketplace.use_up("acknowledge")
        for _ in range(3):
            replenished_at = int(caller.acknowledge().headers["x-next-replenishment-time"])

            clock.now = (replenished_at - 1) / 1000
            early = caller.acknowledge().status
            clock.now = replenished_at / 1000

            assert (early, caller.acknowledge().status) == (429, 200)


def test_the_bucket_holds_a_minutes_calls_and_no_more(private_key: str) -> None:
    with metered(private_key, requests_per_minute=3) as (clock, _, caller):
        for _ in range(2):
            assert [caller.acknowledge().status for _ in range(4)] == [200, 200, 200, 429]
            clock.now += 300


def test_a_call_that_the_gateway_refuses_takes_no_token(private_key: str) -> None:
    with metered(private_key, requests_per_minute=60) as (clock, _, caller):
        caller.acknowledge()
        clock.now += 15
        refused = caller.acknowledge(caller.bad_credentials)

        # A full bucket's time is now.
        assert stated(refused) == (401, "60", str(round(clock.now * 1000)))


def test_each_kind_of_call_has_its_own_bucket(private_key: str) -> None:
    with metered(private_key, gets_per_minute=2, lists_per_minute=1) as (_, marketplace, caller):
        marketplace.use_up("acknowledge")
        marketplace.use_up("list")

        assert [stated(caller.get())[:2] for _ in range(3)] == [(200, "1"), (200, "0"), (429, "0")]
        lists = [caller.list("", path=path).status for path in ("", "/released", "/released")]
        assert lists == [429, 400, 429]
        assert stated(caller.acknowledge()) == (200, None, None)


def test_a_throttled_call_uses_up_no_fault(private_key: str) -> None:
    with metered(private_key, requests_per_minute=2) as (clock, marketplace, caller):
        marketplace.use_up("acknowledge")
        marketplace.fail(ORDER, Fault.SLOW_DRIP, interval=0.0)
        first = caller.acknowledge().status
        clock.now += 60

        served = caller.acknowledge()
        assert (first, stated(served)[:2]) == (429, (200, "1"))
        assert served.headers["Date"] == "Mon, 21 Sep 2026 14:14:20 GMT"  # the marketplace's time


def test_concurrent_calls_share_the_bucket(private_key: str) -> None:
    with metered(private_key, requests_per_minute=10) as (_, _, caller), ThreadPoolExecutor(8) as pool:
        responses = [stated(response) for response in pool.map(lambda _: caller.acknowledge(), range(20))]

    assert sorted(int(str(left)) for status, left, _ in responses if status == 200) == list(range(10))
    assert [left for status, left, _ in responses if status == 429] == ["0"] * 10


def test_a_quota_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="bucket"):
        Marketplace(lists_per_minute=0)
