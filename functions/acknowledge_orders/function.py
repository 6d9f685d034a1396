"""AcknowledgeFunction's two shapes: a queue batch, or one bare event for invoking it by hand."""

import asyncio
from collections.abc import Awaitable, Callable

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from acknowledge_orders.application import AcknowledgeOrders
from acknowledge_orders.batch import ForeignBatchError, read_batch
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
        *,
        close_replaced: Callable[[], Awaitable[None]],
        disconnect: Callable[[], None],
        logger: Logger,
        metrics: EphemeralMetrics,
    ) -> None:
        """Hand every order to `application`, and `count` in `metrics`.

        At the end of an invocation `close_replaced` closes clients that are not used any more, `disconnect`
        the connections to the queue, and `metrics` are flushed.
        """
        self._application = application
        self._self_check = self_check
        self._count = count
        self._close_replaced = close_replaced
        self._disconnect = disconnect
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

        Raises:
            ForeignBatchError: The event is a batch, and not one of SQS. No order of it was tried, and its
                source keeps it.
        """
        self._logger.append_keys(function_request_id=context.aws_request_id)

        def time_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        messages = self._read_batch(event)
        if messages == []:
            return {"batchItemFailures": []}
        if messages is None and asks_for_self_check(event):
            return asyncio.run(self._self_check.run()).as_dict()
        try:
            if messages is not None:
                return asyncio.run(self._handle_batch(messages, time_left))
            return asyncio.run(self._handle_bare_event(event, time_left))
        finally:
            self._disconnect()
            self._metrics.flush_metrics()

    def _read_batch(self, event: object) -> list[QueueMessage] | None:
        try:
            return read_batch(event)
        except ForeignBatchError as error:
            self._logger.error("batch refused", reason=str(error))  # noqa: TRY400 - the reason says it all
            self._count(Metric.MESSAGE_FAILED)
            self._metrics.flush_metrics()
            raise

    async def _handle_batch(
        self, messages: list[QueueMessage], time_left: Callable[[], float]
    ) -> dict[str, object]:
        """Handle all messages side by side, and report those that are to come again."""
        done = await asyncio.gather(*(self._handle(message, time_left) for message in messages))
        await self._close_replaced()
        again = [message.message_id for message, is_done in zip(messages, done, strict=True) if not is_done]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}

    async def _handle_bare_event(self, event: object, time_left: Callable[[], float]) -> dict[str, object]:
        record = await self._application.handle_bare_event(event, time_left)
        await self._close_replaced()
        return record.as_dict()

    async def _handle(self, message: QueueMessage, time_left: Callable[[], float]) -> bool:
        try:
            return await self._application.handle_message(message, time_left)
        except Exception:
            # A mistake of ours must cost this message an attempt, and its neighbours nothing.
            # Lambda does not count it: the invocation succeeds.
            self._logger.exception("message failed unexpectedly", message_id=message.message_id)
            self._count(Metric.MESSAGE_FAILED)
            return False
