"""The synchronous client."""

import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .auth import Credentials
from .clocks import elapsed
from .orders import Orders
from .session import DEFAULT_SERVICE_NAME, DEFAULT_TIMEOUT, PRODUCTION_URL, Session, new_uuid
from .transport import Sender


class Client:
    """A client of Walmart Canada's order API. Threads may share it.

    The client does not retry: whether to retry depends on more than the call. It repeats one request alone,
    the one whose access token was refused. In a process that is forked later, the client has connections of
    its own.

    Attributes:
        orders: The calls about purchase orders.
    """

    orders: Orders

    def __init__(  # noqa: PLR0913 - settings, each with a default, and by keyword alone
        self,
        credentials: Credentials,
        *,
        base_url: str = PRODUCTION_URL,
        service_name: str = DEFAULT_SERVICE_NAME,
        timeout: float = DEFAULT_TIMEOUT,
        max_connections: int = 10,
        ssl_context: ssl.SSLContext | None = None,
        transport: Sender | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = elapsed,
        new_correlation_id: Callable[[], str] = new_uuid,
    ) -> None:
        """Prepare a client; nothing is opened before the first call.

        Args:
            credentials: Who calls. Their kind decides the authentication scheme.
            base_url: Scheme and host; https, or http for a loopback host. No path.
            service_name: `WM_SVC.NAME`.
            timeout: Seconds for each call, from connecting to the last byte of the response; a day at most.
                Connecting takes three of them at most, and getting an access token 15.
            max_connections: How many connections are kept open. Further calls at the same time open
                connections of their own, which are closed after them.
            ssl_context: What to trust; the system's authorities when None.
            transport: Sends the requests, and is closed with the client; when None, a pool of connections
                to `base_url`, for which the two settings before are. In a process that is forked later, a
                client with a transport sends nothing (`NotSent`, reason `other_process`).
            clock: Epoch seconds, for the timestamp that is signed, and for times that Walmart names.
            monotonic: Seconds since some moment, by a clock that cannot be set; measures durations.
            new_correlation_id: Makes `WM_QOS.CORRELATION_ID`, a new one for each request: 1 to 128
                printable ASCII characters, blanks inside only. A call raises `InvalidArgument` for anything
                else.

        Raises:
            InvalidArgument: `base_url`, `service_name` or `timeout` cannot be used.
        """
        self._session = Session(
            base_url=base_url,
            service_name=service_name,
            timeout=timeout,
            max_connections=max_connections,
            ssl_context=ssl_context,
            transport=transport,
            clock=clock,
            monotonic=monotonic,
            new_correlation_id=new_correlation_id,
        )
        self.orders = Orders(self._session, credentials.auth(self._session))

    def close(self) -> None:
        """Close every connection. A call after this is `NotSent` (`closed`)."""
        self._session.close()

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
