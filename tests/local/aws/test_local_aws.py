"""The local AWS keeps to itself: what it takes, it gives back, and the user's own AWS stays out of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.local.aws import CommandFailed, LocalAws, MissingTool, PortTaken, Venvs
from tests.local.aws.commands import environment, run
from tests.support.paths import ROOT

INTERRUPTED = """
import signal, sys, time
from tests.local.aws import LocalAws
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with LocalAws() as aws:
    print(aws.port, aws.directory, flush=True)
    time.sleep(60)
"""


TO_A_WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


def test_when_the_block_ends_then_nothing_listens_and_no_file_is_left() -> None:
    with LocalAws() as aws:
        directory, port = aws.directory, aws.port
        assert listens(port)

    assert not listens(port)
    assert not directory.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_when_interrupted_then_nothing_listens_and_no_file_is_left(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        port, directory = process.stdout.readline().split()

        process.send_signal(number)

    assert not listens(int(port))
    assert not Path(directory).exists()


def test_given_a_port_in_use_then_it_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match=str(port)), LocalAws(port):
            pass


def test_given_a_chosen_port_then_it_listens_there_and_can_do_so_again() -> None:
    with LocalAws() as aws:
        port = aws.port

    for _ in range(2):
        with LocalAws(port) as again:
            assert again.endpoint_url == f"http://127.0.0.1:{port}"


def test_given_the_users_own_aws_settings_then_clients_do_not_see_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SQS",
        "AWS_REGION",
        "HTTP_PROXY",
        "http_proxy",
    ):
        monkeypatch.setenv(name, "http://user.invalid:1")

    with LocalAws() as aws:
        url = aws.client("sqs").create_queue(QueueName="orders")["QueueUrl"]

    assert url.startswith(aws.endpoint_url)


def test_given_the_users_own_aws_settings_then_commands_do_not_see_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "SAM_CLI_BETA_FEATURES",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, "user")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "user")

    seen = environment({})

    assert "user" not in seen.values()
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://page.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "page.example:{port}"},
        {"Origin": "https://page.example", **TO_A_WEBSOCKET},
    ],
    ids=str,
)
def test_a_request_of_a_page_in_a_browser_is_refused_although_it_is_signed(
    local_aws: LocalAws, method: str, headers: dict[str, str]
) -> None:
    # By a link that is signed, which is all that a page needs.
    url = local_aws.client("s3").generate_presigned_url("list_buckets", HttpMethod=method)
    sent = {name: value.format(port=local_aws.port) for name, value in headers.items()}

    refused = urllib3.request(method, url, headers=sent, retries=False)
    by_no_browser = urllib3.request(method, url, retries=False)

    assert (refused.status, refused.data) == (403, b"")
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert by_no_browser.status != 403


def test_the_aws_sdk_is_let_in(local_aws: LocalAws) -> None:
    assert local_aws.client("sts").get_caller_identity()["Account"]


def test_when_a_command_fails_then_the_error_holds_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="ended with 3:\nthe reason"):
        run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], cwd=tmp_path)


def test_when_a_command_is_interrupted_then_what_it_started_ends_too(tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("sleep 60 & echo $! > child; kill -INT $PPID; wait\n")

    with pytest.raises(KeyboardInterrupt):
        run(["/bin/sh", script], cwd=tmp_path)

    child = int((tmp_path / "child").read_text())
    assert ended(child)


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and waiting for somebody to notice."""
    ps = ["ps", "-o", "stat=", "-p", str(pid)]
    for _ in range(100):
        state = subprocess.run(ps, capture_output=True, text=True, check=False)
        if state.stdout.strip()[:1] in {"", "Z"}:
            return True
        time.sleep(0.02)
    return False


def test_given_a_tool_that_is_not_installed_then_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match="run make"):
        _ = Venvs(tmp_path).sam
    with pytest.raises(MissingTool, match="run make"):
        Venvs(tmp_path).emulator("arm64")
