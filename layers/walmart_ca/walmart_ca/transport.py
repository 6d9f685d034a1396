"""Sends one request over a connection of urllib3, with rules that urllib3 does not have by default.

It has its own connection pool with keep-alive, and reads the response with `http.client`: urllib3's pool and
response took more time than the rest of a call. It ignores proxies in the environment. It neither retries nor
follows a redirect, which could take the signature to another host. It limits the size of a response, requires
verified TLS 1.2 or newer, and ends a call at its total deadline, even if a server sends one byte at a time.
"""

import contextlib
import encodings.idna  # noqa: F401 - the first lookup loads it; a fork during that would leave it locked
import http.client
import io
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Buffer, Callable
from functools import partial
from typing import Final, Protocol

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url
from urllib3.util.ssl_match_hostname import CertificateError

from .clocks import elapsed
from .forks import call_after_fork
from .messages import Request
from .responses import Response
from .validation import InvalidArgument

CONNECT_TIMEOUT: Final = 3.0
"""Seconds to resolve the host's name and connect to it, over all of its addresses and including TLS."""
_ADDRESS_TIMEOUT: Final = 0.25
"""The fewest seconds that one address gets, even if a host has many: a share of the connect time-out that is
shorter than the round trip would reach none of them."""
KEPT_FOR: Final = 20.0
"""A connection is not used again this many seconds after its last call began. A process that is suspended
between calls, such as a Lambda function, does not notice that the server closed the connection, and would
lose the next call on it (psf/requests#4506)."""

ONE_ORDER: Final = 1024 * 1024
"""Bytes, at most, of the response about one order, which has a few kilobytes."""
MANY_ORDERS: Final = 16 * 1024 * 1024
"""Bytes, at most, of a page, which has at most 200 orders."""
TOO_LARGE: Final = "response_too_large"


class NothingSentError(Exception):
    """The call failed before a byte of it was sent; the text is the reason in one word."""


class NoResponseError(Exception):
    """A part of the call was sent, and no complete response came; the text is the reason in one word."""


class Sender(Protocol):
    """Sends the requests of a client."""

    def send(self, request: Request, timeout: float, max_bytes: int) -> Response:
        """Send one request, once. See `Transport.send`.

        Raise `NothingSentError` or `NoResponseError` of this module; any other error reaches the caller
        unchanged.
        """

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
        new_connection: Callable[[], _Connection] = partial(_Connection, url.host, url.port)
        if url.scheme == "https":
            context = ssl_context or ssl.create_default_context()
            if context.minimum_version < ssl.TLSVersion.TLSv1_2 or context.verify_mode != ssl.CERT_REQUIRED:
                raise InvalidArgument("ssl_context", "must verify certificates and require TLS 1.2 or newer")
            # Only the subject alternative names identify a host (RFC 9525, 2); a common name is free text.
            context.hostname_checks_common_name = False
            new_connection = partial(_SecureConnection, url.host, url.port, ssl_context=context)
        self._origin = base_url
        self._pool = _Pool(max_connections, new_connection)
        self._monotonic = monotonic

    def send(self, request: Request, timeout: float, max_bytes: int) -> Response:
        """Send one request, once.

        Args:
            request: Its URL begins with this transport's `base_url`.
            timeout: Seconds until the last byte of the response, including connecting and sending. Only the
                look-up of the host's name cannot be interrupted; the resolver has its own limit.
            max_bytes: The maximum size of the response's body.

        Returns:
            The complete response, of any status; its body is empty if it is compressed.

        Raises:
            NothingSentError: The request was not sent.
            NoResponseError: The request was sent, and no complete response of that size came in time.
        """
        if not timeout > 0:  # also when it is not a number
            raise NothingSentError("no_time_left")
        deadline = time.monotonic() + timeout
        now = self._monotonic()
        connection = self._pool.get(now)
        connection.kept_until = now + KEPT_FOR
        try:
            return connection.exchange(request, request.url.removeprefix(self._origin), deadline, max_bytes)
        except TimeoutError as error:
            raise NoResponseError("response_timeout") from error
        except (OSError, http.client.HTTPException, HTTPError, ValueError) as error:
            # http.client raises ValueError for a chunk of negative size; to our callers, a ValueError means
            # that nothing was sent.
            raise NoResponseError("connection_lost") from error
        finally:
            self._pool.put(connection)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._pool.close()


class _Pool:
    """The idle connections. A call gets the one that was used last."""

    def __init__(self, size: int, new_connection: "Callable[[], _Connection]") -> None:
        self._size = size
        self._new_connection = new_connection
        self._idle: list[_Connection] = []
        self._is_closed = False
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)  # for a client that is dropped without being closed
        call_after_fork(self._start_anew)

    def _start_anew(self) -> None:
        """Drop the connections: two processes on one would read each other's responses."""
        self._lock = threading.Lock()
        _close_all(self._idle)  # in this process only

    def get(self, now: float) -> "_Connection":
        """Take the connection that was used last if it can be used again, or a new one.

        Raises:
            NothingSentError: The pool is closed.
        """
        with self._lock:
            if self._is_closed:
                raise NothingSentError("closed")
            connection = self._idle.pop() if self._idle else None
        if connection:
            if now < connection.kept_until and connection.is_connected:
                return connection
            connection.close()
        return self._new_connection()

    def put(self, connection: "_Connection") -> None:
        """Keep a connection after its call, or close it."""
        with self._lock:
            kept = connection.is_reusable and not self._is_closed and len(self._idle) < self._size
            if kept:
                self._idle.append(connection)
        if not kept:
            connection.close()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
        _close_all(self._idle)


