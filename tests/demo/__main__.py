"""`make demo`, or `python -m tests.demo --help`."""

import argparse
import errno
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import batched
from types import FrameType
from typing import Final

from rich.console import Console

from tests.demo.scenario import Told, tell
from tests.demo.screen import Screen
from tests.demo.watch import Board, LogReader, Row, differences
from tests.local_aws import Build, CommandFailed, LocalAws, MissingTool, NotStarted, PortTaken, Stack
from tests.local_marketplace import Marketplace

_STACK: Final = "walmart-order-acknowledgement"
_POLL_SECONDS: Final = 0.2
_ENTRIES_PER_CALL: Final = 10
_INTERRUPTED: Final = 130


def main() -> int:
    """Run the demo; 0 when every event ended as declared, 1 when one did not, 2 when it could not start."""
    arguments = _parser().parse_args()
    screen = Screen(_console())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return _run(arguments, screen)
    except PortTaken as error:
        screen.say(f"{error} (make demo AWS_PORT=...)")
    except (NotStarted, MissingTool, CommandFailed) as error:
        screen.say(str(error))
    except KeyboardInterrupt:
        screen.say("Interrupted; everything that was started has been ended")
        return _INTERRUPTED
    return 2


def _run(arguments: argparse.Namespace, screen: Screen) -> int:
    with ExitStack() as world:
        with screen.working("Setting up"):
            marketplace = world.enter_context(_marketplace(arguments.marketplace_port))
            aws = world.enter_context(LocalAws(arguments.aws_port))
            screen.say(f"Local marketplace at {marketplace.url}, local AWS at {aws.endpoint_url}")
            stack = _deploy(screen, marketplace, aws)
        return _play(arguments, screen, marketplace, aws, stack)


def _deploy(screen: Screen, marketplace: Marketplace, aws: LocalAws) -> Stack:
    secret = marketplace.register_seller().secret()
    secret_arn = aws.client("secretsmanager").create_secret(Name="walmart", SecretString=secret)["ARN"]
    return Stack.deploy(
        aws,
        name=_STACK,
        build=Build.cached(on_progress=screen.say),
        on_progress=screen.say,
        parameters={
            "CredentialsSecretArn": secret_arn,
            "MarketplaceUrl": marketplace.url,
            # An order that fails is to be seen succeeding while somebody watches.
            "BackoffBaseSeconds": "2",
            "BackoffCapSeconds": "5",
            "CredentialsHoldSeconds": "5",
        },
    )


def _play(
    arguments: argparse.Namespace, screen: Screen, marketplace: Marketplace, aws: LocalAws, stack: Stack
) -> int:
    told = tell(arguments.orders, datetime.now(UTC))
    for each in told:
        if each.statuses and each.purchase_order_id:
            marketplace.add_order(each.purchase_order_id, statuses=each.statuses)
        if each.mishap and each.purchase_order_id:
            fault, details = each.mishap
            marketplace.fail(each.purchase_order_id, fault, **details)
    screen.say(f"Publishing {len(told)} order events on the bus")
    started = time.monotonic()
    board = _publish(aws, told)
    log = LogReader(aws.client("logs"), stack.outputs["AcknowledgeFunctionLogGroupName"])
    with screen.following(board) as follower:
        while not board.done and time.monotonic() - started < arguments.seconds:
            changed: list[Row] = [row for record in log.new_records() if (row := board.note(record))]
            follower.show(changed)
            time.sleep(_POLL_SECONDS)
    seconds = time.monotonic() - started
    wrong = differences(board, _parked(aws, stack), _waiting(aws, stack), marketplace)
    screen.summary(board, seconds, wrong)
    return 1 if wrong else 0


def _publish(aws: LocalAws, told: list[Told]) -> Board:
    events = aws.client("events")
    board = Board()
    for some in batched(told, _ENTRIES_PER_CALL, strict=False):
        answer = events.put_events(Entries=[each.entry for each in some])
        for each, entry in zip(some, answer["Entries"], strict=True):
            board.add(each, entry["EventId"])
    return board


def _parked(aws: LocalAws, stack: Stack) -> dict[str, str]:
    """Return the outcomes of the messages in the dead-letter queue, by the event's id."""
    sqs = aws.client("sqs")
    parked: dict[str, str] = {}
    queue_url = stack.outputs["OrderDeadLetterQueueUrl"]
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            outcome = message["MessageAttributes"]["outcome"]["StringValue"]
            parked[json.loads(message["Body"])["id"]] = outcome
    return parked


def _waiting(aws: LocalAws, stack: Stack) -> int:
    """Return how many messages are in the order queue; one just finished with may take a moment to go."""
    sqs, queue_url = aws.client("sqs"), stack.outputs["OrderQueueUrl"]
    waiting = 0
    for _ in range(25):
        found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        visible, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        waiting = int(found[visible]) + int(found[hidden])  # type: ignore[index]  # the stub wants literals here
        if not waiting:
            break
        time.sleep(_POLL_SECONDS)
    return waiting


@contextmanager
def _marketplace(port: int) -> Iterator[Marketplace]:
    marketplace = Marketplace(port)
    try:
        marketplace.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise NotStarted(
            f"Port {port} on 127.0.0.1 is in use: end what listens there, or choose another"
            " (make demo MARKETPLACE_PORT=...)"
        ) from error
    try:
        yield marketplace
    finally:
        marketplace.stop()


def _console() -> Console:
    console = Console()
    # A file or a pipe has no width of its own, and rich would break lines at 80.
    return console if console.is_terminal else Console(width=140)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--orders", type=int, default=40, help="how many orders besides those of events/")
    parser.add_argument("--aws-port", type=int, default=0, help="port of the local AWS; 0 takes a free one")
    parser.add_argument("--marketplace-port", type=int, default=0, help="port of the local marketplace")
    parser.add_argument("--seconds", type=float, default=120, help="how long to wait for the last order")
    return parser


if __name__ == "__main__":
    sys.exit(main())
