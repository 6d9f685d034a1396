"""The demo: it ends as the events declare, says what happened line by line, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.local.demo.forecast import Weather
from tests.local.demo.scenario import tell
from tests.local.demo.screen import Screen
from tests.local.demo.watch import Board
from tests.support.paths import ROOT
from tests.support.signals import python

GUARD_S = 540
"""Against hanging, on however busy a machine."""


@contextmanager
def demo(
    directory: Path, *arguments: str, ignoring: tuple[signal.Signals, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A demo that writes its files into a directory, by which everything that it starts is known."""
    with subprocess.Popen(
        python(["-m", "tests.local.demo", *arguments], ignoring=ignoring),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(directory), "FORCE_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            # Asked to end, it ends what it started; killed, it could not.
            process.terminate()


def left_behind(directory: Path) -> list[str]:
    """What a demo leaves: files, and processes; one that was killed a moment ago takes a moment to go."""
    deadline = time.monotonic() + 60
    while (found := written_or_running(directory)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def written_or_running(directory: Path) -> list[str]:
    """What there is of a demo: files, and processes."""
    mark = str(directory).encode()
    found = [str(path) for path in directory.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it ended while we looked
    return found


@pytest.mark.parametrize(("weather", "door"), [("calm", "signature"), ("storm", "token")])
def test_every_event_ends_as_declared_and_nothing_is_left_running(
    tmp_path: Path, weather: str, door: str
) -> None:
    with demo(tmp_path, "--orders", "12", "--weather", weather, "--door", door) as process:
        output, _ = process.communicate(timeout=GUARD_S)

    assert process.returncode == 0, output
    assert "Every event ended as declared" in output
    assert "24 of 24 events ended" in output
    assert re.search(r"^Outcomes: \d+ acknowledged", output, re.MULTILINE), output
    assert left_behind(tmp_path) == []


def test_orders_wait_while_walmart_withdraws_the_signature_and_go_on_with_a_token(tmp_path: Path) -> None:
    with demo(tmp_path, "--orders", "12", "--weather", "withdrawal") as process:
        output, _ = process.communicate(timeout=GUARD_S)

    said = output.splitlines()
    told = [
        "Walmart withdraws /v3/ca",
        "The alarm Misconfigured goes off",
        "Self-check: failed",
        "for tokens",
    ]
    assert process.returncode == 0, output
    at = [next(number for number, line in enumerate(said) if text in line) for text in told]
    assert at == sorted(at)
    assert any("misconfigured, retry" in line for line in said[at[0] :])
    assert '"clientId"' in output
    assert "Every event ended as declared" in output


@pytest.mark.parametrize(
    ("interrupt", "ignoring"),
    [
        (signal.SIGINT, ()),
        (signal.SIGINT, (signal.SIGINT,)),
        (signal.SIGTERM, ()),
        (signal.SIGHUP, ()),
    ],
    ids=["SIGINT", "SIGINT, which was ignored at the start", "SIGTERM", "SIGHUP"],
)
def test_a_demo_that_is_interrupted_twice_ends_everything_it_started(
    tmp_path: Path, interrupt: signal.Signals, ignoring: tuple[signal.Signals, ...]
) -> None:
    with demo(tmp_path, "--orders", "4", ignoring=ignoring) as process:
        assert process.stdout
        said = ""
        while "Deploying" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert written_or_running(tmp_path)
        process.send_signal(interrupt)
        process.send_signal(interrupt)
        said += process.stdout.read()
        process.wait(timeout=GUARD_S)

    assert process.returncode == 130, said
    assert "everything that was started has been ended" in said
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("option", ["--aws-port", "--marketplace-port"])
def test_a_taken_port_is_a_clear_message(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with demo(tmp_path, option, str(port)) as process:
            output, _ = process.communicate(timeout=GUARD_S)

    assert process.returncode == 2, output
    assert f"Port {port} on 127.0.0.1 is in use" in output
    assert "Traceback" not in output


def test_where_there_is_no_terminal_each_record_is_one_line_however_many_came_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    board = Board()
    order = tell(20, Weather.STORM, datetime.now(UTC))[-1]
    board.add(order, "event-1")
    record = {"event_id": "event-1", "purchase_order_id": order.purchase_order_id}
    attempts = [
        {**record, "attempt": 1, "outcome": "unavailable", "disposition": "retry", "order_age_s": 1.0},
        {**record, "attempt": 2, "outcome": "acknowledged", "disposition": "done", "order_age_s": 2.0},
    ]
    screen = Screen()

    with screen.following(board) as show:
        show([row for each in attempts if (row := board.note(each))])
    screen.say(100_000 * "a word ")

    first, second, third = capsys.readouterr().out.splitlines()
    assert re.search(r"unavailable, retry .*attempt  1 .*latency +-$", first)
    assert re.search(r"acknowledged .*attempt  2 .*latency +-$", second)
    assert len(third) > 600_000
