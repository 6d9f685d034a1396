"""Reading Walmart's error lists, and printing an error."""

import pickle
import traceback
from copy import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.documents import ID, as_json, as_xml, error_shapes, read_error
from walmart_ca import (
    CredentialsRefused,
    Misconfigured,
    NotSent,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)

HIGHER_STATUS: dict[str, Any] = {
    "code": "INVALID_REQUEST_CONTENT.GMP_ORDER_API",
    "field": "data",
    "description": f"Failed when called acknowledge API for '{ID}'. Some or all qty in higher status",
    "info": "Request content is invalid.",
    "severity": "ERROR",
    "category": "DATA",
}


TWO = [{"code": "A"}, {"code": "B"}]


@pytest.mark.parametrize(("body", "content_type"), error_shapes(HIGHER_STATUS).values())
def test_an_error_is_read_in_every_shape(body: bytes, content_type: str) -> None:
    (entry,) = read_error(body, content_type).entries

    assert (entry.code, entry.service) == ("INVALID_REQUEST_CONTENT", "GMP_ORDER_API")
    assert (entry.field, entry.severity, entry.causes) == ("data", "ERROR", 0)
    assert entry.description == HIGHER_STATUS["description"]


def test_the_reason_is_the_first_of_several_codes() -> None:
    both = {"error": [HIGHER_STATUS, {"code": "SYSTEM_ERROR.GMP_GATEWAY_API"}]}
    for error in (read_error(as_json({"errors": both})), read_error(as_xml("errors", both), "")):
        assert [entry.code for entry in error.entries] == ["INVALID_REQUEST_CONTENT", "SYSTEM_ERROR"]
        assert error.reason == "INVALID_REQUEST_CONTENT"


@pytest.mark.parametrize(
    ("causes", "count"), [(None, 0), ({}, 0), (TWO, 2), ({"cause": TWO[0]}, 1), ({"cause": TWO}, 2)]
)
def test_the_causes_of_an_error_are_counted(causes: object, count: int) -> None:
    caused = {"error": {**HIGHER_STATUS, "causes": causes}}

    assert read_error(as_json(caused)).entries[0].causes == count
    assert read_error(as_xml("errors", caused), "application/xml").entries[0].causes == count


@pytest.mark.parametrize("member", ["code", "field", "description", "severity"])
@pytest.mark.parametrize("value", [None, "", {}, [], True])
def test_a_member_of_an_error_may_be_missing(member: str, value: object) -> None:
    (entry,) = read_error(as_json({"error": {**HIGHER_STATUS, member: value}})).entries

    assert getattr(entry, member) == ""


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html><body>Bad Request</body></html>", b"null", b'"error"', b'{"errors": null}'),
        *(b'{"errors": {}}', b'{"errors": {"error": []}}', b'{"error": []}', b'{"error": ["x", 1, null]}'),
    ],
)
def test_the_reason_is_the_status_without_an_error_list(body: bytes) -> None:
    error = read_error(body, "", status=418)

    assert (error.entries, error.reason) == ((), "http_418")


def test_walmarts_words_are_short_and_printable() -> None:
    hostile = {"code": "A\nB\x1b[31m" + "C" * 500, "field": "x\r\ny" + "é" * 500, "description": "D" * 10_000}

    (entry,) = read_error(as_json({"error": hostile})).entries

    for word in (entry.code, entry.field):
        assert word.isascii()
        assert word.isprintable()
        assert len(word) <= 100
    assert len(entry.description) <= 300


def test_at_most_twenty_entries_of_an_error_list_are_read() -> None:
    assert len(read_error(as_json({"error": [{"code": "X"}] * 21})).entries) == 20


CALL = read_error(b"").call


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NotSent, "nothing was sent"),
        (OutcomeUnknown, "check the order's status"),
        (Throttled, "replenished"),
        (Unavailable, "repeat later"),
        (CredentialsRefused, "check the credentials"),
        (OrderRejected, "order's status"),
        (Misconfigured, "correct the header"),
    ],
)
def test_an_error_shows_the_status_the_call_and_the_remedy(kind: type[WalmartError], words: str) -> None:
    error = kind("X", CALL)

    assert words in error.remedy
    assert str(error) == f"X (HTTP 400): {error.remedy} [POST https://host/, correlation id correlation-id]"


NAMED = [{"code": "INVALID_REQUEST_HEADER", "field": field} for field in ("WM_SVC.NAME", "", "Accept")]
PRINTED = [
    (read_error(as_json({"error": NAMED})), "INVALID_REQUEST_HEADER (HTTP 400), field Accept, WM_SVC.NAME"),
    (NotSent("connect_timeout", replace(CALL, status=None)), "connect_timeout"),
]


@pytest.mark.parametrize(("error", "what"), PRINTED, ids=["with headers", "without a response"])
def test_an_error_shows_what_is_known(error: WalmartError, what: str) -> None:
    assert str(error).startswith(f"{what}: {error.remedy} ")


def test_a_throttled_error_has_the_time_of_replenishment() -> None:
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)

    assert Throttled("http_429", replace(CALL, retry_at=at)).retry_at == at


@pytest.mark.parametrize(
    "error",
    [read_error(as_json({"error": [HIGHER_STATUS]})), NotSent(reason="connect_timeout", call=CALL)],
    ids=["with entries", "made by keyword"],
)
def test_an_error_survives_pickling(error: WalmartError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this test

    assert (type(copy), copy.call, copy.entries) == (type(error), error.call, error.entries)
    assert str(copy) == str(error)


@pytest.mark.parametrize("echo", ["c2lnbmF0dXJlLXNpZ25hdHVyZS1z=", "B0GUSRELAY4471@relay.example.com"])
def test_walmarts_description_is_not_printed(echo: str) -> None:
    quoting = {**HIGHER_STATUS, "description": f"Refused: '{echo}'"}

    error = read_error(as_json({"error": [quoting]}), status=401)

    assert echo not in "".join([str(error), repr(error), *traceback.format_exception(error)])
