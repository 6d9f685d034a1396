"""A log group, read as it grows."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


class LogReader:
    """Reads the lines of a log group that are JSON and hold a text, each one once.

    A line may come late, with a time before that of lines which were read already. So the whole group is read
    each time, and the lines that are known are left out by their ids.
    """

    def __init__(self, logs: "CloudWatchLogsClient", log_group: str, text: str) -> None:
        """Read the lines of `log_group` with `text`."""
        self._pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=log_group, filterPattern=f'"{text}"'
        )
        self._seen: set[object] = set()

    def new_records(self) -> list[dict[str, Any]]:
        """Return the records that were not there at the last call."""
        found = []
        for page in self._pages:
            for event in page["events"]:
                # The local AWS gives a function's lines no ids.
                known_by = event.get("eventId") or (
                    event["logStreamName"],
                    event["timestamp"],
                    event["message"],
                )
                if known_by not in self._seen:
                    self._seen.add(known_by)
                    found.append(json.loads(event["message"]))
        return found
