"""Sends one request over HTTP, with rules that urllib3 does not have by default.

It has its own connection pool with keep-alive, and ignores proxies in the environment. It neither retries nor
follows a redirect: urllib3 would follow a 307 on a POST to another host and send the signature there. It
limits the size of a response, requires verified TLS 1.2 or newer, and ends a call at its total deadline, even
if a server sends one byte at a time.
"""

import contextlib
import encodings.idna  # noqa: F401 - the first lookup loads it; a fork during that would leave it locked
import http.client
import io
import queue
import socket
import ssl
import time
from collections.abc import Buffer, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ClosedPoolError, HTTPError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError
from urllib3.util import parse_url
from urllib3.util.ssl_match_hostname import CertificateError

from .clocks import elapsed
from .forks import call_after_fork
from .messages import Request
from .responses import Response
from .validation import InvalidArgument

CONNECT_TIMEOUT: Final = 3.0
"""Seconds to resolve the host's name and connect to it, over all of its addresses and including TLS."""
ADDRESS_TIMEOUT: Final = 0.25
"""The fewest seconds that one address gets, even if a host has many: a share of the connect time-out that is
shorter than the round trip would reach none of them."""
KEPT_FOR: Final = 20.0
"""A connection is not used again this many seconds after its last call began. A process that is suspended
between calls, such as a Lambda function, does not notice that the server closed the connection, and would
lose the next call on it (psf/requests#4506)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a response.

    Attributes:
        size: The most bytes of its body.
    """

    size: int


ONE_ORDER: Final = Limits(size=1024 * 1024)
"""For one order, which has a few kilobytes."""
MANY_ORDERS: Final = Limits(size=16 * 1024 * 1024)
"""For a page, which has at most 200 orders."""
TOO_LARGE: Final = "response_too_large"

_TARGET: Final = ":path"
"""A pseudo header that passes the signed target through urllib3's pool, which rewrites its own argument (such
as `%3a` to `%3A`) and would invalidate the signature. No real header can have this name."""


class NothingSentError(Exception):
    """The call failed before a byte of it was sent; the text is the reason in one word."""


class NoResponseError(Exception):
    """A part of the call was sent, and no complete response came; the text is the reason in one word."""


class Sender(Protocol):
    """Sends the requests of a client."""

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        """Send one request, once. See `Transport.send`."""

    def close(self) -> None:
        """Close every connection that is not in use."""


