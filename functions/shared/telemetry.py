"""Logs and metrics, by Powertools. The names here are what alarms, queries and dashboards rely on."""

import logging
from typing import Final

from aws_lambda_powertools import Logger, Metrics

SERVICE: Final = "walmart-order-acknowledgement"
"""The `service` of every log line, and the only dimension of every metric."""
NAMESPACE: Final = "WalmartOrderAcknowledgement"


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
