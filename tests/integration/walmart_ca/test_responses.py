"""Responses from the wire to the caller; the unit tests cover each kind of response."""

import logging
import traceback
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from tests.integration.walmart_ca.calls import START, Connect, Serve, act, failure, outcome
from tests.local.marketplace import Fault, Marketplace, Seller
from tests.support.documents import as_json, order, page
from tests.support.keys import CHANNEL_TYPE, rsa_key, walmart_form
from tests.support.raw_server import (
    ACKNOWLEDGES,
    ORDER,
    acknowledged,
    header,
    http_response,
    respond_with,
    target,
)
from walmart_ca import Client, CredentialsRefused, Misconfigured, Order, OrderRejected, Throttled

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SOON = NOW + timedelta(seconds=90)
DATE = "Date: Mon, 23 Nov 2026 10:00:00 GMT"
ACTIONS = ["acknowledge", "get", "list"]


@pytest.mark.parametrize(
    "replenished", [f"X-Next-Replenishment-Time: {SOON.timestamp() * 1000:.0f}", "Retry-After: 90"]
)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_error_has_the_headers_of_its_response(
    serve: Serve, connect: Connect, action: str, replenished: str
) -> None:
    body = as_json({"errors": {"error": [{"code": "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"}]}})
    server = serve(respond_with(http_response(body, 429, (replenished, "x-current-token-count: 0", DATE))))

    error = failure(lambda: act(connect(server.url, clock=NOW.timestamp), action))

    (head,) = server.requests
    assert isinstance(error, Throttled)
    assert (error.status, error.reason) == (429, "REQUEST_THRESHOLD_VIOLATED")
    assert (error.retry_at, error.call.tokens_left, error.call.answered_at) == (SOON, 0, NOW)
    assert error.call.url == f"{server.url}{target(head)}"
    assert error.correlation_id == header(head, "WM_QOS.CORRELATION_ID")
    assert error.correlation_id in str(error)


@pytest.mark.parametrize(
    ("headers", "answered_at"),
    [((DATE,), NOW), ((), None), (("Date: soon",), None), ((DATE, DATE), None)],
    ids=["a date", "none", "a word", "two of them"],
)
def test_an_order_has_the_headers_of_its_response(
    serve: Serve, connect: Connect, headers: tuple[str, ...], answered_at: datetime | None
) -> None:
    server = serve(
        respond_with(http_response(acknowledged(), headers=("x-current-token-count: 7", *headers)))
    )

    call = connect(server.url).orders.acknowledge(ORDER).call

    assert call is not None
    assert (call.tokens_left, call.answered_at, call.retry_at) == (7, answered_at, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_redirect_is_not_followed(serve: Serve, connect: Connect, status: int, action: str) -> None:
    elsewhere = serve(ACKNOWLEDGES)
    server = serve(
        respond_with(http_response(b"", status, (f"Location: {elsewhere.url}/v3/ca/orders/{ORDER}",)))
    )

    error = failure(lambda: act(connect(server.url), action))

    assert type(error) is Misconfigured
    assert error.reason == f"http_{status} to 127.0.0.1"
    assert elsewhere.connections == 0
    assert len(server.requests) == 1


# Errors of the local marketplace


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("shape", ["order service", "gateway", "flat"])
def test_an_order_in_a_higher_status_is_rejected(
    marketplace: Marketplace,
    client: Client,
    form: Literal["xml", "json"],
    shape: Literal["order service", "gateway", "flat"],
) -> None:
    marketplace.add_order(ORDER, ["Shipped"])
    marketplace.variants.form = form
    marketplace.variants.error_shape = shape

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, OrderRejected)
    assert (error.status, error.reason) == (400, "INVALID_REQUEST_CONTENT")
    assert error.entries[0].service == "GMP_ORDER_API"
    assert "higher status" in error.entries[0].description


def test_an_unknown_order_is_rejected(client: Client) -> None:
    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, OrderRejected)
    assert (error.status, error.reason) == (404, "CONTENT_NOT_FOUND")


def test_an_acknowledged_order_can_be_acknowledged_again(marketplace: Marketplace, client: Client) -> None:
    marketplace.add_order(ORDER, ["Acknowledged"])

    assert isinstance(outcome(lambda: client.orders.acknowledge(ORDER)), Order)


def test_another_sellers_key_is_refused(marketplace: Marketplace, seller: Seller, client: Client) -> None:
    marketplace.add_order(ORDER)
    marketplace.register_seller(consumer_id=seller.consumer_id, channel_type=seller.channel_type)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, CredentialsRefused)
    assert error.status == 401


def test_an_unknown_channel_type_names_the_header(marketplace: Marketplace, connect: Connect) -> None:
    error = failure(lambda: connect(marketplace.url).orders.acknowledge(ORDER))

    assert isinstance(error, Misconfigured)
    assert "WM_CONSUMER.CHANNEL.TYPE" in str(error)


# Errors and logs

FAULTS = [
    Fault.UNAUTHORIZED,
    Fault.INTERNAL_ERROR,
    Fault.EMPTY_SUCCESS,
    Fault.FOREIGN_SUCCESS,
    Fault.REDIRECT,
    Fault.RESET_AFTER_APPLYING,
    None,
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("action", ["acknowledge", "get"])
def test_orders_errors_and_logs_show_no_secret_and_no_buyer(
    marketplace: Marketplace,
    seller: Seller,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    fault: Fault | None,
    action: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    marketplace.add_order(ORDER)
    if fault:
        marketplace.fail(ORDER, fault)

    result = outcome(lambda: act(client, action))

    shown = "\n".join([repr(result), str(result), caplog.text])
    if isinstance(result, Exception):
        shown += "\n".join(traceback.format_exception(result))
    assert isinstance(result, Order) is (fault is None)
    signature = marketplace.calls[0].headers["WM_SEC.AUTH_SIGNATURE"]
    for secret in (signature, seller.private_key, seller.channel_type, *marketplace.buyer_data):
        assert secret not in shown


BUYER = {
    "customerEmailId": "RELAY4471QPLMX82@relay.example.com",
    "shippingInfo": {"phone": "5550147366", "postalAddress": {"name": "Philippa Nonesuch"}},
}
WITH_A_BUYER = as_json({"list": page(order(**BUYER), next_cursor="an unusable one")})
QUOTING = as_json({"error": [{"code": "SYSTEM_ERROR", "description": f"of {BUYER}"}]})
OF_LISTS = {
    "a list": http_response(WITH_A_BUYER),
    "an incomplete list": http_response(WITH_A_BUYER[:-1]),
    "a list with 401": http_response(WITH_A_BUYER, 401),
    "an error that quotes the buyer": http_response(QUOTING, 500),
}


@pytest.mark.parametrize("raw", OF_LISTS.values(), ids=OF_LISTS.keys())
def test_lists_errors_and_logs_show_no_secret_and_no_buyer(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, raw: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(respond_with(raw))
    found: list[Order] = []

    error = failure(lambda: found.extend(connect(server.url).orders.released(created_start_date=START)))

    shown = "\n".join([repr(found), repr(error), *traceback.format_exception(error), caplog.text])
    assert error.correlation_id in shown
    signature = header(server.requests[0], "WM_SEC.AUTH_SIGNATURE")
    key = walmart_form(rsa_key())[-40:]
    for secret in (signature, key, CHANNEL_TYPE, "RELAY4471", "5550147366", "Nonesuch"):
        assert secret not in shown
