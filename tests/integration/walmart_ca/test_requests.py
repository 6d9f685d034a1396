"""Requests on the wire, as the local marketplace and a raw server receive them."""

import socket
import uuid
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.integration.walmart_ca.calls import Connect, Serve, act, assert_signed_as_sent
from tests.support.documents import as_json, order, page
from tests.support.keys import credentials
from tests.support.raw_server import (
    ACKNOWLEDGES,
    ORDER,
    RawServer,
    header,
    headers,
    http_response,
    listed,
    respond_with,
    target,
)
from walmart_ca import CallInfo, Client, OrderPage

SIX = [
    "WM_CONSUMER.ID",
    "WM_CONSUMER.CHANNEL.TYPE",
    "WM_SEC.TIMESTAMP",
    "WM_SEC.AUTH_SIGNATURE",
    "WM_SVC.NAME",
    "WM_QOS.CORRELATION_ID",
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
    assert_signed_as_sent(head)
    for name in SIX:
        assert header(head, name)
    assert header(head, "Accept") == "application/json"
    assert headers(head, "Content-Type") == content_type
    assert headers(head, "Content-Length") == length
    assert header(head, "WM_SVC.NAME") == "Walmart Marketplace"
    assert uuid.UUID(header(head, "WM_QOS.CORRELATION_ID")).version == 4
    for name in ("Authorization", "Cookie", "Expect", "Transfer-Encoding", "WM_SEC.ACCESS_TOKEN"):
        assert headers(head, name) == []


SPELLINGS = [
    ("127.0.0.1", 0, "HTTP://127.0.0.1:{port}/"),
    ("127.0.0.1", 0, " http://LocalHost:{port}\n"),
    ("::1", 0, "http://[::1]:{port}"),
    # The default port is neither signed nor sent.
    *(("127.0.0.7", 80, f"http://127.0.0.7{end}") for end in ("", ":80/")),
]


@pytest.mark.parametrize(("host", "port", "spelling"), SPELLINGS)
def test_the_signed_url_is_the_one_on_the_wire(
    serve: Serve, connect: Connect, host: str, port: int, spelling: str
) -> None:
    try:
        server = serve(ACKNOWLEDGES, host=host, port=port)
    except OSError:
        pytest.skip("this machine has no IPv6, or port 80 is not available")

    connect(spelling.format(port=server.port)).orders.acknowledge(ORDER)

    (head,) = server.requests
    assert header(head, "Host") == spelling.strip().lower().split("/")[2].format(
        port=server.port
    ).removesuffix(":80")
    assert_signed_as_sent(head)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy, server = (serve(respond_with(http_response(status=502))), serve(ACKNOWLEDGES))
    monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "")

    assert connect(server.url).orders.acknowledge(ORDER).purchase_order_id == ORDER
    assert proxy.connections == 0


type Address = tuple[int, tuple[str | int, ...]]
NO_ROUTE: Address = (socket.AF_INET, ("255.255.255.255", 443))
NO_SERVER: Address = (socket.AF_INET, ("127.0.0.2", 9))
OF_NO_FAMILY: Address = (1000, ("2001:db8::1", 443, 0, 0))


class FarAway(socket.socket):
    """A socket with a round trip of 150 ms."""

    def connect(self, address: Any, /) -> None:  # noqa: ANN401 - passed on
        budget = self.gettimeout()
        if budget is not None and budget < 0.15:
            raise TimeoutError("timed out")
        super().connect(address)


@pytest.mark.parametrize(
    ("before", "after"),
    [([OF_NO_FAMILY], []), ([NO_ROUTE], []), ([NO_SERVER], []), ([], []), ([], [NO_SERVER] * 23)],
    ids=["of no family", "without a route", "without a server", "the only one", "many others"],
)
def test_an_unusable_address_is_skipped_and_each_has_time_for_a_round_trip(
    serve: Serve,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    before: list[Address],
    after: list[Address],
) -> None:
    server = serve(ACKNOWLEDGES)
    infos = [
        (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
        for family, address in (*before, (socket.AF_INET, ("127.0.0.1", server.port)), *after)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: infos)
    monkeypatch.setattr(socket, "socket", FarAway)

    order = connect(f"http://localhost:{server.port}").orders.acknowledge(ORDER)

    assert order.purchase_order_id == ORDER


VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")


def test_a_request_with_any_cursor_is_signed_as_it_is_sent() -> None:
    with RawServer(respond_with(listed())) as server, Client(credentials(), base_url=server.url) as client:

        @settings(deadline=None, max_examples=100)
        @given(
            st.text(VISIBLE, min_size=1, max_size=80) | st.text("%?3aAfF&=/:@+.[]", min_size=1, max_size=20),
            st.sampled_from(["", "?"]),
        )
        @example("x=%3a%3A%41%7e%2D&y=%&z=%zz&w=%2", "?")
        @example("x=/../..//.&y=//evil.example/", "")
        @example("x=\\^`|\"'<>{}[]", "")
        def follow(text: str, mark: str) -> None:
            cursor = f"{mark}limit=1&{text}"
            before = len(server.requests)
            first = OrderPage((), None, cursor, CallInfo("GET", "https://host/", "correlation-id", 200, 0.1))

            second = client.orders.next_page(first)

            (head,) = server.requests[before:]
            assert target(head) == f"/v3/ca/orders/released?{cursor.removeprefix('?')}"
            assert header(head, "Host") == server.url.removeprefix("http://")
            assert second.call.url == f"{server.url}{target(head)}"
            assert second.cursor == cursor
            assert_signed_as_sent(head)

        follow()
