"""The demo: it ends as the events declare, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.paths import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def left_behind(aws_port: int) -> list[str]:
    """The processes of a local AWS: the server, and its functions', which have its environment."""
    mark = f"GATEWAY_PORT={aws_port}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it ended while we looked
    return found


@contextmanager
def demo(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.local.demo", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            # Asked to end, it ends what it started; killed, it could not.
            process.terminate()


@pytest.mark.parametrize(
    ("weather", "door", "acknowledged"),
    [("calm", "signature", 18), ("storm", "token", 16), ("migration", "signature", 18)],
)
def test_every_event_ends_as_declared_and_nothing_is_left_running(
    weather: str, door: str, acknowledged: int
) -> None:
    port = free_port()

    with demo("--orders", "12", "--weather", weather, "--door", door, "--aws-port", str(port)) as process:
        output, _ = process.communicate(timeout=300)

    assert process.returncode == 0, output
    assert "Every event ended as declared" in output
    assert f"Outcomes: {acknowledged} acknowledged" in output
    assert left_behind(port) == []


def test_orders_wait_while_walmart_withdraws_the_signature_and_go_on_with_a_token() -> None:
    with demo("--orders", "30", "--weather", "withdrawal") as process:
        output, _ = process.communicate(timeout=300)

    said = output.splitlines()
    told = [
        "Walmart withdraws /v3/ca",
        "The alarm SetupWrong goes off",
        "Self-check: failed",
        "for tokens",
    ]
    at = [next(number for number, line in enumerate(said) if text in line) for text in told]
    assert process.returncode == 0, output
    assert at == sorted(at)
    assert any("misconfigured, later" in line for line in said[at[0] :])
    assert '"clientId"' in output
    assert "Every event ended as declared" in output


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_ends_everything_it_started(interrupt: signal.Signals) -> None:
    port = free_port()

    with demo("--orders", "4", "--aws-port", str(port)) as process:
        assert process.stdout
        said = ""
        while "Deploying" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert left_behind(port)
        process.send_signal(interrupt)
        said += process.stdout.read()
        process.wait(timeout=60)

    assert process.returncode == 130, said
    assert "everything that was started has been ended" in said
    assert left_behind(port) == []


@pytest.mark.parametrize("option", ["--aws-port", "--marketplace-port"])
def test_a_taken_port_is_a_clear_message(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with demo(option, str(port)) as process:
            output, _ = process.communicate(timeout=60)

    assert process.returncode == 2, output
    assert f"Port {port} on 127.0.0.1 is in use" in output
    assert "Traceback" not in output
