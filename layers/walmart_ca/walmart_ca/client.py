"""The client: builds and signs a call, sends it once, and returns the order or raises what can be done."""

import asyncio
import ipaddress
import math
import re
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Required, Self, TypedDict, Unpack

from .answers import Answer
from .calls import Call, Request
from .credentials import Credentials
from .dates import parse_http_date, write_instant
from .errors import NotSent, OutcomeUnknown, WalmartError
from .orders import Order, OrderPage, check_purchase_order_id
from .transport import MANY_ORDERS, ONE_ORDER, Limits, NoAnswerError, NothingSentError, Transport
from .verdicts import order_or_error, page_or_error, replenished_at, tokens_left

PRODUCTION_URL: Final = "https://marketplace.walmartapis.com"
"""Walmart's production host (the `servers` of its Canadian OpenAPI)."""
DEFAULT_SERVICE_NAME: Final = "Walmart Marketplace"
"""`WM_SVC.NAME`: free text in practice; this one was seen to work."""
DEFAULT_TIMEOUT: Final = 15.0
LARGEST_PAGE: Final = 200
"""How many orders Walmart puts on a page at most (the `limit` of its Canadian OpenAPI)."""

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]"
_BASE_URL: Final = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?/?")
_SERVICE_NAME: Final = re.compile(r"(?! )[\x20-\x7e]{1,128}(?<! )")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MAX_PORT: Final = 65535
_QUERY: Final = re.compile(r"[\x21\x22\x24-\x7e]{1,4096}")
"""What can be sent as a query: visible ASCII, without the `#` that would end it."""


class Client:
    """Walmart Canada's order API, one call at a time. Threads may share it.

    A call is never repeated by itself: what a failed one calls for depends on more than the call.
    """

    orders: "Orders"

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str = PRODUCTION_URL,
        service_name: str = DEFAULT_SERVICE_NAME,
        timeout: float = DEFAULT_TIMEOUT,
        max_connections: int = 10,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        new_correlation_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """Prepare a client; nothing is opened before the first call.

        Args:
            credentials: Who calls, and through which door.
            base_url: Scheme and host; https, or http for a loopback host. No path.
            service_name: `WM_SVC.NAME`.
            timeout: Seconds for each call, from connecting to the last byte of the answer.
            max_connections: How many connections are kept open.
            ssl_context: What to trust; the system's authorities when None.
            clock: Epoch seconds, for the timestamp that is signed.
            new_correlation_id: Makes `WM_QOS.CORRELATION_ID`, new for each call.

        Raises:
            ValueError: `base_url`, `service_name` or `timeout` is unusable; the text names which.
        """
        if not isinstance(service_name, str) or not _SERVICE_NAME.fullmatch(service_name):
            raise ValueError("service_name must be 1 to 128 printable ASCII characters, blanks inside only")
        if not isinstance(timeout, int | float) or not 0 < timeout < math.inf:
            raise ValueError("timeout must be a number of seconds above 0")
        self.base_url = check_base_url(base_url)
        self.orders = Orders(self)
        self._credentials = credentials
        self._service_name = service_name
        self.timeout = timeout
        self._clock = clock
        self._new_correlation_id = new_correlation_id
        self._transport = Transport(self.base_url, max_connections=max_connections, ssl_context=ssl_context)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        self.close()

    def build_request(self, method: str, path: str) -> Request:
        """Build and sign a call below the orders' path, with a fresh correlation id and timestamp.

        A signature is bound to its timestamp: send it at once, and build a new one for every attempt.
        """
        url = f"{self.base_url}{self._credentials.orders_path}{path}"
        correlation_id = self._new_correlation_id()
        return Request(
            method=method,
            url=url,
            headers={
                **self._credentials.headers(method, url, self._clock()),
                "WM_SVC.NAME": self._service_name,
                "WM_QOS.CORRELATION_ID": correlation_id,
                "Accept": "application/json",
                # A POST without it died with 500 or 520 and no hint (partnerapi_sdk_dotnet #11, #16).
                "Content-Type": "application/json",
                "User-Agent": "walmart-ca",
            },
            correlation_id=correlation_id,
        )

    def send(
        self, request: Request, *, timeout: float | None = None, limits: Limits = ONE_ORDER
    ) -> tuple[Answer, Call]:
        """Send a call, once.

        Args:
            request: From `build_request`.
            timeout: Seconds for this call, to the last byte of its answer; the client's own when None.
                With nothing left of it, nothing is sent.
            limits: What its answer may take.

        Returns:
            Walmart's answer, whatever its status, and what is known of the call.

        Raises:
            NotSent: Nothing of it was sent.
            OutcomeUnknown: It was sent, and no whole answer came.
        """
        started = time.monotonic()

        def call(answer: Answer | None = None) -> Call:
            return Call(
                method=request.method,
                url=request.url,
                correlation_id=request.correlation_id,
                status=answer.status if answer else None,
                latency_s=time.monotonic() - started,
                retry_at=replenished_at(answer.headers, self._clock()) if answer else None,
                tokens_left=tokens_left(answer.headers) if answer else None,
                answered_at=parse_http_date(answer.headers.get("Date")) if answer else None,
            )

        try:
            answer = self._transport.send(request, self.timeout if timeout is None else timeout, limits)
        except NothingSentError as error:
            raise NotSent(str(error), call()) from error
        except NoAnswerError as error:
            raise OutcomeUnknown(str(error), call()) from error
        return answer, call(answer)


