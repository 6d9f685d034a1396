"""Order events: whatever comes out of the queue, and whatever somebody invokes the function with."""

import json
import re
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from acknowledge_orders.batch import ForeignBatchError
from acknowledge_orders.policy import Disposition
from shared.order_event import InvalidEventError, OrderEvent
from shared.outcomes import Outcome
from tests.fuzz.oracles import PURCHASE_ORDER_ID, refusals, says_nothing_of_it, shows_none
from tests.fuzz.world import NOW, SECRETS, URL, Reply, Seen, acknowledge
from tests.support.batches import sqs_record
from tests.support.documents import as_json, as_xml, line, order
from walmart_ca.answers import Answer
from walmart_ca.transport import NoAnswerError, NothingSentError

SEPARATOR: Final = "\x1e"
"""Stands between the messages of a batch."""
BUYER: Final = "buyer-of-this-order-e3b0"
BATCH_SIZE: Final = 10
_CALLED: Final = re.compile(rf"{re.escape(URL)}/v3/orders/[A-Za-z0-9_-]{{1,64}}(?:/acknowledge)?")
_DEAR: Final = (Disposition.DONE, Disposition.PARKED, Disposition.LEFT)
_NOW: Final = datetime.fromtimestamp(NOW, UTC)
_NO_IDS: Final[list[object]] = [None, True, 0, 2**53, 7.5, [], {}, "", "released"]
_FOREIGN: Final[list[object]] = [
    "{",
    {"Type": 0, "Message": 0},
    {"specversion": 0},
    {"payload": {"order": 0}},
    {"requestContext": 0, "body": 0},
    {"Records": 0},
    {"Detail": 0},
    {"list": {"elements": 0}},
    {"order": {}},
]
_UNUSABLE: Final[list[object]] = [
    None,
    {},
    {"detail": {}},
    {"purchaseOrderId": 0},
    *_FOREIGN,
    *({"detail": foreign} for foreign in _FOREIGN),
    *({"detail": {"purchaseOrderId": value}} for value in _NO_IDS),
    {"detail": {"purchaseOrderId": "7", "dryRun": "no"}},
    *({"detail": {"purchaseOrderId": "7", "selfCheck": value}} for value in ("no", True)),
]


def _read(event: object) -> OrderEvent:
    return OrderEvent.read(event, _NOW)


_REFUSALS: Final = refusals(_read, _UNUSABLE, InvalidEventError)


def _answers() -> list[list[Reply]]:
    """What Walmart may do. An event's own bytes choose, so that it meets the same again."""

    def said(status: int, code: str = "", **headers: str) -> Answer:
        return Answer(status, headers, as_json({"errors": {"error": [{"code": code}]}}))

    created = Answer(200, {}, as_json({"order": order(line("1", ("Created", "1")), purchaseOrderId="7")}))
    mixed = order(
        line("1", ("Created", "1"), ("Shipped", "1")), purchaseOrderId="7", orderDate="2026-11-24T12:00:00Z"
    )
    foreign = Answer(200, {}, as_xml("order", order(purchaseOrderId="8")))
    return [
        [created, created, created],
        [NothingSentError("connect"), created],
        [said(401, "UNAUTHORIZED"), said(401), said(401)],
        [said(429, **{"x-next-replenishment-time": "1795532460000"})],
        [said(503), foreign],
        [said(404, "CONTENT_NOT_FOUND"), said(404, "CONTENT_NOT_FOUND")],
        [NoAnswerError("answer_timeout"), created],
        [foreign, foreign],
        [Answer(200, {}, as_json({"order": mixed}))],
    ]


ANSWERS: Final = _answers()


def order_event(data: bytes) -> None:
    """`OrderEvent.read` reads an event, or refuses it without showing anything of it."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        read = _read(event)
    except InvalidEventError as error:
        says_nothing_of_it(error, _REFUSALS)
        assert error.event_id is None or len(error.event_id) <= 64
        return
    detail = event["detail"]
    assert PURCHASE_ORDER_ID.fullmatch(read.purchase_order_id)
    assert read.purchase_order_id == str(detail["purchaseOrderId"]).strip()
    assert read.dry_run is (detail.get("dryRun") or False)
    assert not detail.get("selfCheck")
    assert read.event_id is None or len(read.event_id) <= 64
    ignored = {each.field for each in read.ignored_dates}
    for field, given, instant in (
        ("detail.orderDate", detail.get("orderDate"), read.order_date),
        ("time", event.get("time"), read.event_time),
    ):
        assert instant is None or instant <= _NOW + timedelta(minutes=5)
        assert (field in ignored) == (given is not None and instant is None), "ignored without a warning"


def events(data: bytes) -> None:
    """The function's entry takes whatever comes, accounts for each message, and answers every bare event."""
    text = data.decode("utf-8", "replace")
    replies = ANSWERS[zlib.crc32(data) % len(ANSWERS)]
    _queue_batch(text.split(SEPARATOR)[:BATCH_SIZE], replies)
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return
    _bare(event, replies)


