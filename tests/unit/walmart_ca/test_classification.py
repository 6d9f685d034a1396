"""The class of error for each of Walmart's responses, and the headers about the quota."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from tests.support.documents import ID, as_json, classify, classify_page, error_shapes, order, page
from walmart_ca import (
    CredentialsRefused,
    Misconfigured,
    Order,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)
from walmart_ca.classification import order_or_error
from walmart_ca.messages import CallInfo
from walmart_ca.quota_headers import replenished_at, tokens_left
from walmart_ca.responses import Response

A_CALL = CallInfo("POST", "https://host/", "correlation-id", 307, 0.1)

ALONE: dict[type[WalmartError], list[int]] = {
    CredentialsRefused: [401],
    Misconfigured: [300, 301, 304, 399, 404, 405, 406, 415],
    OutcomeUnknown: [199, 600, 999],
    Throttled: [420, 423, 429],
    Unavailable: [400, 402, 408, 409, 410, 418, 422, 451, 499, 500, 502, 503, 504, 520, 599],
}


@pytest.mark.parametrize(("kind", "statuses"), ALONE.items())
def test_a_status_without_an_error_list_is_classified(kind: type[WalmartError], statuses: list[int]) -> None:
    for status, body in product(
        statuses, [b"", b"<html><h1>x</h1></html>", as_json({"order": order()}), as_json({"list": page()})]
    ):
        for error in (classify(body, status=status), classify_page(body, status=status)):
            assert isinstance(error, WalmartError)
            assert (type(error), error.reason, error.status) == (kind, f"http_{status}", status)


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 299])
def test_any_2xx_with_the_requested_content_is_a_success(status: int) -> None:
    assert isinstance(classify(as_json({"order": order()}), status=status), Order)
    assert isinstance(classify_page(as_json({"list": page(order())}), status=status), OrderPage)


CAUSED = {"causes": {"cause": [{"code": "X"}]}}
# The rows of docs/decision-table.md are in tests/unit/acknowledge_orders/test_decision_table.py.
CODED: list[tuple[int, str, dict[str, Any], type[WalmartError]]] = [
    (400, "INVALID_REQUEST", {}, Unavailable),
    (400, "INVALID_REQUEST.GMP_ORDER_API", CAUSED, OrderRejected),
    (400, "NEVER_SEEN_BEFORE", {}, OrderRejected),
    (400, "ANY_OTHER", {"field": "WM_SVC.NAME"}, Misconfigured),
    (400, "ANY_OTHER", {"field": "WM_SEC.ACCESS_TOKEN"}, CredentialsRefused),
    (400, "ANY_OTHER", {"field": "Authorization"}, CredentialsRefused),
    (400, "ANY_OTHER", {"field": "WM_SEC.AUTH_SIGNATURE"}, CredentialsRefused),
    (404, "CONTENT_NOT_FOUND.GMP_ORDER_API", {"severity": "ERROR"}, OrderRejected),
    (404, "SELLER_NOT_FOUND.GMP_ORDER_API", {"severity": "INFO"}, OrderRejected),
    (404, "CONTENT_NOT_FOUND", {"severity": "INFO"}, Misconfigured),
    (408, "REQUEST_TIMEOUT.GMP_ORDER_API", {}, Unavailable),
    (423, "RESOURCE_IS_LOCKED.GMP_RECEIVER_API", {}, Throttled),
    (499, "CONFLICT.GMP_ORDER_API", {}, OrderRejected),
]


@pytest.mark.parametrize(("status", "code", "members", "kind"), CODED)
def test_a_code_is_classified_in_every_shape(
    status: int, code: str, members: dict[str, Any], kind: type[WalmartError]
) -> None:
    for body, content_type in error_shapes({"code": code, **members}).values():
        for error in (
            classify(body, content_type, status=status),
            classify_page(body, content_type, status=status),
        ):
            assert isinstance(error, WalmartError)
            assert (type(error), error.reason) == (kind, code.partition(".")[0])


@pytest.mark.parametrize(
    ("status", "entries"),
    [
        # For a page, it is an empty list.
        (404, [{"code": "CONTENT_NOT_FOUND.GMP_ORDER_API", "severity": "INFO"}]),
        (409, [{"code": "CONFLICT.GMP_ORDER_API"}, {"code": "CONFLICT"}]),
    ],
)
def test_an_error_of_the_order_service_rejects_the_order(status: int, entries: list[dict[str, Any]]) -> None:
    assert type(classify(as_json({"error": entries}), status=status)) is OrderRejected


@pytest.mark.parametrize(
    "body",
    [
        *(b"<html>Access Denied</html>", b"RBAC: denied", b'{"message": "No"}', b""),
        as_json({"error": [{"code": "not_allowed"}]}),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", None])
def test_a_403_that_walmart_did_not_write_is_unavailable(body: bytes, content_type: str | None) -> None:
    error = classify(body, content_type, status=403)

    assert isinstance(error, Unavailable)
    assert error.reason == "blocked_by_firewall"


@pytest.mark.parametrize(
    ("headers", "reason"), [({"Content-Encoding": "br"}, "encoded_response"), ({}, "empty_response")]
)
def test_a_success_without_a_body_names_the_reason(headers: dict[str, str], reason: str) -> None:
    result = order_or_error(Response(200, headers, b""), A_CALL, "1")

    assert isinstance(result, OutcomeUnknown)
    assert result.reason == reason


FOREIGN = [{}, *(order(purchaseOrderId=other) for other in (None, "7499999999999", f"{ID}0"))]


@pytest.mark.parametrize("other", FOREIGN)
def test_a_success_with_another_order_is_an_unknown_outcome(other: dict[str, object]) -> None:
    result = classify(as_json({"order": other}))

    assert isinstance(result, OutcomeUnknown)
    assert result.reason == "foreign_order"


OF_OTHERS = {
    "text": b"no healthy upstream",
    "Spring": as_json({"timestamp": 1, "status": 404, "error": "Not Found", "path": "/v3/ca/orders/1"}),
    "a mesh": as_json({"code": 404, "message": "no Route matched with those values"}),
    "a single error with a number": as_json({"error": {"code": 404, "message": "Not found"}}),
    "codes in lower case": as_json({"errors": [{"code": "not_found", "message": "x"}]}),
    "XML of a store": b"<Error><Code>NoSuchKey</Code><Message>x</Message></Error>",
    "the gateway": as_json({"error": [{"code": "CONTENT_NOT_FOUND.GMP_GATEWAY_API", "severity": "INFO"}]}),
    "a problem document": as_json({"title": "Not Found", "status": 404, "detail": "No static resource"}),
}


@pytest.mark.parametrize("body", OF_OTHERS.values(), ids=OF_OTHERS.keys())
def test_a_response_of_another_service_rejects_no_order(body: bytes) -> None:
    for status in (400, 402, 404, 407, 409, 410, 413, 421, 431, 451):
        kind = Misconfigured if status == 404 else Unavailable
        assert type(classify(body, "", status=status)) is kind
        assert type(classify_page(body, "", status=status)) is kind


@pytest.mark.parametrize(
    ("status", "title", "detail", "kind"),
    [
        (400, "Bad Request", "Required header 'WM_SVC.NAME' is not present.", Misconfigured),
        (400, "Bad Request", "Header wm_consumer.channel.type is invalid", Misconfigured),
        (400, "Bad Request", "The Content-Type is not supported here", Misconfigured),
        (400, "Bad Request", "The Accept header is wrong", Misconfigured),
        (400, "Bad Request", "WM_SEC.ACCESS_TOKEN is malformed", CredentialsRefused),
        (400, "Bad Request", "We accept no such thing", Unavailable),
        (400, "Bad Request", "", Unavailable),
        (403, "Forbidden", "", CredentialsRefused),
    ],
)
def test_a_problem_document_is_classified(
    status: int, title: str, detail: str, kind: type[WalmartError]
) -> None:
    problem = as_json({"type": "about:blank", "title": title, "status": status, "detail": detail})

    error = classify(problem, "application/problem+json", status=status)

    assert isinstance(error, WalmartError)
    assert (type(error), error.reason, error.entries[0].description) == (kind, title, detail)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        *dict.fromkeys(["/v3/orders", "http://[", "", "javascript:x"], "http_307").items(),
        ("//Host/", "http_307 to host"),
        ("https://other.example:8443/x?y", "http_307 to other.example"),
    ],
)
def test_a_redirect_is_a_misconfiguration_with_its_host(location: str, reason: str) -> None:
    error = order_or_error(Response(307, {"Location": location}, b""), A_CALL, "1")

    assert isinstance(error, Misconfigured)
    assert error.reason == reason


def test_only_a_redirect_names_the_host_of_its_location() -> None:
    error = order_or_error(Response(500, {"Location": "https://other.example/"}, b""), A_CALL, "1")

    assert isinstance(error, Unavailable)
    assert error.reason == "http_500"


NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SOON = NOW + timedelta(seconds=90)
MILLISECONDS = str(int(SOON.timestamp() * 1000))
REPLENISHED: dict[str, tuple[dict[str, str], datetime | None]] = {
    "replenishment, milliseconds": ({"x-next-replenishment-time": MILLISECONDS}, SOON),
    "ISO 8601": ({"x-next-replenish-time": "2026-11-23T10:01:30Z"}, SOON),
    "Retry-After": ({"Retry-After": " 90 "}, SOON),
    "Retry-After, a date": ({"Retry-After": "Mon, 23 Nov 2026 10:01:30 GMT"}, SOON),
    "garbage, Retry-After": ({"x-next-replenish-time": "garbage", "Retry-After": "90"}, SOON),
    "Walmart's own first": ({"x-next-replenishment-time": MILLISECONDS, "Retry-After": "5"}, SOON),
    "nothing": ({}, None),
    "garbage": ({"x-next-replenishment-time": "soon"}, None),
    "Retry-After, negative": ({"Retry-After": "-5"}, None),
    "Retry-After without end": ({"Retry-After": "9" * 5000}, None),
    "Retry-After beyond the calendar": ({"Retry-After": str(10**12)}, None),
    "Retry-After in other digits": ({"Retry-After": "٩٠"}, None),
}


@pytest.mark.parametrize(("headers", "at"), REPLENISHED.values(), ids=REPLENISHED.keys())
def test_the_time_of_replenishment_is_read_in_every_spelling(
    headers: dict[str, str], at: datetime | None
) -> None:
    assert replenished_at(headers, NOW.timestamp()) == at


@pytest.mark.parametrize(
    ("count", "left"),
    [
        *(("0", 0), ("7", 7), (" 5 ", 5), ("999999999", 999_999_999)),
        *dict.fromkeys(["1000000000", "-1", "\u0667", "many", "", None]).items(),
    ],
)
def test_the_count_of_calls_left_has_up_to_nine_digits(count: str | None, left: int | None) -> None:
    headers = {} if count is None else {"x-current-token-count": count}

    assert tokens_left(headers) == left
