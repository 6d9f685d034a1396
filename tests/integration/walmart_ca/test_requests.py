"""What a call looks like on the wire, read by the local marketplace and by a server of bytes."""

import errno
import socket
import uuid
from typing import Any

import pytest

from tests.integration.walmart_ca.calls import Connect, Serve, act, assert_signed_as_sent
from tests.local.marketplace import Marketplace
from tests.support.documents import as_json, order, page
from tests.support.raw_server import (
    ORDER,
    acknowledged,
    header,
    headers,
    http_response,
    method,
    respond_with,
    target,
)
from walmart_ca import Client, OrderLineStatus, Status

SIX = [
    "WM_CONSUMER.ID",
    "WM_CONSUMER.CHANNEL.TYPE",
    "WM_SEC.TIMESTAMP",
    "WM_SEC.AUTH_SIGNATURE",
    "WM_SVC.NAME",
    "WM_QOS.CORRELATION_ID",
]


def test_an_acknowledgement_is_accepted_and_applied(marketplace: Marketplace, client: Client) -> None:
    marketplace.add_order(ORDER)

    order = client.orders.acknowledge(ORDER)

    (call,) = marketplace.calls
    assert (call.method, call.path) == ("POST", f"/v3/ca/orders/{ORDER}/acknowledge")
    assert (call.status, call.refusal, call.applied, call.body) == (200, None, True, b"")
    assert (order.purchase_order_id, *order.statuses) == (ORDER, Status.ACKNOWLEDGED)
    assert order.call is not None
    assert order.call.correlation_id == call.headers["WM_QOS.CORRELATION_ID"]
    assert (order.call.status, order.call.url) == (200, f"{marketplace.url}{call.path}")


@pytest.mark.parametrize("form", ["xml", "json"])
def test_fetching_an_order_works_in_xml_and_json(marketplace: Marketplace, client: Client, form: str) -> None:
    placed = marketplace.add_order(ORDER, ["Created", "Acknowledged"])
    marketplace.answer_as("xml" if form == "xml" else "json")

    order = client.orders.get(ORDER)

    (call,) = marketplace.calls
    assert (call.method, call.path, call.refusal) == ("GET", f"/v3/ca/orders/{ORDER}", None)
    assert not call.applied
    assert (order.customer_order_id, order.ship_node_type) == (placed.customer_order_id, "SellerFulfilled")
    assert order.order_date is not None
    assert abs((order.order_date - placed.order_date).total_seconds()) <= 0.001
    assert [(line.number, line.sku, *line.statuses) for line in order.lines] == [
        (placed.lines[0].number, placed.lines[0].sku, OrderLineStatus(Status.CREATED, 1)),
        (placed.lines[1].number, placed.lines[1].sku, OrderLineStatus(Status.ACKNOWLEDGED, 2)),
    ]


@pytest.mark.parametrize(
    ("action", "content_type", "length"),
    [("acknowledge", ["application/json"], ["0"]), ("get", [], []), ("list", [], [])],
)
def test_a_call_has_exactly_the_required_headers(
    serve: Serve, connect: Connect, action: str, content_type: list[str], length: list[str]
) -> None:
    server = serve(respond_with(http_response(as_json({"order": order(), "list": page()}))))

    act(connect(server.url), action)

    (head,) = server.requests
    for name in SIX:
        assert header(head, name)
    assert header(head, "Accept") == "application/json"
    assert headers(head, "Content-Type") == content_type
    assert headers(head, "Content-Length") == length
    assert header(head, "WM_SVC.NAME") == "Walmart Marketplace"
    assert uuid.UUID(header(head, "WM_QOS.CORRELATION_ID")).version == 4
    for name in ("Authorization", "Cookie", "Expect", "Transfer-Encoding", "WM_SEC.ACCESS_TOKEN"):
        assert headers(head, name) == []


def test_a_built_request_is_the_one_that_is_sent(serve: Serve, connect: Connect) -> None:
    server = serve(respond_with(http_response(acknowledged())))
    client = connect(server.url)
    request = client.orders.build_acknowledgement(ORDER)
    assert server.connections == 0

    client.orders.acknowledge(ORDER)

    (head,) = server.requests
    assert (method(head), f"{server.url}{target(head)}") == (request.method, request.url)
    assert {name for name in request.headers if header(head, name)} == set(request.headers)


# The signed URL is the URL on the wire


