"""The local marketplace by itself: ``python -m tests.local.marketplace``."""

import argparse
import errno
import json
import signal
import sys
import tempfile
from pathlib import Path

from .calls import Call
from .control import ControlledMarketplace
from .faults import Fault

_FIRST_ORDER = 7_400_000_000_001
_ENDS = frozenset({signal.SIGINT, signal.SIGTERM})


def main() -> int:
    """Serve until SIGINT or SIGTERM; when it cannot start, print one line and return 1."""
    arguments = _parser().parse_args()
    for number in _ENDS:  # a shell starts a background job with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # before any thread: it inherits this
    with tempfile.TemporaryDirectory(prefix="local-marketplace-") as temporary:
        secret_file = arguments.secret_file or Path(temporary, "secret.json")
        try:
            _serve(arguments.port, arguments.orders, secret_file)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = f"port {arguments.port} is taken, choose another with --port" if taken else error
            sys.stderr.write(f"The local marketplace cannot start: {reason}\n")
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.local.marketplace",
        description=(
            "Imitates Walmart Canada's order API on the loopback address, with real signatures and tokens."
        ),
    )
    parser.add_argument("--port", type=_port, default=8080, help="where to listen; 0 takes any free port")
    parser.add_argument("--orders", type=int, default=5, help="how many Created orders to begin with")
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


def _serve(port: int, orders: int, secret_file: Path) -> None:
    token_secret_file = secret_file.with_name(f"token-{secret_file.name}")
    with ControlledMarketplace(port, on_call=_report) as marketplace:
        seller = marketplace.register_seller()
        _write_private(secret_file, seller.secret())
        _write_private(token_secret_file, seller.token_secret())
        purchase_order_ids = [str(_FIRST_ORDER + number) for number in range(orders)]
        for purchase_order_id in purchase_order_ids:
            marketplace.add_order(purchase_order_id)
        _say(_introduction(marketplace.url, purchase_order_ids, secret_file, token_secret_file))
        signal.sigwait(_ENDS)


def _introduction(url: str, purchase_order_ids: list[str], secret_file: Path, token_secret_file: Path) -> str:
    example = purchase_order_ids[0] if purchase_order_ids else str(_FIRST_ORDER)
    planned = json.dumps({"purchaseOrderId": example, "fault": Fault.THROTTLED.value, "times": 2})
    added = json.dumps({"purchaseOrderId": str(int(example) + 1000)})
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
            f"Add an order: curl {url}/control/orders -d '{added}'",
            f"Plan a fault: curl {url}/control/faults -d '{planned}'",
            f"See all calls: curl {url}/control/calls",
            "Stop: Ctrl-C",
            "",
        ]
    )


def _report(call: Call) -> None:
    remarks = [
        *([str(call.status)] if call.status else ["no response"]),
        *([f"fault {call.fault.value}"] if call.fault else []),
        *([f"refused: {call.refusal}"] if call.refusal else []),
    ]
    # A path may contain anything; ascii() keeps it from controlling the terminal.
    _say(f"{call.method} {ascii(call.path)[1:-1]} {', '.join(remarks)}")


def _write_private(file: Path, text: str) -> None:
    # A new file: an existing one could be readable by others, or a link.
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(text + "\n", encoding="utf-8")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # at once, even into a pipe


if __name__ == "__main__":
    sys.exit(main())
