"""Commands that change a marketplace that runs: place, ship, cancel, fail, recover and list."""

import argparse
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import urllib3

from .control import FAULTS

URL_VARIABLE: Final = "LOCAL_MARKETPLACE_URL"
"""The environment variable with the marketplace's URL."""
_ANY: Final = "any"
_LOCAL: Final = "http://127.0.0.1:"


class FailedError(Exception):
    """A command could not do what it was told; the message says what to do."""


def main(arguments: list[str], prog: str = "marketplace") -> int:
    """Run a command and return its exit code; an error is one line."""
    parsed = _parser(prog).parse_args(arguments)
    try:
        parsed.run(parsed)
    except FailedError as error:
        sys.stderr.write(f"{prog}: {error}\n")
        return 1
    return 0


def count(text: str) -> int:
    """Read how many; an ``ArgumentTypeError`` for anything but a number from 0."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return int(text)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="|".join(COMMANDS))
    for name, (run, about) in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(run=run)
        match name:
            case "place":
                command.add_argument("order", nargs="?", help="its id; by default a new one")
                command.add_argument("--event", action="store_true", help="publish its order event, too")
                command.add_argument(
                    "--status",
                    nargs="+",
                    default=["Created"],
                    help="the status of each line; one Created line",
                )
                command.add_argument(
                    "--minutes-ago",
                    type=count,
                    default=0,
                    help="when the buyer ordered; a sweep takes it after 10",
                )
            case "ship" | "cancel":
                command.add_argument("order", help="its id")
            case "fail":
                command.add_argument("order", help=f"its id, or {_ANY}")
                command.add_argument("fault", help=", ".join(FAULTS))
                command.add_argument("details", nargs="*", metavar="name=value", help="such as seconds=5")
                command.add_argument(
                    "--times", type=count, default=1, help="how many calls; 0 is until recover"
                )
                command.add_argument("--action", help="only calls of this kind, such as acknowledge")
            case "recover":
                command.add_argument("order", nargs="?", default=_ANY, help=f"its id; {_ANY} by default")
    return parser


def _place(given: argparse.Namespace) -> None:
    if any(map(str.isdecimal, given.status)):
        raise FailedError("write the order before --status")
    placed_at = datetime.now(UTC) - timedelta(minutes=given.minutes_ago)
    order = _order_id(given.order or str(round(time.time() * 1000)))
    order_date = placed_at.isoformat(timespec="seconds")
    # Before anything is done, because the event may be for nobody.
    publish = _publisher() if given.event else None
    _call("POST", "orders", purchaseOrderId=order, statuses=given.status, orderDate=order_date)
    entry = {
        "Source": "walmart.ca.orders",
        "DetailType": "Order Created",
        "Detail": json.dumps({"purchaseOrderId": order, "orderDate": order_date}),
    }
    if publish:
        publish(Entries=[entry])
        _print(f"Placed order {order} and published its event")
    else:
        _print(f"Placed order {order}. A sweep finds it when it is ten minutes old. To publish its event:")
        _print(f"aws events put-events --entries {shlex.quote(json.dumps([entry]))}")


def _publisher() -> Callable[..., object]:
    # Never a real bus: its function would look for the order at Walmart.
    if not os.environ.get("AWS_ENDPOINT_URL", "").startswith(_LOCAL):
        raise FailedError("--event needs the local AWS: paste what `make sandbox` prints into this terminal")
    import boto3  # noqa: PLC0415 - most commands do not need it

    publish: Callable[..., object] = boto3.client("events").put_events
    return publish


def _ship(given: argparse.Namespace) -> None:
    _call("POST", "statuses", purchaseOrderId=given.order, status="Shipped")
    _print(f"Shipped order {given.order}")


def _cancel(given: argparse.Namespace) -> None:
    _call("POST", "statuses", purchaseOrderId=given.order, status="Cancelled")
    _print(f"Cancelled order {given.order}")


def _fail(given: argparse.Namespace) -> None:
    details = dict(map(_detail, given.details))
    fault = given.fault.replace("-", "_")
    planned = {**_of(given.order), "fault": fault, "times": given.times or None, "action": given.action}
    _call("POST", "faults", **planned, **details)
    calls = {0: "every call", 1: "the next call"}.get(given.times, f"the next {given.times} calls")
    _print(f"Planned for {calls} for {_named(given.order)}: {fault}")


def _recover(given: argparse.Namespace) -> None:
    _call("POST", "recoveries", **_of(given.order))
    _print(f"Forgot the faults that were planned for {_named(given.order)}")


def _list(_given: argparse.Namespace) -> None:
    for order in _call("GET", "orders")["orders"]:
        _print(f"{order['purchaseOrderId']}  {order['orderDate']}  {', '.join(order['statuses'])}")


COMMANDS: Final[dict[str, tuple[Callable[[argparse.Namespace], None], str]]] = {
    "place": (_place, "Place an order."),
    "ship": (_ship, "Ship an order, so that it can no longer be acknowledged."),
    "cancel": (_cancel, "Cancel an order, so that it can no longer be acknowledged."),
    "fail": (_fail, "Make the next call for an order fail."),
    "recover": (_recover, "Forget the planned faults."),
    "list": (_list, "List the orders with the status of each line."),
}


def _of(order: str) -> dict[str, str]:
    return {} if order == _ANY else {"purchaseOrderId": _order_id(order)}


def _order_id(order: str) -> str:
    if not (order.isascii() and order.isdecimal()):
        raise FailedError(f"{order} is not an order id: Walmart's have digits only, such as 7600")
    return order


def _named(order: str) -> str:
    return "any order" if order == _ANY else f"order {order}"


def _detail(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise FailedError(f"{text} is not name=value, such as seconds=5")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _call(method: str, path: str, **document: Any) -> Any:  # noqa: ANN401 - JSON
    url = os.environ.get(URL_VARIABLE)
    if not url:
        raise FailedError(
            f"{URL_VARIABLE} is not set: paste what `make sandbox` or `make marketplace` prints"
            " into this terminal"
        )
    try:
        response = urllib3.request(
            method, f"{url}/control/{path}", body=json.dumps(document).encode(), retries=False
        )
    except urllib3.exceptions.HTTPError:
        raise FailedError(
            f"no marketplace answers at {url}: start one with `make sandbox` or `make marketplace`,"
            " and paste what it prints"
        ) from None
    answer = response.json()
    if response.status >= 400:
        raise FailedError(answer["message"])
    return answer


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `marketplace list | head` is no error
    sys.exit(main(sys.argv[1:]))
