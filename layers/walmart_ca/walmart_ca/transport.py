"""One call over the wire, by rules that urllib3 does not have by default.

Its own pool, with keep-alive and without proxies from the environment; no retry and no redirect (urllib3
would follow a 307 on a POST to another host and take the signature along); a bound on the size of an
response; TLS 1.2 or newer, verified; and a total deadline, which a server that drips cannot outlive.
"""

import contextlib
import encodings.idna  # noqa: F401 - the first lookup loads it, and a fork meanwhile would lock it for good
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
"""Seconds to look the host up and connect to it, over all of its addresses and with TLS."""
ADDRESS_TIMEOUT: Final = 0.25
"""Seconds that one address gets at least, however many a host has: a share of the connect time-out that is
shorter than the round trip would reach none of them."""
KEPT_FOR: Final = 20.0
"""Seconds after its last call began that a connection is used again. A process that is frozen meanwhile, as
Lambda does between invocations, does not hear that the other side closed it, and would lose the next call
to it (psf/requests#4506)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a response may take besides the call's own time-out.

    Attributes:
        size: Bytes of its body.
    """

    size: int


ONE_ORDER: Final = Limits(size=1024 * 1024)
"""An order with its lines has a few kilobytes."""
MANY_ORDERS: Final = Limits(size=16 * 1024 * 1024)
"""A page has 200 orders at most."""
TOO_LARGE: Final = "response_too_large"

_TARGET: Final = ":path"
"""Brings the target as it was signed through urllib3's pool, which rewrites the one it is given (`%3a` to
`%3A`, for one): harmless to read, and fatal to a signature. No header can have this name."""


class NothingSentError(Exception):
    """The call failed before a byte of it was sent; its text is one word that says where."""


class NoResponseError(Exception):
    """The call was sent, at least in part, and no whole response came; its text is one word that says why."""


class Sender(Protocol):
    """What a client sends its calls by."""

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        """Send one call, once. See `Transport.send`."""

    def close(self) -> None:
        """Let go of whatever is not in use."""


