"""AcknowledgeFunction's two shapes: a queue batch, or one bare event for invoking it by hand."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from acknowledge_orders.application import AcknowledgeOrders
from acknowledge_orders.ports import QueueMessage
from acknowledge_orders.self_check import SelfCheck, asks_for_self_check
from shared.metrics import Metric


class AcknowledgeFunction:
    """Takes what Lambda hands over, and gives back what Lambda wants."""

    def __init__(
        self,
        application: AcknowledgeOrders,
        self_check: SelfCheck,
        count: Callable[[Metric], None],
        logger: Logger,
        metrics: EphemeralMetrics,
    ) -> None:
        """Hand every order to `application`, `count` in `metrics`, and flush them at the end."""
        self._application = application
        self._self_check = self_check
        self._count = count
        self._logger = logger
        self._metrics = metrics

    def __call__(self, event: object, context: LambdaContext) -> dict[str, object]:
        """Handle one invocation.

        Args:
            event: A batch of the order queue; or one order event as EventBridge shapes it; or one whose
                `detail` asks for the self-check.
            context: Lambda's.

        Returns:
            For a batch, the messages that are to come again (`batchItemFailures`); for a bare event,
            the outcome record, or that of the self-check.
        """
        self._logger.append_keys(function_request_id=context.aws_request_id)

        def time_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        records = event.get("Records") if isinstance(event, dict) else None
        if records == []:
            return {"batchItemFailures": []}
        if asks_for_self_check(event):
            return asyncio.run(self._self_check.run()).as_dict()
        try:
            if isinstance(records, list) and all(map(_is_message, records)):
                return asyncio.run(self._handle_batch(records, time_left))
            return asyncio.run(self._application.handle_bare_event(event, time_left)).as_dict()
        finally:
            self._metrics.flush_metrics()

    async def _handle_batch(
        self, records: list[dict[str, Any]], time_left: Callable[[], float]
    ) -> dict[str, object]:
        """Handle all messages side by side, and report those that are to come again."""
        done = await asyncio.gather(*(self._handle(record, time_left) for record in records))
        again = [record["messageId"] for record, is_done in zip(records, done, strict=True) if not is_done]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}

    async def _handle(self, record: dict[str, Any], time_left: Callable[[], float]) -> bool:
        try:
            return await self._application.handle_message(_message(record), time_left)
        except Exception:
            # A mistake of ours must cost this message an attempt, and its neighbours nothing.
            # Lambda does not count it: the invocation succeeds.
            self._logger.exception("message failed unexpectedly", message_id=record["messageId"])
            self._count(Metric.MESSAGE_FAILED)
            return False


def _is_message(record: object) -> bool:
    """Tell a message of a queue from whatever somebody may put into `Records` by hand."""
    return isinstance(record, dict) and record.keys() >= {"messageId", "receiptHandle", "body", "attributes"}


def _message(record: dict[str, Any]) -> QueueMessage:
    attributes = record["attributes"]
    return QueueMessage(
        body=record["body"],
        message_id=record["messageId"],
        receipt=record["receiptHandle"],
        receive_count=int(attributes["ApproximateReceiveCount"]),
        first_received_at=datetime.fromtimestamp(
            int(attributes["ApproximateFirstReceiveTimestamp"]) / 1000, UTC
        ),
        # What the function parks has it, and nothing else in the order queue has.
        was_parked="outcome" in record.get("messageAttributes", {}),
    )
