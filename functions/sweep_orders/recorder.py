"""Sweep records as log lines and metrics."""

from typing import Final

from shared.metrics import Metric
from shared.outcomes import NEEDS_A_PERSON
from shared.telemetry import Telemetry
from sweep_orders.records import COMPLETED, SweepRecord

WORTH_TELLING_S: Final = 3600.0
"""The age from which a sweep that did not see every order tells of the oldest one it saw, which is that of
the alarm OldestOrderWaiting: a younger one must not end an alarm about an order on a page it did not see."""


class PowertoolsRecorder(Telemetry):
    """Implements `ports.Recorder`, which describes its members."""

    def record(self, record: SweepRecord) -> None:
        """Log one sweep, louder the more it needs somebody, and measure it."""
        log = self._logger.warning
        if record.outcome in NEEDS_A_PERSON:
            log = self._logger.error
            # By the very metrics of the outcomes: without orders nobody else would notice.
            self.count_outcome(record.outcome)
        elif record.outcome == COMPLETED:
            log = self._logger.info
            self.count(Metric.SWEEP_COMPLETED)
        log("sweep outcome", extra=record.as_dict())
        self.measure(Metric.ORDERS_PUBLISHED, record.orders_published)
        age_s = record.oldest_order_age_s
        if age_s is not None and (record.outcome == COMPLETED or age_s > WORTH_TELLING_S):
            self.measure(Metric.OLDEST_UNACKNOWLEDGED_ORDER_AGE, age_s)
        if record.drain_time_s is not None:
            self.measure(Metric.DRAIN_TIME, record.drain_time_s)
