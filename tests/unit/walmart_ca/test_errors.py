"""Reading Walmart's error lists, and what an error shows when printed."""

import pickle
import traceback
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import ID, as_json, as_xml, error_shapes, judge, order, read_error
from tests.unit.walmart_ca.arbitrary import BODIES, CONTENT_TYPES, TREES
from walmart_ca import (
    Call,
    CredentialsRefused,
    ErrorEntry,
    Misconfigured,
    NotSent,
    Order,
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
READ = ErrorEntry(
    code="INVALID_REQUEST_CONTENT",
    service="GMP_ORDER_API",
    field="data",
    description=HIGHER_STATUS["description"],
    severity="ERROR",
    causes=0,
)
SHAPES = error_shapes(HIGHER_STATUS)


@pytest.mark.parametrize(("body", "content_type"), SHAPES.values(), ids=SHAPES.keys())
def test_an_error_is_read_in_every_shape(body: bytes, content_type: str) -> None:
    error = read_error(body, content_type)

    assert error.entries == (READ,)
    assert error.reason == "INVALID_REQUEST_CONTENT"


@pytest.mark.parametrize("form", ["json", "xml"])
def test_several_errors_are_all_read_and_the_first_names_the_reason(form: str) -> None:
    both = {"error": [HIGHER_STATUS, {"code": "SYSTEM_ERROR.GMP_GATEWAY_API"}]}
    error = (
        read_error(as_json({"errors": both}))
        if form == "json"
        else read_error(as_xml("errors", both), "text/xml")
    )

    assert [entry.code for entry in error.entries] == ["INVALID_REQUEST_CONTENT", "SYSTEM_ERROR"]
    assert error.reason == "INVALID_REQUEST_CONTENT"


CAUSES: dict[str, tuple[object, int]] = {
    "none": (None, 0),
    "an empty list": ([], 0),
    "an empty object": ({}, 0),
    "a list": ([{"code": "A"}, {"code": "B"}], 2),
    "a lone cause": ({"cause": {"code": "A"}}, 1),
    "a list of causes": ({"cause": [{"code": "A"}, {"code": "B"}]}, 2),
}


@pytest.mark.parametrize(("causes", "count"), CAUSES.values(), ids=CAUSES.keys())
def test_the_causes_of_an_error_are_counted(causes: object, count: int) -> None:
    assert read_error(as_json({"error": {**HIGHER_STATUS, "causes": causes}})).entries[0].causes == count


@pytest.mark.parametrize(("xml", "count"), [("", 0), ({"cause": [{"code": "A"}, {"code": "B"}]}, 2)])
def test_the_causes_of_an_error_are_counted_in_xml(xml: object, count: int) -> None:
    body = as_xml("errors", {"error": {**HIGHER_STATUS, "causes": xml}})

    assert read_error(body, "application/xml").entries[0].causes == count


@pytest.mark.parametrize("member", ["code", "field", "description", "severity"])
@pytest.mark.parametrize("value", [None, "", {}, [], True])
def test_a_member_of_an_error_may_be_missing(member: str, value: object) -> None:
    (entry,) = read_error(as_json({"error": {**HIGHER_STATUS, member: value}})).entries

    assert getattr(entry, member) == ""


NO_ENTRIES = {
    "nothing": b"",
    "a page": b"<html><body>Bad Request</body></html>",
    "an empty object": b"{}",
    "null": b"null",
    "a text": b'"error"',
    "errors that are null": b'{"errors": null}',
    "an empty list": b'{"error": []}',
    "a flat empty list": b'{"errors": []}',
    "a list of texts": b'{"error": ["x", 1, null]}',
}


@pytest.mark.parametrize("body", NO_ENTRIES.values(), ids=NO_ENTRIES.keys())
def test_an_answer_without_an_error_list_is_named_by_its_status(body: bytes) -> None:
    error = read_error(body, "", status=418)

    assert error.entries == ()
    assert error.reason == "http_418"


@pytest.mark.parametrize(
    "body", [b'{"errors": {"error": []}}', b'{"errors": {}}', b'{"errors": {"error": null}}']
)
def test_an_empty_error_list_has_no_entries(body: bytes) -> None:
    assert read_error(body).entries == ()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (199, OutcomeUnknown),
        (200, Order),
        (299, Order),
        (300, Misconfigured),
        (399, Misconfigured),
        (400, Unavailable),
        (499, Unavailable),
        (500, Unavailable),
        (599, Unavailable),
        (600, OutcomeUnknown),
    ],
)
def test_a_status_without_a_meaning_of_its_own_is_judged_by_its_class(status: int, kind: type) -> None:
    body = as_json({"order": {"purchaseOrderId": ID}})

    assert type(judge(body, status=status)) is kind


