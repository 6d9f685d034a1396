"""The asynchronous client: the same calls as coroutines, which run concurrently."""

import asyncio
import functools
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self, Unpack

from .auth import Credentials
from .clocks import elapsed
from .errors import NotSent
from .forks import call_after_fork
from .messages import Request
from .models import ALL, RELEASED, Order, OrderPage
from .orders import LIST_PATHS, FollowedCursors, ListOptions, Orders, order_path, released_query
from .session import DEFAULT_SERVICE_NAME, DEFAULT_TIMEOUT, PRODUCTION_URL, Session, new_uuid
from .transport import Sender
from .validation import InvalidArgument


class AsyncClient:
    """A client with the calls of `Client` as coroutines, which run concurrently in threads.

    A call's time-out starts when the call is made. When all threads are busy until the time-out ends, the
    request is never sent (`NotSent`, reason `no_time_left`). A cancelled call that already runs in a thread
    continues there until its own deadline, because a request that was sent cannot be taken back. A forked
    process gets its own threads and connections.

    Attributes:
        orders: The calls about purchase orders.
    """

    orders: "AsyncOrders"

    def __init__(  # noqa: PLR0913 - keyword-only settings with defaults
        self,
        credentials: Credentials,
        *,
        base_url: str = PRODUCTION_URL,
        service_name: str = DEFAULT_SERVICE_NAME,
        timeout: float = DEFAULT_TIMEOUT,
        max_concurrency: int = 10,
        ssl_context: ssl.SSLContext | None = None,
        executor: Executor | None = None,
        transport: Sender | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = elapsed,
        new_correlation_id: Callable[[], str] = new_uuid,
    ) -> None:
        """Prepare a client; the first call opens a connection and starts a thread.

        `Client` describes the arguments that both clients have.

        Args:
            credentials: `SignatureCredentials` or `TokenCredentials`; the class selects the scheme.
            base_url: Scheme and host.
            service_name: `WM_SVC.NAME`.
            timeout: Seconds for each call.
            max_concurrency: How many calls run at the same time; further calls wait, within their time-out.
            ssl_context: TLS settings.
            executor: Runs the calls, and is shut down with the client; when None, a pool of
                `max_concurrency` threads. In a forked process, a client with an executor sends nothing
                (`NotSent`, reason `other_process`).
            transport: Sends the requests.
            clock: Returns epoch seconds.
            monotonic: Returns seconds on a clock that is never set.
            new_correlation_id: Returns a new `WM_QOS.CORRELATION_ID`.

        Raises:
            InvalidArgument: A setting cannot be used.
        """
        if max_concurrency < 1:
            raise InvalidArgument("max_concurrency", "must be at least 1")
        self._session = Session(
            base_url=base_url,
            service_name=service_name,
            timeout=timeout,
            max_connections=max_concurrency,
            ssl_context=ssl_context,
            transport=transport,
            clock=clock,
            monotonic=monotonic,
            new_correlation_id=new_correlation_id,
        )
        self._auth = credentials.auth(self._session)
        self._new_executor = None if executor else functools.partial(_threads, max_concurrency)
        self._executor = executor or _threads(max_concurrency)
        self._calls: set[Future[Any]] = set()
        self._sends_nothing = ""
        call_after_fork(self._start_anew)
        self.orders = AsyncOrders(
            Orders(self._session, self._auth), self._session.timeout_of, self._in_thread
        )

    async def aclose(self, *, wait: bool = True) -> None:
        """Stop every thread and close every connection. A later call raises `NotSent` (`closed`).

        Args:
            wait: Whether to wait for the running calls first, including cancelled ones. If False, a call
                that waits for a thread raises `NotSent` (`closed`), and a call that runs in a thread
                releases its thread and connection when it ends, at its own deadline at the latest.
        """
        self._sends_nothing = self._sends_nothing or "closed"
        try:
            if wait and (calls := list(self._calls)):
                over = asyncio.gather(*map(asyncio.wrap_future, calls), return_exceptions=True)
                await asyncio.shield(over)  # To cancel this would cancel the calls.
        finally:
            self._executor.shutdown(wait=False, cancel_futures=not wait)
            self._session.close()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the running calls, and close every connection."""
        await self.aclose()

    async def _in_thread[T](
        self, method: str, path: str, call: Callable[[float], T], timeout: float | None
    ) -> T:
        """Run one call in a thread, with the time that is left after the wait for a free thread."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        seconds = self._session.timeout_of(timeout)

        def not_sent(reason: str) -> NotSent:
            full_path = f"{self._auth.orders_path}{path}"
            return self._session.not_sent(reason, method, full_path, loop.time() - started)

        # The thread acquires this lock to begin the call, the caller to give it up: only one of them can.
        begun_or_given_up = threading.Lock()

        def begin() -> T:
            if not begun_or_given_up.acquire(blocking=False):
                raise not_sent("no_time_left")  # the caller has given the call up
            return call(started + seconds - loop.time())

        if self._sends_nothing or not seconds > 0:
            raise not_sent(self._sends_nothing or "no_time_left")
        try:
            future = self._executor.submit(begin)
        except RuntimeError as error:
            begun_or_given_up.acquire(blocking=False)
            raise not_sent("no_thread") from error
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        result = asyncio.wrap_future(future)
        try:
            await asyncio.wait({result}, timeout=seconds)
            if not result.done():
                if begun_or_given_up.acquire(blocking=False):
                    raise not_sent("no_time_left")
                await asyncio.wait({result})
            if result.cancelled():
                raise not_sent("closed")
            return result.result()
        finally:
            begun_or_given_up.acquire(blocking=False)
            result.cancel()

    def _start_anew(self) -> None:
        self._calls = set()
        if self._new_executor:
            self._executor = self._new_executor()
        else:
            self._sends_nothing = "other_process"


