"""The template as written, as SAM transforms it, and as SAM builds it."""

import pytest

from tests.local.aws import Build
from tests.support.template import Template, read, transform


@pytest.fixture(scope="session")
def written() -> Template:
    """The template as it is written."""
    return read()


@pytest.fixture(scope="session")
def template(written: Template) -> Template:
    """The template as SAM transforms it."""
    return transform(written)


@pytest.fixture(scope="session")
def arm64_build() -> Build:
    """The build for AWS."""
    return Build.cached(architecture="arm64")


@pytest.fixture(scope="session", params=["arm64", "x86_64"])
def build(request: pytest.FixtureRequest) -> Build:
    """The build for either processor."""
    return Build.cached(architecture=request.param)
