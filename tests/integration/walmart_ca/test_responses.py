"""Responses from the wire to the caller; the unit tests cover each kind of response."""

import logging
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.walmart_ca.calls import START, Connect, Serve, act, failure, outcome
from tests.local.marketplace import Fault, Marketplace, Seller
from tests.support.documents import as_json, order, page
from tests.support.keys import CHANNEL_TYPE, rsa_key, walmart_form
from tests.support.raw_server import ORDER, acknowledged, header, http_response, respond_with, target
from walmart_ca import Client, Order, Throttled

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
