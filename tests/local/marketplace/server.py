"""A plain HTTP/1.1 server, with one thread per connection.

Everything that waits here wakes when the server stops.
"""

import contextlib
import itertools
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol

HOST = "127.0.0.1"
_LONGEST_LINE = 65_536
_LARGEST_BODY = 1_048_576
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger: on, for no time at all

type _Connection = socket.socket | tuple[bytes, socket.socket]  # as in socketserver, which has datagrams too


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int


class Wire(Protocol):
    """The connection to the caller. A method that waits may raise a ``ConnectionError``."""

    def write(self, data: bytes) -> None:
        """Send bytes, now."""

    def wait(self, seconds: float) -> None:
        """Wait, at most until the server stops, which aborts the connection."""

    def close(self) -> None:
        """Close the connection when this call has been served, without announcing it in a header."""

    def hang(self) -> None:
        """Send nothing until the caller closes the connection or the server stops."""

    def reset(self) -> None:
        """End the connection with a TCP reset instead of an orderly close."""


class _SocketWire:
    def __init__(self, handler: "_Handler") -> None:
        self._handler = handler

    def write(self, data: bytes) -> None:
        self._handler.connection.sendall(data)

    def wait(self, seconds: float) -> None:
        if self._handler.server.stopping.wait(seconds):
            raise ConnectionAbortedError("the server stops")

    def close(self) -> None:
        self._handler.close_connection = True

    def hang(self) -> None:
        self.close()
        # Only the end of the connection can be read now, which a stop of the server causes too.
        while self._handler.connection.recv(_LONGEST_LINE):
            pass

    def reset(self) -> None:
        handler = self._handler
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        handler.close_connection = True
        handler.rfile.close()  # it holds the socket open
        handler.connection.close()


class Server:
    """A listening server, from construction to ``stop()``. A taken port is an ``OSError``."""

    def __init__(self, port: int, serve: Callable[[Request, Wire], None]) -> None:
        self._listener = _Listener(port, serve)
        self.port = int(self._listener.server_address[1])
        self._thread = threading.Thread(
            target=self._listener.serve_until_stopped, name=f"local-marketplace-{self.port}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Wake every waiting thread, close every connection and return when all threads have ended."""
        self._listener.stopping.set()
        # The listener waits only for connections, so one more connection wakes it.
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, self.port)).close()
        self._thread.join()
        self._listener.abandon_connections()
        self._listener.server_close()


class _Listener(socketserver.ThreadingTCPServer):
    # Not http.server.HTTPServer: it asks the DNS for the name of the host that it binds to.
    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = False  # server_close() waits for these only

    def __init__(self, port: int, serve: Callable[[Request, Wire], None]) -> None:
        self.serve = serve
        self.stopping = threading.Event()
        self.connection_numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._connections: set[_Connection] = set()
        super().__init__((HOST, port), _Handler)

    def serve_until_stopped(self) -> None:
        # Not serve_forever(): it notices a stop only when it polls next.
        while not self.stopping.is_set():
            self.handle_request()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: _Connection) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def abandon_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                # It wakes the thread that reads or writes there.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]  # TCP has no pairs


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._number = next(self.server.connection_numbers)

    def handle(self) -> None:
        # An OSError here means that the caller has closed it or the server stops.
        with contextlib.suppress(OSError):
            super().handle()

    def handle_one_request(self) -> None:
        """Serve one request of any method, where the base class would call ``do_GET`` and the like."""
        self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
        if not self.raw_requestline or len(self.raw_requestline) > _LONGEST_LINE:
            self.close_connection = True
            return
        if not self.parse_request():
            return
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the caller has closed the connection
            self.close_connection = True
            return
        # Not self.path, which the base class normalizes: a signature covers the target as it was sent.
        target = self.requestline.split()[1]
        request = Request(self.command, target, tuple(self.headers.items()), body, self._number)
        self.server.serve(request, _SocketWire(self))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class named it
        """Log nothing: the marketplace reports its calls itself."""
