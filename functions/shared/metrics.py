"""The metrics. Their names are what alarms and the dashboard rely on."""

from enum import StrEnum
from typing import Final


class Metric(StrEnum):
    """Every metric except the counts of outcomes, whose names `metric_name` makes. The value is its name."""

    ORDER_AGE = "OrderAge"
    """The age of the order, for each attempt after which it is acknowledged, retried or parked."""
    ORDER_AGE_AT_ACKNOWLEDGEMENT = "OrderAgeAtAcknowledgement"
    """The age of each order that was acknowledged."""
    MARKETPLACE_LATENCY = "MarketplaceLatency"
    """The duration of the last call of each attempt that made one."""
    MESSAGE_FAILED = "MessageFailed"
    """A message that hit an unexpected error, or a batch that does not come from SQS. It has no outcome, and
    is retried."""
    LEFT_TO_SWEEP = "LeftToSweep"
    """An order that cannot be acknowledged, and is not parked: the next sweep publishes it again."""
    CREDENTIAL_FALLBACK = "CredentialFallback"
    """A call that was accepted with the previous version of the secret."""
    STALE_CREDENTIALS = "StaleCredentials"
    """An older version of the secret is used, because the current one cannot be read or used."""
    SWEEP_COMPLETED = "SweepCompleted"
    """A sweep that saw every released order, and published every order that was due and had room."""
    OLDEST_UNACKNOWLEDGED_ORDER_AGE = "OldestUnacknowledgedOrderAge"
    """The age of the oldest order that awaits acknowledgement; 0 without one. A sweep that did not see every
    order measures it only when it is more than an hour."""
    ORDERS_PUBLISHED = "OrdersPublished"
    """The number of order events that a sweep published."""
    DRAIN_TIME = "DrainTime"
    """The time that the order queue needs at Walmart's rate limit, after a sweep."""

    @property
    def unit(self) -> str:
        """Its unit, as CloudWatch names it."""
        return _UNITS.get(self, "Count")


_UNITS: Final = {
    Metric.ORDER_AGE: "Seconds",
    Metric.ORDER_AGE_AT_ACKNOWLEDGEMENT: "Seconds",
    Metric.MARKETPLACE_LATENCY: "Milliseconds",
    Metric.OLDEST_UNACKNOWLEDGED_ORDER_AGE: "Seconds",
    Metric.DRAIN_TIME: "Seconds",
}


def metric_name(outcome: str) -> str:
    """Return the metric of an outcome: its words in CamelCase, `OutcomeUnknown` of `outcome_unknown`."""
    return "".join(word.capitalize() for word in outcome.split("_"))
