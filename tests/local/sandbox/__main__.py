"""`make sandbox`, or `python -m tests.local.sandbox --help`."""

import argparse
import fcntl
import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from tests.local.aws import NotStarted
from tests.local.demo.screen import Screen
from tests.local.demo.startup import add_options, run, started
from tests.local.deployment import Deployment
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
except alarms, the pager and replays. After a deployment with Walmart's MarketplaceUrl, the functions call
Walmart until the next plain `sam deploy`. These work, too:

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
    parser = argparse.ArgumentParser(prog="python -m tests.local.sandbox", description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    screen = Screen()
    return run(screen, lambda: _stay_up(options, screen))


def _stay_up(options: argparse.Namespace, screen: Screen) -> int:
    with (
        _only_one(),
        started(screen, options, lambda port: ControlledMarketplace(port, on_call=report)) as deployment,
        second_terminal(deployment) as activate,
    ):
        _prepare(deployment)
        subscriber = deployment.subscribe()
        with suppress(KeyboardInterrupt):
            print(_introduction(activate), flush=True)
            while True:
                for each in subscriber.newest():
                    print(described(each), flush=True)
    screen.print("Everything that was started has been ended")
    return 0


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


def _prepare(deployment: Deployment) -> None:
    deployment.seller.store(DIRECTORY / "secret.json")
    deployment.marketplace.add_order(_ORDER_OF_THE_PAGES)
    for case in load_event_cases():
        if case.purchase_order_id and case.order_statuses:
            deployment.marketplace.add_order(case.purchase_order_id, case.order_statuses)


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


if __name__ == "__main__":
    sys.exit(main())