class Transport:
    """Sends requests to one host, over its own pool of connections."""

    def __init__(
        self,
        base_url: str,
        *,
        max_connections: int,
        ssl_context: ssl.SSLContext | None,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        """Prepare a pool; the first call opens a connection.

        Args:
            base_url: Scheme and host as `validation.check_base_url` returns them.
            max_connections: How many connections are kept open. More calls at the same time open more
                connections, which are closed after their call.
            ssl_context: TLS settings for https; when None, the system's certificate authorities are trusted.
            monotonic: Returns seconds; measures how long a connection was idle.

        Raises:
            InvalidArgument: `ssl_context` does not verify certificates or allows TLS older than 1.2.
        """
        url = parse_url(base_url)
        if url.host is None:
            raise InvalidArgument("base_url", "must name a host")
        self._pool: HTTPConnectionPool
        if url.scheme == "https":
            context = ssl_context or ssl.create_default_context()
            if context.minimum_version < ssl.TLSVersion.TLSv1_2 or context.verify_mode != ssl.CERT_REQUIRED:
                raise InvalidArgument("ssl_context", "must verify certificates and require TLS 1.2 or newer")
            # Only the subject alternative names identify a host (RFC 9525, 2); a common name is free text.
            context.hostname_checks_common_name = False
            self._pool = _SecurePool(
                url.host, url.port, maxsize=max_connections, ssl_context=context, monotonic=monotonic
            )
        else:
            self._pool = _PlainPool(url.host, url.port, maxsize=max_connections, monotonic=monotonic)
        self._origin = base_url

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        """Send one request, once.

        Args:
            request: Its URL begins with this transport's `base_url`.
            timeout: Seconds until the last byte of the response, including connecting and sending. Only the
                look-up of the host's name cannot be interrupted; the resolver has its own limit.
            limits: The maximum size of the response.

        Returns:
            The complete response, of any status; its body is empty if it is compressed.

        Raises:
            NothingSentError: The request was not sent.
            NoResponseError: The request was sent, and no complete response came within the limits.
        """
        if not timeout > 0:  # also when it is not a number
            raise NothingSentError("no_time_left")
        try:
            target = request.url.removeprefix(self._origin)
            response = self._pool.urlopen(
                request.method,
                target,
                # Without a body, a POST has a Content-Length of 0, and a GET has none.
                body=request.body or None,
                headers={**request.headers, _TARGET: target},
                retries=False,
                redirect=False,
                timeout=Timeout(total=timeout, connect=CONNECT_TIMEOUT),
                preload_content=False,
            )
            try:
                if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                    # The request did not allow it. The decoded size is unlimited, so only the status counts.
                    response.close()
                    return Response(response.status, response.headers, b"")
                # One byte more than allowed shows that the response is too long.
                body = response.read(limits.size + 1)
                if len(body) > limits.size:
                    response.close()
                    raise NoResponseError(TOO_LARGE)
            finally:
                response.release_conn()
        except ClosedPoolError as error:
            raise NothingSentError("closed") from error
        except HTTPTimeoutError as error:
            raise NoResponseError("response_timeout") from error
        except (HTTPError, ValueError) as error:
            # http.client raises ValueError for a chunk of negative size; to our callers, a ValueError means
            # that nothing was sent.
            raise NoResponseError("connection_lost") from error
        return Response(response.status, response.headers, body)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._pool.close()


class _ResponseReader(io.RawIOBase):
    """Reads from a connected socket until one deadline, which a received byte does not extend."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        budget = sock.gettimeout()
        self._deadline = None if budget is None else time.monotonic() + budget
        self.done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        if self.done:
            return 0
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the response took too long")
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response for which the socket's time-out limits the whole response, not each read."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(sock, *args, **kwargs)
        self._sock = sock
        self._reader = _ResponseReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def _close_conn(self) -> None:
        """Release the socket at the end of the response.

        If more bytes were received, the connection is shut down: they would count as the next response.
        """
        self._reader.done = True
        if self.fp.peek(1):
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
        super()._close_conn()  # type: ignore[misc]  # typeshed omits it

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status of the final response, after any number of interim ones (RFC 9110, 15.2).

        `http.client` skips only 100, and treats 103 as the response.
        """
        while True:
            status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # typeshed omits it
            if not http.client.CONTINUE <= status[1] < http.client.OK:
                return status
            http.client.parse_headers(self.fp)


class _Connection(HTTPConnection):
    """A connection that reports a failure before the first byte as `NothingSentError`."""

    response_class = _Response

    _deadline = 0.0
    _kept_until = 0.0

    def __init__(self, *args: Any, monotonic: Callable[[], float], **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **kwargs)
        self._monotonic = monotonic

    @property
    def is_connected(self) -> bool:
        """Whether the connection can be used again; the pool checks this before each call.

        It cannot be used when unread bytes are left. Bytes that OpenSSL has already decrypted are not visible
        at the socket. The session tickets of TLS 1.3 come before the first response and are read with it.
        """
        decrypted = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return not decrypted and self._monotonic() < self._kept_until and super().is_connected

    def connect(self) -> None:
        self._deadline = time.monotonic() + (self.timeout or CONNECT_TIMEOUT)
        try:
            super().connect()
            # A name look-up cannot be interrupted; a call whose time it used up is not sent.
            self._time_left()
        except Exception as error:
            self.close()
            raise NothingSentError(_where(error)) from error

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:  # noqa: ANN401 - passed on
        del url
        self._kept_until = self._monotonic() + KEPT_FOR
        headers = dict(headers)
        super().request(method, headers.pop(_TARGET), body, headers, **options)

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that accepts, with one connect time-out for all addresses.

        urllib3 allows that time for each address, so a host with many addresses would exceed any deadline.
        An unusable address, such as one without a route or of an unsupported family, is skipped.
        """
        addresses = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        failure: OSError = OSError("the host has no address")
        for left, (family, kind, protocol, _, address) in zip(
            range(len(addresses), 0, -1), addresses, strict=True
        ):
            time_left = self._time_left()
            with contextlib.ExitStack() as stack:
                try:
                    sock = stack.enter_context(socket.socket(family, kind, protocol))
                    for option in self.socket_options or ():
                        sock.setsockopt(*option)
                    sock.settimeout(min(time_left, max(time_left / left, ADDRESS_TIMEOUT)))
                    sock.connect(address)
                    sock.settimeout(self._time_left())  # the rest of the time is for TLS
                except OSError as error:
                    failure = error
                else:
                    stack.pop_all()
                    return sock
        raise failure

    def _time_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("connecting took too long")
        return left


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Idle(queue.LifoQueue[Any]):
    """The idle connections.

    urllib3 logs a warning for each connection that does not fit into its own queue; this one closes it. A
    forked process gets an empty queue: two processes on one connection would read each other's responses.
    """

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        call_after_fork(self._start_anew)

    def put(self, item: HTTPConnection | None, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002 - as in the base class
        del block, timeout
        try:
            super().put(item, block=False)
        except queue.Full:
            if item:
                item.close()

    def _start_anew(self) -> None:
        for connection in self.queue:
            if connection:
                connection.close()  # in this process only
        super().__init__(self.maxsize)  # also replaces the lock


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Connection
    QueueCls = _Idle  # type: ignore[assignment]  # urllib3 has a type variable that nothing binds


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
    QueueCls = _Idle  # type: ignore[assignment]  # as above


def _where(error: Exception) -> str:
    """Return in one word which step of connecting failed."""
    if isinstance(error, socket.gaierror):
        return "name_resolution"
    if isinstance(error, TimeoutError | HTTPTimeoutError):
        return "connect_timeout"
    if isinstance(error, ssl.SSLError | CertificateError | HTTPError):
        return "tls"
    return "connect"
