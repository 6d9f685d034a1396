"""The whole AcknowledgeFunction: any message gets one outcome, and no output shows a secret."""

import json
import re
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from acknowledge_orders.policy import Disposition
from shared.orders.outcome import Outcome
from tests.fuzz.function import ACCESS_TOKEN, SECRETS, URL, Reply, acknowledge
from tests.support.batches import sqs_record
from tests.support.documents import ID, as_json, as_xml, line, order
from tests.support.printed import records_of
from walmart_ca.responses import Response
from walmart_ca.transport import NoResponseError, NothingSentError

BUYER = "Zoe Buyer-5c1f"
"""Replaces all buyer data in responses and order events."""
ORDER_CALL = re.compile(rf"{re.escape(URL)}/v3/orders/[A-Za-z0-9_-]{{1,64}}(?:/acknowledge)?")
PRIVATE = {"customerEmailId": BUYER, "shippingInfo": {"phone": BUYER, "postalAddress": {"name": BUYER}}}

ODD_TEXT = st.sampled_from(
    ["\ud800", "\0", "\u2028", "\x1b[31m", " 7 ", "1/../2", "9" * 70, "1e999", "\u0667"]
)
ANY_TEXT = ODD_TEXT | st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner, max_size=2),
    max_leaves=4,
)
GOOD_DATES = st.sampled_from(["2026-11-24T14:59:00Z", "2026-11-24T11:00:00Z", "2026-11-01T00:00:00Z"])
DATES = GOOD_DATES | VALUES
IDS = st.sampled_from([ID, 7, "8"]) | VALUES
DETAILS = st.fixed_dictionaries(
    {"purchaseOrderId": IDS, **{name: st.just(value) for name, value in PRIVATE.items()}},
    optional={
        "orderDate": DATES,
        "dryRun": st.booleans() | VALUES,
        "selfCheck": VALUES,
        "origin": st.just("sweep"),
    },
)
EVENTS = st.fixed_dictionaries({"detail": DETAILS}, optional={"id": ANY_TEXT | VALUES, "time": DATES})
BODIES = ANY_TEXT | VALUES.map(json.dumps) | EVENTS.map(json.dumps)

XML_TEXT = st.text(max_size=12)
PLAIN: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | XML_TEXT | st.just({}) | st.just([])
)
STATUSES = st.tuples(
    st.sampled_from(["Created", "Acknowledged", "Shipped", "Cancelled"]) | XML_TEXT, XML_TEXT
)
ORDERS = st.builds(
    lambda lines, changed: order(*lines, **{**PRIVATE, **changed}),
    st.lists(st.builds(line, XML_TEXT, STATUSES), max_size=2),
    st.dictionaries(
        st.sampled_from(["purchaseOrderId", "orderDate", "orderLines", "shipNode"]), PLAIN | GOOD_DATES
    ),
)
CODES = st.sampled_from(
    [
        "INVALID_REQUEST_CONTENT.GMP_ORDER_API",
        "CONTENT_NOT_FOUND",
        "UNAUTHORIZED",
        "REQUEST_THRESHOLD_VIOLATED",
    ]
)
ERRORS = st.fixed_dictionaries(
    {"description": st.just(BUYER)}, optional={"code": CODES | PLAIN, "field": PLAIN, "severity": PLAIN}
)
DOCUMENTS: st.SearchStrategy[tuple[str, Any]] = (
    st.tuples(st.just("order"), ORDERS)
    | st.tuples(st.just("errors"), st.fixed_dictionaries({"error": st.lists(ERRORS, max_size=2) | ERRORS}))
    | st.tuples(st.just("error"), st.lists(ERRORS, max_size=2))
)
CONTENTS = (
    DOCUMENTS.map(lambda document: as_json(dict([document])))
    | DOCUMENTS.map(lambda document: as_xml(*document).replace(b"\0", b""))
    | st.binary(max_size=40)
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Date", "Retry-After", "x-next-replenishment-time", "Location"]),
    st.sampled_from(["application/json", "application/xml", "text/html", "60", "1795532460000"]) | XML_TEXT,
)
RESPONSES = st.builds(
    Response,
    st.sampled_from([200, 200, 400, 401, 403, 404, 429, 503]) | st.integers(200, 599),
    HEADERS,
    CONTENTS,
)
REPLIES: st.SearchStrategy[Reply] = (
    RESPONSES
    | st.builds(NothingSentError, st.just("connect"))
    | st.builds(NoResponseError, st.just("response_timeout"))
)
GOOD_TOKEN = Response(200, {}, as_json({"access_token": ACCESS_TOKEN, "expires_in": 900}))
TOKENS = st.just(GOOD_TOKEN) | REPLIES


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(bodies=st.lists(BODIES, min_size=1, max_size=3), replies=st.lists(REPLIES, max_size=3), token=TOKENS)
@example(bodies=['{"id": "\\ud800", "detail": {"purchaseOrderId": "7"}}'], replies=[], token=GOOD_TOKEN)
def test_any_messages_and_responses_end_in_one_outcome_each(
    bodies: list[str], replies: list[Reply], token: Reply
) -> None:
    system = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795532390000"}
    records = [
        sqs_record(message_id=f"m-{number}", receipt="r", body=body, system=system)
        for number, body in enumerate(bodies)
    ]

    invocation = acknowledge({"Records": records}, replies, token)

    shown = invocation.output + json.dumps(invocation.result)
    assert not [secret for secret in (BUYER, *SECRETS) if secret in shown]
    retried = {failure["itemIdentifier"] for failure in invocation.result["batchItemFailures"]}
    outcomes = records_of(invocation.lines)
    assert sorted(record["message_id"] for record in outcomes) == sorted(f"m-{n}" for n in range(len(bodies)))
    acknowledged = {request.url for request in invocation.requests if request.method == "POST"}
    for record in outcomes:
        assert (record["message_id"] in retried) == (record["disposition"] == Disposition.RETRY)
        if record["outcome"] == Outcome.ACKNOWLEDGED:
            assert f"{URL}/v3/orders/{record['purchase_order_id']}/acknowledge" in acknowledged
    parked = [record for record in outcomes if record["disposition"] == Disposition.PARKED]
    assert sorted(invocation.parked) == sorted(bodies[int(record["message_id"][2:])] for record in parked)
    for request in invocation.requests:
        assert ORDER_CALL.fullmatch(request.url)
        assert not request.body
