"""The whole AcknowledgeFunction: any message gets one outcome, and no output shows a secret."""

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import acknowledge_orders.bootstrap
from acknowledge_orders.bootstrap import AwsClients
from acknowledge_orders.handler import AcknowledgeFunction
from acknowledge_orders.policy import Disposition
from acknowledge_orders.settings import AcknowledgeSettings
from shared.lazy_client import LazyClient
from shared.orders.outcome import Outcome
from shared.runtime import Runtime
from tests.support.batches import sqs_record
from tests.support.context import Context
from tests.support.documents import ID, as_json, as_xml, line, order
from tests.support.printed import records_of, reset_logger
from tests.support.rate_limiters import Time
from tests.support.settings import ACKNOWLEDGE
from walmart_ca import Request
from walmart_ca.responses import Response
from walmart_ca.transport import NoResponseError, NothingSentError

URL = ACKNOWLEDGE["MARKETPLACE_URL"]
ORDER_CALL = re.compile(rf"{re.escape(URL)}/v3/orders/[A-Za-z0-9_-]{{1,64}}(?:/acknowledge)?")
ACCESS_TOKEN = "token-4f1d2c"
CLIENT_SECRET = "client-secret-9b7e"
BUYER = "Zoe Buyer-5c1f"
"""Replaces all buyer data in responses and order events."""
SECRETS = (BUYER, ACCESS_TOKEN, CLIENT_SECRET, "Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQtOWI3ZQ==")
"""The last one is how a request for a token sends the client id and secret."""
PRIVATE = {"customerEmailId": BUYER, "shippingInfo": {"phone": BUYER, "postalAddress": {"name": BUYER}}}

type Reply = Response | NothingSentError | NoResponseError


class Invocation(Time):
    """One invocation of AcknowledgeFunction, which plays Walmart and AWS in memory.

    Attributes:
        requests: The calls about orders. They get `replies` in order, and later ones get no response.
        parked: The bodies in the dead-letter queue.
        output: What the function printed; `lines` are read as strict JSON.
    """

    def __init__(self, event: object, replies: Iterable[Reply], token: Reply) -> None:
        super().__init__()
        self._replies, self._token = iter(replies), token
        self.requests: list[Request] = []
        self.parked: list[str] = []
        services: Any = self
        runtime = Runtime(
            clock=self.clock,
            monotonic=self.monotonic,
            sleep=self.sleep,
            uniform=max,
            executor=lambda _size, _name: AtOnce(),
            transport=lambda _url: services,
        )
        reset_logger()
        output = io.BytesIO()  # Lambda's log is UTF-8.
        with contextlib.redirect_stdout(io.TextIOWrapper(output, "utf-8", write_through=True)):
            read = AcknowledgeSettings.from_environment(ACKNOWLEDGE)
            client: LazyClient[Any] = LazyClient(lambda: services)
            aws = AwsClients(sqs=client, events=client, dynamodb=client)
            components = acknowledge_orders.bootstrap.build(
                read, secrets_manager=services, aws=aws, runtime=runtime
            )
            self.result: Any = AcknowledgeFunction(components)(event, Context(lambda: 60))
            self.output = output.getvalue().decode()
        printed = filter(None, self.output.split("\n"))
        self.lines = [json.loads(each, parse_constant=pytest.fail) for each in printed]

    def send(self, request: Request, timeout: float, _max_bytes: int) -> Response:
        assert timeout > 0
        reply = self._token
        if request.url != f"{URL}/v3/token":
            self.requests.append(request)
            assert len(self.requests) <= 200, "calls without end"
            reply = next(self._replies, NoResponseError("response_timeout"))
        if isinstance(reply, Response):
            return reply
        raise reply

    def get_secret_value(self, **_: object) -> dict[str, str]:
        secret = {"clientId": "client-id", "clientSecret": CLIENT_SECRET}
        return {"SecretString": json.dumps(secret), "VersionId": "v1"}

    def change_message_visibility(self, *, VisibilityTimeout: int, **_: object) -> None:  # noqa: N803 - boto3's name
        assert type(VisibilityTimeout) is int
        assert 0 <= VisibilityTimeout <= 12 * 60 * 60

    def send_message(self, *, MessageBody: str, **_: object) -> None:  # noqa: N803 - boto3's name
        self.parked.append(MessageBody)

    def close(self) -> None: ...

    async def sleep(self, seconds: float) -> None:
        assert 0 <= seconds <= 900, "sleeps for longer than an invocation lasts"
        await super().sleep(seconds)


