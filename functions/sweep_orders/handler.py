"""SweepFunction's Lambda entry: the schedule's event in, the sweep record out."""

import asyncio
import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from aws_lambda_powertools.utilities.typing import LambdaContext

from sweep_orders.bootstrap import Components, build_from_environment
from walmart_ca import parse_instant


class SweepFunction:
    """Handles invocations of Lambda."""

    def __init__(self, components: Components) -> None:
        """Handle every invocation with these components."""
        self._components = components

    def __call__(self, event: object, context: LambdaContext) -> dict[str, object]:
        """Sweep once.

        Args:
            event: The schedule's, whose `scheduledTime` says when the sweep was due; or any other event.
            context: From Lambda.

        Returns:
            The sweep record.
        """
        due_at = parse_instant(event.get("scheduledTime")) if isinstance(event, Mapping) else None
        self._components.logger.append_keys(function_request_id=context.aws_request_id)

        def time_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        try:
            return asyncio.run(self._sweep(time_left, due_at))
        finally:
            # The connections are dead by the next sweep, and calls to the bus are not repeated.
            self._components.event_bus.close()
            self._components.metrics.flush_metrics()

    async def _sweep(self, time_left: Callable[[], float], due_at: datetime | None) -> dict[str, object]:
        record = await self._components.sweep.run(time_left, due_at)
        await self._components.clients.close_replaced()
        return record.as_dict()


@functools.cache
def _function() -> SweepFunction:
    """Return the function of this execution environment, which is built once."""
    return SweepFunction(build_from_environment())


# Lambda gives a whole processor while it starts the environment, so the function is built then. After an
# error the first invocation builds it again, and its result names the error.
with suppress(Exception):
    _function()


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Sweep once. See `SweepFunction`."""
    return _function()(event, context)