def _close_all(connections: "list[_Connection]") -> None:
    while connections:
        connections.pop().close()


class _ResponseReader(io.RawIOBase):
    """Reads from a connected socket until one deadline, which a received byte does not extend."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        # A file keeps the socket open after `http.client` closed it, at the head of a last response.
        self._raw = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._deadline = deadline
        self.done = False

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the file that `http.client` requests of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        if self.done:
            return 0
        self._sock.settimeout(_time_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that is read until a deadline."""

    def __init__(self, sock: socket.socket, *, method: str, deadline: float) -> None:
        self._reader = _ResponseReader(sock, deadline)
        super().__init__(self._reader, method=method)  # type: ignore[arg-type]  # it uses `makefile` alone

    def _close_conn(self) -> None:
        """At the end of the response, close the connection if more was received: it would be the next one."""
        self._reader.done = True
        self.will_close = self.will_close or bool(self.fp.peek(1))
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


class _Headers:
    """The headers of a response. The values of a repeated one are joined (RFC 9110, 5.3)."""

    def __init__(self, parsed: http.client.HTTPMessage) -> None:
        self._values: dict[str, str] = {}
        for name, value in parsed.items():
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def get(self, name: str, /) -> str | None:
        return self._values.get(name.lower())


class _Connection(HTTPConnection):
    """A connection, which one call uses at a time.

    Attributes:
        is_reusable: Whether the last response was read to its end, and the server keeps the connection.
        kept_until: When it is too old to be used again.
    """

    is_reusable = False
    kept_until = 0.0
    _connect_deadline = 0.0

    # urllib3's own method looks for a marker that no request has, and takes half as long again.
    putheader = http.client.HTTPConnection.putheader

    @property
    def is_connected(self) -> bool:
        """Whether the server has neither sent anything since the last response nor hung up.

        Bytes that OpenSSL has already decrypted are not visible at the socket. The session tickets of TLS 1.3
        come before the first response and are read with it.
        """
        decrypted = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return not decrypted and super().is_connected

    def exchange(self, request: Request, target: str, deadline: float, max_bytes: int) -> Response:
        """Send one request, and read the response.

        Raises:
            NothingSentError: There was no connection within the connect time-out and the deadline.
            NoResponseError: The response is larger than the limit.
            TimeoutError: The response was not complete at the deadline.
            OSError, http.client.HTTPException, HTTPError, ValueError: No complete response came.
        """
        self.is_reusable = False
        self.timeout = _time_left(deadline)
        # Without a body, a POST has a Content-Length of 0, and a GET has none.
        self.request(request.method, target, request.body or None, request.headers)
        self.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]  # not a class
        # urllib3's own method copies the headers and wraps the response, which takes longer than reading it.
        with http.client.HTTPConnection.getresponse(self) as response:
            headers = _Headers(response.headers)
            if len({each.strip() for each in (headers.get("Content-Length") or "").split(",")}) > 1:
                raise http.client.HTTPException("two lengths, of which one ends in another response")
            if (headers.get("Content-Encoding") or "identity").strip().lower() != "identity":
                # The request did not allow it. The decoded size is unlimited, so only the status counts.
                return Response(response.status, headers, b"")
            # One byte more than allowed shows that the response is too long.
            body = response.read(max_bytes + 1)
            if len(body) > max_bytes:
                raise NoResponseError(TOO_LARGE)
            if response.length:
                raise http.client.IncompleteRead(body, response.length)
            self.is_reusable = not response.will_close
        return Response(response.status, headers, body)

    def connect(self) -> None:
        self._connect_deadline = time.monotonic() + min(self.timeout or CONNECT_TIMEOUT, CONNECT_TIMEOUT)
        try:
            super().connect()
            # A name look-up cannot be interrupted; a call whose time it used up is not sent.
            _time_left(self._connect_deadline)
        except Exception as error:
            raise NothingSentError(_where(error)) from error

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
            time_left = _time_left(self._connect_deadline)
            with contextlib.ExitStack() as stack:
                try:
                    sock = stack.enter_context(socket.socket(family, kind, protocol))
                    for option in self.socket_options or ():
                        sock.setsockopt(*option)
                    sock.settimeout(min(time_left, max(time_left / left, _ADDRESS_TIMEOUT)))
                    sock.connect(address)
                    sock.settimeout(_time_left(self._connect_deadline))  # the rest of the time is for TLS
                except OSError as error:
                    failure = error
                else:
                    stack.pop_all()
                    return sock
        raise failure


class _SecureConnection(_Connection, HTTPSConnection):
    pass


def _time_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline is over")
    return left


def _where(error: Exception) -> str:
    """Return in one word which step of connecting failed."""
    if isinstance(error, socket.gaierror):
        return "name_resolution"
    if isinstance(error, TimeoutError):
        return "connect_timeout"
    if isinstance(error, ssl.SSLError | CertificateError | HTTPError):
        return "tls"
    return "connect"
