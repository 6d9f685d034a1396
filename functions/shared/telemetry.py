"""Logs and metrics, by Powertools. The names here are what alarms, queries and the dashboard rely on."""

import logging
from typing import Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

from shared.metrics import Metric, metric_name

NAMESPACE: Final = "WalmartOrderAcknowledgement"


def new_logger(service: str) -> Logger:
    """Make the logger. Each of its lines carries `service`; the function's log settings set its level.

    From then on, no other logger prints below INFO.
    """
    # Lambda gives that level to the root logger as well. Below INFO libraries print what they send and
    # receive: botocore prints the whole secret and AWS's session token. The root stands for every library.
    root = logging.getLogger()
    root.setLevel(max(root.level, logging.INFO))
    # Leave the task and the place in the code out of every line: no query uses them.
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # typeshed does not know it
    # Lambda reads the level of a line only when its timestamp has this form.
    return Logger(service=service, location=None, use_rfc3339=True)


def new_metrics(service: str) -> EphemeralMetrics:
    """Make the metrics, with the one dimension `service`. A flush prints them as one EMF line.

    Ephemeral metrics keep their values to themselves; the others share them with the whole process.
    """
    return EphemeralMetrics(namespace=NAMESPACE, service=service)


class Telemetry:
    """Logs and counts. Fields come with each call, because shared keys would appear on other lines."""

    def __init__(self, logger: Logger, metrics: EphemeralMetrics) -> None:
        """Log to `logger` and count in `metrics`, which the Lambda entry flushes."""
        self._logger = logger
        self._metrics = metrics

    def measure(self, metric: Metric, value: float) -> None:
        """Add a value to a metric."""
        self._metrics.add_metric(name=metric, unit=metric.unit, value=value)

    def count(self, metric: Metric) -> None:
        """Add 1 to a metric."""
        self.measure(metric, 1)

    def count_outcome(self, outcome: str) -> None:
        """Add 1 to the metric of an outcome."""
        self._metrics.add_metric(name=metric_name(outcome), unit="Count", value=1)

    def warn(self, message: str, **fields: object) -> None:
        """Log a warning; `message` is constant text."""
        self._logger.warning(message, extra=fields)
