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


@pytest.fixture(scope="session")
def x86_64_build() -> Build:
    """The build for the other processor."""
    return Build.cached(architecture="x86_64")


@pytest.fixture(params=["arm64_build", "x86_64_build"])
def build(request: pytest.FixtureRequest) -> Build:
    """Either build."""
    found: Build = request.getfixturevalue(request.param)
    return found
