"""Logs and metrics, by Powertools. The names here are what alarms, queries and dashboards rely on."""

import logging
from enum import StrEnum
from typing import Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

SERVICE: Final = "walmart-order-acknowledgement"
"""The `service` of every log line, and the only dimension of every metric."""
NAMESPACE: Final = "WalmartOrderAcknowledgement"


class Metric(StrEnum):
    """Every metric beside the counts of outcomes, whose names `metric_name` makes. The value is its name."""

    ORDER_AGE = "OrderAge"
    """Of each attempt after which the order is acknowledged, or still is not: the age of the order."""
    ORDER_AGE_AT_ACKNOWLEDGEMENT = "OrderAgeAtAcknowledgement"
    """Of each order that was acknowledged: its age."""
    ATTEMPTS = "Attempts"
    """Of each attempt: which one it is, the message's receives counted."""
    MARKETPLACE_LATENCY = "MarketplaceLatency"
    """Of each attempt that made a call: how long the last one took."""
    CREDENTIAL_FALLBACK = "CredentialFallback"
    """A call that the previous version of the secret made good."""
    STALE_CREDENTIALS = "StaleCredentials"
    """A version of the secret serves on, because the current one cannot be read or used."""
    SWEEP_COMPLETED = "SweepCompleted"
    """A sweep that saw every released order, and published whatever was due and had room."""
    OLDEST_UNACKNOWLEDGED_ORDER_AGE = "OldestUnacknowledgedOrderAge"
    """Of each sweep that saw every released order: the age of the oldest, 0 without one."""
    ORDERS_PUBLISHED = "OrdersPublished"
    """Of each sweep: how many order events it published."""
    DRAIN_TIME = "DrainTime"
    """Of each sweep: how long the order queue takes to be worked off at Walmart's limit."""

    @property
    def unit(self) -> MetricUnit:
        """What it is measured in."""
        return _UNITS.get(self, MetricUnit.Count)


_UNITS: Final = {
    Metric.ORDER_AGE: MetricUnit.Seconds,
    Metric.ORDER_AGE_AT_ACKNOWLEDGEMENT: MetricUnit.Seconds,
    Metric.MARKETPLACE_LATENCY: MetricUnit.Milliseconds,
    Metric.OLDEST_UNACKNOWLEDGED_ORDER_AGE: MetricUnit.Seconds,
    Metric.DRAIN_TIME: MetricUnit.Seconds,
}


def new_logger() -> Logger:
    """Make the logger. Its level is the environment's, which the function's own log settings give."""
    # What every line would carry and nobody searches by: the task it was logged in, the place in the code.
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # typeshed does not know it
    # Lambda reads the level of a line only beside a timestamp of this form.
    return Logger(service=SERVICE, location=None, use_rfc3339=True)


def new_metrics() -> Metrics:
    """Make the metrics; they are printed, one EMF line for each invocation, when flushed."""
    return Metrics(namespace=NAMESPACE, service=SERVICE)


def metric_name(outcome: str) -> str:
    """Return the metric of an outcome: its words in CamelCase, `OutcomeUnknown` of `outcome_unknown`."""
    return "".join(word.capitalize() for word in outcome.split("_"))