class Released(TypedDict, total=False):
    """Which released orders to list.

    Attributes:
        created_start_date: The earliest order date, aware. Walmart takes whole seconds, so fractions of
            one are dropped.
        created_end_date: The latest, likewise; now when None or left out.
        limit: Orders on a page, 1 to 200, which is also what is asked for when left out.
    """

    created_start_date: Required[datetime]
    created_end_date: datetime | None
    limit: int


def _released_query(
    *, created_start_date: datetime, created_end_date: datetime | None = None, limit: int = LARGEST_PAGE
) -> str:
    """Write the query of a first page. Nothing in it could be encoded in two ways.

    Walmart's OpenAPI of 2023 has the start as optional, that of 2025 as required; without a limit there
    are ten orders on a page.
    """
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= LARGEST_PAGE:
        raise ValueError(f"limit must be a whole number between 1 and {LARGEST_PAGE}")
    query = f"createdStartDate={write_instant('created_start_date', created_start_date)}"
    if created_end_date is not None:
        query += f"&createdEndDate={write_instant('created_end_date', created_end_date)}"
    return f"{query}&limit={limit}"


class Orders:
    """The calls about purchase orders."""

    def __init__(self, client: Client) -> None:
        """Use `client` for every call."""
        self._client = client

    def acknowledge(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Acknowledge every line of an order.

        Allowed while its lines are Created or Acknowledged, so repeating it does no harm then; Walmart
        wants it within four hours of the order's date.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds for this call; the client's own when None.

        Returns:
            The order as Walmart answered. A line may still say `Created`: a production client saw the
            answer echo the order as it was. The answer itself is the success.

        Raises:
            ValueError: The id is unusable; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        request = self.build_acknowledgement(purchase_order_id)
        return self._send(request, purchase_order_id, timeout)

    def build_acknowledgement(self, purchase_order_id: str) -> Request:
        """Build and sign what `acknowledge` would send, and send nothing.

        Raises:
            ValueError: The id is unusable.
        """
        return self._client.build_request(
            "POST", f"/{check_purchase_order_id(purchase_order_id)}/acknowledge"
        )

    def get(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Look at an order.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds for this call; the client's own when None.

        Raises:
            ValueError: The id is unusable; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        request = self._client.build_request("GET", f"/{check_purchase_order_id(purchase_order_id)}")
        return self._send(request, purchase_order_id, timeout)

    def released(self, *, timeout: float | None = None, **which: Unpack[Released]) -> Iterator[Order]:
        """List the released orders, those with lines in Created, page by page as far as they are asked for.

        Args:
            timeout: Seconds for each page; the client's own when None.
            **which: See `Released`.

        Yields:
            The orders in Walmart's order. One that changes while pages are read may come twice, and an
            entry may lack anything, its purchase order id too.

        Raises:
            ValueError: An argument is unusable; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        page = self.released_page(timeout=timeout, **which)
        yield from page.orders
        while page.next_cursor is not None:
            page = self.next_page(page, timeout=timeout)
            yield from page.orders

    def released_page(self, *, timeout: float | None = None, **which: Unpack[Released]) -> OrderPage:
        """Fetch the first page of the released orders. See `released`."""
        return self._page(_released_query(**which), None, timeout)

    def next_page(self, page: OrderPage, *, timeout: float | None = None) -> OrderPage:
        """Fetch the page of released orders after another.

        Its cursor is a query, and sent as Walmart gave it: decoded and encoded anew, it was refused with
        401. In Canada it lacks its leading `?` at times.

        Raises:
            ValueError: It is the last page.
            WalmartError: One of its kinds, by what can be done about it. `OutcomeUnknown` without a call
                of its own when the cursor cannot be sent, or is the one that led to this very page.
        """
        cursor = page.next_cursor
        if cursor is None:
            raise ValueError("page must have a next one; this is the last")
        query = cursor.removeprefix("?")
        if not _QUERY.fullmatch(query):
            raise OutcomeUnknown("unusable_cursor", page.call)
        if page.cursor is not None and query == page.cursor.removeprefix("?"):
            raise OutcomeUnknown("repeated_cursor", page.call)
        return self._page(query, cursor, timeout)

    def _page(self, query: str, cursor: str | None, timeout: float | None) -> OrderPage:
        request = self._client.build_request("GET", f"/released?{query}")
        answer, call = self._client.send(request, timeout=timeout, limits=MANY_ORDERS)
        verdict = page_or_error(answer, call, cursor)
        if isinstance(verdict, WalmartError):
            raise verdict
        return verdict

    def _send(self, request: Request, purchase_order_id: str, timeout: float | None) -> Order:
        answer, call = self._client.send(request, timeout=timeout)
        verdict = order_or_error(answer, call, purchase_order_id)
        if isinstance(verdict, WalmartError):
            raise verdict
        return verdict


class ClientOptions(TypedDict, total=False):
    """The settings that `AsyncClient` passes on; `Client` describes them."""

    base_url: str
    service_name: str
    timeout: float
    ssl_context: ssl.SSLContext | None
    clock: Callable[[], float]
    new_correlation_id: Callable[[], str]


class AsyncClient:
    """`Client`, with calls to await, several of them side by side.

    The calls run in threads. One that is cancelled goes on in its thread, to its own deadline: what was
    sent cannot be taken back.
    """

    orders: "AsyncOrders"

    def __init__(
        self, credentials: Credentials, *, max_concurrency: int = 10, **options: Unpack[ClientOptions]
    ) -> None:
        """Prepare a client; nothing is opened and no thread is started before the first call.

        Args:
            credentials: Who calls, and through which door.
            max_concurrency: How many calls run side by side; further ones wait, within their time-out.
            **options: See `Client`.

        Raises:
            ValueError: A setting is unusable; the text names which.
        """
        if max_concurrency < 1:
            raise ValueError("max_concurrency must be at least 1")
        self._client = Client(credentials, max_connections=max_concurrency, **options)
        self._executor = ThreadPoolExecutor(max_concurrency, thread_name_prefix="walmart-ca")
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
        deadline = time.monotonic() + (self._client.timeout if timeout is None else timeout)
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: call(deadline - time.monotonic())
        )


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

    def build_acknowledgement(self, purchase_order_id: str) -> Request:
        """Build and sign what `acknowledge` would send, and send nothing. See `Orders`."""
        return self._orders.build_acknowledgement(purchase_order_id)

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

    async def next_page(self, page: OrderPage, *, timeout: float | None = None) -> OrderPage:
        """Fetch the page of released orders after another. See `Orders.next_page`."""
        return await self._in_thread(lambda left: self._orders.next_page(page, timeout=left), timeout)


def check_base_url(url: str) -> str:
    """Take a base URL and return it as it is signed and sent: lower case, no default port, no slash.

    Raises:
        ValueError: It is not `https://host[:port]`, or http for a loopback host. The text does not show it.
    """
    match = _BASE_URL.fullmatch(url.strip().lower()) if isinstance(url, str) else None
    if not match or (match[2].startswith("[") and not _address(match[2])):
        raise ValueError("base_url must be https://host or https://host:port, without a path")
    scheme, host, port = match.groups()
    if scheme == "http" and not _is_loopback(host):
        raise ValueError("base_url must be https; http is for a loopback host only")
    if port and not 0 < int(port) <= _MAX_PORT:
        raise ValueError("base_url must have a port between 1 and 65535")
    return f"{scheme}://{host}" + (f":{int(port)}" if port and int(port) != _DEFAULT_PORTS[scheme] else "")


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is, or None when it is a name."""
    try:
        return ipaddress.IPv6Address(host[1:-1]) if host.startswith("[") else ipaddress.ip_address(host)
    except ValueError:
        return None
