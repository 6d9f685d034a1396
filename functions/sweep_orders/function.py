"""SweepFunction's shape: the schedule's event in, the sweep record out."""

import asyncio
from collections.abc import Callable

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from sweep_orders.sweep import Sweep


class SweepFunction:
    """Takes what Lambda hands over, and gives back what became of the sweep."""

    def __init__(
        self, sweep: Sweep, disconnect: Callable[[], None], logger: Logger, metrics: EphemeralMetrics
    ) -> None:
        """Run `sweep`, and `disconnect` and flush `metrics` at the end."""
        self._sweep = sweep
        self._disconnect = disconnect
        self._logger = logger
        self._metrics = metrics

    def __call__(self, event: object, context: LambdaContext) -> dict[str, object]:
        """Sweep once.

        Args:
            event: The schedule's, or anything else: there is nothing to be said in it.
            context: Lambda's.

        Returns:
            The sweep record.
        """
        del event
        self._logger.append_keys(function_request_id=context.aws_request_id)

        def time_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        try:
            return asyncio.run(self._sweep.run(time_left)).as_dict()
        finally:
            self._disconnect()
            self._metrics.flush_metrics()
