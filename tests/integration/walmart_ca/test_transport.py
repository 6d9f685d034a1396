"""Failures on the wire: requests that were not sent, incomplete and endless responses, and connections."""

import gc
import gzip
import io
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.integration.walmart_ca.calls import HANGS_AFTER, START, Connect, Serve, failure, outcome
from tests.local.marketplace import Fault, Marketplace
from tests.support.documents import as_json, order, page
from tests.support.keys import credentials
from tests.support.raw_server import (
    ACKNOWLEDGES,
    ORDER,
    Behavior,
    Connection,
    acknowledged,
    drip,
    http_response,
    respond_and_close,
    respond_with,
)
from walmart_ca import Client, NotSent, Order, OrderPage, OutcomeUnknown, Throttled, WalmartError
from walmart_ca.transport import KEPT_FOR

MEBIBYTE = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SHORT_TIMEOUT = 0.4
"""Seconds for a call that would take minutes."""


@pytest.mark.parametrize(
    ("url", "reason"),
    # No server listens on port 1.
    [("https://nonexistent.invalid", "name_resolution"), ("http://127.0.0.1:1", "connect")],
)
def test_nothing_is_sent_to_an_unreachable_host(connect: Connect, url: str, reason: str) -> None:
    client = connect(url)

    first, second = (failure(lambda: client.orders.acknowledge(ORDER)) for _ in range(2))

    assert (type(first), first.reason, first.status) == (NotSent, reason, None)
    assert first.correlation_id
    assert first.correlation_id != second.correlation_id


def acknowledge_with(timeout: float) -> Callable[[Client], object]:
    return lambda client: client.orders.acknowledge(ORDER, timeout=timeout)


def acknowledge_closed(client: Client) -> object:
    client.close()
    return client.orders.acknowledge(ORDER)


NOT_SENT: dict[str, tuple[Callable[[Client], object], str]] = {
    "no time": (acknowledge_with(0), "no_time_left"),
    "less than no time": (acknowledge_with(-1), "no_time_left"),
    "a list": (
        lambda client: list(client.orders.released(created_start_date=START, timeout=0)),
        "no_time_left",
    ),
    "a closed client": (acknowledge_closed, "closed"),
}


@pytest.mark.parametrize(("act", "reason"), NOT_SENT.values(), ids=NOT_SENT.keys())
def test_a_call_without_time_or_on_a_closed_client_is_not_sent(
    serve: Serve, connect: Connect, act: Callable[[Client], object], reason: str
) -> None:
    server = serve(ACKNOWLEDGES)

    error = failure(lambda: act(connect(server.url)))

    assert (type(error), error.reason) == (NotSent, reason)
    assert server.connections == 0


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
# A test in `tests/fuzz` sends any bytes.
CUT_SHORT: dict[str, bytes] = {
    "nothing": b"",
    "half the head": HEAD,
    "half the body": HEAD + b"Content-Length: 100\r\n\r\n" + acknowledged(),
    "one byte short": http_response(acknowledged())[:-1],
    "no last chunk": CHUNKED + b"%x\r\n%b\r\n" % (len(acknowledged()), acknowledged()),
    "a chunk of negative size": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "a chunk of no size": CHUNKED + b"soon\r\n{}\r\n0\r\n\r\n",
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "another HTTP": b"HTTP/2 200\r\n\r\n",
    "too many headers": http_response(acknowledged(), headers=tuple(f"X-{n}: {n}" for n in range(150))),
    "a header without end": http_response(acknowledged(), headers=(f"X-Long: {'x' * 70_000}",)),
    "two lengths": http_response(acknowledged(), headers=("Content-Length: 1",)),
}


