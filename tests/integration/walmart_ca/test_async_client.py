"""`AsyncClient`: the same results, side by side, within bounds."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.walmart_ca.calls import (
    HANGS_AFTER,
    START,
    Connect,
    Serve,
    assert_signed_as_sent,
    credentials_of,
    failure,
)
from tests.local.marketplace import Fault, Marketplace, Seller
from tests.support.hostile import HOSTILE_IDS
from tests.support.keys import credentials
from tests.support.raw_server import (
    ORDER,
    Connection,
    acknowledged,
    answer,
    answers,
    answers_the_first,
    listed,
    target,
)
from walmart_ca import (
    AsyncClient,
    Client,
    NotSent,
    Order,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    WalmartError,
)

IDS = [f"74000000001{number:02}" for number in range(20)]


def run[T](main: Coroutine[Any, Any, T]) -> T:
    async def guarded() -> T:
        async with asyncio.timeout(HANGS_AFTER):
            return await main

    return asyncio.run(guarded())


async def acknowledge(client: AsyncClient, *ids: str) -> list[Order | BaseException]:
    return await asyncio.gather(*map(client.orders.acknowledge, ids), return_exceptions=True)


def order_named_in(head: bytes) -> str:
    return target(head).split("/")[4]


def test_an_order_is_the_same_as_the_clients(
    marketplace: Marketplace, seller: Seller, client: Client
) -> None:
    marketplace.add_order(ORDER)

    async def main() -> tuple[Order, Order]:
        async with AsyncClient(credentials_of(seller), base_url=marketplace.url) as aclient:
            return await aclient.orders.acknowledge(ORDER), await aclient.orders.get(ORDER)

    acknowledged_order, seen = run(main())

    assert acknowledged_order == client.orders.acknowledge(ORDER)
    assert seen == client.orders.get(ORDER)
    assert [call.refusal for call in marketplace.calls] == [None] * 4


@pytest.mark.parametrize(
    "fault", [Fault.UNAUTHORIZED, Fault.THROTTLED, Fault.SERVICE_UNAVAILABLE, Fault.RESET_AFTER_APPLYING]
)
def test_an_error_is_the_same_as_the_clients(
    marketplace: Marketplace, seller: Seller, client: Client, fault: Fault
) -> None:
    marketplace.add_order(ORDER)
    marketplace.fail(ORDER, fault, times=2)

    async def main() -> list[Order | BaseException]:
        async with AsyncClient(credentials_of(seller), base_url=marketplace.url) as aclient:
            return await acknowledge(aclient, ORDER)

    (error,) = run(main())
    expected = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, WalmartError)
    assert (type(error), error.reason, error.status) == (type(expected), expected.reason, expected.status)


def test_a_hostile_id_is_refused_and_nothing_is_sent(serve: Serve) -> None:
    server = serve(answers(answer(acknowledged())))

    async def main() -> list[Order | BaseException]:
        async with AsyncClient(credentials(), base_url=server.url) as client:
            return await acknowledge(client, *HOSTILE_IDS.values())

    assert {type(result) for result in run(main())} == {ValueError}
    assert server.connections == 0


def test_calls_run_side_by_side(serve: Serve) -> None:
    everybody = threading.Barrier(10)

    def behave(connection: Connection) -> None:
        while head := connection.read_request():
            everybody.wait(HANGS_AFTER)
            connection.send(answer(acknowledged(order_named_in(head))))

    server = serve(behave)

    async def main() -> list[Order | BaseException]:
        async with AsyncClient(credentials(), base_url=server.url, max_concurrency=10) as client:
            return await acknowledge(client, *IDS[:10])

    results = run(main())

    assert [result.purchase_order_id for result in results if isinstance(result, Order)] == IDS[:10]


def test_no_more_calls_than_allowed_are_under_way(serve: Serve) -> None:
    three = threading.Barrier(3)
    lock = threading.Lock()
    under_way = 0
    most = 0

    def behave(connection: Connection) -> None:
        nonlocal under_way, most
        while head := connection.read_request():
            with lock:
                under_way += 1
                most = max(most, under_way)
            three.wait(HANGS_AFTER)
            with lock:
                under_way -= 1
            connection.send(answer(acknowledged(order_named_in(head))))

    server = serve(behave)

    async def main() -> list[Order | BaseException]:
        async with AsyncClient(credentials(), base_url=server.url, max_concurrency=3) as client:
            return await acknowledge(client, *IDS[:18])

    results = run(main())

    assert [result.purchase_order_id for result in results if isinstance(result, Order)] == IDS[:18]
    assert most == 3
    assert server.connections == 3


def holds_the_first(arrived: threading.Event, release: threading.Event) -> Any:  # noqa: ANN401 - a Behaviour
    def behave(connection: Connection) -> None:
        while head := connection.read_request():
            arrived.set()
            release.wait(HANGS_AFTER)
            connection.send(answer(acknowledged(order_named_in(head))))

    return behave


def test_a_call_whose_time_ran_out_while_it_waited_is_not_sent(serve: Serve) -> None:
    arrived, release = threading.Event(), threading.Event()
    server = serve(holds_the_first(arrived, release))

    async def main() -> list[Order | BaseException]:
        async with AsyncClient(credentials(), base_url=server.url, max_concurrency=1) as client:
            first = asyncio.create_task(client.orders.acknowledge(IDS[0]))
            assert await asyncio.to_thread(arrived.wait, HANGS_AFTER)
            second = asyncio.create_task(client.orders.acknowledge(IDS[1], timeout=0.01))
            await asyncio.sleep(0.1)
            release.set()
            return list(await asyncio.gather(first, second, return_exceptions=True))

    first, second = run(main())

    assert isinstance(first, Order)
    assert isinstance(second, NotSent)
    assert second.reason == "no_time_left"
    assert [order_named_in(head) for head in server.requests] == [IDS[0]]


def test_a_call_cancelled_while_it_waited_is_not_sent(serve: Serve) -> None:
    arrived, release = threading.Event(), threading.Event()
    server = serve(holds_the_first(arrived, release))

    async def main() -> Order:
        async with AsyncClient(credentials(), base_url=server.url, max_concurrency=1) as client:
            first = asyncio.create_task(client.orders.acknowledge(IDS[0]))
            assert await asyncio.to_thread(arrived.wait, HANGS_AFTER)
            second = asyncio.create_task(client.orders.acknowledge(IDS[1]))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            release.set()
            return await first

    assert run(main()).purchase_order_id == IDS[0]
    assert [order_named_in(head) for head in server.requests] == [IDS[0]]


def test_a_failing_call_leaves_the_others_alone(marketplace: Marketplace, seller: Seller) -> None:
    for purchase_order_id in IDS[:8]:
        marketplace.add_order(purchase_order_id)
    marketplace.fail(IDS[1], Fault.RESET_BEFORE_APPLYING)
    marketplace.fail(IDS[3], Fault.THROTTLED)
    marketplace.set_status(IDS[5], "Shipped")

    async def main() -> list[Order | BaseException]:
        async with AsyncClient(credentials_of(seller), base_url=marketplace.url) as client:
            return await acknowledge(client, *IDS[:7], "1/../x", IDS[7])

    kinds = [type(result) for result in run(main())]

    assert kinds == [Order, OutcomeUnknown, Order, Throttled, Order, OrderRejected, Order, ValueError, Order]


def test_every_call_has_a_correlation_id_of_its_own(marketplace: Marketplace, seller: Seller) -> None:
    for purchase_order_id in IDS:
        marketplace.add_order(purchase_order_id)

    async def main() -> None:
        async with AsyncClient(credentials_of(seller), base_url=marketplace.url, max_concurrency=5) as client:
            await acknowledge(client, *IDS)

    run(main())

    calls = marketplace.calls
    assert len({call.headers["WM_QOS.CORRELATION_ID"] for call in calls}) == len(IDS)
    assert all(call.applied for call in calls)
    assert len({call.connection for call in calls}) <= 5


def test_closing_waits_for_the_calls_under_way(serve: Serve) -> None:
    arrived, release = threading.Event(), threading.Event()
    server = serve(holds_the_first(arrived, release))

    async def main() -> Order:
        client = AsyncClient(credentials(), base_url=server.url)
        call = asyncio.create_task(client.orders.acknowledge(ORDER))
        assert await asyncio.to_thread(arrived.wait, HANGS_AFTER)
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0.05)
        assert not closing.done()
        release.set()
        await closing
        return await call

    assert run(main()).purchase_order_id == ORDER


@pytest.mark.parametrize(
    ("timeout", "cancelled"), [(0.2, False), (0.2, True)], ids=["busy threads", "threads of cancelled calls"]
)
def test_a_timeout_holds_from_the_call_on(serve: Serve, timeout: float, cancelled: bool) -> None:
    arrived, release = threading.Event(), threading.Event()
    server = serve(holds_the_first(arrived, release))

    async def main() -> WalmartError:
        async with AsyncClient(credentials(), base_url=server.url, max_concurrency=1) as client:
            first = asyncio.create_task(client.orders.acknowledge(IDS[0]))
            assert await asyncio.to_thread(arrived.wait, HANGS_AFTER)
            if cancelled:
                first.cancel()
            # The thread is not free before this call has come back.
            with pytest.raises(NotSent) as raised:
                await client.orders.acknowledge(IDS[1], timeout=timeout)
            release.set()
            await asyncio.wait({first})
            await client.orders.acknowledge(IDS[2])  # in the same thread, after the one that was given up
            return raised.value

    error = run(main())

    assert error.reason == "no_time_left"
    assert error.call.latency_s >= timeout
    assert error.call.url == f"{server.url}/v3/ca/orders/{IDS[1]}/acknowledge"
    assert error.correlation_id
    assert [order_named_in(head) for head in server.requests] == [IDS[0], IDS[2]]


@pytest.mark.parametrize("begun", [False, True])
def test_a_call_that_an_executor_took_has_its_own_deadline_once_it_has_begun(
    serve: Serve, begun: bool
) -> None:
    server = serve(answers(answer(acknowledged())))
    executor = LateExecutor(begun)

    async def main() -> object:
        async with AsyncClient(credentials(), base_url=server.url, executor=executor) as client:
            call = asyncio.create_task(client.orders.acknowledge(ORDER, timeout=0.1))
            await asyncio.wait({call}, timeout=0.3)
            executor.finish()
            return (await asyncio.gather(call, return_exceptions=True))[0]

    result = run(main())

    assert isinstance(result, Order if begun else NotSent)
    assert len(server.requests) == begun


class LateExecutor(Executor):
    """Runs a call at once or late, as it likes, and never refuses to; it says late what came of it."""

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once
        self._late: list[Callable[[], object]] = []

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        inner: Future[T] = Future()

        def play() -> None:
            try:
                inner.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - whatever it is
                inner.set_exception(error)

        def settle() -> None:
            if not inner.done():
                play()
            if future.set_running_or_notify_cancel():
                future.set_result(inner.result())

        if self._at_once:
            play()
        self._late.append(settle)
        return future

    def finish(self) -> None:
        for settle in self._late:
            settle()


def test_a_call_that_ends_its_thread_late_does_not_keep_its_client_from_closing(serve: Serve) -> None:
    arrived, release = threading.Event(), threading.Event()
    server = serve(holds_the_first(arrived, release))
    before = set(threading.enumerate())

    async def main() -> BaseException | Order:
        client = AsyncClient(credentials(), base_url=server.url, max_concurrency=1)
        first = asyncio.create_task(client.orders.acknowledge(IDS[0]))
        assert await asyncio.to_thread(arrived.wait, HANGS_AFTER)
        waiting = asyncio.create_task(client.orders.acknowledge(IDS[1]))
        await asyncio.sleep(0)
        first.cancel()
        await client.aclose(wait=False)
        return (await asyncio.gather(waiting, return_exceptions=True))[0]

    error = run(main())
    release.set()
    ours = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("walmart-ca")]
    for thread in ours:
        thread.join(HANGS_AFTER)

    assert isinstance(error, NotSent)
    assert error.reason == "closed"
    assert [order_named_in(head) for head in server.requests] == [IDS[0]]
    assert not [thread for thread in ours if thread.is_alive()]


@pytest.mark.parametrize("given", [False, True], ids=["threads of its own", "an executor that was given"])
def test_a_call_on_a_closed_client_is_not_sent(serve: Serve, given: bool) -> None:
    server = serve(answers(answer(acknowledged())))

    async def main() -> Order:
        client = AsyncClient(
            credentials(), base_url=server.url, executor=ThreadPoolExecutor(1) if given else None
        )
        await client.orders.acknowledge(ORDER)
        await client.aclose()
        return await client.orders.acknowledge(ORDER)

    error = failure(lambda: run(main()))

    assert (type(error), error.reason) == (NotSent, "closed")
    assert len(server.requests) == 1


def test_a_call_that_no_thread_can_take_is_not_sent(serve: Serve) -> None:
    server = serve(answers(answer(acknowledged())))
    executor = ThreadPoolExecutor(1)
    executor.shutdown()

    async def main() -> None:
        async with AsyncClient(credentials(), base_url=server.url, executor=executor) as client:
            await client.orders.acknowledge(ORDER)

    error = failure(lambda: run(main()))

    assert (type(error), error.reason) == (NotSent, "no_thread")
    assert server.connections == 0


def test_closing_twice_does_no_harm() -> None:
    async def main() -> None:
        async with AsyncClient(credentials()) as client:
            await client.aclose()

    run(main())


def test_one_event_loop_after_the_other_may_use_a_client(marketplace: Marketplace, seller: Seller) -> None:
    client = AsyncClient(credentials_of(seller), base_url=marketplace.url)
    for purchase_order_id in IDS[:4]:
        marketplace.add_order(purchase_order_id)

    first = run(acknowledge(client, *IDS[:2]))
    second = run(acknowledge(client, *IDS[2:4]))
    run(client.aclose())

    assert [result.purchase_order_id for result in [*first, *second] if isinstance(result, Order)] == IDS[:4]


def test_building_a_request_sends_nothing(marketplace: Marketplace, seller: Seller) -> None:
    client = AsyncClient(credentials_of(seller), base_url=marketplace.url)

    request = run(client.orders.build_acknowledgement(ORDER))

    assert request.url == f"{marketplace.url}/v3/ca/orders/{ORDER}/acknowledge"
    assert marketplace.calls == []


# Lists


def test_released_orders_are_the_same_as_the_clients(serve: Serve, connect: Connect) -> None:
    server = serve(two_pages)

    async def main() -> list[Order]:
        async with AsyncClient(credentials(), base_url=server.url) as client:
            return [order async for order in client.orders.released(created_start_date=START, limit=2)]

    found = run(main())

    assert found == list(connect(server.url).orders.released(created_start_date=START, limit=2))
    assert [order.purchase_order_id for order in found] == IDS[:3]
    targets = [target(head) for head in server.requests]
    assert targets[:2] == targets[2:]


def two_pages(connection: Connection) -> None:
    while head := connection.read_request():
        if "soIndex" in target(head):
            connection.send(listed(IDS[2]))
        else:
            connection.send(listed(*IDS[:2], next_cursor="?soIndex=2&x=%3a"))


def test_a_page_is_awaited_only_after_the_one_before_it_is_used_up(serve: Serve) -> None:
    server = serve(two_pages)

    async def main() -> list[int]:
        async with AsyncClient(credentials(), base_url=server.url) as client:
            released = client.orders.released(created_start_date=START)
            asked = [len(server.requests)]
            async for _ in released:
                asked.append(len(server.requests))  # noqa: PERF401 - each count is of its moment
            return asked

    assert run(main()) == [0, 1, 1, 2]
    assert len(server.requests) == 2


def test_pages_can_be_awaited_one_by_one(serve: Serve) -> None:
    server = serve(two_pages)

    async def main() -> tuple[OrderPage, OrderPage]:
        async with AsyncClient(credentials(), base_url=server.url) as client:
            first = await client.orders.released_page(created_start_date=START)
            second = await client.orders.next_page(first)
            with pytest.raises(ValueError, match=r"^page must "):
                await client.orders.next_page(second)
            return first, second

    first, second = run(main())

    assert (first.cursor, first.next_cursor) == (None, "?soIndex=2&x=%3a")
    assert (second.cursor, second.next_cursor) == ("?soIndex=2&x=%3a", None)
    assert target(server.requests[1]).endswith("/released?soIndex=2&x=%3a")
    assert_signed_as_sent(server.requests[1])


@pytest.mark.parametrize(
    ("second", "kind", "reason"),
    [
        (answer(status=429), Throttled, "http_429"),
        (answer(b"<html></html>"), OutcomeUnknown, "unreadable_answer"),
        (listed(IDS[1], next_cursor="soIndex=1"), OutcomeUnknown, "repeated_cursor"),
        (listed(IDS[1], next_cursor="so Index=2"), OutcomeUnknown, "unusable_cursor"),
    ],
    ids=["an error", "no list", "a page that leads to itself", "an unusable cursor"],
)
def test_a_page_that_fails_comes_after_the_orders_before_it(
    serve: Serve, second: bytes, kind: type[WalmartError], reason: str
) -> None:
    server = serve(answers(listed(IDS[0], next_cursor="?soIndex=1"), second))
    found: list[str] = []

    async def main() -> None:
        async with AsyncClient(credentials(), base_url=server.url) as client:
            async for order in client.orders.released(created_start_date=START):
                found.append(order.purchase_order_id)  # noqa: PERF401 - kept though it fails

    error = failure(lambda: run(main()))

    assert (type(error), error.reason) == (kind, reason)
    assert found[0] == IDS[0]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("which", "name"),
    [
        ({"created_start_date": START.replace(tzinfo=None)}, "created_start_date"),
        ({"created_start_date": START, "created_end_date": "now"}, "created_end_date"),
        ({"created_start_date": START, "limit": 201}, "limit"),
    ],
    ids=["a start without a zone", "an end that is a text", "a limit beyond the largest"],
)
def test_an_unusable_argument_is_refused_by_name_and_nothing_is_sent(
    serve: Serve,
    which: Any,  # noqa: ANN401 - of any type
    name: str,
) -> None:
    server = serve(two_pages)

    async def main() -> None:
        async with AsyncClient(credentials(), base_url=server.url) as client:
            with pytest.raises(ValueError, match=f"^{name} must "):
                await client.orders.released_page(**which)
            with pytest.raises(ValueError, match=f"^{name} must "):
                client.orders.released(**which)

    run(main())
    assert server.connections == 0


def test_every_page_has_the_time_that_the_list_was_given(serve: Serve) -> None:
    server = serve(answers_the_first(listed(IDS[0], next_cursor="?soIndex=1")))
    found: list[str] = []

    async def main() -> None:
        async with AsyncClient(credentials(), base_url=server.url, timeout=600) as client:
            async for order in client.orders.released(created_start_date=START, timeout=1.0):
                found.append(order.purchase_order_id)  # noqa: PERF401 - kept though it fails

    error = failure(lambda: run(main()))

    assert type(error) is OutcomeUnknown
    assert error.reason == "answer_timeout"
    assert found == [IDS[0]]


def test_a_list_whose_time_ran_out_while_it_waited_is_not_sent(serve: Serve) -> None:
    arrived, release = threading.Event(), threading.Event()
    server = serve(holds_the_first(arrived, release))

    async def main() -> OrderPage | BaseException:
        async with AsyncClient(credentials(), base_url=server.url, max_concurrency=1) as client:
            first = asyncio.create_task(client.orders.acknowledge(IDS[0]))
            assert await asyncio.to_thread(arrived.wait, HANGS_AFTER)
            page = asyncio.create_task(client.orders.released_page(created_start_date=START, timeout=0.01))
            await asyncio.sleep(0.1)
            release.set()
            await first
            return (await asyncio.gather(page, return_exceptions=True))[0]

    error = run(main())

    assert isinstance(error, NotSent)
    assert error.reason == "no_time_left"
    assert len(server.requests) == 1