def _queue_batch(bodies: list[str], replies: list[Reply]) -> None:
    records = [_record(number, body) for number, body in enumerate(bodies)]
    seen = acknowledge({"Records": records}, replies)
    failures = seen.result["batchItemFailures"]
    assert isinstance(failures, list)
    again = [failure["itemIdentifier"] for failure in failures]
    outcomes = {record["message_id"]: record for record in seen.outcomes}
    assert len(seen.outcomes) == len(outcomes) == len(bodies), "not one outcome record for each message"
    for number, body in enumerate(bodies):
        record = outcomes[f"m-{number}"]
        _is_outcome(record)
        disposition = Disposition(record["disposition"])
        assert (f"m-{number}" in again) == (disposition not in _DEAR), "deleted, and to come again"
        was_parked = not {(body, record["outcome"]), (body, None)}.isdisjoint(seen.parked)
        assert (disposition is Disposition.PARKED) == was_parked
        if disposition is Disposition.LEFT:
            assert _detail(body).get("origin") == "sweep"
            assert record["http_status"] == 200, "left without having been seen"
        if not _usable(body):
            assert (record["outcome"], disposition) == (Outcome.INVALID_EVENT, Disposition.PARKED)
            assert record["reason"] in {*_REFUSALS, "body: must be JSON"}
    assert len(again) == len(set(again))
    assert len(seen.parked) == sum(record["disposition"] == "parked" for record in outcomes.values())
    _calls_are_safe(seen, bodies)


def _bare(event: object, replies: list[Reply]) -> None:
    if isinstance(event, dict) and isinstance(event.get("detail"), dict):
        # Buyers' data in places that a producer of events may put them.
        event["detail"] |= {"shippingInfo": {"postalAddress": {"name": BUYER}}, "customerEmailId": BUYER}
    try:
        seen = acknowledge(event, replies)
    except ForeignBatchError as error:
        assert isinstance(event, list) or {"Records", "records", "eventSource"} & set(cast("Any", event))
        shows_none(repr(error), [BUYER, *SECRETS])
        return
    shows_none(seen.output + repr(seen.result), [BUYER, *SECRETS])
    if "batchItemFailures" in seen.result or "self_check" in seen.result:
        return
    (record,) = seen.outcomes
    _is_outcome(seen.result)
    assert seen.result["outcome"] == record["outcome"]
    assert seen.result["disposition"] in {Disposition.DONE, Disposition.ANSWERED}
    assert (seen.parked, seen.hidden) == ([], [])
    _calls_are_safe(seen, [json.dumps(event)])


def _is_outcome(record: dict[str, Any]) -> None:
    Outcome(record["outcome"])
    named = record.get("purchase_order_id")
    assert named is None or PURCHASE_ORDER_ID.fullmatch(named)


def _calls_are_safe(seen: Seen, bodies: list[str]) -> None:
    for request in seen.requests:
        assert _CALLED.fullmatch(request.url), f"{request.url} was called"
        assert not request.body
    called = {request.url.removesuffix("/acknowledge").rpartition("/")[2] for request in seen.requests}
    assert called <= {_asked_for(body) for body in bodies}, "called for what no event asked for"


def _usable(body: str) -> bool:
    """Whether an event is one, by other means than the function's."""
    detail = _detail(body)
    flags = (detail.get("dryRun"), detail.get("selfCheck"))
    return (
        _name(detail) is not None
        and all(flag is None or isinstance(flag, bool) for flag in flags)
        and not detail.get("selfCheck")
    )


def _asked_for(body: str) -> str | None:
    """The order of an event that is one, and no rehearsal."""
    detail = _detail(body)
    return _name(detail) if _usable(body) and not detail.get("dryRun") else None


def _name(detail: dict[str, Any]) -> str | None:
    name = detail.get("purchaseOrderId")
    text = str(name).strip() if isinstance(name, str) or type(name) is int else ""
    exact = isinstance(name, str) or 0 < int(text or 0) < 2**53
    return text if exact and PURCHASE_ORDER_ID.fullmatch(text) else None


def _detail(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    detail = event.get("detail") if isinstance(event, dict) else None
    return detail if isinstance(detail, dict) else {}


def _record(number: int, body: str) -> dict[str, Any]:
    return sqs_record(
        message_id=f"m-{number}",
        receipt=f"r-{number}",
        body=body,
        system={"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795532390000"},
    )
