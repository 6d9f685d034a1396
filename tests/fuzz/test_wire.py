"""Whatever bytes a server sends, the client returns an order or raises a `WalmartError`."""

import gzip

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.keys import credentials
from tests.support.raw_server import ORDER, RawServer, acknowledged, respond_and_close
from walmart_ca import Client, Order, WalmartError

PIECES = [
    *(b"HTTP/1.1 ", b"200 OK", b"\r\n", b"\r\n\r\n", b"100 Continue", b"204 X", b": ", b"\x00", b"\xff"),
    *(b"Content-Length: ", b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(
        b"Content-Type: application/json\r\n",
        b"0",
        b"7",
        b"ff",
        acknowledged(),
        gzip.compress(acknowledged()),
    ),
]


@settings(max_examples=100)
@given(raw=st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_whatever_bytes_come_back_are_an_order_or_a_walmart_error(raw: bytes) -> None:
    with RawServer(respond_and_close(raw)) as server, Client(credentials(), base_url=server.url) as client:
        outcome: Order | WalmartError
        try:
            outcome = client.orders.acknowledge(ORDER)
        except WalmartError as error:
            outcome = error
    assert outcome.call is not None
