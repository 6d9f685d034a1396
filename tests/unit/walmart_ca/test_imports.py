"""What comes along when the package is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import walmart_ca

LAYER = Path(walmart_ca.__file__).parents[1]
PROGRAM = """
import sys
events = []
sys.addaudithook(lambda event, _: events.append(event))
import walmart_ca
print(*sys.modules, sep="\\n")
print("--")
print(*events, sep="\\n")
"""


def test_importing_the_client_loads_nothing_of_aws_and_nothing_needless_and_calls_nobody() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(LAYER)},
        capture_output=True,
        text=True,
        check=True,
    )

    modules, _, events = done.stdout.partition("--\n")
    loaded = {module.partition(".")[0] for module in modules.split()}
    assert loaded.isdisjoint({"boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk", "pydantic"})
    # A client that only waits needs neither of these.
    assert loaded.isdisjoint({"asyncio", "xml"})
    # urllib3 binds a socket to see whether there is IPv6; nothing is looked up, connected or sent.
    assert {"socket.connect", "socket.getaddrinfo", "socket.sendto"}.isdisjoint(events.split())
    assert "http.client.connect" not in events.split()


def test_a_name_that_the_package_does_not_have_is_missing_as_any_other_is() -> None:
    with pytest.raises(AttributeError, match="no attribute 'AsyncKlient'"):
        walmart_ca.AsyncKlient  # type: ignore[attr-defined]  # noqa: B018 - that is the point


def test_the_package_exports_and_lists_what_it_names() -> None:
    assert [name for name in walmart_ca.__all__ if not hasattr(walmart_ca, name)] == []
    assert set(walmart_ca.__all__) <= set(dir(walmart_ca))
