"""What each answer of Walmart's leads to: one row each."""

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.walmart_ca.calls import START, Connect, Serve, act, failure, outcome
from tests.local.marketplace import Fault, Marketplace, Seller
from tests.support.documents import as_json, order, page
from tests.support.keys import CHANNEL_TYPE, rsa_key, walmart_form
from tests.support.raw_server import ORDER, acknowledged, answer, answers, answers_and_closes, header, target
from walmart_ca import (
    Client,
    CredentialsRefused,
    Misconfigured,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SOON = NOW + timedelta(seconds=90)


def coded(code: str, *, causes: int = 0, **members: str) -> bytes:
    return as_json({"errors": {"error": [{"code": code, "causes": [{"code": "X"}] * causes, **members}]}})


def xml_coded(code: str, field: str = "") -> bytes:
    error = f"<ns4:error><ns4:code>{code}</ns4:code><ns4:field>{field}</ns4:field><ns4:causes/></ns4:error>"
    return f'<ns4:errors xmlns:ns4="http://walmart.com/">{error}</ns4:errors>'.encode()


type Row = tuple[int, bytes, type[WalmartError], str]

CODED: list[Row] = [
    (400, coded("INVALID_REQUEST.GMP_ORDER_API"), Unavailable, "INVALID_REQUEST"),
    (400, coded("INVALID_REQUEST"), Unavailable, "INVALID_REQUEST"),
    (400, coded("INVALID_REQUEST.GMP_ORDER_API", causes=1), OrderRejected, "INVALID_REQUEST"),
    (400, coded("INVALID_REQUEST_HEADER.GMP_GATEWAY_API"), Misconfigured, "INVALID_REQUEST_HEADER"),
    (400, coded("INVALID_REQUEST_HEADER.GMP_ORDER_API"), Misconfigured, "INVALID_REQUEST_HEADER"),
    (400, coded("MISSING_REQUEST_HEADER.GMP_GATEWAY_API"), Misconfigured, "MISSING_REQUEST_HEADER"),
    (400, coded("INVALID_REQUEST_CONTENT.GMP_ORDER_API"), OrderRejected, "INVALID_REQUEST_CONTENT"),
    (400, coded("INVALID_REQUEST_PARAM.GMP_ORDER_API"), OrderRejected, "INVALID_REQUEST_PARAM"),
    (400, coded("MISSING_REQUEST_PARAM.GMP_ORDER_API"), OrderRejected, "MISSING_REQUEST_PARAM"),
    (400, coded("MALFORMED_REQUEST_CONTENT"), OrderRejected, "MALFORMED_REQUEST_CONTENT"),
    (400, coded("NEVER_SEEN_BEFORE"), OrderRejected, "NEVER_SEEN_BEFORE"),
    (400, coded("ANY_OTHER.GMP_GATEWAY_API"), Unavailable, "ANY_OTHER"),
    (400, coded("ANY_OTHER", field="WM_SVC.NAME"), Misconfigured, "ANY_OTHER"),
    (400, coded("ANY_OTHER", field="WM_SEC.ACCESS_TOKEN"), CredentialsRefused, "ANY_OTHER"),
    (400, b"", Unavailable, "http_400"),
    (401, coded("UNAUTHORIZED.GMP_GATEWAY_API"), CredentialsRefused, "UNAUTHORIZED"),
    (401, b"", CredentialsRefused, "http_401"),
    (402, b"", Unavailable, "http_402"),
    (400, coded("INVALID_TOKEN.GMP_GATEWAY_API"), CredentialsRefused, "INVALID_TOKEN"),
    (403, coded("FORBIDDEN.GMP_GATEWAY_API"), CredentialsRefused, "FORBIDDEN"),
    (403, b"<html><title>Access Denied</title>Reference #18</html>", Unavailable, "blocked_by_firewall"),
    (403, b"RBAC: access denied", Unavailable, "blocked_by_firewall"),
    (403, as_json({"message": "Forbidden"}), Unavailable, "blocked_by_firewall"),
    (403, b"", Unavailable, "blocked_by_firewall"),
    (404, coded("CONTENT_NOT_FOUND.GMP_ORDER_API"), OrderRejected, "CONTENT_NOT_FOUND"),
    (404, coded("URI_NOT_FOUND.GMP_GATEWAY_API"), Misconfigured, "URI_NOT_FOUND"),
    (404, coded("CONTENT_NOT_FOUND.GMP_GATEWAY_API"), Misconfigured, "CONTENT_NOT_FOUND"),
    (404, b"", Misconfigured, "http_404"),
    (405, coded("METHOD_NOT_ALLOWED.GMP_GATEWAY_API"), Misconfigured, "METHOD_NOT_ALLOWED"),
    (406, coded("INVALID_ACCEPT_TYPE"), Misconfigured, "INVALID_ACCEPT_TYPE"),
    (408, b"", Unavailable, "http_408"),
    (409, coded("CONFLICT.GMP_ORDER_API"), OrderRejected, "CONFLICT"),
    (409, b"", Unavailable, "http_409"),
    (410, b"", Unavailable, "http_410"),
    (415, coded("UNSUPPORTED_MEDIA_TYPE"), Misconfigured, "UNSUPPORTED_MEDIA_TYPE"),
    (418, b"", Unavailable, "http_418"),
    (420, b"", Throttled, "http_420"),
    (422, b"", Unavailable, "http_422"),
    (423, coded("RESOURCE_IS_LOCKED.GMP_RECEIVER_API"), Throttled, "RESOURCE_IS_LOCKED"),
    (429, coded("REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"), Throttled, "REQUEST_THRESHOLD_VIOLATED"),
    (429, b"", Throttled, "http_429"),
    (451, b"", Unavailable, "http_451"),
    (500, coded("SYSTEM_ERROR.GMP_GATEWAY_API"), Unavailable, "SYSTEM_ERROR"),
    (500, coded("INVALID_SYSTEM_STATE"), Unavailable, "INVALID_SYSTEM_STATE"),
    # A code that means something else with its own status does not change what the status says.
    (500, coded("INVALID_REQUEST_HEADER.GMP_GATEWAY_API"), Unavailable, "INVALID_REQUEST_HEADER"),
    (502, b"", Unavailable, "http_502"),
    (503, b"", Unavailable, "http_503"),
    (504, coded("DOWNSTREAM_SYSTEM_TIME_OUT"), Unavailable, "DOWNSTREAM_SYSTEM_TIME_OUT"),
    (520, b"", Unavailable, "http_520"),
    (599, b"", Unavailable, "http_599"),
    (300, b"", Misconfigured, "http_300"),
    (301, b"", Misconfigured, "http_301"),
    (304, b"", Misconfigured, "http_304"),
    (399, b"", Misconfigured, "http_399"),
    (200, b"", OutcomeUnknown, "empty_answer"),
    (200, b"<html>We will be back</html>", OutcomeUnknown, "unreadable_answer"),
    (200, acknowledged("7499999999999"), OutcomeUnknown, "foreign_order"),
    (204, b"", OutcomeUnknown, "empty_answer"),
    (206, b"{}", OutcomeUnknown, "unreadable_answer"),
    (206, coded("SOME_CONTENT_NOT_FOUND"), OutcomeUnknown, "unreadable_answer"),
    (600, b"", OutcomeUnknown, "http_600"),
    (999, b"", OutcomeUnknown, "http_999"),
]


def row_id(value: object) -> str | None:
    return value.__name__ if isinstance(value, type) else None


@pytest.mark.parametrize(("status", "body", "kind", "reason"), CODED, ids=row_id)
def test_an_answer_leads_to_its_error(
    serve: Serve, connect: Connect, status: int, body: bytes, kind: type[WalmartError], reason: str
) -> None:
    server = serve(answers(answer(body, status)))

    error = failure(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert type(error) is kind
    assert error.reason == reason
    assert error.status == status
    assert error.correlation_id == header(server.requests[0], "WM_QOS.CORRELATION_ID")
    assert error.correlation_id in str(error)
    assert kind.remedy in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(status, body, kind) for status, body, kind, _ in CODED if b'"causes": []' in body],
    ids=row_id,
)
def test_an_answer_in_xml_leads_to_the_same_error(
    serve: Serve, connect: Connect, status: int, body: bytes, kind: type[WalmartError]
) -> None:
    (entry,) = json.loads(body)["errors"]["error"]
    in_xml = xml_coded(entry["code"], entry.get("field", ""))
    server = serve(answers(answer(in_xml, status, content_type="application/xml")))

    error = failure(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert type(error) is kind


@pytest.mark.parametrize(("status", "body", "kind", "reason"), CODED[:33], ids=row_id)
def test_a_look_at_an_order_leads_to_the_same_error(
    serve: Serve, connect: Connect, status: int, body: bytes, kind: type[WalmartError], reason: str
) -> None:
    server = serve(answers(answer(body, status)))

    error = failure(lambda: connect(server.url).orders.get(ORDER))

    assert (type(error), error.reason) == (kind, reason)


OF_A_LIST: list[Row] = [
    *(
        row
        for row in CODED
        if (row[2], row[3]) != (OrderRejected, "CONTENT_NOT_FOUND") and row[3] != "foreign_order"
    ),
    (404, coded("CONTENT_NOT_FOUND.GMP_ORDER_API", severity="ERROR"), OrderRejected, "CONTENT_NOT_FOUND"),
    (404, coded("SELLER_NOT_FOUND.GMP_ORDER_API", severity="INFO"), OrderRejected, "SELLER_NOT_FOUND"),
    (200, acknowledged(), OutcomeUnknown, "unreadable_answer"),
    (200, b'{"list": {}}', OutcomeUnknown, "unreadable_answer"),
    (200, b'{"list": []}', OutcomeUnknown, "unreadable_answer"),
]
"""All but what only an order can answer: another order, and not to be there, which is an empty list."""


@pytest.mark.parametrize(("status", "body", "kind", "reason"), OF_A_LIST, ids=row_id)
def test_a_list_leads_to_the_same_error(
    serve: Serve, connect: Connect, status: int, body: bytes, kind: type[WalmartError], reason: str
) -> None:
    server = serve(answers(answer(body, status)))

    error = failure(lambda: act(connect(server.url), "list"))

    assert (type(error), error.reason, error.status) == (kind, reason, status)
    assert error.correlation_id == header(server.requests[0], "WM_QOS.CORRELATION_ID")
    assert error.call.url == f"{server.url}{target(server.requests[0])}"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_a_2xx_that_names_the_order_is_success(serve: Serve, connect: Connect, status: int) -> None:
    server = serve(answers(answer(acknowledged(), status)))

    assert isinstance(outcome(lambda: connect(server.url).orders.acknowledge(ORDER)), Order)


# Throttling

MILLISECONDS = str(int(SOON.timestamp() * 1000))


@pytest.mark.parametrize("status", [420, 423, 429])
@pytest.mark.parametrize(
    ("headers", "retry_at"),
    [
        pytest.param((f"X-Next-Replenishment-Time: {MILLISECONDS}",), SOON, id="replenishment, ms"),
        pytest.param((f"x-next-replenishment-time: {MILLISECONDS}",), SOON, id="lower case"),
        pytest.param((f"x-next-replenish-time: {MILLISECONDS}",), SOON, id="replenish, ms"),
        pytest.param(("x-next-replenish-time: 2026-11-23T10:01:30Z",), SOON, id="ISO 8601"),
        pytest.param(
            ("X-Next-Replenishment-Time: 2026-11-23T15:31:30+05:30",), SOON, id="ISO with an offset"
        ),
        pytest.param(("Retry-After: 90",), SOON, id="Retry-After"),
        pytest.param(("Retry-After: Mon, 23 Nov 2026 10:01:30 GMT",), SOON, id="Retry-After, a date"),
        pytest.param(("x-next-replenish-time: garbage", "Retry-After: 90"), SOON, id="garbage, Retry-After"),
        pytest.param(
            (f"X-Next-Replenishment-Time: {MILLISECONDS}", "Retry-After: 5"), SOON, id="Walmart's own first"
        ),
        pytest.param((), None, id="nothing"),
        pytest.param(("X-Next-Replenishment-Time: soon",), None, id="garbage"),
        pytest.param(("X-Next-Replenishment-Time: ",), None, id="blank"),
        pytest.param((f"X-Next-Replenishment-Time: {'9' * 5000}",), None, id="digits without end"),
        pytest.param(("Retry-After: -5",), None, id="Retry-After, negative"),
        pytest.param(("Retry-After: 1e3",), None, id="Retry-After, garbage"),
        pytest.param((f"Retry-After: {'9' * 5000}",), None, id="Retry-After without end"),
        pytest.param((f"Retry-After: {10**12}",), None, id="Retry-After beyond the calendar"),
    ],
)
def test_a_throttled_call_tells_when_to_come_again(
    serve: Serve, connect: Connect, status: int, headers: tuple[str, ...], retry_at: datetime | None
) -> None:
    server = serve(answers(answer(b"", status, headers)))

    error = failure(lambda: connect(server.url, clock=NOW.timestamp).orders.acknowledge(ORDER))

    assert isinstance(error, Throttled)
    assert error.retry_at == retry_at


@pytest.mark.parametrize("status", [420, 423, 429])
def test_a_throttled_list_tells_when_to_come_again(serve: Serve, connect: Connect, status: int) -> None:
    server = serve(answers(answer(b"", status, (f"x-next-replenish-time: {MILLISECONDS}",))))

    error = failure(lambda: act(connect(server.url), "list"))

    assert isinstance(error, Throttled)
    assert error.retry_at == SOON


def test_a_page_tells_what_is_left_of_the_quota(serve: Serve, connect: Connect) -> None:
    server = serve(answers(answer(as_json({"list": page()}), headers=("x-current-token-count: 7",))))

    found = connect(server.url).orders.released_page(created_start_date=START)

    assert found.call.tokens_left == 7


@pytest.mark.parametrize("spelling", ["x-next-replenishment-time", "x-next-replenish-time"])
def test_the_marketplaces_throttling_tells_when_to_come_again(
    marketplace: Marketplace, client: Client, spelling: str
) -> None:
    marketplace.add_order(ORDER)
    marketplace.fail(ORDER, Fault.THROTTLED, replenish_in=60.0, header=spelling)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, Throttled)
    assert error.retry_at is not None
    assert error.retry_at.tzinfo is UTC
    assert marketplace.order(ORDER).lines[0].status == "Created"


