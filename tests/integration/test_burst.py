"""A burst of orders stays within Walmart's rate limit. The time is scaled."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Final

import pytest

from acknowledge_orders.attempt import Attempts
from acknowledge_orders.policy import CallResults
from shared.walmart.caller import Deferred
from shared.walmart.client_provider import ClientProvider
from shared.walmart.credentials import Secret
from shared.walmart.rate_limiter import RateLimiter
from tests.local.marketplace import Marketplace
from walmart_ca import AsyncClient, Credentials, Order

BURST: Final = 600
LIMIT: Final = 60
ENVIRONMENTS: Final = 2
INVOCATION_S: Final = 60.0
SCALE: Final = 200.0
STARTED: Final = time.time()


def scaled() -> float:
    """A clock that runs `SCALE` times as fast as the machine's."""
    return STARTED + (time.time() - STARTED) * SCALE


async def scaled_sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / SCALE)


@pytest.fixture
def limited() -> Iterator[Marketplace]:
    with Marketplace(clock=scaled, requests_per_minute=LIMIT) as marketplace:
        yield marketplace


def rate_limiter() -> RateLimiter:
    return RateLimiter(
        requests_per_minute=LIMIT,
        environments=ENVIRONMENTS,
        clock=scaled,
        monotonic=scaled,
        sleep=scaled_sleep,
    )


async def acknowledge_all(marketplace: Marketplace, key: str, orders: list[str]) -> Counter[str]:
    """Run as one execution environment: batch after batch, each in an invocation of its own."""
    secret = Secret(marketplace.register_seller(key).secret(), "v1")
    seen: Counter[str] = Counter()
    async with AsyncExitStack() as clients:

        def connect(credentials: Credentials) -> AsyncClient:
            client = AsyncClient(credentials, base_url=marketplace.url, clock=scaled)
            clients.push_async_callback(client.aclose)
            return client

        access = ClientProvider(lambda _: secret, connect, scaled, lambda _: None)
        attempts = Attempts(access, acknowledge_limiter=rate_limiter(), fetch_limiter=rate_limiter())
        waiting = list(orders)
        while waiting:
            batch, waiting = waiting[:10], waiting[10:]
            ends_at = scaled() + INVOCATION_S
            results = await asyncio.gather(
                *(
                    attempts.attempt(order, fetch_first=False, time_left=lambda: ends_at - scaled())  # noqa: B023 - awaited here
                    for order in batch
                )
            )
            for order, result in zip(batch, results, strict=True):
                if isinstance(result, CallResults) and isinstance(result.acknowledgement, Order):
                    seen["acknowledged"] += 1
                elif isinstance(result, Deferred):
                    seen[result.reason] += 1
                    waiting.append(order)
                else:
                    seen[str(result)] += 1
    return seen


def test_six_hundred_orders_at_once_draw_no_429(limited: Marketplace, private_key: str) -> None:
    orders = [f"7400000{number:06}" for number in range(BURST)]
    for order in orders:
        limited.add_order(order)

    with ThreadPoolExecutor(ENVIRONMENTS) as environments:
        shares = [orders[number::ENVIRONMENTS] for number in range(ENVIRONMENTS)]
        work = [
            environments.submit(asyncio.run, acknowledge_all(limited, private_key, share)) for share in shares
        ]
        seen = sum((each.result() for each in work), Counter())

    assert Counter(call.status for call in limited.calls) == {200: BURST}
    assert seen["acknowledged"] == BURST
    # On a busy machine an invocation's scaled minute may end early: then its orders are retried.
    assert seen.keys() <= {"acknowledged", "rate_limited", "out_of_time"}
