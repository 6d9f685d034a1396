"""Every message can be parked: its body unchanged, with the attributes that SQS accepts."""

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from acknowledge_orders.batch import read_batch
from acknowledge_orders.ports import QueueMessage
from acknowledge_orders.sqs_order_queue import SqsOrderQueue
from shared.lazy_client import LazyClient
from shared.orders.outcome import Outcome
from tests.support.aws_answers import answer
from tests.support.batches import sqs_record
from tests.support.sqs_limits import ALLOWED, MAX_BYTES, enforce_sqs_limits

SYSTEM = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795532400000"}
OUTCOME_BYTES = len("outcome" + "String" + "rejected")
REASON_BYTES = len("reason" + "String")


class Sqs:
    """A client of SQS that checks the limits of SQS, and keeps the last message that it sent."""

    def __init__(self) -> None:
        self.sent: dict[str, Any] = {}
        self.client = boto3.client(
            "sqs",
            "ca-central-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="secret",  # noqa: S106 - not a real secret
        )
        enforce_sqs_limits(self.client)
        self.client.meta.events.register_last("before-send.sqs.SendMessage", self._respond)

    def _respond(self, request: AWSPreparedRequest, **_: object) -> Any:  # noqa: ANN401 - the stubs want none
        assert isinstance(request.body, str | bytes)
        self.sent = json.loads(request.body)
        return answer(200, {})


@pytest.fixture(scope="module")
def sqs() -> Sqs:
    return Sqs()


def message(body: str, attributes: dict[str, str] | None = None) -> QueueMessage:
    """Return a message as the function receives it."""
    record = sqs_record(
        message_id="m-1", receipt="r-1", body=body, system=SYSTEM, attributes=attributes or {}
    )
    (read,) = read_batch({"Records": [record]}) or []
    return read


def park(sqs: Sqs, body: str, outcome: Outcome, reason: str) -> dict[str, str]:
    """Park a body, and return its attributes."""
    queue = SqsOrderQueue(
        LazyClient(lambda: sqs.client), order_queue_url="https://orders", dead_letter_queue_url="https://dead"
    )
    queue.park(message(body), outcome, reason)
    assert sqs.sent["MessageBody"] == body
    return {name: each["StringValue"] for name, each in sqs.sent["MessageAttributes"].items()}


TEXTS = st.text(
    st.one_of(*(st.characters(min_codepoint=first, max_codepoint=last) for first, last in ALLOWED)),
    min_size=1,
)
"""Texts that SQS accepts."""


@settings(deadline=None, max_examples=25)
@given(
    text=TEXTS,
    left=st.none() | st.integers(0, 100),
    outcome=st.sampled_from(Outcome),
    reason=st.text(st.characters(exclude_categories=()), min_size=1),
)
def test_any_message_is_parked_unchanged_and_counts_as_tried_later(
    sqs: Sqs, text: str, left: int | None, outcome: Outcome, reason: str
) -> None:
    # Small bodies, and large ones that leave little or no room.
    body = text if left is None else text + "x" * (MAX_BYTES - len(text.encode()) - left)

    attributes = park(sqs, body, outcome, reason)

    assert attributes.get("outcome", outcome) == outcome
    assert message(body, attributes).was_tried


@pytest.mark.parametrize(
    ("left", "attributes"),
    [
        (1000, {"outcome": "rejected", "reason": "mixed\u00e9lines"}),
        (OUTCOME_BYTES + REASON_BYTES + 7, {"outcome": "rejected", "reason": "mixed\u00e9"}),
        # Half a character is left out.
        (OUTCOME_BYTES + REASON_BYTES + 6, {"outcome": "rejected", "reason": "mixed"}),
        (OUTCOME_BYTES + REASON_BYTES + 1, {"outcome": "rejected", "reason": "m"}),
        (OUTCOME_BYTES + REASON_BYTES, {"outcome": "rejected"}),
        (OUTCOME_BYTES, {"outcome": "rejected"}),
        (OUTCOME_BYTES - 1, {}),
        (0, {}),
    ],
)
def test_a_body_near_the_limit_is_parked_with_what_fits(
    sqs: Sqs, left: int, attributes: dict[str, str]
) -> None:
    body = "\u6f22" + "x" * (MAX_BYTES - 3 - left)

    assert park(sqs, body, Outcome.REJECTED, "mixed\u00e9lines") == attributes


@pytest.mark.parametrize(
    ("reason", "parked"),
    [("tls\x1b[2J", "tls\ufffd[2J"), ("\x00\ufffe\ud800", "\ufffd" * 3), ("a\tb\r\n\U0010ffff",) * 2],
)
def test_characters_that_sqs_refuses_are_replaced(sqs: Sqs, reason: str, parked: str) -> None:
    assert park(sqs, "{}", Outcome.UNAVAILABLE, reason)["reason"] == parked


def test_a_message_that_was_received_once_was_not_tried() -> None:
    assert not message("{}").was_tried