# Walmart's clock

DATE = "Date: Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize("status", [200, 401, 404, 429, 500, 307])
def test_every_answer_tells_when_walmart_gave_it(serve: Serve, connect: Connect, status: int) -> None:
    server = serve(answers(answer(acknowledged(), status, (DATE,))))

    result = outcome(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert result.call is not None
    assert result.call.answered_at == NOW
    assert result.call.answered_at.tzinfo is UTC


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="missing"),
        pytest.param(("Date:",), id="empty"),
        pytest.param(("Date: soon",), id="a word"),
        pytest.param(("Date: 2026-11-23T10:00:00Z",), id="ISO 8601"),
        pytest.param(("Date: Mon, 23 Nov 2026 10:00:00",), id="without a zone"),
        pytest.param(("Date: Fri, 31 Dec 9999 23:59:59 -1400",), id="beyond the calendar"),
        pytest.param((DATE, "Date: Mon, 23 Nov 2026 10:00:01 GMT"), id="two of them"),
    ],
)
def test_an_answer_whose_date_tells_nothing_is_an_answer_all_the_same(
    serve: Serve, connect: Connect, headers: tuple[str, ...]
) -> None:
    server = serve(answers(answer(acknowledged(), headers=headers)))

    order = connect(server.url).orders.acknowledge(ORDER)

    assert order.call is not None
    assert order.call.answered_at is None


