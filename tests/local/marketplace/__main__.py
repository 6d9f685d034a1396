"""The local marketplace by itself: ``python -m tests.local.marketplace``."""

import argparse
import errno
import json
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from .calls import Call
from .faults import Fault
from .marketplace import Marketplace
from .tls import issue_certificate

_FIRST_ORDER = 7_400_000_000_001


@dataclass(frozen=True, slots=True)
class _Files:
    """What is written for whoever calls. Only under TLS is there an authority to trust."""

    secret: Path
    token_secret: Path
    authority: Path | None


def main() -> int:
    """Serve until SIGINT or SIGTERM; a start that fails is one line of reason and exit code 1."""
    arguments = _parser().parse_args()
    stop = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="local-marketplace-") as temporary:
        secret_file = arguments.secret_file or Path(temporary, "secret.json")
        token_secret_file = arguments.token_secret_file or secret_file.with_name(f"token-{secret_file.name}")
        ca_file = arguments.ca_file or secret_file.with_name("marketplace-ca.pem")
        files = _Files(secret_file, token_secret_file, ca_file if arguments.tls else None)
        try:
            return _serve(arguments, files, stop)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = f"port {arguments.port} is taken, choose another with --port" if taken else error
            sys.stderr.write(f"The local marketplace cannot start: {reason}\n")
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.local.marketplace",
        description=(
            "Plays Walmart Canada's order API on the loopback address and verifies every signature and token."
        ),
    )
    parser.add_argument("--port", type=_port, default=8080, help="where to listen; 0 takes any free port")
    parser.add_argument("--orders", type=int, default=5, help="how many Created orders to begin with")
    parser.add_argument(
        "--secret-file",
        type=Path,
        help="where to write the seller's credentials; a temporary file by default",
    )
    parser.add_argument(
        "--token-secret-file",
        type=Path,
        help="where to write those for the door with tokens; beside the others by default, named token-...",
    )
    parser.add_argument(
        "--tls", action="store_true", help="serve HTTPS with a certificate made for the occasion"
    )
    parser.add_argument(
        "--ca-file",
        type=Path,
        help="where to write the authority to trust; marketplace-ca.pem beside the secret by default",
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if port not in range(65536):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _serve(arguments: argparse.Namespace, files: _Files, stop: threading.Event) -> int:
    certificate = issue_certificate() if files.authority else None
    tls = certificate.context if certificate else None
    with Marketplace(arguments.port, tls, control=True, on_call=_report) as marketplace:
        seller = marketplace.register_seller()
        _write_private(files.secret, seller.secret())
        _write_private(files.token_secret, seller.token_secret())
        if files.authority and certificate:
            files.authority.write_bytes(certificate.authority_pem)
        purchase_order_ids = [str(_FIRST_ORDER + number) for number in range(arguments.orders)]
        for purchase_order_id in purchase_order_ids:
            marketplace.add_order(purchase_order_id)
        _say(_introduction(marketplace.url, purchase_order_ids, files))
        stop.wait()
    return 0


def _introduction(url: str, purchase_order_ids: list[str], files: _Files) -> str:
    curl = f"curl --cacert {files.authority}" if files.authority else "curl"
    example = purchase_order_ids[0] if purchase_order_ids else str(_FIRST_ORDER)
    planned = json.dumps({"purchaseOrderId": example, "fault": Fault.THROTTLED.value, "times": 2})
    added = json.dumps({"purchaseOrderId": str(int(example) + 1000)})
    return "\n".join(
        [
            f"Local marketplace: {url}",
            f"Credentials: {files.secret}",
            f"Credentials for a token: {files.token_secret}",
            *([f"Authority to trust: {files.authority}"] if files.authority else []),
            f"Created orders: {' '.join(purchase_order_ids) or 'none'}",
            "",
            f"Call: POST {url}/v3/ca/orders/{example}/acknowledge",
            f"  or GET {url}/v3/ca/orders/released?createdStartDate=2026-01-01",
            "  with Walmart's headers and a signature; why one is refused is said below, not to its caller.",
            f"Or with a token: the same calls below {url}/v3/orders, after POST {url}/v3/token",
            f"Add an order: {curl} {url}/control/orders -d '{added}'",
            f"Plan a fault: {curl} {url}/control/faults -d '{planned}'",
            f"See all calls: {curl} {url}/control/calls",
            "Stop: Ctrl-C",
            "",
        ]
    )


def _report(call: Call) -> None:
    remarks = [
        *([str(call.status)] if call.status else ["no answer"]),
        *([f"fault {call.fault.value}"] if call.fault else []),
        *([f"refused: {call.refusal}"] if call.refusal else []),
    ]
    # A path may hold anything a caller likes to send; ascii() keeps it from writing to the terminal.
    _say(f"{call.method} {ascii(call.path)[1:-1]} {', '.join(remarks)}")


def _write_private(file: Path, text: str) -> None:
    # Made anew: a file that is there already could be readable by others, or a link to elsewhere.
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(text + "\n", encoding="utf-8")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # whoever reads through a pipe wants each line when it happens


if __name__ == "__main__":
    sys.exit(main())
