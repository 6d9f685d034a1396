"""Outcome records as log lines and metrics."""

from typing import Final

from acknowledge_orders.policy import Disposition
from acknowledge_orders.records import OutcomeRecord, SelfCheckRecord
from shared.metrics import Metric
from shared.orders.outcome import NEEDS_A_PERSON, Outcome
from shared.telemetry import Telemetry

_NOTHING_AT_RISK: Final = frozenset(
    {Outcome.ALREADY_ACKNOWLEDGED, Outcome.ALREADY_SHIPPED, Outcome.CANCELLED, Outcome.DRY_RUN}
)
"""The deadline of such an order no longer matters: a replay must not raise an alarm."""


class PowertoolsRecorder(Telemetry):
    """Implements `ports.Recorder`, which describes its members."""

    def record(self, record: OutcomeRecord) -> None:
        """Log one outcome at the level that its urgency asks for, count it and measure it."""
        log = self._logger.warning
        if (
            record.disposition in {Disposition.PARKED, Disposition.LEFT_TO_SWEEP}
            or record.outcome in NEEDS_A_PERSON
        ):
            log = self._logger.error
        elif record.disposition == Disposition.DONE:
            log = self._logger.info
        log("order outcome", extra=record.as_dict())
        self.count_outcome(record.outcome)
        if record.latency_ms is not None:
            self.measure(Metric.MARKETPLACE_LATENCY, record.latency_ms)
        if record.origin != "manual":
            self._measure_attempt(record)

    def unexpected_error(self, message_id: str, error: Exception) -> None:
        """Log an error that was not expected, and count its message as failed."""
        self._logger.error("unexpected error", exc_info=error, message_id=message_id)
        self.count(Metric.MESSAGE_FAILED)

    def record_self_check(self, record: SelfCheckRecord) -> None:
        """Log what a self-check found."""
        log = self._logger.error if record.failed else self._logger.info
        log("self-check", extra=record.as_dict())

    def _measure_attempt(self, record: OutcomeRecord) -> None:
        """Measure an attempt at a message. A direct invocation returns its record instead."""
        if record.disposition == Disposition.LEFT_TO_SWEEP:
            self.count(Metric.LEFT_TO_SWEEP)
            return  # The sweep measures it. Here it would hide the age of every other order.
        if record.order_age_s is None or record.outcome in _NOTHING_AT_RISK:
            return
        age_s = max(0.0, record.order_age_s)
        self.measure(Metric.ORDER_AGE, age_s)
        if record.outcome == Outcome.ACKNOWLEDGED:
            self.measure(Metric.ORDER_AGE_AT_ACKNOWLEDGEMENT, age_s)
