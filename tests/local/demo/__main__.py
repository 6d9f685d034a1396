"""`make demo`, or `python -m tests.local.demo --help`."""

import argparse
import signal
import sys
import time
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from rich.console import Console

from tests.local.aws import CommandFailed, MissingTool, NotStarted, PortTaken
from tests.local.demo.forecast import BEGIN_WITH_THE_SIGNATURE, Weather
from tests.local.demo.scenario import tell
from tests.local.demo.screen import Screen
from tests.local.demo.watch import Row, differences
from tests.local.demo.weather import spell
from tests.local.demo.world import World, opened

_POLL_SECONDS: Final = 0.2
_SWEEP_SECONDS: Final = 5.0
"""Between sweeps, while an order that nobody tells of was not seen; the schedule's are further apart."""
_INTERRUPTED: Final = 130
_PARAMETERS: Final = {
    # An order that fails is to be seen succeeding while somebody watches.
    "BackoffBaseSeconds": "2",
    "BackoffCapSeconds": "5",
    "CredentialsHoldSeconds": "5",
    "RequestsPerMinute": "600",
}


def main() -> int:
    """Run the demo; 0 when every event ended as declared, 1 when one did not, 2 when it could not start."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.door == "token" and arguments.weather in BEGIN_WITH_THE_SIGNATURE:
        parser.error(f"{arguments.weather} begins with the signature: leave out --door token")
    screen = Screen(_console())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with opened(
            screen,
            door=arguments.door,
            aws_port=arguments.aws_port,
            marketplace_port=arguments.marketplace_port,
            parameters=_PARAMETERS,
        ) as world:
            return _play(arguments, screen, world)
    except PortTaken as error:
        screen.say(f"{error} (make demo AWS_PORT=...)")
    except (NotStarted, MissingTool, CommandFailed) as error:
        screen.say(str(error))
    except KeyboardInterrupt:
        screen.say("Interrupted; everything that was started has been ended")
        return _INTERRUPTED
    return 2


def _play(arguments: argparse.Namespace, screen: Screen, world: World) -> int:
    screen.say(f"Self-check: {world.self_check()['self_check']}")
    with spell(arguments.weather, world, screen):
        told = tell(arguments.orders, arguments.weather, datetime.now(UTC))
        started = time.monotonic()
        board, log = world.tell(told), world.log()
        untold = board.untold
        screen.say(f"Published {len(told) - untold} order events; {untold} more orders nobody tells of")
        sweep_at = started
        with screen.following(board) as follower:
            while not board.done and time.monotonic() - started < arguments.seconds:
                if board.untold and time.monotonic() >= sweep_at:
                    screen.say(_described(world.sweep()))
                    sweep_at = time.monotonic() + _SWEEP_SECONDS
                changed: list[Row] = [row for record in log.new_records() if (row := board.note(record))]
                follower.show(changed)
                time.sleep(_POLL_SECONDS)
        seconds = time.monotonic() - started
    wrong = differences(board, world.parked(), world.waiting(), world.marketplace)
    screen.summary(board, seconds, wrong)
    return 1 if wrong else 0


def _described(sweep: dict[str, Any]) -> str:
    reason = f" ({sweep['reason']})" if sweep["reason"] else ""
    return (
        f"Sweep {sweep['outcome']}{reason}: {sweep['orders_seen']} released orders,"
        f" {sweep['orders_due']} overdue, {sweep['orders_published']} published"
    )


def _console() -> Console:
    console = Console()
    # A file or a pipe has no width of its own, and rich would break lines at 80.
    return console if console.is_terminal else Console(width=140)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.local.demo", description=__doc__)
    parser.add_argument("--orders", type=int, default=40, help="how many orders besides those of events/")
    parser.add_argument(
        "--weather", type=Weather, choices=list(Weather), default=Weather.CALM, help="what goes wrong"
    )
    parser.add_argument(
        "--door",
        choices=["signature", "token"],
        default="signature",
        help=(
            "which of Walmart's doors the secret opens; rotation, migration and withdrawal begin with the"
            " signature"
        ),
    )
    parser.add_argument("--aws-port", type=int, default=0, help="port of the local AWS; 0 takes a free one")
    parser.add_argument("--marketplace-port", type=int, default=0, help="port of the local marketplace")
    parser.add_argument("--seconds", type=float, default=180, help="how long to wait for the last order")
    return parser


if __name__ == "__main__":
    sys.exit(main())
