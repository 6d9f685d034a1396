"""AcknowledgeFunction's Lambda entry: a batch of the order queue, or a direct invocation with one event."""

import gc

# Nearly everything that an import makes is kept: to search it for garbage takes 4 % of a cold start.
gc.disable()

import asyncio
import functools
from collections.abc import Callable
from contextlib import suppress

from aws_lambda_powertools.utilities.typing import LambdaContext

from acknowledge_orders.batch import ForeignBatchError, read_batch
from acknowledge_orders.bootstrap import Components, build_from_environment
from acknowledge_orders.ports import QueueMessage
from acknowledge_orders.self_check import asks_for_self_check
from shared.metrics import Metric


class AcknowledgeFunction:
    """Handles invocations of Lambda."""

    def __init__(self, components: Components) -> None:
        """Handle every invocation with these components."""
        self._components = components

    def prepare(self) -> None:
        """Read the secret and make the client, for which the first order would wait otherwise."""
        self._components.clients.peek()

    def __call__(self, event: object, context: LambdaContext) -> dict[str, object]:
        """Handle one invocation.

        Args:
            event: A batch of the order queue; or one order event as EventBridge sends it; or an event whose
                `detail` asks for the self-check.
            context: From Lambda.

        Returns:
            For a batch, the messages that are retried (`batchItemFailures`); for a direct invocation, the
            outcome record, or the record of the self-check.

        Raises:
            ForeignBatchError: The event is a batch that does not come from SQS. No order was attempted, and
                its source keeps the batch.
        """
        components = self._components
        components.logger.append_keys(function_request_id=context.aws_request_id)

        def time_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        messages = self._read_batch(event)
        if messages == []:
            return {"batchItemFailures": []}
        if messages is None and asks_for_self_check(event):
            return asyncio.run(components.self_check.run()).as_dict()
        try:
            if messages is not None:
                return asyncio.run(self._handle_batch(messages, time_left))
            return asyncio.run(self._handle_direct_invocation(event, time_left))
        finally:
            # A connection may be dead by the next invocation, and these calls are not repeated.
            components.aws.close()
            components.metrics.flush_metrics()

    def _read_batch(self, event: object) -> list[QueueMessage] | None:
        components = self._components
        try:
            return read_batch(event)
        except ForeignBatchError as error:
            components.logger.error("batch refused", reason=str(error))  # noqa: TRY400 - the reason is enough
            components.recorder.count(Metric.MESSAGE_FAILED)
            components.metrics.flush_metrics()
            raise

    async def _handle_batch(
        self, messages: list[QueueMessage], time_left: Callable[[], float]
    ) -> dict[str, object]:
        """Handle all messages at the same time, and report the ones that are retried."""
        done = await self._components.application.handle_batch(messages, time_left)
        await self._components.clients.close_replaced()
        retried = [message.message_id for message, is_done in zip(messages, done, strict=True) if not is_done]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in retried]}

    async def _handle_direct_invocation(
        self, event: object, time_left: Callable[[], float]
    ) -> dict[str, object]:
        record = await self._components.application.handle_direct_invocation(event, time_left)
        await self._components.clients.close_replaced()
        return record.as_dict()


@functools.cache
def _function() -> AcknowledgeFunction:
    """Return the function of this execution environment, which is built once."""
    return AcknowledgeFunction(build_from_environment())


# Lambda gives a whole processor while it starts the environment, so the function is prepared then. If it
# cannot be built, the first invocation tries again: its result names the error, and no message is lost.
with suppress(Exception):
    _function().prepare()
gc.freeze()  # The first event must not search it either.
gc.enable()


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Handle one invocation. See `AcknowledgeFunction`."""
    return _function()(event, context)
