"""Both functions, whole, when Walmart answers with anything: what they do, print and give back."""

import itertools
import json
import re
from typing import Any, Final

from acknowledge_orders.policy import Disposition
from shared.outcomes import Outcome
from tests.fuzz.answers import ANSWER, BUYER, TOKEN, insert_buyer, read_answer
from tests.fuzz.oracles import PURCHASE_ORDER_ID, shows_none
from tests.fuzz.world import SECRETS, URL, Reply, Seen, acknowledge, sweep
from walmart_ca.transport import NoAnswerError, NothingSentError

ID: Final = "2575193093772"
MOST_ANSWERS: Final = 12
_EVENTS: Final[list[dict[str, Any]]] = [
    {"time": "2026-11-24T14:59:00Z", "detail": {"purchaseOrderId": ID}},
    {"time": "2026-11-24T11:00:00Z", "detail": {"purchaseOrderId": ID, "orderDate": "2026-11-24T10:59:00Z"}},
    {"detail": {"purchaseOrderId": ID, "orderDate": "2026-11-23T10:59:00Z", "origin": "sweep"}},
    {"detail": {"purchaseOrderId": ID, "dryRun": True}},
    {"detail": {"selfCheck": True}},
]
_ORDER_CALL: Final = re.compile(rf"{re.escape(URL)}/v3/orders/{ID}(?:/acknowledge)?")
_LIST_CALL: Final = re.compile(rf"{re.escape(URL)}/v3/orders(?:/released)?\?[\x21\x22\x24-\x7e]{{1,4096}}")
_LOST: Final[dict[bytes, Reply]] = {b"!": NothingSentError("connect"), b"?": NoAnswerError("answer_timeout")}
"""What stands for no answer at all, beside which the bodies of real ones are no news to a fuzzer."""


def acknowledging(data: bytes) -> None:
    """One invocation for one order ends in one outcome, whatever Walmart says, and shows nothing of it."""
    event = _EVENTS[data[0] % len(_EVENTS)] if data else _EVENTS[0]
    token, replies = _replies(data[1:])
    seen = acknowledge(event, replies, token)
    _shows_nothing(seen)
    for request in seen.requests:
        assert _ORDER_CALL.fullmatch(request.url) or _LIST_CALL.fullmatch(request.url), request.url
    if "self_check" in seen.result:
        assert seen.result["self_check"] in {"passed", "failed"}
        assert all(request.method == "GET" for request in seen.requests)
        return
    (record,) = seen.outcomes
    assert record["outcome"] == seen.result["outcome"] == Outcome(record["outcome"])
    assert record["disposition"] in {Disposition.DONE, Disposition.ANSWERED}
    if "dryRun" in event["detail"]:
        assert seen.requests == [], "a rehearsal called"
    if record["outcome"] == Outcome.ACKNOWLEDGED:
        assert any(request.method == "POST" for request in seen.requests)


def sweeping(data: bytes) -> None:
    """One sweep ends, whatever the pages say, and publishes orders by usable ids alone."""
    token, replies = _replies(data)
    # The last answer comes for ever: no list of pages may be one without an end.
    *first, last = replies or [NoAnswerError("answer_timeout")]
    seen = sweep(itertools.chain(first, itertools.repeat(last)), token)
    _shows_nothing(seen)
    for request in seen.requests:
        assert request.method == "GET"
        assert _LIST_CALL.fullmatch(request.url), f"{request.url} was called"
    (record,) = [line for line in seen.lines if "orders_waiting" in line]
    assert record["orders_published"] == len(seen.published)
    for detail in seen.published:
        assert PURCHASE_ORDER_ID.fullmatch(detail["purchaseOrderId"])


def _replies(data: bytes) -> tuple[Reply | None, list[Reply]]:
    """Read answers: the first to the call for a token, a good one where it is empty; then to the others."""
    token, *others = data.split(ANSWER)[:MOST_ANSWERS]
    return (_reply(token) if token else None), [_reply(other) for other in others]


def _reply(data: bytes) -> Reply:
    return _LOST.get(data) or insert_buyer(read_answer(data))


def _shows_nothing(seen: Seen) -> None:
    shows_none(seen.output + json.dumps(seen.result), [BUYER, TOKEN, *SECRETS])
    assert seen.lines