@pytest.mark.parametrize("raw", CUT_SHORT.values(), ids=CUT_SHORT.keys())
def test_an_incomplete_response_is_an_unknown_outcome(serve: Serve, connect: Connect, raw: bytes) -> None:
    server = serve(respond_and_close(raw))

    error = failure(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert type(error) is OutcomeUnknown
    assert len(server.requests) == 1


ENDLESS: dict[str, Behavior] = {
    "silence": drip(b"", b"", 600),
    "a slow status line": drip(b"", b"H"),
    "slow headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n", 0.1),
    "a slow body": drip(HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "a slow body without a length": drip(HEAD + b"\r\n", b" "),
    "slow chunks": drip(CHUNKED, b"1\r\n \r\n"),
    "a slow chunk size": drip(CHUNKED, b"0"),
    "slow trailers": drip(CHUNKED + b"0\r\n", b"X: 1\r\n"),
    "endless 100 responses": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("behavior", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_endless_response_times_out(serve: Serve, connect: Connect, behavior: Behavior) -> None:
    def respond_once(connection: Connection) -> None:
        connection.read_request()
        connection.send(http_response(acknowledged()))
        behavior(connection)

    server = serve(respond_once)
    client = connect(server.url)
    client.orders.get(ORDER)  # connects, so that the time-out below covers the response only

    error = failure(lambda: client.orders.acknowledge(ORDER, timeout=SHORT_TIMEOUT))

    assert (type(error), error.reason) == (OutcomeUnknown, "response_timeout")
    assert (len(server.requests), server.connections) == (2, 1)


def test_a_call_does_not_get_the_response_of_an_earlier_call(
    marketplace: Marketplace, client: Client
) -> None:
    marketplace.add_order(ORDER)
    marketplace.add_order("7400000000002")
    client.orders.acknowledge(ORDER)
    marketplace.fail(ORDER, Fault.DELAY, seconds=600.0)
    failure(lambda: client.orders.acknowledge(ORDER, timeout=SHORT_TIMEOUT))

    order = client.orders.acknowledge("7400000000002")

    assert order.purchase_order_id == "7400000000002"
    first, timed_out, last = (call.connection for call in marketplace.calls)
    assert first == timed_out != last


def chunked(body: bytes) -> bytes:
    return CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


TOO_LARGE: dict[str, Behavior] = {
    "one byte more": respond_with(http_response(acknowledged(padded_to=MEBIBYTE + 1))),
    "one byte more in chunks": respond_with(chunked(acknowledged(padded_to=MEBIBYTE + 1))),
    "endless": drip(HEAD + b"\r\n" + acknowledged(), b" " * 65536, 0),
    "endless chunks": drip(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n", 0),
}


@pytest.mark.parametrize("behavior", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_an_oversized_response_is_an_unknown_outcome(
    serve: Serve, connect: Connect, behavior: Behavior
) -> None:
    server = serve(behavior)

    error = failure(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert (type(error), error.reason) == (OutcomeUnknown, "response_too_large")


@pytest.mark.parametrize("too_large", [False, True])
def test_a_page_of_up_to_16_mib_is_read(serve: Serve, connect: Connect, too_large: bool) -> None:
    body = as_json({"list": page(order(purchaseOrderId=ORDER))}).ljust(16 * MEBIBYTE + too_large)
    server = serve(respond_with(http_response(body)))

    result = outcome(lambda: connect(server.url).orders.released_page(created_start_date=START))

    if too_large:
        assert isinstance(result, OutcomeUnknown)
        assert result.reason == "response_too_large"
    else:
        assert isinstance(result, OrderPage)
        assert [found.purchase_order_id for found in result.orders] == [ORDER]


EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: <style.css>\r\n\r\n" * 30
WHOLE: dict[str, bytes] = {
    "a mebibyte": http_response(acknowledged(padded_to=MEBIBYTE)),
    "chunks": chunked(acknowledged()),
    "the encoding identity": http_response(acknowledged(), headers=("Content-Encoding: identity",)),
    "no length": HEAD + b"\r\n" + acknowledged(),
    "HTTP/1.0": http_response(acknowledged()).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "ninety headers": http_response(acknowledged(), headers=tuple(f"X-{n}: {n}" for n in range(90))),
    "a malformed header": http_response(acknowledged(), headers=("this is no header",)),
    "headers of other alphabets": http_response(acknowledged(), headers=("X-Ça: été",)),
    "after 100": b"HTTP/1.1 100 Continue\r\n\r\n" + http_response(acknowledged()),
    "after early hints": EARLY_HINTS + http_response(acknowledged()),
}


@pytest.mark.parametrize("raw", WHOLE.values(), ids=WHOLE.keys())
def test_a_complete_response_is_read(serve: Serve, connect: Connect, raw: bytes) -> None:
    server = serve(respond_and_close(raw))

    assert isinstance(outcome(lambda: connect(server.url).orders.acknowledge(ORDER)), Order)


GZIP = gzip.compress(acknowledged(padded_to=50 * MEBIBYTE))


@pytest.mark.parametrize(
    ("status", "kind", "reason"), [(200, OutcomeUnknown, "encoded_response"), (429, Throttled, "http_429")]
)
@pytest.mark.parametrize("coding", ["GZIP", "identity, br"])
def test_only_the_status_of_a_compressed_response_counts(
    serve: Serve, connect: Connect, coding: str, status: int, kind: type[WalmartError], reason: str
) -> None:
    server = serve(respond_with(http_response(GZIP, status, headers=(f"Content-Encoding: {coding}",))))

    error = failure(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert (type(error), error.reason) == (kind, reason)


KEPT = {
    "an order": http_response(acknowledged()),
    "chunks": chunked(acknowledged()),
    "after early hints": WHOLE["after early hints"],
    **{f"{status}": http_response(b"{}", status) for status in (307, 401, 404, 429, 503)},
}


@pytest.mark.parametrize("raw", KEPT.values(), ids=KEPT.keys())
def test_a_connection_is_kept_after_any_status(serve: Serve, connect: Connect, raw: bytes) -> None:
    server = serve(respond_with(raw))
    client = connect(server.url)

    for _ in range(3):
        outcome(lambda: client.orders.acknowledge(ORDER))

    assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize("end", [Connection.close, Connection.reset])
def test_a_connection_that_ends_while_idle_fails_no_call(
    serve: Serve, connect: Connect, end: Callable[[Connection], None]
) -> None:
    idle, ended = threading.Event(), threading.Event()

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(http_response(acknowledged()))
        if connection.number == 1:
            idle.wait(HANGS_AFTER)
            end(connection)
            ended.set()

    server = serve(behave)
    client = connect(server.url)
    client.orders.acknowledge(ORDER)
    idle.set()
    assert ended.wait(HANGS_AFTER)

    assert isinstance(outcome(lambda: client.orders.acknowledge(ORDER)), Order)
    assert (len(server.requests), server.connections) == (2, 2)


@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_is_not_used_after_a_long_idle_time(
    serve: Serve, server_tls: ssl.SSLContext, trusting: ssl.SSLContext, secure: bool
) -> None:
    # A suspended process does not notice that the server has closed the connection.
    server = serve(ACKNOWLEDGES, tls=server_tls if secure else None)
    now = 1000.0
    used: list[int] = []
    client = Client(credentials(), base_url=server.url, ssl_context=trusting, monotonic=lambda: now)
    with client:
        for idle_s in (0.0, KEPT_FOR - 0.1, KEPT_FOR):
            now += idle_s
            client.orders.acknowledge(ORDER)
            used.append(server.connections)

    assert used == [1, 1, 2]


def test_a_connection_closed_during_a_call_is_an_unknown_outcome(serve: Serve, connect: Connect) -> None:
    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(http_response(acknowledged()))
        connection.read_request()

    server = serve(behave)
    client = connect(server.url)
    client.orders.acknowledge(ORDER)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert (type(error), error.reason) == (OutcomeUnknown, "connection_lost")
    assert (len(server.requests), server.connections) == (2, 1)


def test_a_connection_ends_after_connection_close(serve: Serve, connect: Connect) -> None:
    server = serve(respond_with(http_response(acknowledged(), headers=("Connection: close",))))
    client = connect(server.url)

    client.orders.acknowledge(ORDER)
    client.orders.acknowledge(ORDER)

    assert server.connections == 2


def test_a_client_that_is_dropped_closes_its_connection(serve: Serve) -> None:
    ended = threading.Event()

    def behave(connection: Connection) -> None:
        while connection.read_request():
            connection.send(http_response(acknowledged()))
        ended.set()

    server = serve(behave)
    Client(credentials(), base_url=server.url).orders.acknowledge(ORDER)
    gc.collect()  # pytest reports a socket that was not closed before

    assert ended.wait(HANGS_AFTER)


SECOND = "2575193093773"
HEAD_LENGTH = len(http_response(b" " * 8000, 404)) - 8000
ASKED: dict[str, bytes] = {
    "a length": http_response(b"{}", 404),
    "chunks": chunked(acknowledged()),
    # What is left is then in no buffer but that of OpenSSL.
    "a full buffer": http_response(b" " * (io.DEFAULT_BUFFER_SIZE - HEAD_LENGTH), 404),
}
LEFT: dict[str, bytes] = {
    "a response": http_response(acknowledged(SECOND)),
    "a response after more than a buffer of blanks": b" " * 9000 + http_response(acknowledged(SECOND)),
    "a line feed": b"\n",
}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT.keys())
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED.keys())
@pytest.mark.parametrize("secure", [False, True], ids=["TCP", "TLS"])
def test_a_connection_with_unread_bytes_is_not_used_again(
    serve: Serve,
    connect: Connect,
    server_tls: ssl.SSLContext,
    trusting: ssl.SSLContext,
    secure: bool,
    asked: bytes,
    left: bytes,
) -> None:
    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(asked + left if connection.number == 1 else http_response(acknowledged(SECOND)))
        connection.read_request()

    server = serve(behave, tls=server_tls if secure else None)
    client = connect(server.url, ssl_context=trusting)
    outcome(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(outcome(lambda: client.orders.acknowledge(SECOND)), Order)

    assert server.connections == 2


def test_calls_beyond_the_kept_connections_log_nothing(
    serve: Serve, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    all_running = threading.Barrier(5)

    def behave(connection: Connection) -> None:
        while connection.read_request():
            all_running.wait(HANGS_AFTER)
            connection.send(http_response(acknowledged()))

    server = serve(behave)
    client = stack.enter_context(Client(credentials(), base_url=server.url, max_connections=1))
    with ThreadPoolExecutor(5) as threads:
        orders = list(threads.map(client.orders.acknowledge, [ORDER] * 5))

    assert len(orders) == 5
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG] == []
