"""`make sandbox`, or `python -m tests.local.sandbox --help`."""

import argparse
import fcntl
import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.local.aws import CommandFailed, MissingTool, NotStarted, PortTaken
from tests.local.aws.commands import end_when_interrupted
from tests.local.demo.environment import Environment, started
from tests.local.demo.screen import Screen
from tests.local.marketplace.control import ControlledMarketplace, report
from tests.local.sandbox.terminal import COMMANDS, DIRECTORY, second_terminal
from tests.support.event_cases import load_event_cases
from tests.support.paths import ROOT

_ORDER_OF_THE_PAGES: Final = "2575193093772"
"""The order in the commands of README.md and the runbook."""
_INTRODUCTION: Final = """
Paste this into a second terminal, in the folder of the project:

    source {activate}

Then the commands of README.md, from its step 3 on, and of docs/runbook.md work there as they are,
except alarms, the pager and replays. These work, too:

    marketplace place --event               place an order and publish its event
    marketplace place|ship|cancel ORDER     change an order; `marketplace list` shows all
    marketplace fail ORDER throttled        make the next call for an order (or `any`) fail
    marketplace place --status Created Shipped --event      park an order
    sam build && sam deploy                 deploy what you changed in the code

The marketplace has the orders of events/ and {order}. Its credentials are in {secrets}; AUTH=token uses
the other ones. Retries are faster than by default: after 1 to 5 s, also when held. Outcome events are on.
Each call that it gets is a line here, as are outcome events and notifications. Ctrl-C ends everything.
"""


def main() -> int:
    """Run the sandbox until an interrupt, and return 0; 130 during the start, 2 when it could not start."""
    arguments = _parser().parse_args()
    screen = Screen()
    end_when_interrupted()
    is_up = False
    try:
        with (
            _only_one(),
            started(
                screen,
                auth=arguments.auth,
                aws_port=arguments.aws_port,
                marketplace_port=arguments.marketplace_port,
                make_marketplace=lambda port: ControlledMarketplace(port, on_call=report),
            ) as environment,
            second_terminal(environment) as activate,
        ):
            _prepare(environment)
            is_up = True
            print(_introduction(activate), flush=True)
            while True:
                for each in environment.subscriber.newest():
                    print(described(each), flush=True)
    except PortTaken as error:
        screen.print(f"{error} (AWS_PORT=...)")
    except (NotStarted, MissingTool, CommandFailed) as error:
        screen.print(str(error))
    except KeyboardInterrupt:
        screen.print("Everything that was started has been ended")
        return 0 if is_up else 130
    return 2


def _introduction(activate: Path) -> str:
    stand_in = (
        "\nThe AWS CLI 2 is not installed: `aws` is a stand-in there that knows the commands of the pages.\n"
        if (COMMANDS / "aws").exists()
        else ""
    )
    return stand_in + _INTRODUCTION.format(
        activate=shlex.quote(str(activate)),
        order=_ORDER_OF_THE_PAGES,
        secrets=(DIRECTORY / "*secret.json").relative_to(ROOT),
    )


def described(published: dict[str, Any]) -> str:
    """Return an outcome event, or a notification of the alarm topic, as a line."""
    if detail := published.get("detail"):
        order = detail["purchase_order_id"] or f"event {detail['event_id']}"
        return f"event {published['detail-type']}: {order} {detail['outcome']}"
    return f"notification: {json.dumps(published)}"


def _prepare(environment: Environment) -> None:
    environment.seller.store(DIRECTORY / "secret.json")
    environment.marketplace.add_order(_ORDER_OF_THE_PAGES)
    for case in load_event_cases():
        if case.purchase_order_id and case.order_statuses:
            environment.marketplace.add_order(case.purchase_order_id, case.order_statuses)


@contextmanager
def _only_one() -> Iterator[None]:
    """Let only one sandbox of this project run, because its files have fixed places."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with (DIRECTORY / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotStarted(
                "A sandbox of this project is running already: end it first, by Ctrl-C"
            ) from None
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.local.sandbox", description=__doc__)
    parser.add_argument(
        "--auth", choices=["signature", "token"], default="signature", help="how calls are authenticated"
    )
    parser.add_argument("--aws-port", type=int, default=0, help="port of the local AWS; 0 takes a free one")
    parser.add_argument("--marketplace-port", type=int, default=0, help="port of the local marketplace")
    return parser


if __name__ == "__main__":
    sys.exit(main())
