"""A marketplace, and callers of it that are not the client."""

from collections.abc import Iterator

import pytest

from tests.local.marketplace import Marketplace
from tests.local.marketplace.caller import Caller, TokenCaller


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace() as marketplace:
        yield marketplace


@pytest.fixture(scope="session")
def private_key() -> str:
    """One key for every seller: making one takes longer than most tests."""
    return Marketplace().register_seller().private_key


@pytest.fixture(params=[Caller, TokenCaller])
def caller(request: pytest.FixtureRequest, marketplace: Marketplace, private_key: str) -> Caller:
    """A caller of the marketplace that is nobody's client, through one door and then through the other."""
    caller: Caller = request.param(marketplace.url, marketplace.register_seller(private_key))
    return caller


@pytest.fixture
def signer(marketplace: Marketplace, private_key: str) -> Caller:
    """Such a caller that signs."""
    return Caller(marketplace.url, marketplace.register_seller(private_key))