def _threads(count: int) -> Executor:
    return ThreadPoolExecutor(count, thread_name_prefix="walmart-ca")


class _InThread(Protocol):
    """Runs a call in a thread, and passes it the seconds that are left.

    The method and the path below the orders' path describe the call in an error before its request exists.
    """

    async def __call__[T](
        self, method: str, path: str, call: Callable[[float], T], timeout: float | None
    ) -> T: ...


class AsyncOrders:
    """The calls about purchase orders, as coroutines. `Orders` describes them."""

    def __init__(
        self, orders: Orders, timeout_of: Callable[[float | None], float], in_thread: _InThread
    ) -> None:
        """Run the calls of `orders` by `in_thread`."""
        self._orders = orders
        self._timeout_of = timeout_of
        self._in_thread = in_thread

    async def acknowledge(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Acknowledge every line of an order. See `Orders.acknowledge`."""
        return await self._in_thread(
            "POST",
            order_path(purchase_order_id, "/acknowledge"),
            lambda left: self._orders.acknowledge(purchase_order_id, timeout=left),
            timeout,
        )

    async def get(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Fetch an order. See `Orders.get`."""
        return await self._in_thread(
            "GET",
            order_path(purchase_order_id),
            lambda left: self._orders.get(purchase_order_id, timeout=left),
            timeout,
        )

    async def build_acknowledgement(self, purchase_order_id: str, *, timeout: float | None = None) -> Request:
        """Build the request of `acknowledge` without sending it. See `Orders.build_acknowledgement`."""
        return await self._in_thread(
            "POST",
            order_path(purchase_order_id, "/acknowledge"),
            lambda left: self._orders.build_acknowledgement(purchase_order_id, timeout=left),
            timeout,
        )

    def released(
        self, *, timeout: float | None = None, **options: Unpack[ListOptions]
    ) -> AsyncIterator[Order]:
        """List the released orders. See `Orders.released`."""
        self._timeout_of(timeout)
        released_query(**options)  # raises for a bad argument now, not at the first iteration
        return self._released(timeout, options)

    async def _released(self, timeout: float | None, options: ListOptions) -> AsyncIterator[Order]:
        page = await self.released_page(timeout=timeout, **options)
        cursors = FollowedCursors()
        while True:
            for order in page.orders:
                yield order
            if page.next_cursor is None:
                return
            cursors.follow(page)
            page = await self.next_page(page, timeout=timeout)

    async def released_page(
        self, *, timeout: float | None = None, **options: Unpack[ListOptions]
    ) -> OrderPage:
        """Fetch the first page of the released orders. See `Orders.released_page`."""
        return await self._in_thread(
            "GET",
            LIST_PATHS[RELEASED],
            lambda left: self._orders.released_page(timeout=left, **options),
            timeout,
        )

    async def created_page(
        self, *, timeout: float | None = None, **options: Unpack[ListOptions]
    ) -> OrderPage:
        """Fetch the first page of the orders with a line in Created. See `Orders.created_page`."""
        return await self._in_thread(
            "GET", LIST_PATHS[ALL], lambda left: self._orders.created_page(timeout=left, **options), timeout
        )

    async def next_page(
        self, page: OrderPage, *, limit: int | None = None, timeout: float | None = None
    ) -> OrderPage:
        """Fetch the page after another page of the same list. See `Orders.next_page`."""
        return await self._in_thread(
            "GET",
            LIST_PATHS[page.listed_by],
            lambda left: self._orders.next_page(page, limit=limit, timeout=left),
            timeout,
        )
