"""The real template, built and deployed by SAM to a local AWS that enforces the function's role."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.local.aws import LocalAws, Stack
from tests.local.marketplace import Marketplace

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Deployment:
    """A deployed stack, the source of its order events, and the marketplace that it talks to."""

    aws: LocalAws
    stack: Stack
    source: str
    marketplace: Marketplace

    @property
    def function_name(self) -> str:
        return self.stack.outputs["AcknowledgeFunctionName"]

    def publish(
        self,
        detail: dict[str, Any],
        source: str | None = None,
        detail_type: str = "Order Created",
    ) -> None:
        """Publish an event on the bus."""
        entry: PutEventsRequestEntryTypeDef = {
            "Source": source or self.source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
        }
        answer = self.aws.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke AcknowledgeFunction by hand, with one bare event."""
        return self._invoke("AcknowledgeFunctionName", event)

    def sweep(self) -> dict[str, Any]:
        """Invoke SweepFunction, as its schedule does."""
        return self._invoke("SweepFunctionName", {})

    def records(self, purchase_order_id: str) -> list[dict[str, Any]]:
        """The outcome records of an order, from AcknowledgeFunction's own log group."""
        lines = self._lines("AcknowledgeFunctionLogGroupName", "order outcome")
        return [line for line in lines if line.get("purchase_order_id") == purchase_order_id]

    def sweeps(self) -> list[dict[str, Any]]:
        """The sweep records, from SweepFunction's own log group."""
        return self._lines("SweepFunctionLogGroupName", "sweep outcome")

    def services_of_metrics(self) -> set[str]:
        """The dimension `service` of every line of metrics that AcknowledgeFunction printed."""
        return {line["service"] for line in self._lines("AcknowledgeFunctionLogGroupName", "_aws")}

    def _invoke(self, output: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.stack.outputs[output], Payload=json.dumps(event)
        )
        assert not answer.get("FunctionError"), answer["Payload"].read()
        record: dict[str, Any] = json.loads(answer["Payload"].read())
        return record

    def _lines(self, output: str, word: str) -> list[dict[str, Any]]:
        """The log lines that have a word, in the log group of an output."""
        logs = self.aws.client("logs").get_paginator("filter_log_events")
        pages = logs.paginate(logGroupName=self.stack.outputs[output])
        events = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(event) for event in events if f'"{word}"' in event]

    def messages(self, output: str) -> list[dict[str, Any]]:
        """The messages that are visible in the queue of an output."""
        received = self.aws.client("sqs").receive_message(
            QueueUrl=self.stack.outputs[output], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [dict(message) for message in received.get("Messages", [])]


def eventually[T](look: Callable[[], T]) -> T:
    """Look until there is something to be seen, and return it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.1)
    return seen
