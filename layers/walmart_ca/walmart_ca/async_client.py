"""The client to await: the same calls, several of them side by side."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self, TypedDict, Unpack

from .calls import Request
from .client import Client
from .doors import Credentials
from .order_calls import Orders, Released
from .orders import Order, OrderPage
from .transport import Sender


class ClientOptions(TypedDict, total=False):
    """The settings that `AsyncClient` passes on; `Client` describes them."""

    base_url: str
    service_name: str
    timeout: float
    ssl_context: ssl.SSLContext | None
    transport: Sender | None
    clock: Callable[[], float]
    new_correlation_id: Callable[[], str]


class AsyncClient:
    """`Client`, with calls to await, several of them side by side.

    The calls run in threads. One that is cancelled goes on in its thread, to its own deadline: what was
    sent cannot be taken back.
    """

    orders: "AsyncOrders"

    def __init__(
        self,
        credentials: Credentials,
        *,
        max_concurrency: int = 10,
        executor: Executor | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        """Prepare a client; nothing is opened and no thread is started before the first call.

        Args:
            credentials: Who calls, and through which door.
            max_concurrency: How many calls run side by side; further ones wait, within their time-out.
            executor: Where the calls run, to be shut down with the client; when None, so many threads.
            **options: See `Client`.

        Raises:
            ValueError: A setting is unusable; the text names which.
        """
        if max_concurrency < 1:
            raise ValueError("max_concurrency must be at least 1")
        self._client = Client(credentials, max_connections=max_concurrency, **options)
        if executor is None:
            executor = ThreadPoolExecutor(max_concurrency, thread_name_prefix="walmart-ca")
        self._executor = executor
        self.orders = AsyncOrders(self._client.orders, self._in_thread)

    async def aclose(self) -> None:
        """Wait for the calls under way, and close every connection."""
        await asyncio.to_thread(self._executor.shutdown)
        self._client.close()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the calls under way, and close every connection."""
        await self.aclose()

    async def _in_thread[T](self, call: Callable[[float], T], timeout: float | None) -> T:
        """Run one call in a thread, with what the wait for a free one left of its time-out."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self._client.timeout if timeout is None else timeout)
        return await loop.run_in_executor(self._executor, lambda: call(deadline - loop.time()))


class _InThread(Protocol):
    """Runs a call in a thread, and hands it the seconds that it has left."""

    async def __call__[T](self, call: Callable[[float], T], timeout: float | None) -> T: ...


class AsyncOrders:
    """The calls about purchase orders, to await. `Orders` describes them."""

    def __init__(self, orders: Orders, in_thread: _InThread) -> None:
        """Run the calls of `orders` by `in_thread`."""
        self._orders = orders
        self._in_thread = in_thread

    async def acknowledge(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Acknowledge every line of an order. See `Orders.acknowledge`."""
        return await self._in_thread(
            lambda left: self._orders.acknowledge(purchase_order_id, timeout=left), timeout
        )

    async def get(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Look at an order. See `Orders.get`."""
        return await self._in_thread(lambda left: self._orders.get(purchase_order_id, timeout=left), timeout)

    async def build_acknowledgement(self, purchase_order_id: str, *, timeout: float | None = None) -> Request:
        """Build what `acknowledge` would send, and send nothing of it. See `Orders.build_acknowledgement`."""
        return await self._in_thread(
            lambda left: self._orders.build_acknowledgement(purchase_order_id, timeout=left), timeout
        )

    async def released(
        self, *, timeout: float | None = None, **which: Unpack[Released]
    ) -> AsyncIterator[Order]:
        """List the released orders. See `Orders.released`."""
        page = await self.released_page(timeout=timeout, **which)
        while True:
            for order in page.orders:
                yield order
            if page.next_cursor is None:
                return
            page = await self.next_page(page, timeout=timeout)

    async def released_page(self, *, timeout: float | None = None, **which: Unpack[Released]) -> OrderPage:
        """Fetch the first page of the released orders. See `Orders.released_page`."""
        return await self._in_thread(lambda left: self._orders.released_page(timeout=left, **which), timeout)

    async def created_page(self, *, timeout: float | None = None, **which: Unpack[Released]) -> OrderPage:
        """Fetch the first page of the orders with a line in Created. See `Orders.created_page`."""
        return await self._in_thread(lambda left: self._orders.created_page(timeout=left, **which), timeout)

    async def next_page(
        self, page: OrderPage, *, limit: int | None = None, timeout: float | None = None
    ) -> OrderPage:
        """Fetch the page of the same list after another. See `Orders.next_page`."""
        return await self._in_thread(
            lambda left: self._orders.next_page(page, limit=limit, timeout=left), timeout
        )
