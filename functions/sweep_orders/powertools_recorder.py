"""Sweep records as log lines and metrics."""

from typing import Final

from shared.metrics import Metric
from shared.orders.outcome import NEEDS_A_PERSON
from shared.telemetry import Telemetry
from sweep_orders.records import COMPLETED, SweepRecord

ALARMING_AGE_S: Final = 3600.0
"""The age of the alarm OldestOrderUnacknowledged. A sweep that did not see every order measures only an older
one: a younger one must not end an alarm about an order on a page that was not read."""


class PowertoolsRecorder(Telemetry):
    """Implements `ports.Recorder`, which describes its members."""

    def record(self, record: SweepRecord) -> None:
        """Log one sweep at the level that its urgency asks for, and measure it."""
        log = self._logger.warning
        if record.outcome in NEEDS_A_PERSON:
            log = self._logger.error
            # By the metric of the same outcome of an order: without orders there is no other sign.
            self.count_outcome(record.outcome)
        elif record.outcome == COMPLETED:
            log = self._logger.info
            self.count(Metric.SWEEP_COMPLETED)
        log("sweep outcome", extra=record.as_dict())
        self.measure(Metric.ORDERS_PUBLISHED, record.orders_published)
        age_s = record.oldest_order_age_s
        if age_s is not None and (record.outcome == COMPLETED or age_s > ALARMING_AGE_S):
            self.measure(Metric.OLDEST_UNACKNOWLEDGED_ORDER_AGE, age_s)
        if record.drain_time_s is not None:
            self.measure(Metric.DRAIN_TIME, record.drain_time_s)
