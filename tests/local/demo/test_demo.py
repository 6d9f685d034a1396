"""Every order of the demo ends as declared, and the demo leaves nothing behind, even when interrupted."""

import re
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.local.demo.board import Board
from tests.local.demo.orders import plan
from tests.local.demo.process import TIMEOUT_S, demo, files_and_processes, left_behind
from tests.local.demo.scenarios import Scenario
from tests.local.demo.screen import Screen


@pytest.mark.parametrize(("scenario", "auth"), [("calm", "signature"), ("storm", "token")])
def test_every_order_ends_as_declared_and_no_process_is_left(
    tmp_path: Path, scenario: str, auth: str
) -> None:
    with demo(tmp_path, "--orders", "12", "--scenario", scenario, "--auth", auth) as process:
        output, _ = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0, output
    assert "Every order ended as declared" in output
    assert "24 of 24 orders ended" in output
    assert re.search(r"^Outcomes: \d+ acknowledged", output, re.MULTILINE), output
    assert left_behind(tmp_path) == []


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
def test_a_demo_that_is_interrupted_twice_ends_all_processes(
    tmp_path: Path, interrupt: signal.Signals, ignoring: tuple[signal.Signals, ...]
) -> None:
    with demo(tmp_path, "--orders", "4", ignoring=ignoring) as process:
        assert process.stdout
        printed = ""
        while "Deploying" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        assert files_and_processes(tmp_path)
        process.send_signal(interrupt)
        process.send_signal(interrupt)
        printed += process.stdout.read()
        process.wait(timeout=TIMEOUT_S)

    assert process.returncode == 130, printed
    assert "everything that was started has been ended" in printed
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("option", ["--aws-port", "--marketplace-port"])
def test_a_taken_port_is_a_clear_message(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with demo(tmp_path, option, str(port)) as process:
            output, _ = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 2, output
    assert f"Port {port} on 127.0.0.1 is in use" in output
    assert "Traceback" not in output


def test_without_a_terminal_each_record_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    board = Board()
    order = plan(20, Scenario.STORM, datetime.now(UTC))[-1]
    board.add(order, "event-1")
    record = {"event_id": "event-1", "purchase_order_id": order.purchase_order_id}
    attempts = [
        {**record, "attempt": 1, "outcome": "unavailable", "disposition": "retry", "order_age_s": 1.0},
        {**record, "attempt": 2, "outcome": "acknowledged", "disposition": "done", "order_age_s": 2.0},
    ]
    screen = Screen()

    with screen.following(board) as show:
        show([row for each in attempts if (row := board.update(each))])
    screen.print(100_000 * "a word ")

    first, second, third = capsys.readouterr().out.splitlines()
    assert re.search(r"unavailable, retry .*attempt  1 .*latency +-$", first)
    assert re.search(r"acknowledged .*attempt  2 .*latency +-$", second)
    assert len(third) > 600_000


def test_a_picture_shows_the_summary_without_fonts_of_another_host(tmp_path: Path) -> None:
    screen = Screen(tmp_path / "demo.svg")

    screen.summary(Board(), 1.0, [], [], {})

    picture = (tmp_path / "demo.svg").read_text()
    assert "Every&#160;order&#160;ended&#160;as&#160;declared" in picture
    assert "url(http" not in picture.replace('"', "")
