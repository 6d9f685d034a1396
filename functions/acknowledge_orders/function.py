"""AcknowledgeFunction's two shapes: a queue batch, or one bare event for invoking it by hand."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from acknowledge_orders.application import AcknowledgeOrders
from acknowledge_orders.ports import QueueMessage
from acknowledge_orders.self_check import SelfCheck, asks_for_self_check
from shared.metrics import Metric


class _ComesAgainError(Exception):
    """Tells the batch processor to report a message as failed, so that the queue keeps it."""


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
                return self._handle_batch(records, time_left)
            return asyncio.run(self._application.handle_bare_event(event, time_left)).as_dict()
        finally:
            self._metrics.flush_metrics()

    def _handle_batch(self, records: list[object], time_left: Callable[[], float]) -> dict[str, object]:
        async def handle(record: SQSRecord) -> None:
            try:
                done = await self._application.handle_message(_message(record), time_left)
            except Exception:
                # A mistake of ours must cost this message an attempt, and its neighbours nothing.
                # Lambda does not count it: the invocation succeeds.
                self._logger.exception("message failed unexpectedly", message_id=record.message_id)
                self._count(Metric.MESSAGE_FAILED)
                raise
            if not done:
                raise _ComesAgainError

        processor = AsyncBatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        return {**async_process_partial_response({"Records": records}, handle, processor)}


def _is_message(record: object) -> bool:
    """Tell a message of a queue from whatever somebody may put into `Records` by hand."""
    return isinstance(record, dict) and record.keys() >= {"messageId", "receiptHandle", "body", "attributes"}


def _message(record: SQSRecord) -> QueueMessage:
    attributes = record.attributes
    return QueueMessage(
        body=record.body,
        message_id=record.message_id,
        receipt=record.receipt_handle,
        receive_count=int(attributes.approximate_receive_count),
        first_received_at=datetime.fromtimestamp(
            int(attributes.approximate_first_receive_timestamp) / 1000, UTC
        ),
        # What the function parks has it, and nothing else in the order queue has.
        was_parked="outcome" in record.message_attributes,
    )
