"""A marketplace with a seller, and clients that are closed at the end."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.integration.walmart_ca.calls import Connect, Serve, credentials_of
from tests.local.marketplace import Certificate, Marketplace, Seller, issue_certificate
from tests.support.keys import credentials, rsa_key, walmart_form
from tests.support.raw_server import Behaviour, RawServer
from walmart_ca import Client


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace() as marketplace:
        yield marketplace


@pytest.fixture
def seller(marketplace: Marketplace) -> Seller:
    return marketplace.register_seller(walmart_form(rsa_key()))


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    return issue_certificate()


@pytest.fixture
def marketplace_tls(certificate: Certificate) -> Iterator[Marketplace]:
    with Marketplace(tls=certificate.context) as marketplace:
        yield marketplace


@pytest.fixture
def trusting(certificate: Certificate) -> ssl.SSLContext:
    """Trusts that certificate's authority, as a client would."""
    return ssl.create_default_context(cadata=certificate.authority_pem.decode())


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
    def serve(
        behaviour: Behaviour,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str | None = None,
    ) -> RawServer:
        return stack.enter_context(RawServer(behaviour, tls=tls, host=host, port=port, name=name))

    return serve


@pytest.fixture
def connect(stack: ExitStack) -> Connect:
    def connect(
        base_url: str,
        *,
        timeout: float = 15.0,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Client:
        return stack.enter_context(
            Client(credentials(), base_url=base_url, timeout=timeout, ssl_context=ssl_context, clock=clock)
        )

    return connect
