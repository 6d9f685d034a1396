"""Helpers that make a call with a client and return its result or its error."""

import base64
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import trustme
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.local.marketplace import Seller
from tests.support.keys import CONSUMER_ID, rsa_key
from tests.support.raw_server import ORDER, RawServer, header, method, target
from walmart_ca import Client, SignatureCredentials, WalmartError

HANGS_AFTER = 300.0
"""Seconds after which a test that hangs fails."""
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
"""The earliest order date of a list."""

type Serve = Callable[..., RawServer]
"""Starts a `RawServer` with these arguments; it stops after the test."""
type Connect = Callable[..., Client]
"""Returns a `Client` for a base URL and these arguments; it is closed after the test."""


def credentials_of(seller: Seller) -> SignatureCredentials:
    return SignatureCredentials(
        consumer_id=seller.consumer_id, channel_type=seller.channel_type, private_key=seller.private_key
    )


def context_for(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Return a server's TLS context, with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def context_trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def outcome[T](call: Callable[[], T]) -> T | WalmartError:
    """Return the result or the error of a call, and fail if the call hangs."""
    thread = ThreadPoolExecutor(1)
    result = thread.submit(call)
    thread.shutdown(wait=False)
    try:
        return result.result(HANGS_AFTER)
    except WalmartError as error:
        return error


def failure(call: Callable[[], object]) -> WalmartError:
    """Return the error of a call."""
    result = outcome(call)
    assert isinstance(result, WalmartError), f"no error but {result!r}"
    return result


def act(client: Client, action: str) -> object:
    """Call `acknowledge` or `get`, or fetch a page for `list`."""
    if action == "list":
        return client.orders.released_page(created_start_date=START)
    return getattr(client.orders, action)(ORDER)


def assert_signed_as_sent(head: bytes) -> None:
    """Verify the signature over the URL that the server received."""
    url = f"http://{header(head, 'Host')}{target(head)}"
    signed = f"{CONSUMER_ID}\n{url}\n{method(head)}\n{header(head, 'WM_SEC.TIMESTAMP')}\n"
    signature = base64.b64decode(header(head, "WM_SEC.AUTH_SIGNATURE"), validate=True)
    rsa_key().public_key().verify(signature, signed.encode(), PKCS1v15(), SHA256())
