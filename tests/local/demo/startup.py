"""What the demo and the sandbox share: their options, how they start, and their exit codes."""

import argparse
import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.local.aws import CommandFailed, LocalAws, MissingTool, NotStarted, PortTaken
from tests.local.aws.commands import end_when_interrupted
from tests.local.demo.screen import Screen
from tests.local.deployment import Deployment
from tests.local.marketplace import Marketplace

_NOT_STARTED: Final = 2
_INTERRUPTED: Final = 130


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `started`."""
    parser.add_argument(
        "--auth", choices=["signature", "token"], default="signature", help="how calls are authenticated"
    )
    parser.add_argument("--aws-port", type=int, default=0, help="port of the local AWS; 0 takes a free one")
    parser.add_argument("--marketplace-port", type=int, default=0, help="port of the local marketplace")


def run(screen: Screen, program: Callable[[], int]) -> int:
    """Run a program to its end, and return its exit code: 2 when it could not start, 130 at an interrupt."""
    end_when_interrupted()
    try:
        return program()
    except PortTaken as error:
        screen.print(f"{error} (AWS_PORT=...)")
    except (NotStarted, MissingTool, CommandFailed) as error:
        screen.print(str(error))
    except KeyboardInterrupt:
        screen.print("Interrupted; everything that was started has been ended")
        return _INTERRUPTED
    return _NOT_STARTED


@contextmanager
def started(
    screen: Screen,
    options: argparse.Namespace,
    make_marketplace: Callable[[int], Marketplace] = Marketplace,
) -> Iterator[Deployment]:
    """Start and deploy everything, and end it afterwards.

    Raises:
        NotStarted: A server did not start, for example because its port is taken.
        CommandFailed: SAM could not build or deploy.
    """
    with ExitStack() as stack:
        try:
            marketplace = stack.enter_context(make_marketplace(options.marketplace_port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise NotStarted(
                f"Port {options.marketplace_port} on 127.0.0.1 is in use: end what listens there, or choose"
                " another (MARKETPLACE_PORT=...)"
            ) from error
        aws = stack.enter_context(LocalAws(options.aws_port))
        screen.print(f"Local marketplace at {marketplace.url}, local AWS at {aws.endpoint_url}")
        yield Deployment(
            aws,
            marketplace,
            auth=options.auth,
            # As in README.md and the runbook.
            name="walmart-order-acknowledgement",
            secret_name="walmart-ca",  # noqa: S106 - a name
            on_progress=screen.print,
            AlarmEmail="you@example.com",
            RequestsPerMinute="600",
            # Short, so that a failed order succeeds while somebody watches.
            BackoffBaseSeconds="2",
            BackoffCapSeconds="5",
            CredentialsHoldSeconds="5",
        )