def test_a_call_without_an_answer_does_not_tell_when(serve: Serve, connect: Connect) -> None:
    server = serve(answers_and_closes(answer(acknowledged(), headers=(DATE,))[:-1]))

    error = failure(lambda: connect(server.url).orders.acknowledge(ORDER))

    assert error.call.answered_at is None


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("action", ["acknowledge", "get", "list"])
def test_a_redirect_is_not_followed(serve: Serve, connect: Connect, status: int, action: str) -> None:
    elsewhere = serve(answers(answer(acknowledged())))
    server = serve(answers(answer(b"", status, (f"Location: {elsewhere.url}/v3/ca/orders/{ORDER}",))))

    error = failure(lambda: act(connect(server.url), action))

    assert type(error) is Misconfigured
    assert elsewhere.connections == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["/v3/orders", "http://[", "", "javascript:x", "//host/"])
def test_no_location_of_a_redirect_matters(serve: Serve, connect: Connect, location: str) -> None:
    server = serve(answers(answer(b"", 307, (f"Location: {location}",))))

    assert type(failure(lambda: connect(server.url).orders.acknowledge(ORDER))) is Misconfigured
    assert len(server.requests) == 1


# The marketplace's own refusals


@pytest.mark.parametrize("status", ["Shipped", "Cancelled", "Delivered"])
def test_an_order_in_a_higher_status_is_rejected(
    marketplace: Marketplace, client: Client, status: str
) -> None:
    marketplace.add_order(ORDER, [status])

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, OrderRejected)
    assert (error.status, error.reason) == (400, "INVALID_REQUEST_CONTENT")
    (entry,) = error.entries
    assert (entry.service, entry.field) == ("GMP_ORDER_API", "data")
    assert "higher status" in entry.description


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("shape", ["order service", "gateway", "flat"])
def test_a_rejection_is_the_same_in_every_shape(
    marketplace: Marketplace, client: Client, form: str, shape: str
) -> None:
    marketplace.add_order(ORDER, ["Shipped"])
    marketplace.answer_as("xml" if form == "xml" else "json")
    marketplace.errors_as(
        "order service" if shape == "order service" else "gateway" if shape == "gateway" else "flat"
    )

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, OrderRejected)
    assert error.reason == "INVALID_REQUEST_CONTENT"
    assert "higher status" in error.entries[0].description


