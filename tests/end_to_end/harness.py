"""A deployed stack as tests use it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.local.aws import LocalAws, Stack
from tests.local.marketplace import Marketplace

_TIMEOUT_S: Final = 300


@dataclass(frozen=True)
class Deployment:
    """A deployed stack, the source of its order events, and the marketplace that it talks to."""

    aws: LocalAws
    stack: Stack
    source: str
    marketplace: Marketplace

    def publish(self, purchase_order_id: str) -> None:
        detail = json.dumps({"purchaseOrderId": purchase_order_id})
        response = self.aws.client("events").put_events(
            Entries=[{"Source": self.source, "DetailType": "Order Created", "Detail": detail}]
        )
        assert response["FailedEntryCount"] == 0

    def records(self, purchase_order_id: str) -> list[dict[str, Any]]:
        """The outcome records of an order, from AcknowledgeFunction's log group, the first attempt first."""
        lines = self.stack.log("AcknowledgeFunctionLogGroupName", "order outcome").new_records()
        found = [line for line in lines if line.get("purchase_order_id") == purchase_order_id]
        return sorted(found, key=lambda record: record["attempt"])

    def ended(self, purchase_order_id: str) -> list[dict[str, Any]]:
        """Wait until an order is no longer retried, and return its records."""

        def final_records() -> list[dict[str, Any]]:
            records = self.records(purchase_order_id)
            return records if records and records[-1]["disposition"] != "retry" else []

        return eventually(final_records)

    def services_of_metrics(self) -> set[str]:
        """The dimension `service` of every metric of AcknowledgeFunction."""
        lines = self.stack.log("AcknowledgeFunctionLogGroupName", "_aws").new_records()
        return {line["service"] for line in lines}

    @contextmanager
    def changed_variables(self, changed: dict[str, str]) -> Iterator[None]:
        """Change environment variables of AcknowledgeFunction for the duration of the block."""
        functions, name = self.aws.client("lambda"), self.stack.outputs["AcknowledgeFunctionName"]
        before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**before, **changed}}
        )
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})

    def sweeps(self) -> list[dict[str, Any]]:
        return self.stack.log("SweepFunctionLogGroupName", "sweep outcome").new_records()

    def parked(self, purchase_order_id: str) -> dict[str, Any]:
        """Wait until an order's message is in the dead-letter queue, and return it."""

        def messages() -> list[dict[str, Any]]:
            received = (
                self.aws.client("sqs")
                .receive_message(
                    QueueUrl=self.stack.outputs["OrderDeadLetterQueueUrl"],
                    MaxNumberOfMessages=10,
                    MessageAttributeNames=["All"],
                    # The messages of other tests stay visible.
                    VisibilityTimeout=0,
                )
                .get("Messages", [])
            )
            return [dict(message) for message in received if purchase_order_id in message["Body"]]

        return eventually(messages)[0]


def eventually[T](read: Callable[[], T]) -> T:
    """Read until the result is not empty, and return it."""
    deadline = time.monotonic() + _TIMEOUT_S
    while not (result := read()):
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.5)
    return result
