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

    The client does not retry, with one exception: it sends a request once more, with a new access token, when
    Walmart refused the token. A forked process gets its own connections.

    Attributes:
        orders: The calls about purchase orders.
    """

    orders: Orders

    def __init__(  # noqa: PLR0913 - keyword-only settings with defaults
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
        """Prepare a client; the first call opens a connection.

        Args:
            credentials: `SignatureCredentials` or `TokenCredentials`; the class selects the scheme.
            base_url: Scheme and host without a path; https, or http for a loopback host.
            service_name: `WM_SVC.NAME`: 1 to 128 printable ASCII characters, no blank at either end.
            timeout: Seconds for each call, from connecting to the last byte of the response: above 0, and
                a day at most. Connecting takes at most 3 of them, and getting an access token at most half of
                them, and never more than 15.
            max_connections: How many connections are kept open. More calls at the same time open more
                connections, which are closed after their call.
            ssl_context: TLS settings, which must verify the server's certificate and require TLS 1.2 or
                newer; when None, the certificate authorities of the system are trusted.
            transport: Sends the requests, and is closed with the client; when None, a pool of connections
                to `base_url` with the two settings above. In a forked process, a client with a transport
                sends nothing (`NotSent`, reason `other_process`).
            clock: Returns epoch seconds, for the signed timestamp and for times that Walmart names.
            monotonic: Returns seconds on a clock that is never set; measures durations.
            new_correlation_id: Returns a new `WM_QOS.CORRELATION_ID` for each request: 1 to 128 printable
                ASCII characters, no blank at either end. A call raises `InvalidArgument` for anything else.

        Raises:
            InvalidArgument: `base_url`, `service_name`, `timeout` or `ssl_context` cannot be used.
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
        """Close every connection.

        A later call raises `NotSent` (`closed`), unless a `transport` of your own says otherwise.
        """
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
