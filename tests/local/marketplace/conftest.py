"""A marketplace with one order, and simple callers of it, which share no code with the client."""

from collections.abc import Iterator

import pytest

from tests.local.marketplace import Marketplace, Seller
from tests.local.marketplace.caller import ORDER, Caller, TokenCaller
from tests.support.keys import rsa_key, walmart_form


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace() as marketplace:
        marketplace.add_order(ORDER, ["Created", "Created"])
        yield marketplace


@pytest.fixture
def another_private_key() -> str:
    return walmart_form(rsa_key(2048))


@pytest.fixture
def seller(marketplace: Marketplace, private_key: str) -> Seller:
    return marketplace.register_seller(private_key)


@pytest.fixture(params=[Caller, TokenCaller])
def caller(request: pytest.FixtureRequest, marketplace: Marketplace, seller: Seller) -> Caller:
    """A caller that signs, then one with a token."""
    caller: Caller = request.param(marketplace.url, seller, now=marketplace.clock)
    return caller


@pytest.fixture
def signer(marketplace: Marketplace, seller: Seller) -> Caller:
    return Caller(marketplace.url, seller, now=marketplace.clock)


@pytest.fixture
def bearer(marketplace: Marketplace, seller: Seller) -> TokenCaller:
    return TokenCaller(marketplace.url, seller)
