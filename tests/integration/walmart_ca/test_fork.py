"""A client that is used in one process and in a process that was forked from it."""

import json
import os
import subprocess
import sys
import threading

import pytest

from tests.integration.walmart_ca import forked
from tests.integration.walmart_ca.calls import HANGS_AFTER, Serve
from tests.support.documents import as_json
from tests.support.raw_server import Behavior, Connection, acknowledged, header, http_response, target

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this machine has no fork")


def walmart() -> Behavior:
    """Respond with the requested order, and with a token as soon as both processes have requested one."""
    both = threading.Barrier(2)

    def behave(connection: Connection) -> None:
        while head := connection.read_request():
            path = target(head)
            if path == "/v3/token":
                connection.sock.recv(int(header(head, "Content-Length")))
                both.wait(HANGS_AFTER)
                connection.send(http_response(as_json({"access_token": "t", "expires_in": 900})))
            else:
                connection.send(http_response(acknowledged(path.rpartition("/")[2])))

    return behave


def run(case: str, url: str) -> dict[str, list[str]]:
    """Return the results of the parent and of the child."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-m", forked.__name__, case, url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=HANGS_AFTER
    )
    return {process: got for line in done.stdout.splitlines() for process, got in json.loads(line).items()}


@pytest.mark.parametrize(
    ("case", "got"),
    [
        *dict.fromkeys(forked.USABLE, "an order").items(),
        *dict.fromkeys(forked.UNUSABLE, "other_process").items(),
    ],
)
def test_a_forked_client_works_or_sends_nothing(serve: Serve, case: str, got: str) -> None:
    server = serve(walmart())

    assert run(case, server.url) == {"parent": ["an order"], "child": [got]}
    assert server.connections == (2 if got == "an order" else 1)
