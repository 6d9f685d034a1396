"""The local marketplace as a server and as a program (``make marketplace``)."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local.marketplace import Fault, Marketplace, Seller
from tests.local.marketplace.caller import ORDER, Caller, TokenCaller, statuses
from tests.support.paths import ROOT
from tests.support.signals import python


def test_a_request_without_a_plain_length_is_refused(marketplace: Marketplace, signer: Caller) -> None:
    assert signer.acknowledge({"Transfer-Encoding": "chunked"}).status == 411
    assert marketplace.calls == []


def test_a_reset_is_no_orderly_close(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.fail(ORDER, Fault.RESET_AFTER_APPLYING)

    with pytest.raises(ConnectionResetError) as raised:
        signer.acknowledge()

    assert raised.type is ConnectionResetError  # not RemoteDisconnected, which an orderly close leads to
    assert statuses(marketplace) == ["Acknowledged"] * 2


@pytest.mark.parametrize(
    ("fault", "details"),
    [
        (Fault.DELAY, {"seconds": 3600.0}),
        (Fault.TIMEOUT_AFTER_APPLYING, {}),
        (Fault.ENDLESS, {"interval": 0.0}),
        (Fault.SLOW_DRIP, {"interval": 3600.0}),
        (Fault.HUGE, {"size": 10**12}),
    ],
)
def test_stopping_ends_all_connections_and_threads(
    private_key: str, fault: Fault, details: dict[str, Any]
) -> None:
    before = threading.active_count()
    marketplace = Marketplace()
    marketplace.start()
    marketplace.fail(ORDER, fault, **details)
    caller = Caller(marketplace.url, marketplace.register_seller(private_key))
    with contextlib.closing(caller.connect()) as connection:
        caller.begin_acknowledging(connection)
        while [call.fault for call in marketplace.calls] != [fault]:
            time.sleep(0.001)

        marketplace.stop()

    assert threading.active_count() == before


# --- As a program -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(secret: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the program like a background job, with signals ignored, and read its introduction.

    Its temporary files are beside the secret.
    """
    command = python(
        ["-m", "tests.local.marketplace", "--port", "0", "--secret-file", str(secret)],
        ignoring=(signal.SIGINT, signal.SIGTERM),
    )
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(secret.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            printed = iter(process.stdout.readline, "Stop: Ctrl-C\n")
            yield process, dict(line.strip().split(": ", 1) for line in printed if ": " in line)
        finally:
            process.kill()


def stored_seller(secret: Path, token_secret: Path) -> Seller:
    stored = json.loads(secret.read_text()) | json.loads(token_secret.read_text())
    members = ("consumerId", "channelType", "privateKey", "clientId", "clientSecret")
    return Seller(*(stored[member] for member in members))


def control(caller: Caller, method: str, path: str, document: object = None) -> tuple[int, Any]:
    response = caller.send(method, f"/control/{path}", {}, json.dumps(document))
    return response.status, response.json()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_program_serves_both_schemes_until_a_signal(tmp_path: Path, stop: signal.Signals) -> None:
    secret = tmp_path / "secret.json"
    secret.touch(mode=0o644)
    with running(secret) as (process, printed):
        token_secret = Path(printed["Credentials for access tokens"])
        private = [file.stat().st_mode & 0o777 for file in (secret, token_secret)]
        seller = stored_seller(secret, token_secret)
        url, order = printed["Local marketplace"], printed["Created orders"].split()[1]
        signer, bearer = Caller(url, seller), TokenCaller(url, seller)

        responses = [
            signer.acknowledge(order=order),
            bearer.get(order=order),
            signer.get(signer.bad_credentials),
        ]
        process.send_signal(stop)
        out, err = process.communicate(timeout=60)

    assert [response.status for response in responses] == [200, 200, 401]
    assert {line.split("Z ", 1)[1] for line in out.splitlines() if line} == {
        f"POST /v3/ca/orders/{order}/acknowledge, order {order}, signature, 200",
        "POST /v3/token, token, 200",
        f"GET /v3/orders/{order}, order {order}, token, 200",
        f"GET /v3/ca/orders/{ORDER}, order {ORDER}, signature, 401, refused: consumer id is unknown",
    }
    assert (process.returncode, err, private) == (0, "", [0o600, 0o600])
    assert list(tmp_path.glob("local-marketplace-*")) == []


def test_another_process_can_add_orders_faults_and_read_calls(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    fault = {"purchaseOrderId": ORDER, "fault": "throttled", "replenish_in": 5}
    with running(secret) as (_, printed):
        caller = Caller(printed["Local marketplace"], stored_seller(secret, tmp_path / "token-secret.json"))
        prepared = [
            control(caller, "POST", "orders", {"purchaseOrderId": ORDER, "statuses": ["Created"]})[0],
            control(caller, "POST", "faults", fault)[0],
            control(caller, "POST", "faults", {"fault": "gone", "action": "get"})[0],
        ]
        met = [caller.acknowledge().status, caller.get().status, caller.acknowledge().status]
        status, read = control(caller, "GET", "calls")
        refused = [
            control(caller, "POST", "orders", {"purchaseOrderId": 1}),
            control(caller, "POST", "orders", []),
            control(caller, "POST", "faults", {"fault": "unheard_of"}),
            control(caller, "POST", "faults", {"fault": "delay", "second": 1}),
            control(caller, "POST", "faults", {"fault": "delay", "action": "ship"}),
        ]

    assert (prepared, met, status) == ([201] * 3, [429, 410, 200], 200)
    assert [(call["status"], call["fault"], call["applied"]) for call in read["calls"]] == [
        (429, "throttled", False),
        (410, "gone", False),
        (200, None, True),
    ]
    assert [status for status, stated in refused if stated["message"]] == [400] * 5


def test_a_taken_port_is_one_line_and_exit_code_1(marketplace: Marketplace) -> None:
    port = str(urlsplit(marketplace.url).port)
    command = [sys.executable, "-m", "tests.local.marketplace", "--port", port]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, len(done.stderr.splitlines()), port in done.stderr) == (1, 1, True)
