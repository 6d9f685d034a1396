"""A server that sends any bytes, including those that a real server would not send."""

import contextlib
import functools
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Final, Self

from tests.support.documents import as_json, order, page

type Behavior = Callable[["Connection"], None]

ORDER = "2575193093772"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def acknowledged(purchase_order_id: str = ORDER, *, padded_to: int = 0) -> bytes:
    return json.dumps({"order": {"purchaseOrderId": purchase_order_id}}).encode().ljust(padded_to)


def http_response(
    body: bytes = b"",
    status: int = 200,
    headers: tuple[str, ...] = (),
    *,
    content_type: str = "application/json",
) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def listed(*ids: str, next_cursor: object = None) -> bytes:
    """Return a response with a page of orders."""
    orders = [order(purchaseOrderId=each) for each in ids]
    return http_response(as_json({"list": page(*orders, next_cursor=next_cursor)}))


class Connection:
    """One accepted connection, which has its own thread."""

    def __init__(self, server: "RawServer", sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number

    def read_request(self) -> bytes:
        """Return the head of a request; empty when the caller has closed the connection."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = self.sock.recv(1)
            if not piece:
                return b""
            head += piece
        self.server.record(head)
        return head

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait(self, seconds: float) -> None:
        """Wait, at most until the server stops."""
        if self.server.stopping.wait(seconds):
            raise ConnectionAbortedError

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.close()

    def close(self) -> None:
        self.sock.close()


class RawServer:
    """Listens on a loopback address and passes each connection to `behavior`."""

    def __init__(
        self,
        behavior: Behavior,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=64)
        self._behavior = behavior
        self._tls = tls
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._requests: list[bytes] = []
        self.connections = 0
        self.stopping = threading.Event()
        self.port = int(self._listener.getsockname()[1])
        shown = name or (f"[{host}]" if ":" in host else host)
        self.url = f"{'https' if tls else 'http'}://{shown}:{self.port}"

    @property
    def requests(self) -> list[bytes]:
        """The heads of all requests so far."""
        with self._lock:
            return list(self._requests)

    def record(self, head: bytes) -> None:
        with self._lock:
            self._requests.append(head)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):
                # The shutdown of TCP, also with TLS: it wakes the thread that reads or writes.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self.stopping.is_set():
                sock, _ = self._listener.accept()
                self.connections += 1
                self._start(functools.partial(self._serve, sock, self.connections))

    def _serve(self, sock: socket.socket, number: int) -> None:
        with self._lock:
            self._sockets.append(sock)
        # An OSError means that the caller has closed the connection or the server stops.
        with contextlib.suppress(OSError, ValueError), contextlib.closing(sock):
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                with self._lock:
                    self._sockets.append(sock)
            with contextlib.closing(sock):
                self._behavior(Connection(self, sock, number))


def respond_with(*raw: bytes) -> Behavior:
    """Respond to each request on a connection with the next of these, and repeat the last one."""

    def behave(connection: Connection) -> None:
        left = list(raw)
        while connection.read_request():
            connection.send(left.pop(0) if len(left) > 1 else left[0])

    return behave


ACKNOWLEDGES: Final = respond_with(http_response(acknowledged()))
"""Responds to each request with the acknowledged order `ORDER`."""


def respond_and_close(raw: bytes) -> Behavior:
    """Send these bytes after one request, and close the connection."""

    def behave(connection: Connection) -> None:
        if connection.read_request():
            connection.send(raw)

    return behave


def drip(at_once: bytes, piece: bytes, interval: float = 0.02) -> Behavior:
    """Send some bytes at once after a request, and then the same piece again and again."""

    def behave(connection: Connection) -> None:
        if connection.read_request():
            connection.send(at_once)
            while True:
                connection.send(piece)
                connection.wait(interval)

    return behave


def header(head: bytes, name: str) -> str:
    """Return the only value of a request's header."""
    (value,) = headers(head, name)
    return value


def headers(head: bytes, name: str) -> list[str]:
    lines = [line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:] if line]
    return [value.strip() for found, _, value in lines if found.lower() == name.lower()]


def method(head: bytes) -> str:
    return head.decode("latin-1").split(" ", 2)[0]


def target(head: bytes) -> str:
    return head.decode("latin-1").split(" ", 2)[1]
