"""`make demo`, or `python -m tests.local.demo --help`."""

import argparse
import signal
import sys
import time
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from tests.local.aws import CommandFailed, MissingTool, NotStarted, PortTaken
from tests.local.demo.forecast import BEGIN_WITH_THE_SIGNATURE, Weather
from tests.local.demo.scenario import tell
from tests.local.demo.screen import Screen
from tests.local.demo.watch import Board, differences
from tests.local.demo.weather import course
from tests.local.demo.world import World, opened

_POLL_SECONDS: Final = 0.2
_SWEEP_SECONDS: Final = 5.0
"""Between sweeps, until one has completed; the schedule's are further apart."""
_INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
    screen = Screen()
    for number in _INTERRUPTS:
        # A shell starts a background job with SIGINT ignored, and so do some CI runners: it must end us too.
        # An ignored SIGHUP is what nohup is for.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
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
    board, log, told = Board(), world.log(), tell(arguments.orders, arguments.weather, datetime.now(UTC))
    steps = course(arguments.weather, world, screen, board, told)
    started = sweep_at = time.monotonic()
    swept = False
    with screen.following(board) as show:
        while next(steps, False) or not board.done:
            # One completed sweep sees every order: a second one would only publish some of them again.
            if board.untold and not swept and time.monotonic() >= sweep_at:
                sweep = world.sweep()
                screen.say(
                    f"Sweep {sweep['outcome']}{f' ({sweep["reason"]})' if sweep['reason'] else ''}:"
                    f" {sweep['orders_seen']} released orders, {sweep['orders_due']} overdue,"
                    f" {sweep['orders_published']} published"
                )
                swept = sweep["outcome"] == "completed" and not sweep["orders_left"]
                sweep_at = time.monotonic() + _SWEEP_SECONDS
            show([row for record in log.new_records() if (row := board.note(record))])
            if time.monotonic() - max(started, board.changed_at) > arguments.seconds:
                break
            time.sleep(_POLL_SECONDS)
    seconds = time.monotonic() - started
    wrong = differences(board, world.parked(), world.waiting(), world.marketplace)
    screen.summary(board, seconds, wrong)
    return 1 if wrong else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Once: a second one would interrupt the ending of what was started.
    for number in _INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
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
    # Longer than a message is hidden from others after a function was killed with it.
    parser.add_argument("--seconds", type=float, default=420, help="how long to wait while nothing happens")
    return parser


if __name__ == "__main__":
    sys.exit(main())
