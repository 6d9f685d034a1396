"""`AsyncClient`: the same calls as `Client`, concurrently, within limits."""

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from copy import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.documents import ID, order, page
from tests.support.keys import credentials
from tests.unit.walmart_ca.scripted_transport import ScriptedTransport, call, json_response
from walmart_ca import (
    AsyncClient,
    CallInfo,
    Client,
    NotSent,
    Order,
    OrderPage,
    Request,
    Unavailable,
    WalmartError,
)
from walmart_ca.responses import Response
from walmart_ca.transport import NoResponseError, NothingSentError

GUARD = 300.0
"""Seconds after which a test that hangs fails."""
IDS = [f"74000000001{number:02}" for number in range(18)]
A_CALL = CallInfo("GET", "https://host/", "correlation-id", 200, 0.1)
START = datetime(2026, 11, 23, 10, tzinfo=UTC)


def run[T](main: Coroutine[Any, Any, T]) -> T:
    async def guarded() -> T:
        async with asyncio.timeout(GUARD):
            return await main

    return asyncio.run(guarded())


def id_in(request: Request) -> str:
    return request.url.split("/")[6]


def the_order(request: Request) -> Response:
    """Return a response with the order in the request."""
    return json_response(200, {"order": {"purchaseOrderId": id_in(request)}})


def client_of(scripted: ScriptedTransport, **options: Any) -> AsyncClient:  # noqa: ANN401 - passed on as they come
    return AsyncClient(credentials(), transport=scripted, **options)


async def acknowledge(client: AsyncClient, *ids: str) -> list[Order | BaseException]:
    return await asyncio.gather(*map(client.orders.acknowledge, ids), return_exceptions=True)


def ids_of(results: list[Order | BaseException]) -> list[str]:
    return [result.purchase_order_id for result in results if isinstance(result, Order)]


