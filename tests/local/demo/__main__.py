"""`make demo`, or `python -m tests.local.demo --help`."""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.local.aws import Subscriber
from tests.local.demo.board import Board, differences
from tests.local.demo.course import play
from tests.local.demo.orders import plan
from tests.local.demo.scenarios import SIGNATURE_FIRST, Scenario
from tests.local.demo.screen import Screen
from tests.local.demo.startup import add_options, run, started
from tests.local.deployment import Deployment
from tests.local.marketplace.commands import count

_POLL_SECONDS: Final = 0.2
_SWEEP_SECONDS: Final = 5.0
"""Between two sweeps until one has completed, where the schedule waits fifteen minutes."""
_LAST_EVENT_SECONDS: Final = 60.0
"""How long to wait for the last outcome event."""
_END: Final = object()


def main() -> int:
    """Run the demo; return 0 when every order ended as declared, 1 otherwise, 2 when it could not start."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.auth == "token" and arguments.scenario in SIGNATURE_FIRST:
        parser.error(f"{arguments.scenario} begins with the signature: leave out --auth token")
    screen = Screen(arguments.picture)
    screen.print(f"Scenario {arguments.scenario}, authentication by {arguments.auth}")
    return run(screen, lambda: _play(arguments, screen))


def _play(arguments: argparse.Namespace, screen: Screen) -> int:
    with started(screen, arguments) as deployment:
        return _follow(arguments, screen, deployment)


def _follow(arguments: argparse.Namespace, screen: Screen, deployment: Deployment) -> int:
    screen.print(f"Self-check: {deployment.self_check()['self_check']}")
    board, log, subscriber = Board(), deployment.log(), deployment.subscribe()
    orders = plan(arguments.orders, arguments.scenario, datetime.now(UTC))
    steps = play(arguments.scenario, deployment, screen, board, orders)
    started_at = sweep_at = time.monotonic()
    playing, swept = True, False
    with screen.following(board) as show:
        while playing or not board.done:
            playing = next(steps, _END) is not _END
            # One completed sweep sees every order: a second one would only publish some of them again.
            if board.needs_sweep and not swept and time.monotonic() >= sweep_at:
                sweep = deployment.sweep()
                screen.print(
                    f"Sweep {sweep['outcome']}{f' ({sweep["reason"]})' if sweep['reason'] else ''}:"
                    f" {sweep['orders_seen']} orders without an acknowledgement, {sweep['orders_due']} due,"
                    f" {sweep['orders_published']} published"
                )
                swept = sweep["outcome"] == "completed" and not sweep["orders_left"]
                sweep_at = time.monotonic() + _SWEEP_SECONDS
            show([row for record in log.new_records() if (row := board.update(record))])
            if time.monotonic() - max(started_at, board.changed_at) > arguments.seconds:
                break
            time.sleep(_POLL_SECONDS)
    seconds = time.monotonic() - started_at
    records = [row.record for row in board.rows.values() if row.record and "event_id" in row.record]
    published, notifications = _received(subscriber, {record["event_id"] for record in records})
    found = differences(board, published, deployment)
    screen.summary(board, seconds, list(published.values()), notifications, found)
    return 1 if found else 0


def _received(
    subscriber: Subscriber, expected: set[str]
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Wait a while for the outcome events of the order events with these ids.

    Returns:
        The outcome events by the id of the order event, and the notifications.
    """
    events: dict[str, dict[str, Any]] = {}
    notifications: list[dict[str, Any]] = []
    deadline = time.monotonic() + _LAST_EVENT_SECONDS
    # The notifications come at the same time, so the call after the last event has them.
    while (newest := subscriber.newest()) or (not expected <= events.keys() and time.monotonic() < deadline):
        for each in newest:
            if "detail" in each:
                events[each["detail"]["event_id"]] = each
            else:
                notifications.append(each)
    return events, notifications


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.local.demo", description=__doc__)
    parser.add_argument("--orders", type=count, default=40, help="how many orders in addition to events/")
    parser.add_argument(
        "--scenario", type=Scenario, choices=list(Scenario), default=Scenario.CALM, help="what goes wrong"
    )
    parser.add_argument("--picture", type=Path, help="save the output as an SVG picture in this file")
    add_options(parser)
    # Longer than the visibility timeout of a message.
    parser.add_argument("--seconds", type=float, default=420, help="how long to wait while nothing happens")
    return parser


if __name__ == "__main__":
    sys.exit(main())
