"""Batches of SQS are read; batches of other sources are refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acknowledge_orders.batch import ForeignBatchError, read_batch
from acknowledge_orders.ports import QueueMessage
from tests.support.batches import sqs_record

SYSTEM = {"ApproximateReceiveCount": "3", "ApproximateFirstReceiveTimestamp": "1795532400000"}
GOOD = sqs_record(message_id="m-1", receipt="r-1", body="hunter2", system=SYSTEM)
PARKED = sqs_record(
    message_id="m-2", receipt="r-2", body="", system=SYSTEM, attributes={"outcome": "rejected"}
)
TRIGGER = "only SQS may trigger the function, so remove that trigger"


def incomplete(**members: Any) -> dict[str, Any]:  # noqa: ANN401 - an unchecked record
    """Return a batch of a good record, and of one with these members changed."""
    return {"Records": [GOOD, {**GOOD, **members}]}


def test_every_message_of_a_batch_is_read() -> None:
    since = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)

    assert read_batch({"Records": []}) == []
    assert read_batch({"Records": [GOOD, PARKED]}) == [
        QueueMessage("hunter2", "m-1", "r-1", 3, since),
        QueueMessage("", "m-2", "r-2", 3, since, was_parked=True),
    ]


@pytest.mark.parametrize("event", [None, 7, "text", {}, {"detail": {"purchaseOrderId": "1"}, "records": 7}])
def test_an_event_that_is_not_a_batch_returns_none(event: object) -> None:
    assert read_batch(event) is None


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        ([GOOD], "event: is a list, as EventBridge Pipes sends it; use a Lambda trigger of the order queue"),
        ([], "event: is a list"),
        ({"Records": None}, "Records: must be a list of SQS messages, not NoneType"),
        ({"Records": {"0": GOOD}}, "Records: must be a list of SQS messages, not dict"),
        ({"Records": [GOOD, 7]}, "Records[1]: must be an SQS message, not int"),
        *(
            ({"Records": [{"eventSource": source}]}, f"Records[0]: comes from {source}; {TRIGGER}")
            for source in ("aws:s3", "aws:kinesis", "aws:dynamodb")
        ),
        ({"Records": [{"EventSource": "aws:sns"}]}, f"Records[0]: comes from aws:sns; {TRIGGER}"),
        (incomplete(eventSource="hunter2"), f"Records[1]: comes from another source than SQS; {TRIGGER}"),
        (incomplete(eventSource=["aws:sqs"]), "Records[1]: comes from another source than SQS"),
        ({"eventSource": "aws:kafka", "records": {}}, f"event: comes from aws:kafka; {TRIGGER}"),
        ({"records": [], "deliveryStreamArn": "x"}, "event: comes from another source than SQS"),
        (incomplete(messageId=None), "Records[1]: has no usable messageId, which SQS sends"),
        (incomplete(body={"detail": "hunter2"}), "Records[1]: has no usable body, which SQS sends"),
        (incomplete(messageAttributes=[]), "Records[1]: has no usable messageAttributes,"),
        (
            incomplete(receiptHandle=7, attributes=None),
            (
                "Records[1]: has no usable receiptHandle, attributes.ApproximateReceiveCount,"
                " attributes.ApproximateFirstReceiveTimestamp, which SQS sends"
            ),
        ),
        *(
            (incomplete(attributes={**SYSTEM, name: value}), f"Records[1]: has no usable attributes.{name},")
            for name in SYSTEM
            for value in ("x", "", "-1", "1.0", "\u0663", "9" * 5000, "9" * 19, None, 3)
        ),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, str) else "",
)
def test_a_batch_of_another_source_is_refused_and_named(batch: object, reason: str) -> None:
    with pytest.raises(ForeignBatchError) as refused:
        read_batch(batch)

    assert str(refused.value).startswith(reason)
    assert "hunter2" not in str(refused.value)


VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["7", "aws:sqs"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(SYSTEM)), inner),
    max_leaves=5,
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([*GOOD, "EventSource"]), VALUES), max_size=3).map(dict), VALUES)
def test_any_value_is_a_batch_or_refused_or_none(changed: dict[str, object], value: object) -> None:
    for event in ({"Records": [{**GOOD, **changed}]}, {"Records": value}, value):
        try:
            messages = read_batch(event)
        except ForeignBatchError:
            continue
        assert messages is None or all(isinstance(message.body, str) for message in messages)