@pytest.mark.parametrize(
    "spelling",
    [
        "http://127.0.0.1:{port}",
        "http://127.0.0.1:{port}/",
        "HTTP://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://LocalHost:{port}/",
        " http://127.0.0.1:{port}\n",
    ],
)
def test_the_signed_url_is_the_one_on_the_wire(serve: Serve, connect: Connect, spelling: str) -> None:
    server = serve(respond_with(http_response(acknowledged())))

    connect(spelling.format(port=server.port)).orders.acknowledge(ORDER)

    assert_signed_as_sent(server.requests[0])


def test_the_signed_url_of_an_ipv6_host_is_the_one_on_the_wire(serve: Serve, connect: Connect) -> None:
    try:
        server = serve(respond_with(http_response(acknowledged())), host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")

    connect(server.url).orders.acknowledge(ORDER)

    assert header(server.requests[0], "Host") == f"[::1]:{server.port}"
    assert_signed_as_sent(server.requests[0])


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.7", "http://127.0.0.7:80", "http://127.0.0.7:80/", "HTTP://127.0.0.7/"]
)
def test_a_default_port_is_neither_signed_nor_sent(serve: Serve, connect: Connect, base_url: str) -> None:
    try:
        server = serve(respond_with(http_response(acknowledged())), host="127.0.0.7", port=80)
    except OSError:
        pytest.skip("port 80 is not to be had here")

    connect(base_url).orders.acknowledge(ORDER)

    assert header(server.requests[0], "Host") == "127.0.0.7"
    assert_signed_as_sent(server.requests[0])


# Proxies


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy, server = (
        serve(respond_with(http_response(status=502))),
        serve(respond_with(http_response(acknowledged()))),
    )
    monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "")

    assert connect(server.url).orders.acknowledge(ORDER).purchase_order_id == ORDER
    assert proxy.connections == 0


# Addresses

FIRST_OF_TWO: dict[str, tuple[socket.AddressFamily, tuple[str | int, ...]]] = {
    "of a family that the kernel lacks": (socket.AF_INET6, ("2001:db8::1", 443, 0, 0)),
    "without a route": (socket.AF_INET, ("255.255.255.255", 443)),
    "where nobody listens": (socket.AF_INET, ("127.0.0.2", 9)),
}


@pytest.mark.parametrize(("family", "address"), FIRST_OF_TWO.values(), ids=FIRST_OF_TWO.keys())
def test_an_unusable_address_is_skipped(
    serve: Serve,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    family: socket.AddressFamily,
    address: tuple[str | int, ...],
) -> None:
    server = serve(respond_with(http_response(acknowledged())))
    found = [(family, address), (socket.AF_INET, ("127.0.0.1", server.port))]
    play_addresses(monkeypatch, found, WithoutIPv6)

    order = connect(f"http://localhost:{server.port}").orders.acknowledge(ORDER)

    assert order.purchase_order_id == ORDER


@pytest.mark.parametrize("count", [1, 24])
def test_each_of_many_addresses_has_time_for_a_round_trip(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    server = serve(respond_with(http_response(acknowledged())))
    first: list[tuple[socket.AddressFamily, tuple[str | int, ...]]] = [
        (socket.AF_INET, ("127.0.0.1", server.port))
    ]
    play_addresses(monkeypatch, first + [FIRST_OF_TWO["where nobody listens"]] * (count - 1), FarAway)

    order = connect(f"http://localhost:{server.port}").orders.acknowledge(ORDER)

    assert order.purchase_order_id == ORDER


def play_addresses(
    monkeypatch: pytest.MonkeyPatch,
    found: list[tuple[socket.AddressFamily, tuple[str | int, ...]]],
    kind: type[socket.socket],
) -> None:
    """Play a host of these addresses, and a kernel with sockets of this kind: nothing else has them here."""
    infos = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: infos)
    monkeypatch.setattr(socket, "socket", kind)


class WithoutIPv6(socket.socket):
    """A socket of a kernel without IPv6."""

    def __init__(self, family: int = -1, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they come
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        super().__init__(family, *args, **kwargs)


class FarAway(socket.socket):
    """A socket whose other side is a round trip of 150 ms away."""

    def connect(self, address: Any, /) -> None:  # noqa: ANN401 - passed on as it comes
        budget = self.gettimeout()
        if budget is not None and budget < 0.15:
            raise TimeoutError("timed out")
        super().connect(address)