def test_an_unknown_order_is_rejected_and_told_by_its_status(
    marketplace: Marketplace, client: Client
) -> None:
    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, OrderRejected)
    assert (error.status, error.reason) == (404, "CONTENT_NOT_FOUND")
    assert len(marketplace.calls) == 1


def test_an_order_acknowledged_before_may_be_acknowledged_again(
    marketplace: Marketplace, client: Client
) -> None:
    marketplace.add_order(ORDER, ["Acknowledged"])

    assert isinstance(outcome(lambda: client.orders.acknowledge(ORDER)), Order)


def test_another_sellers_key_is_refused(marketplace: Marketplace, seller: Seller, client: Client) -> None:
    marketplace.add_order(ORDER)
    marketplace.register_seller(consumer_id=seller.consumer_id, channel_type=seller.channel_type)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, CredentialsRefused)
    assert error.status == 401


def test_an_unknown_channel_type_is_a_misconfiguration_that_names_the_header(connect: Connect) -> None:
    with Marketplace() as nobody_registered:
        error = failure(lambda: connect(nobody_registered.url).orders.acknowledge(ORDER))

    assert isinstance(error, Misconfigured)
    assert "WM_CONSUMER.CHANNEL.TYPE" in str(error)


# What errors and logs show

FAULTS = [
    Fault.UNAUTHORIZED,
    Fault.THROTTLED,
    Fault.INTERNAL_ERROR,
    Fault.SERVICE_UNAVAILABLE,
    Fault.EMPTY_SUCCESS,
    Fault.FOREIGN_SUCCESS,
    Fault.REDIRECT,
    Fault.RESET_BEFORE_APPLYING,
    Fault.RESET_AFTER_APPLYING,
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("action", ["acknowledge", "get"])
def test_no_error_and_no_log_shows_a_secret_a_signature_or_the_buyer(
    marketplace: Marketplace,
    seller: Seller,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    action: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    marketplace.add_order(ORDER)
    marketplace.fail(ORDER, fault)
    call = getattr(client.orders, action)

    error = failure(lambda: call(ORDER))

    shown = "\n".join([repr(error), str(error), *traceback.format_exception(error), caplog.text])
    signature = marketplace.calls[0].headers["WM_SEC.AUTH_SIGNATURE"]
    for secret in (signature, seller.private_key, seller.channel_type, *marketplace.buyer_data):
        assert secret not in shown


BUYER = {
    "customerEmailId": "RELAY4471QPLMX82@relay.example.com",
    "shippingInfo": {"phone": "5550147366", "postalAddress": {"name": "Philippa Nonesuch"}},
}
WITH_A_BUYER = as_json({"list": page(order(**BUYER), next_cursor="an unusable one")})
OF_LISTS = {
    "a list": answer(WITH_A_BUYER),
    "half a list": answer(WITH_A_BUYER[:-1]),
    "a list that is refused": answer(WITH_A_BUYER, 401),
    "an error that quotes": answer(coded("SYSTEM_ERROR", description=f"of {BUYER}"), 500),
}


@pytest.mark.parametrize("raw", OF_LISTS.values(), ids=OF_LISTS.keys())
def test_no_list_no_error_and_no_log_of_one_shows_a_secret_a_signature_or_a_buyer(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, raw: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(answers(raw))
    found: list[Order] = []

    error = failure(lambda: found.extend(connect(server.url).orders.released(created_start_date=START)))

    shown = "\n".join([repr(found), repr(error), *traceback.format_exception(error), caplog.text])
    assert error.correlation_id in shown
    signature = header(server.requests[0], "WM_SEC.AUTH_SIGNATURE")
    for secret in (
        signature,
        walmart_form(rsa_key())[-40:],
        CHANNEL_TYPE,
        "RELAY4471",
        "5550147366",
        "Nonesuch",
    ):
        assert secret not in shown


def test_no_log_of_a_success_shows_a_signature_or_the_buyer(
    marketplace: Marketplace, seller: Seller, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    marketplace.add_order(ORDER)

    order = client.orders.get(ORDER)

    shown = repr(order) + caplog.text
    signature = marketplace.calls[0].headers["WM_SEC.AUTH_SIGNATURE"]
    for secret in (signature, seller.private_key, *marketplace.buyer_data):
        assert secret not in shown
