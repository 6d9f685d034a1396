"""Which servers a client trusts; it sends nothing to any other."""

import ssl
from collections.abc import Callable

import pytest
import trustme

from tests.integration.walmart_ca.calls import Connect, Serve, context_for, context_trusting, failure
from tests.support.raw_server import (
    ACKNOWLEDGES,
    ORDER,
    Behavior,
    Connection,
    acknowledged,
    drip,
    http_response,
)
from walmart_ca import NotSent, OutcomeUnknown


def test_the_session_tickets_of_tls_1_3_cost_no_connection(serve: Serve, connect: Connect) -> None:
    authority = trustme.CA()
    tls = context_for(authority, "localhost")
    tls.num_tickets = 5
    versions: set[object] = set()

    def behave(connection: Connection) -> None:
        versions.add(getattr(connection.sock, "version", lambda: None)())
        while connection.read_request():
            connection.send(http_response(acknowledged()))

    server = serve(behave, tls=tls, name="localhost")
    client = connect(server.url, ssl_context=context_trusting(authority))
    for _ in range(20):
        client.orders.acknowledge(ORDER)

    assert versions == {"TLSv1.3"}
    assert server.connections == 1


NOT_TRUSTED: dict[str, Callable[[trustme.CA], ssl.SSLContext]] = {
    "another authority": lambda _: context_for(trustme.CA(), "localhost"),
    "another name": lambda authority: context_for(authority, "other.example"),
}


@pytest.mark.parametrize("tls", NOT_TRUSTED.values(), ids=NOT_TRUSTED.keys())
@pytest.mark.parametrize("check_hostname", [True, False], ids=["OpenSSL checks it", "urllib3 checks it"])
def test_nothing_is_sent_to_an_untrusted_server(
    serve: Serve, connect: Connect, tls: Callable[[trustme.CA], ssl.SSLContext], check_hostname: bool
) -> None:
    authority = trustme.CA()
    server = serve(ACKNOWLEDGES, tls=tls(authority), name="localhost")
    trusting = context_trusting(authority)
    trusting.check_hostname = check_hostname
    client = connect(server.url, ssl_context=trusting)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert (type(error), error.reason) == (NotSent, "tls")
    assert server.requests == []


def test_only_the_systems_authorities_are_trusted_by_default(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext
) -> None:
    server = serve(ACKNOWLEDGES, tls=server_tls, name="localhost")

    error = failure(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert (type(error), error.reason) == (NotSent, "tls")
    assert server.requests == []


def speaks_no_tls(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
    connection.wait(600)


@pytest.mark.parametrize(
    ("behavior", "timeout", "reasons"),
    [
        (speaks_no_tls, 15.0, {"tls"}),
        (lambda connection: connection.wait(600), 0.3, {"connect_timeout"}),
        (Connection.reset, 15.0, {"connect", "tls"}),
    ],
    ids=["no TLS", "no handshake", "reset"],
)
def test_nothing_is_sent_without_a_complete_handshake(
    serve: Serve, connect: Connect, behavior: Behavior, timeout: float, reasons: set[str]
) -> None:
    server = serve(behavior, name="localhost")
    client = connect(server.url.replace("http:", "https:"), timeout=timeout)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, NotSent)
    assert error.reason in reasons


def test_a_slow_response_over_tls_times_out(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(http_response(acknowledged()))
        drip(b"", b"H")(connection)

    server = serve(behave, tls=server_tls, name="localhost")
    client = connect(server.url, ssl_context=trusting)
    client.orders.get(ORDER)

    error = failure(lambda: client.orders.acknowledge(ORDER, timeout=0.5))

    assert (type(error), error.reason) == (OutcomeUnknown, "response_timeout")


@pytest.mark.parametrize("weakness", ["old TLS", "no verification"])
def test_a_weak_tls_context_is_refused(connect: Connect, weakness: str) -> None:
    weak = ssl.create_default_context()
    if weakness == "old TLS":
        weak.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    else:
        weak.check_hostname = False
        weak.verify_mode = ssl.CERT_NONE

    with pytest.raises(ValueError, match="ssl_context"):
        connect("https://localhost", ssl_context=weak)
