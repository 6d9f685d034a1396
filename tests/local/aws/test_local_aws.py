"""The local AWS leaves nothing behind, ignores the user's own AWS settings, and refuses web pages."""

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.local.aws import CommandFailed, LocalAws, LogReader, MissingTool, PortTaken, Venvs
from tests.local.aws.aws_cli import AwsCli
from tests.local.aws.commands import environment, run
from tests.support.paths import ROOT
from tests.support.signals import python
from tests.support.waiting import eventually

INTERRUPTED = """
import signal, sys, time
from tests.local.aws import LocalAws
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with LocalAws() as aws:
    print(aws.port, aws.directory, flush=True)
    time.sleep(600)
"""
TALKATIVE = """
import sys
def handler(event, context):
    for _ in range(100_000):
        sys.stderr.write("a line\\n")
    print("the last line")
"""
WEBSOCKET_HEADERS = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
LAMBDA_CAN_ASSUME_IT = {
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_or_killed_local_aws_leaves_nothing_behind(number: signal.Signals) -> None:
    command = python(["-c", INTERRUPTED])
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port, directory = process.stdout.readline().split()

        process.send_signal(number)

    def is_gone() -> bool:
        return not (listens(int(port)) or Path(directory).exists())

    # Only after a kill does the end take a moment.
    assert is_gone() or number is signal.SIGKILL
    eventually(is_gone)


def test_a_chosen_port_can_be_used_again() -> None:
    with LocalAws() as aws:
        port = aws.port

    for _ in range(2):
        with LocalAws(port) as again:
            assert again.endpoint_url == f"http://127.0.0.1:{port}"
            with pytest.raises(PortTaken, match=str(port)), LocalAws(port):
                pass


def test_the_users_own_aws_settings_are_ignored(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SQS",
        "AWS_REGION",
        "SAM_CLI_BETA_FEATURES",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, "user")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://user.invalid:1")

    url = local_aws.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    seen = environment({})

    assert url.startswith(local_aws.endpoint_url)
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
        {"Origin": "https://page.example", **WEBSOCKET_HEADERS},
    ],
    ids=str,
)
def test_a_signed_request_of_a_web_page_is_refused(
    local_aws: LocalAws, method: str, headers: dict[str, str]
) -> None:
    # A page needs only a signed link.
    url = local_aws.client("s3").generate_presigned_url("list_buckets", HttpMethod=method)
    sent = {name: value.format(port=local_aws.port) for name, value in headers.items()}

    refused = urllib3.request(method, url, headers=sent, retries=False)
    without_browser = urllib3.request(method, url, retries=False)

    assert (refused.status, refused.data) == (403, b"")
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert without_browser.status != 403


def test_a_functions_long_log_is_complete_with_its_response(local_aws: LocalAws) -> None:
    # More lines than a server could read within milliseconds, on any machine.
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("talkative.py", TALKATIVE)
    role = local_aws.client("iam").create_role(
        RoleName="talkative", AssumeRolePolicyDocument=json.dumps(LAMBDA_CAN_ASSUME_IT)
    )
    functions = local_aws.client("lambda")
    functions.create_function(
        FunctionName="talkative",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="talkative.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=300,
    )

    response = functions.invoke(FunctionName="talkative", LogType="Tail")

    assert base64.b64decode(response["LogResult"]).endswith(b"a line\nthe last line")


def test_a_late_log_line_is_read_and_none_is_read_twice(local_aws: LocalAws) -> None:
    logs, now = local_aws.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName="orders")
    reader, read = LogReader(logs, "orders", "outcome"), []
    for stream, age_ms in [("first", 0), ("late", 60_000), ("as late", 60_000)]:
        logs.create_log_stream(logGroupName="orders", logStreamName=stream)
        lines = [json.dumps({"outcome": stream}), "START", json.dumps({"another": stream})]
        logs.put_log_events(
            logGroupName="orders",
            logStreamName=stream,
            logEvents=[{"timestamp": now - age_ms, "message": line} for line in lines],
        )
        read.append(reader.new_records())

    assert read == [[{"outcome": "first"}], [{"outcome": "late"}], [{"outcome": "as late"}]]
    assert reader.new_records() == []


def test_the_error_of_a_failed_command_has_its_output(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="ended with 3:\nthe reason"):
        run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], cwd=tmp_path)


def test_an_interrupt_of_a_command_ends_its_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    # Python loses an interrupt that comes while an object is finalized, so there is one each second.
    script.write_text("sleep 600 & echo $! > child; while :; do kill -INT $PPID; sleep 1; done\n")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        with pytest.raises(KeyboardInterrupt):
            run(["/bin/sh", script], cwd=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)

    child = int((tmp_path / "child").read_text())
    eventually(lambda: ended(child))


def ended(pid: int) -> bool:
    """Whether a process is gone or a zombie."""
    ps = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(ps, capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] in {"", "Z"}


def test_the_error_of_a_missing_tool_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match="run `make setup`"):
        _ = Venvs(tmp_path).sam
    with pytest.raises(MissingTool, match="run `make setup`"):
        Venvs(tmp_path).emulator("arm64")


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (
            ["sts", "get-caller-identity", "--query", "[Account, 'a']", "--output", "text"],
            "000000000000\ta\n",
        ),
        (["sqs", "list-queues", "--max-results", "many"], "--max-results, which is not JSON"),
        (["sqs", "list-queues", "--queue-url", "x"], "does not know --queue-url: install the AWS CLI 2"),
        (["sqs", "frobnicate"], "does not know 'sqs frobnicate'"),
        (["nonsense", "list"], "does not know 'nonsense list'"),
        (["sqs", "list-queues", "--query", "["], "aws: Invalid jmespath expression"),
        (["--version"], "does not know '--version'"),
        (["sqs", "receive-message", "--queue-url", "http://127.0.0.1/unknown"], "aws: An error occurred"),
    ],
)
def test_the_stand_in_of_the_aws_cli_answers_or_says_what_it_does_not_know(
    local_aws: LocalAws, tmp_path: Path, arguments: list[str], printed: str
) -> None:
    with AwsCli(local_aws, tmp_path):
        done = subprocess.run([tmp_path / "aws", *arguments], capture_output=True, text=True, check=False)

    assert printed in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
