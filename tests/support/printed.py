"""The JSON lines that a function prints: its outcome records and its metrics."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any


def reset_logger() -> None:
    """Let the next function print to the current stdout: Powertools sets up a logger once a process."""
    loggers = logging.Logger.manager.loggerDict
    for name in [name for name, logger in loggers.items() if getattr(logger, "init", False)]:
        del loggers[name]


def records_of(output: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the outcome records among printed lines."""
    return [line for line in output if line.get("message") == "order outcome"]


def measurements_of(
    output: Iterable[dict[str, Any]],
    namespace: str | None = None,
    dimensions: Mapping[str, str] | None = None,
) -> dict[str, list[float]]:
    """Return every metric among printed lines, with its values.

    If a namespace or dimensions are given, return only the metrics that have them.
    """
    values: dict[str, list[float]] = {}
    for line in output:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            stated = [{name: line[name] for name in names} for names in directive["Dimensions"]]
            if namespace not in {None, directive["Namespace"]} or dimensions not in [None, *stated]:
                continue
            for metric in directive["Metrics"]:
                found = line[metric["Name"]]
                values.setdefault(metric["Name"], []).extend(found if isinstance(found, list) else [found])
    return values
