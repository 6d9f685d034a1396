"""The functions with a local SQS, Secrets Manager and EventBridge, and a local marketplace."""

from collections.abc import Iterator

import pytest

from tests.integration.harness import Harness
from tests.local.aws import LocalAws
from tests.local.marketplace import Marketplace
from tests.support.shells import Shell, shell


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace() as marketplace:
        yield marketplace


@pytest.fixture
def scheme() -> str:
    """The authentication scheme of the seller's credentials; a parameter overrides it."""
    return "signature"


@pytest.fixture
def harness(
    local_aws: LocalAws,
    marketplace: Marketplace,
    private_key: str,
    capsys: pytest.CaptureFixture[str],
    scheme: str,
) -> Harness:
    return Harness(local_aws, marketplace, marketplace.register_seller(private_key), capsys, scheme)


@pytest.fixture(scope="session")
def bash(local_aws: LocalAws) -> Iterator[Shell]:
    """A shell that runs the commands of the pages."""
    with shell(local_aws) as bash:
        yield bash