ACTIONS: dict[str, tuple[tuple[object, ...], dict[str, Any]]] = {
    "acknowledge": ((ID,), {}),
    "get": ((ID,), {}),
    "released_page": ((), {"created_start_date": START, "limit": 7}),
    "created_page": ((), {"created_start_date": START}),
    "next_page": ((OrderPage((), None, "?x=%3a", A_CALL),), {}),
}
STEPS: dict[str, Response | Exception] = {
    "a success": json_response(200, {"order": order(), "list": page(order())}),
    "an empty success": json_response(200, {}),
    "an error": json_response(503, {}),
    "nothing sent": NothingSentError("connect"),
    "no response": NoResponseError("response_timeout"),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
@pytest.mark.parametrize("action", ACTIONS)
def test_both_clients_send_the_same_and_return_the_same(action: str, step: Response | Exception) -> None:
    arguments, options = ACTIONS[action]
    scripted = ScriptedTransport(step)
    results: list[object] = []

    for client in (Client(credentials(), transport=scripted), client_of(scripted)):
        try:
            results.append(replace(call(client, action, *arguments, **options, timeout=30.0), call=A_CALL))
        except WalmartError as error:
            results.append((type(error), error.reason, error.status))

    assert results[0] == results[1]
    first, second = ((sent.method, sent.url, sent.headers.keys()) for sent in scripted.sent)
    assert first == second
    assert scripted.timeouts == [pytest.approx(30.0, abs=20.0)] * 2


@pytest.mark.parametrize("action", ACTIONS)
def test_an_error_describes_a_call_that_had_no_time_left(action: str) -> None:
    arguments, options = ACTIONS[action]
    scripted = ScriptedTransport(json_response(503, {}))
    with pytest.raises(Unavailable) as sent:
        call(Client(credentials(), transport=scripted), action, *arguments, **options)

    with pytest.raises(NotSent) as raised:
        call(client_of(scripted), action, *arguments, **options, timeout=0)

    error, of_client = raised.value, sent.value.call
    assert error.reason == "no_time_left"
    assert error.correlation_id
    assert (error.call.method, error.call.url) == (of_client.method, of_client.url.partition("?")[0])
    assert len(scripted.sent) == 1


def test_building_a_request_sends_nothing() -> None:
    scripted = ScriptedTransport()

    request = call(client_of(scripted), "build_acknowledgement", ID)

    assert request.url == f"https://marketplace.walmartapis.com/v3/ca/orders/{ID}/acknowledge"
    assert scripted.sent == []


@pytest.mark.parametrize("max_concurrency", [3, 18])
def test_calls_run_concurrently_up_to_the_limit(max_concurrency: int) -> None:
    scripted = ScriptedTransport(the_order)
    all_running = threading.Barrier(max_concurrency)
    lock = threading.Lock()
    running: list[int] = [0]

    def meanwhile() -> None:
        with lock:
            running.append(running[-1] + 1)
        all_running.wait(GUARD)
        with lock:
            running.append(running[-1] - 1)

    scripted.meanwhile = meanwhile

    async def main() -> list[Order | BaseException]:
        async with client_of(scripted, max_concurrency=max_concurrency) as client:
            return await acknowledge(client, *IDS)

    assert ids_of(run(main())) == IDS
    assert max(running) == max_concurrency
    assert len({request.correlation_id for request in scripted.sent}) == len(IDS)


class BusyClient:
    """A client with one thread, which the first call occupies until a test releases it."""

    def __init__(self) -> None:
        self.scripted = ScriptedTransport(the_order)
        self.client = client_of(self.scripted, max_concurrency=1)
        self.release = threading.Event()
        self._started = threading.Event()
        self.scripted.meanwhile = self._occupy

    def _occupy(self) -> None:
        self._started.set()
        self.release.wait(GUARD)

    async def begin(self, timeout: float | None = None) -> asyncio.Task[Order]:  # noqa: ASYNC109 - the call's
        """Begin the call that occupies the thread."""
        first = asyncio.create_task(self.client.orders.acknowledge(IDS[0], timeout=timeout))
        assert await asyncio.to_thread(self._started.wait, GUARD)
        return first

    @property
    def sent(self) -> list[str]:
        return [id_in(request) for request in self.scripted.sent]


@pytest.mark.parametrize("cancelled", [False, True], ids=["a busy thread", "the thread of a cancelled call"])
def test_a_call_that_times_out_before_it_has_a_thread_is_never_sent(cancelled: bool) -> None:
    busy = BusyClient()

    async def main() -> WalmartError:
        async with busy.client as client:
            first = await busy.begin()
            if cancelled:
                first.cancel()
            # The thread stays busy until this call has failed.
            with pytest.raises(NotSent) as raised:
                await client.orders.acknowledge(IDS[1], timeout=0.05)
            busy.release.set()
            await asyncio.wait({first})
            await client.orders.acknowledge(IDS[2])  # in the same thread, after the call that timed out
            return raised.value

    error = run(main())

    assert error.reason == "no_time_left"
    assert error.call.latency_s >= 0.05
    assert error.correlation_id
    assert busy.sent == [IDS[0], IDS[2]]


def test_a_call_that_runs_ends_with_its_thread() -> None:
    busy = BusyClient()

    async def main() -> Order:
        async with busy.client:
            first = await busy.begin(timeout=0.05)
            await asyncio.wait({first}, timeout=0.2)
            assert not first.done()
            busy.release.set()
            return await first

    assert run(main()).purchase_order_id == IDS[0]


def test_a_call_cancelled_before_it_has_a_thread_is_not_sent() -> None:
    busy = BusyClient()

    async def main() -> Order:
        async with busy.client as client:
            first = await busy.begin()
            second = asyncio.create_task(client.orders.acknowledge(IDS[1]))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            busy.release.set()
            return await first

    assert run(main()).purchase_order_id == IDS[0]
    assert busy.sent == [IDS[0]]


def test_closing_waits_for_the_running_calls() -> None:
    busy = BusyClient()

    async def main() -> Order:
        first = await busy.begin()
        closing = asyncio.create_task(busy.client.aclose())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not closing.done()
        busy.release.set()
        await closing
        return await first

    assert run(main()).purchase_order_id == IDS[0]


def test_closing_without_waiting_does_not_wait_for_a_busy_thread() -> None:
    busy = BusyClient()
    before = set(threading.enumerate())

    async def main() -> BaseException | Order:
        first = await busy.begin()
        waiting = asyncio.create_task(busy.client.orders.acknowledge(IDS[1]))
        await asyncio.sleep(0)
        first.cancel()
        await busy.client.aclose(wait=False)
        return (await asyncio.gather(waiting, return_exceptions=True))[0]

    error = run(main())
    busy.release.set()
    ours = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("walmart-ca")]
    for thread in ours:
        thread.join(GUARD)

    assert isinstance(error, NotSent)
    assert error.reason == "closed"
    assert busy.sent == [IDS[0]]
    assert not [thread for thread in ours if thread.is_alive()]


@pytest.mark.parametrize("given", [False, True], ids=["the client's threads", "an executor of the caller"])
def test_a_call_on_a_closed_client_is_not_sent(given: bool) -> None:
    scripted = ScriptedTransport(the_order)

    async def main() -> Order:
        client = client_of(scripted, executor=ThreadPoolExecutor(1) if given else None)
        await client.orders.acknowledge(ID)
        await client.aclose()
        await client.aclose()
        return await client.orders.acknowledge(ID)

    with pytest.raises(NotSent) as raised:
        run(main())

    assert raised.value.reason == "closed"
    assert len(scripted.sent) == 1


def test_a_call_is_not_sent_when_the_executor_is_shut_down() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()

    with pytest.raises(NotSent) as raised:
        call(client_of(ScriptedTransport(the_order), executor=executor), "acknowledge", ID)

    assert raised.value.reason == "no_thread"


class LateExecutor(Executor):
    """Accepts a call, and runs it when a test calls `run`."""

    def __init__(self) -> None:
        self.run: Callable[[], object] = lambda: None

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self.run = functools.partial(fn, *args, **kwargs)
        return Future()


def test_an_executor_does_not_send_a_call_after_its_time_out() -> None:
    scripted = ScriptedTransport(the_order)
    executor = LateExecutor()

    with pytest.raises(NotSent):
        call(client_of(scripted, executor=executor), "acknowledge", ID, timeout=0.05)
    with pytest.raises(NotSent):
        executor.run()

    assert scripted.sent == []