def test_walmarts_words_are_short_and_printable() -> None:
    hostile = {"code": "A\nB\x1b[31m" + "C" * 500, "field": "x\r\ny" + "é" * 500, "description": "D" * 10_000}

    (entry,) = read_error(as_json({"error": hostile})).entries

    for word in (entry.code, entry.field):
        assert word.isascii()
        assert word.isprintable()
        assert len(word) <= 100
    assert len(entry.description) <= 300


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        (OutcomeUnknown, 200, "look at the order"),
        (Throttled, 429, "replenished"),
        (Unavailable, 503, "repeat later"),
        (CredentialsRefused, 401, "check the credentials"),
        (OrderRejected, 409, "order's state"),
        (Misconfigured, 415, "correct the header"),
    ],
)
def test_an_errors_text_names_the_status_the_call_and_the_remedy(
    kind: type[WalmartError], status: int, words: str
) -> None:
    error = read_error(as_json({"error": [{"code": "X.GMP_ORDER_API"}]}), status=status)

    assert type(error) is kind
    assert words in str(error)
    assert f"HTTP {status}" in str(error)
    assert "correlation-id" in str(error)
    assert "POST https://host/" in str(error)


def test_an_errors_text_is_one_sentence_with_what_walmarts_support_asks_for() -> None:
    blamed = [{"code": "INVALID_REQUEST_HEADER", "field": field} for field in ("WM_SVC.NAME", "", "Accept")]

    assert str(read_error(as_json({"error": blamed}))) == (
        "INVALID_REQUEST_HEADER (HTTP 400), field Accept, WM_SVC.NAME:"
        f" {Misconfigured.remedy} [POST https://host/, correlation id correlation-id]"
    )


def test_an_errors_text_leaves_out_what_is_not_known() -> None:
    error = NotSent("connect_timeout", Call("GET", "https://host/", "correlation-id", None, 0.1))

    assert str(error) == (
        f"connect_timeout: {NotSent.remedy} [GET https://host/, correlation id correlation-id]"
    )


def test_an_errors_text_names_the_header_that_walmart_blames() -> None:
    blamed = {"code": "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", "field": "WM_CONSUMER.CHANNEL.TYPE"}

    assert "WM_CONSUMER.CHANNEL.TYPE" in str(read_error(as_json({"error": [blamed]})))


@pytest.mark.parametrize(
    "kind",
    [NotSent, OutcomeUnknown, Throttled, Unavailable, CredentialsRefused, OrderRejected, Misconfigured],
)
def test_every_error_is_a_walmart_error_with_a_remedy(kind: type[WalmartError]) -> None:
    assert issubclass(kind, WalmartError)
    assert kind.remedy


def test_an_error_survives_pickling() -> None:
    error = read_error(as_json({"error": [HIGHER_STATUS]}))

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - of this test's own making

    assert (type(copy), copy.call, copy.entries) == (type(error), error.call, error.entries)
    assert str(copy) == str(error)


def test_an_error_made_by_keyword_survives_pickling_too() -> None:
    error = NotSent(reason="connect_timeout", call=read_error(b"").call)

    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - of this test's own making


ECHOES = {
    "the signature": "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU=",
    "the buyer's address": "B0GUSRELAY4471QPLMX82@relay.example.com",
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
def test_what_walmart_echoes_in_its_sentence_is_not_printed(echo: str) -> None:
    error = read_error(
        as_json({"error": [{**HIGHER_STATUS, "description": f"Refused: '{echo}'"}]}), status=401
    )

    assert echo not in str(error)
    assert echo not in repr(error)
    assert echo not in "".join(traceback.format_exception(error))


@settings(deadline=None, max_examples=500)
@given(body=BODIES, content_type=CONTENT_TYPES, status=st.integers(100, 999))
@example(body=b"<", content_type="", status=200)
@example(body=b"", content_type=None, status=999)
def test_whatever_walmart_answers_is_an_order_or_a_walmart_error(
    body: bytes, content_type: str | None, status: int
) -> None:
    verdict = judge(body, content_type, status=status)

    assert isinstance(verdict, Order | WalmartError)


@settings(deadline=None, max_examples=500)
@given(tree=TREES, status=st.sampled_from([200, 400, 404, 429, 500]))
def test_members_of_any_type_in_any_place_are_an_order_or_a_walmart_error(tree: object, status: int) -> None:
    assert isinstance(judge(as_json(tree), status=status), Order | WalmartError)


@settings(deadline=None, max_examples=300)
@given(tree=TREES)
def test_an_order_whose_other_members_are_anything_is_that_order(tree: object) -> None:
    members = (
        {name: value for name, value in tree.items() if name != "purchaseOrderId"}
        if isinstance(tree, dict)
        else {}
    )

    verdict = judge(as_json({"order": order() | members}))

    assert isinstance(verdict, Order)
    assert verdict.purchase_order_id == ID
