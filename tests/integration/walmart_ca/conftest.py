"""A marketplace with a seller, and servers and clients that are closed after the test."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import trustme

from tests.integration.walmart_ca.calls import Connect, Serve, context_for, context_trusting, credentials_of
from tests.local.marketplace import Marketplace, Seller
from tests.support.keys import credentials, rsa_key, walmart_form
from tests.support.raw_server import Behavior, RawServer
from walmart_ca import Client


@pytest.fixture
def seller(marketplace: Marketplace) -> Seller:
    return marketplace.register_seller(walmart_form(rsa_key()))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    return context_for(authority, "localhost", "127.0.0.1")


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's TLS context that trusts the server's authority."""
    return context_trusting(authority)


@pytest.fixture
def client(marketplace: Marketplace, seller: Seller) -> Iterator[Client]:
    with Client(credentials_of(seller), base_url=marketplace.url) as client:
        yield client


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: ExitStack) -> Serve:
    def serve(behavior: Behavior, **options: Any) -> RawServer:  # noqa: ANN401 - passed on
        return stack.enter_context(RawServer(behavior, **options))

    return serve


@pytest.fixture
def connect(stack: ExitStack) -> Connect:
    def connect(base_url: str, **options: Any) -> Client:  # noqa: ANN401 - passed on
        return stack.enter_context(Client(credentials(), base_url=base_url, **options))

    return connect
