"""The local marketplace by itself: ``python -m tests.local.marketplace``.

With a command, such as ``place``, it changes a marketplace that runs, see ``commands``.
"""

import argparse
import errno
import shlex
import signal
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from . import commands
from .control import ControlledMarketplace, report, say

_FIRST_ORDER = 7_400_000_000_001
_PROG = "python -m tests.local.marketplace"


def main() -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; when it cannot start, print one line and return 1."""
    if sys.argv[1:] and sys.argv[1] in commands.COMMANDS:
        return commands.main(sys.argv[1:], prog=_PROG)
    arguments = _parser().parse_args()
    # A shell starts a background job with SIGINT ignored: it must end this program, too. An ignored SIGHUP
    # stays ignored, because nohup means it; else it says that the terminal was closed.
    ends = {signal.SIGINT, signal.SIGTERM}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ends.add(signal.SIGHUP)
    for number in ends:
        signal.signal(number, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before any thread: it inherits this
    with tempfile.TemporaryDirectory(prefix="local-marketplace-") as temporary:
        secret_file = arguments.secret_file or Path(temporary, "secret.json")
        try:
            _serve(arguments.port, arguments.orders, secret_file, ends)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = f"port {arguments.port} is taken, choose another with --port" if taken else error
            sys.stderr.write(f"The local marketplace cannot start: {reason}\n")
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROG,
        description=(
            "Imitates Walmart Canada's order API on the loopback address, with real signatures and tokens."
            f" {_PROG} {'|'.join(commands.COMMANDS)} changes one that runs."
        ),
    )
    parser.add_argument("--port", type=_port, default=8080, help="where to listen; 0 takes any free port")
    parser.add_argument(
        "--orders", type=commands.count, default=5, help="how many Created orders to begin with"
    )
    parser.add_argument(
        "--secret-file",
        type=Path,
        help=(
            "where to write the credentials for the signature; those for access tokens go into the same"
            " directory as token-...; the default is temporary files"
        ),
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if port not in range(65536):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _serve(port: int, orders: int, secret_file: Path, ends: Collection[signal.Signals]) -> None:
    with ControlledMarketplace(port, on_call=report) as marketplace:
        token_secret_file = marketplace.register_seller().store(secret_file)
        purchase_order_ids = [str(_FIRST_ORDER + number) for number in range(orders)]
        for purchase_order_id in purchase_order_ids:
            marketplace.add_order(purchase_order_id)
        say(_introduction(marketplace.url, purchase_order_ids, secret_file, token_secret_file))
        signal.sigwait(ends)


def _introduction(url: str, purchase_order_ids: list[str], secret_file: Path, token_secret_file: Path) -> str:
    example = purchase_order_ids[0] if purchase_order_ids else str(_FIRST_ORDER)
    command = f"{shlex.quote(sys.executable)} -m tests.local.marketplace"
    return "\n".join(
        [
            f"Local marketplace: {url}",
            f"Credentials for the digital signature: {secret_file}",
            f"Credentials for access tokens: {token_secret_file}",
            f"Created orders: {' '.join(purchase_order_ids) or 'none'}",
            "",
            f"Call: POST {url}/v3/ca/orders/{example}/acknowledge",
            f"  or GET {url}/v3/ca/orders/released?createdStartDate=2026-01-01",
            "  with Walmart's headers and a signature. The reason for a refusal is printed here.",
            f"Or with a token: the same calls below {url}/v3/orders, after POST {url}/v3/token",
            f"In another terminal: export {commands.URL_VARIABLE}={url}",
            f"Place an order: {command} place",
            f"Ship or cancel it: {command} ship {example}",
            f"Make its next call fail: {command} fail {example} throttled",
            f"See all calls: curl {url}/control/calls",
            "Stop: Ctrl-C",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