class AtOnce(Executor):
    """Runs each call at once, so that a finding can be repeated."""

    def submit[**P, T](self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is passed on
            future.set_exception(error)
        return future


ODD_TEXTS = ["\ud800", "\0", "\u2028", "\x1b[31m", " 7 ", "1/../2", "9" * 70, "1e999", "\u0667"]
ANY_TEXT = st.sampled_from(ODD_TEXTS) | st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner, max_size=2),
    max_leaves=4,
)
GOOD_DATES = st.sampled_from(["2026-11-24T14:59:00Z", "2026-11-24T11:00:00Z", "2026-11-01T00:00:00Z"])
DATES = GOOD_DATES | VALUES
IDS = st.sampled_from([ID, 7, "8"]) | VALUES
FLAGS = st.booleans() | VALUES
DETAILS = st.fixed_dictionaries(
    {"purchaseOrderId": IDS, **{name: st.just(value) for name, value in PRIVATE.items()}},
    optional={"orderDate": DATES, "dryRun": FLAGS, "selfCheck": VALUES, "origin": st.just("sweep")},
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
ORDER_FIELDS = ["purchaseOrderId", "orderDate", "orderLines", "shipNode"]
ORDERS = st.builds(
    lambda lines, changed: order(*lines, **{**PRIVATE, **changed}),
    st.lists(st.builds(line, XML_TEXT, STATUSES), max_size=2),
    st.dictionaries(st.sampled_from(ORDER_FIELDS), PLAIN | GOOD_DATES),
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
HTTP_STATUSES = st.sampled_from([200, 200, 400, 401, 403, 404, 429, 503]) | st.integers(200, 599)
REPLIES: st.SearchStrategy[Reply] = (
    st.builds(Response, HTTP_STATUSES, HEADERS, CONTENTS)
    | st.builds(NothingSentError, st.just("connect"))
    | st.builds(NoResponseError, st.just("response_timeout"))
)
GOOD_TOKEN = Response(200, {}, as_json({"access_token": ACCESS_TOKEN, "expires_in": 900}))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    bodies=st.lists(BODIES, min_size=1, max_size=3),
    replies=st.lists(REPLIES, max_size=3),
    token=st.just(GOOD_TOKEN) | REPLIES,
)
@example(bodies=['{"id": "\\ud800", "detail": {"purchaseOrderId": "7"}}'], replies=[], token=GOOD_TOKEN)
def test_any_messages_and_responses_end_in_one_outcome_each(
    bodies: list[str], replies: list[Reply], token: Reply
) -> None:
    system = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795532390000"}
    messages = {f"m-{number}": body for number, body in enumerate(bodies)}
    batch = [
        sqs_record(message_id=each, receipt="r", body=messages[each], system=system) for each in messages
    ]

    invocation = Invocation({"Records": batch}, replies, token)

    shown = invocation.output + json.dumps(invocation.result)
    assert not [secret for secret in SECRETS if secret in shown]
    outcomes = records_of(invocation.lines)
    assert sorted(record["message_id"] for record in outcomes) == sorted(messages)
    retried = {failure["itemIdentifier"] for failure in invocation.result["batchItemFailures"]}
    acknowledged = {request.url for request in invocation.requests if request.method == "POST"}
    for record in outcomes:
        assert (record["message_id"] in retried) == (record["disposition"] == Disposition.RETRY)
        if record["outcome"] == Outcome.ACKNOWLEDGED:
            assert f"{URL}/v3/orders/{record['purchase_order_id']}/acknowledge" in acknowledged
    parked = [record["message_id"] for record in outcomes if record["disposition"] == Disposition.PARKED]
    assert sorted(invocation.parked) == sorted(map(messages.__getitem__, parked))
    for request in invocation.requests:
        assert ORDER_CALL.fullmatch(request.url)
        assert not request.body