class Transport:
    """Sends calls to one host, over its own pool of connections."""

    def __init__(
        self,
        base_url: str,
        *,
        max_connections: int,
        ssl_context: ssl.SSLContext | None,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        """Prepare a pool; nothing is opened before the first call.

        Args:
            base_url: Scheme and host as `validation.check_base_url` returns them.
            max_connections: How many connections are kept open. There are as many as there are calls at a
                time; those beyond this number are closed after their call.
            ssl_context: What to trust; the system's authorities when None. For https only.
            monotonic: Measures how long a connection was idle.
        """
        url = parse_url(base_url)
        if url.host is None:
            raise InvalidArgument("base_url", "must name a host")
        self._pool: HTTPConnectionPool
        if url.scheme == "https":
            context = ssl_context or ssl.create_default_context()
            if context.minimum_version < ssl.TLSVersion.TLSv1_2 or context.verify_mode != ssl.CERT_REQUIRED:
                raise InvalidArgument("ssl_context", "must verify certificates and require TLS 1.2 or newer")
            # A host is named in the alternative names alone (RFC 9525, 2): common names are free text.
            context.hostname_checks_common_name = False
            self._pool = _SecurePool(
                url.host, url.port, maxsize=max_connections, ssl_context=context, monotonic=monotonic
            )
        else:
            self._pool = _PlainPool(url.host, url.port, maxsize=max_connections, monotonic=monotonic)
        self._origin = base_url

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        """Send one call, once.

        Args:
            request: Its URL begins with this transport's `base_url`.
            timeout: Seconds for everything: connecting, sending, and the last byte of the response. Only
                looking up the host's name cannot be interrupted; the resolver has a limit of its own.
            limits: Of the response.

        Raises:
            NothingSentError: Nothing of the call was sent.
            NoResponseError: It was sent, and no whole response came within the time and the size allowed.
        """
        if not timeout > 0:  # also when it is not a number
            raise NothingSentError("no_time_left")
        try:
            target = request.url.removeprefix(self._origin)
            response = self._pool.urlopen(
                request.method,
                target,
                # Where there is none, a POST says that its length is 0, and a GET says nothing.
                body=request.body or None,
                headers={**request.headers, _TARGET: target},
                retries=False,
                redirect=False,
                timeout=Timeout(total=timeout, connect=CONNECT_TIMEOUT),
                preload_content=False,
            )
            try:
                if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                    # The request did not allow it. The decoded size has no bound, so the status alone counts.
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
            # http.client has a ValueError for a chunk of negative size; to a caller of ours it would say
            # that nothing was sent.
            raise NoResponseError("connection_lost") from error
        return Response(response.status, response.headers, body)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._pool.close()


class _ResponseReader(io.RawIOBase):
    """Reads from a connected socket until a deadline, however often a byte comes before it."""

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
    """A response for which the socket's time-out is a budget for the whole, not for each read."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they come
        super().__init__(sock, *args, **kwargs)
        self._sock = sock
        self._reader = _ResponseReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def _close_conn(self) -> None:
        """Let go of the socket at the end of the response.

        A connection on which more was read is shut down: the rest would be taken for the next response.
        """
        self._reader.done = True
        if self.fp.peek(1):
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
        super()._close_conn()  # type: ignore[misc]  # typeshed omits it

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status of the final response: any number of interim ones may come before (RFC 9110, 15.2).

        `http.client` skips 100 alone, and takes 103 for the response.
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

    def __init__(self, *args: Any, monotonic: Callable[[], float], **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they come
        super().__init__(*args, **kwargs)
        self._monotonic = monotonic

    @property
    def is_connected(self) -> bool:
        """Whether it can take a call; the pool asks before it uses a connection again.

        It cannot when anything is left to read. What OpenSSL has decrypted already does not show at the
        socket. The session tickets of TLS 1.3 come before the first response and are read with it.
        """
        decrypted = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return not decrypted and self._monotonic() < self._kept_until and super().is_connected

    def connect(self) -> None:
        self._deadline = time.monotonic() + (self.timeout or CONNECT_TIMEOUT)
        try:
            super().connect()
            # Looking a name up cannot be interrupted; a call is not sent when its time went into that.
            self._time_left()
        except Exception as error:
            self.close()
            raise NothingSentError(_where(error)) from error

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:  # noqa: ANN401 - passed on as they come
        del url
        self._kept_until = self._monotonic() + KEPT_FOR
        headers = dict(headers)
        super().request(method, headers.pop(_TARGET), body, headers, **options)

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that responses, all of them within one connect time-out.

        urllib3 allows that much for each address: a host with many would outlive any deadline. An address
        that cannot be used, without a route or of a family that the kernel lacks, costs only itself.
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
                    sock.settimeout(self._time_left())  # what is left is for TLS
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
    """The connections that no call uses.

    urllib3 writes a warning for each connection that finds no place here. Two processes that used the same
    one would read each other's responses.
    """

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        call_after_fork(self._start_anew)

    def put(self, item: HTTPConnection | None, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002 - as the class above has it
        del block, timeout
        try:
            super().put(item, block=False)
        except queue.Full:
            if item:
                item.close()

    def _start_anew(self) -> None:
        for connection in self.queue:
            if connection:
                connection.close()  # for this process alone
        super().__init__(self.maxsize)  # with a lock of its own, too


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Connection
    QueueCls = _Idle  # type: ignore[assignment]  # urllib3 has a type variable that nothing binds


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
    QueueCls = _Idle  # type: ignore[assignment]  # as above


def _where(error: Exception) -> str:
    """Say in one word where connecting failed."""
    if isinstance(error, socket.gaierror):
        return "name_resolution"
    if isinstance(error, TimeoutError | HTTPTimeoutError):
        return "connect_timeout"
    if isinstance(error, ssl.SSLError | CertificateError | HTTPError):
        return "tls"
    return "connect"
