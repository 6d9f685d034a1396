"""Outcome records as log lines and metrics."""

from typing import Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from acknowledge_orders.policy import Disposition, Outcome
from acknowledge_orders.records import OutcomeRecord
from shared.telemetry import metric_name

_NEEDS_A_PERSON: Final = frozenset({Outcome.CREDENTIALS_REFUSED, Outcome.MISCONFIGURED})


class PowertoolsRecorder:
    """Implements `ports.Recorder`, which describes its members."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        """Log to `logger` and count in `metrics`, which somebody else flushes."""
        self._logger = logger
        self._metrics = metrics

    def record(self, record: OutcomeRecord) -> None:
        """Log one outcome, louder the more it needs somebody, and count it."""
        # The fields go with the call: shared keys would put one order's on another's line.
        log = self._logger.warning
        if record.disposition == Disposition.PARKED or record.outcome in _NEEDS_A_PERSON:
            log = self._logger.error
        elif record.disposition == Disposition.DONE:
            log = self._logger.info
        log("order outcome", extra=record.as_dict())
        self.count(metric_name(record.outcome))

    def count(self, metric: str) -> None:
        """Count something."""
        self._metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)

    def warn(self, message: str, **fields: object) -> None:
        """Log a warning."""
        self._logger.warning(message, extra=fields)
