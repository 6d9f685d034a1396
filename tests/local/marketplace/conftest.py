"""A marketplace with one order, and simple callers of it, which share no code with the client."""

from collections.abc import Iterator

import pytest

from tests.local.marketplace import Marketplace, Seller
from tests.local.marketplace.caller import ORDER, Caller, TokenCaller


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace() as marketplace:
        marketplace.add_order(ORDER, ["Created", "Created"])
        yield marketplace


@pytest.fixture(scope="session")
def private_key() -> str:
    """One key for every seller, because generating one takes longer than most tests."""
    return Marketplace().register_seller().private_key


@pytest.fixture
def seller(marketplace: Marketplace, private_key: str) -> Seller:
    return marketplace.register_seller(private_key)


@pytest.fixture(params=[Caller, TokenCaller])
def caller(request: pytest.FixtureRequest, marketplace: Marketplace, seller: Seller) -> Caller:
    """A caller that signs, then one with a token."""
    caller: Caller = request.param(marketplace.url, seller)
    return caller


@pytest.fixture
def signer(marketplace: Marketplace, seller: Seller) -> Caller:

    return Caller(marketplace.url, seller)


@pytest.fixture
def bearer(marketplace: Marketplace, seller: Seller) -> TokenCaller:

    return TokenCaller(marketplace.url, seller)
