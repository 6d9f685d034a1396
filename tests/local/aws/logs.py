"""A reader of a growing log group."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


class LogReader:
    """Reads each JSON line of a log group that contains a text, once.

    A line may arrive late, with an earlier time than lines that were read already. So the whole group is read
    each time, and known lines are skipped.
    """

    def __init__(self, logs: "CloudWatchLogsClient", log_group: str, text: str) -> None:
        self._pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=log_group, filterPattern=f'"{text}"'
        )
        self._seen: set[object] = set()

    def new_records(self) -> list[dict[str, Any]]:
        """Return the records that are new since the last call."""
        found = []
        for page in self._pages:
            for event in page["events"]:
                # In the local AWS, a function's lines have no ids.
                line = (event["logStreamName"], event["timestamp"], event["message"])
                identity = event.get("eventId") or line
                if identity not in self._seen:
                    self._seen.add(identity)
                    found.append(json.loads(event["message"]))
        return found
