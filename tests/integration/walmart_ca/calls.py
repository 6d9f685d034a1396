"""What the client's tests call, and what a call leads to."""

import base64
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.local.marketplace import Seller
from tests.support.keys import CONSUMER_ID, rsa_key
from tests.support.raw_server import ORDER, RawServer, header, method, target
from walmart_ca import Client, SignatureCredentials, WalmartError

HANGS_AFTER = 300.0
"""Seconds; a generous guard against a call that never ends, and no measure of anything."""
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
"""The earliest order date, where any would do."""

type Serve = Callable[..., RawServer]
"""Starts a raw server that ends with the test; it takes what `RawServer` takes."""
type Connect = Callable[..., Client]
"""Makes a client of a base URL that is closed with the test; it takes what `Client` takes."""


def credentials_of(seller: Seller) -> SignatureCredentials:
    return SignatureCredentials(
        consumer_id=seller.consumer_id, channel_type=seller.channel_type, private_key=seller.private_key
    )


def outcome[T](call: Callable[[], T]) -> T | WalmartError:
    """What a call leads to, by a deadline of the test's own."""
    results: list[T | WalmartError] = []
    problems: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except WalmartError as error:
            results.append(error)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the test can see it
            problems.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(HANGS_AFTER)
    if problems:
        raise problems[0]
    assert results, "the call hangs"
    return results[0]


def failure(call: Callable[[], object]) -> WalmartError:
    """The error that a call leads to."""
    result = outcome(call)
    assert isinstance(result, WalmartError), f"no error but {result!r}"
    return result


def act(client: Client, action: str) -> object:
    """Make a call of the kind that `action` names."""
    if action == "list":
        return client.orders.released_page(created_start_date=START)
    return getattr(client.orders, action)(ORDER)


def assert_signed_as_sent(head: bytes) -> None:
    """Put the URL together from what came over the wire, and verify the signature over it."""
    url = f"http://{header(head, 'Host')}{target(head)}"
    signed = f"{CONSUMER_ID}\n{url}\n{method(head)}\n{header(head, 'WM_SEC.TIMESTAMP')}\n"
    signature = base64.b64decode(header(head, "WM_SEC.AUTH_SIGNATURE"), validate=True)
    rsa_key().public_key().verify(signature, signed.encode(), PKCS1v15(), SHA256())
