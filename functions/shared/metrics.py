"""The metrics. Their names are what alarms and the dashboard rely on."""

from enum import StrEnum
from typing import Final


class Metric(StrEnum):
    """Every metric beside the counts of outcomes, whose names `metric_name` makes. The value is its name."""

    ORDER_AGE = "OrderAge"
    """Of each attempt after which the order is acknowledged, or is to be tried again or parked: its age."""
    ORDER_AGE_AT_ACKNOWLEDGEMENT = "OrderAgeAtAcknowledgement"
    """Of each order that was acknowledged: its age."""
    ATTEMPTS = "Attempts"
    """Of each attempt: which one it is, the message's receives counted."""
    MARKETPLACE_LATENCY = "MarketplaceLatency"
    """Of each attempt that made a call: how long the last one took."""
    MESSAGE_FAILED = "MessageFailed"
    """A message that met a mistake of the function's own, or a batch that is not SQS's: it has no outcome,
    and comes again."""
    LEFT_TO_SWEEP = "LeftToSweep"
    """An order that cannot be acknowledged, and is not parked because the next sweep sees it again."""
    CREDENTIAL_FALLBACK = "CredentialFallback"
    """A call that the previous version of the secret made good."""
    STALE_CREDENTIALS = "StaleCredentials"
    """A version of the secret serves on, because the current one cannot be read or used."""
    SWEEP_COMPLETED = "SweepCompleted"
    """A sweep that saw every released order, and published whatever was due and had room."""
    OLDEST_UNACKNOWLEDGED_ORDER_AGE = "OldestUnacknowledgedOrderAge"
    """Of each sweep that saw every order: the age of the oldest that waits, 0 without one. Of one that did
    not: the age of the oldest that it saw, if that is more than an hour."""
    ORDERS_PUBLISHED = "OrdersPublished"
    """Of each sweep: how many order events it published."""
    DRAIN_TIME = "DrainTime"
    """Of each sweep: how long the order queue takes to be worked off at Walmart's limit."""

    @property
    def unit(self) -> str:
        """What it is measured in, by CloudWatch's word for it."""
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
