"""Sweep records as log lines and metrics."""

from shared.metrics import Metric, metric_name
from shared.outcomes import NEEDS_A_PERSON
from shared.telemetry import Telemetry
from sweep_orders.records import COMPLETED, SweepRecord


class PowertoolsRecorder(Telemetry):
    """Implements `ports.Recorder`, which describes its members."""

    def record(self, record: SweepRecord) -> None:
        """Log one sweep, louder the more it needs somebody, and measure it."""
        log = self._logger.warning
        if record.outcome in NEEDS_A_PERSON:
            log = self._logger.error
            # By the very metrics of the outcomes: without orders nobody else would notice.
            self._metrics.add_metric(name=metric_name(record.outcome), unit="Count", value=1)
        elif record.outcome == COMPLETED:
            log = self._logger.info
            self.count(Metric.SWEEP_COMPLETED)
        log("sweep outcome", extra=record.as_dict())
        self.measure(Metric.ORDERS_PUBLISHED, record.orders_published)
        if record.oldest_order_age_s is not None:
            self.measure(Metric.OLDEST_UNACKNOWLEDGED_ORDER_AGE, record.oldest_order_age_s)
        if record.drain_time_s is not None:
            self.measure(Metric.DRAIN_TIME, record.drain_time_s)
