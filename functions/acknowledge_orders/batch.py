"""Reads a batch of SQS messages, and refuses a batch of any other source."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from acknowledge_orders.parking import OUTCOME, may_lack_outcome
from acknowledge_orders.ports import QueueMessage

_SQS: Final = "aws:sqs"
_SOURCE: Final = re.compile(r"aws:[a-z0-9-]{1,32}")
_NUMBER: Final = re.compile(r"[0-9]{1,13}")
"""Epoch milliseconds have thirteen digits until the year 2286."""
_TRIGGER: Final = "only SQS may trigger the function, so remove that trigger"
_COUNT: Final = "ApproximateReceiveCount"
_SINCE: Final = "ApproximateFirstReceiveTimestamp"


class ForeignBatchError(Exception):
    """A batch that does not come from SQS. The text names its source, and shows no message.

    It must end the invocation: otherwise the source would consider every record handled.
    """


def read_batch(event: object) -> list[QueueMessage] | None:
    """Read a batch of SQS messages; None when the event is not a batch.

    Raises:
        ForeignBatchError: It is a batch of another source, or one of its records is incomplete.
    """
    if isinstance(event, list):
        raise ForeignBatchError(
            "event: is a list, as EventBridge Pipes sends it; use a Lambda trigger of the order queue instead"
        )
    if not isinstance(event, Mapping):
        return None
    if "Records" not in event:
        if event.keys() & {"eventSource", "records"} and "detail" not in event:
            raise ForeignBatchError(f"event: comes from {_source(event)}; {_TRIGGER}")
        return None
    records = event["Records"]
    if not isinstance(records, list):
        raise ForeignBatchError(f"Records: must be a list of SQS messages, not {type(records).__name__}")
    return [_message(f"Records[{place}]", record) for place, record in enumerate(records)]


def _message(place: str, record: object) -> QueueMessage:
    if not isinstance(record, Mapping):
        raise ForeignBatchError(f"{place}: must be an SQS message, not {type(record).__name__}")
    if _sender(record) not in (None, _SQS):
        raise ForeignBatchError(f"{place}: comes from {_source(record)}; {_TRIGGER}")
    lacking = [
        name for name in ("messageId", "receiptHandle", "body") if not isinstance(record.get(name), str)
    ]
    system, sent = record.get("attributes"), record.get("messageAttributes")
    numbers: dict[str, int] = {}
    for name in (_COUNT, _SINCE):
        value = system.get(name) if isinstance(system, Mapping) else None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            numbers[name] = int(value)
        else:
            lacking.append(f"attributes.{name}")
    if not isinstance(sent, Mapping | None):
        lacking.append("messageAttributes")
    if lacking:
        raise ForeignBatchError(
            f"{place}: has no usable {', '.join(lacking)}, which SQS sends with each message"
        )
    return QueueMessage(
        body=record["body"],
        message_id=record["messageId"],
        receipt=record["receiptHandle"],
        receive_count=numbers[_COUNT],
        first_received_at=datetime.fromtimestamp(numbers[_SINCE] / 1000, UTC),
        # The function adds it to what it parks, unless the body leaves no room; no other message has it.
        was_parked=OUTCOME in (sent or {}) or may_lack_outcome(record["body"]),
    )


def _sender(record: Mapping[object, object]) -> object:
    """Return the source that a record names. Only SNS writes the member with a capital letter."""
    return record.get("eventSource", record.get("EventSource"))


def _source(record: Mapping[object, object]) -> str:
    """Return the source if AWS has such a name; never show any other text."""
    sender = _sender(record)
    return sender if isinstance(sender, str) and _SOURCE.fullmatch(sender) else "another source than SQS"
