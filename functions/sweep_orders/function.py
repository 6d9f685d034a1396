"""SweepFunction's shape: the schedule's event in, the sweep record out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from sweep_orders.sweep import Sweep
from walmart_ca import parse_instant


class SweepFunction:
    """Takes what Lambda hands over, and gives back what became of the sweep."""

    def __init__(
        self,
        sweep: Sweep,
        *,
        close_replaced: Callable[[], Awaitable[None]],
        disconnect: Callable[[], None],
        logger: Logger,
        metrics: EphemeralMetrics,
    ) -> None:
        """Run `sweep`.

        At the end `close_replaced` closes clients that are not used any more, `disconnect` the connections to
        the bus, and `metrics` are flushed.
        """
        self._sweep = sweep
        self._close_replaced = close_replaced
        self._disconnect = disconnect
        self._logger = logger
        self._metrics = metrics

    def __call__(self, event: object, context: LambdaContext) -> dict[str, object]:
        """Sweep once.

        Args:
            event: The schedule's, whose `scheduledTime` says when the sweep was due; or anything else.
            context: Lambda's.

        Returns:
            The sweep record.
        """
        due_at = parse_instant(event.get("scheduledTime")) if isinstance(event, Mapping) else None
        self._logger.append_keys(function_request_id=context.aws_request_id)

        def time_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        try:
            return asyncio.run(self._run(time_left, due_at))
        finally:
            self._disconnect()
            self._metrics.flush_metrics()

    async def _run(self, time_left: Callable[[], float], due_at: datetime | None) -> dict[str, object]:
        record = await self._sweep.run(time_left, due_at)
        await self._close_replaced()
        return record.as_dict()
