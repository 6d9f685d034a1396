"""A user pastes what the sandbox prints into a second terminal, and runs the commands of the pages there."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.local.aws import Venvs
from tests.local.demo.process import left_behind
from tests.support.pages import README, page
from tests.support.paths import ROOT
from tests.support.shells import needs_jq
from tests.support.signals import python
from tests.support.terminal import converse
from tests.support.waiting import PATIENCE_S, eventually

BLOCKS: Final = [*README.blocks("bash"), *page("docs/runbook.md").blocks("bash")]
(PUT_EVENTS,) = (block for block in BLOCKS if "put-events" in block)
HELPERS: Final = f". {shlex.quote(str(ROOT / 'docs' / 'runbook.sh'))};"


def command(*words: str) -> str:
    """The only command of the pages with these words."""
    lines = {line for block in BLOCKS for line in block.splitlines() if all(word in line for word in words)}
    (found,) = lines
    return found


@dataclass(frozen=True)
class Sandbox:
    """A sandbox of a copy of the project, and a terminal of its user."""

    process: subprocess.Popen[bytes]
    project: Path
    output: Path
    environment: dict[str, str]
    scratch: Path

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def prints(self, pattern: str) -> re.Match[str]:
        """Wait for a line of the sandbox."""
        return self._eventually(lambda: re.search(pattern, self.printed, re.MULTILINE))

    @property
    def activate(self) -> str:
        """The file for a second terminal, as a word of a shell."""
        return self.prints(r"^ +source (.+)$")[1]

    def run(self, commands: str) -> str:
        """Run commands in the second terminal; they have to succeed."""
        done = subprocess.run(
            [shutil.which("bash") or "/bin/bash", "-c", f"source {self.activate} && {commands}"],
            cwd=self.project,
            env={
                **self.environment,
                "AWS_PROFILE": "production",
                "AWS_ENDPOINT_URL_SQS": "https://sqs.invalid",
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}\n{self.printed}"
        return done.stdout

    def shows(self, commands: str, pattern: str) -> None:
        """Run commands until they print a pattern."""
        self._eventually(lambda: re.search(pattern, self.run(commands)))

    def _eventually[T](self, read: Callable[[], T | None]) -> T:
        def read_while_running() -> T | None:
            assert self.process.poll() is None, self.printed
            return read()

        return eventually(read_while_running, lambda: self.printed)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    project, scratch, home = (tmp_path_factory.mktemp(name) for name in ("project", "scratch", "home"))
    for name in ("functions", "layers", "events", "tests"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, project)
    (ROOT / ".local" / "builds").mkdir(parents=True, exist_ok=True)
    (project / ".local").mkdir()
    # The same sources have the same build.
    (project / ".local" / "builds").symlink_to(ROOT / ".local" / "builds")
    (project / ".venv").symlink_to(Venvs().directory.resolve())
    # A user without the AWS CLI, but with a command of that name, as version managers have one.
    (home / "aws").write_text("#!/bin/sh\nexit 127\n")
    (home / "aws").chmod(0o755)
    environment = {**os.environ, "PATH": f"{home}:{os.environ['PATH']}"}
    output = home / "output"
    with (
        output.open("wb") as file,
        subprocess.Popen(
            python(["-m", "tests.local.sandbox"], ignoring=(signal.SIGINT,)),
            cwd=project,
            env={**environment, "TMPDIR": str(scratch)},
            stdout=file,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        started = Sandbox(process, project, output, environment, scratch)
        try:
            started.prints("^Each call that it gets")
            yield started
        finally:
            process.terminate()


def test_an_event_of_the_readme_acknowledges_its_order(sandbox: Sandbox) -> None:
    published = json.loads(sandbox.run(PUT_EVENTS))

    assert published["FailedEntryCount"] == 0
    sandbox.prints(r"^\S+Z POST \S+/2575193093772/acknowledge, order 2575193093772, signature, 200$")


def test_a_sweep_is_started_and_its_record_read_as_in_the_readme(sandbox: Sandbox) -> None:
    sandbox.run(command("remote invoke SweepFunction"))

    sandbox.prints(r"GET \S+/released\S*, signature, \d+$")
    sandbox.shows(command("sam logs --name SweepFunction"), '"outcome": "completed"')


@needs_jq
def test_a_parked_order_is_found_and_redriven_as_in_the_runbook(sandbox: Sandbox) -> None:
    sandbox.run("marketplace place 7600 --event --status Created Cancelled")
    sandbox.shows(f"{HELPERS} parked", '"outcome":"rejected".*"order":"7600"')
    sandbox.prints("^event Order Parked: 7600 rejected$")
    sandbox.prints('^notification: .*"Order 7600: rejected, mixed_lines"')
    sandbox.run("marketplace cancel 7600")

    sandbox.run(f"{HELPERS} redrive")

    pattern = '{ $.purchase_order_id = "7600" && $.outcome = "cancelled" }'
    records = f"records AcknowledgeFunctionLogGroupName '{pattern}'"
    sandbox.shows(f"{HELPERS} {records}", '^{.*"purchase_order_id":"7600".*}\n$')


def test_a_planned_fault_is_met_and_an_order_is_shipped(sandbox: Sandbox) -> None:
    sandbox.run("marketplace fail 7700 service-unavailable && marketplace place 7700 --event")
    sandbox.prints("order 7700, signature, 503, fault service_unavailable$")
    sandbox.prints("acknowledge, order 7700, signature, 200$")

    sandbox.run("marketplace ship 7700")

    assert re.search(r"^7700 .* Shipped$", sandbox.run("marketplace list"), re.MULTILINE)


def test_changed_code_is_deployed_by_one_command(sandbox: Sandbox) -> None:
    source = sandbox.project / "functions" / "acknowledge_orders" / "self_check.py"
    source.write_text(source.read_text().replace('else "passed",', 'else "passed by new code",'))

    sandbox.run("sam build && sam deploy")

    assert "passed by new code" in sandbox.run(command("events/self-check.json"))
    assert not (sandbox.project / ".aws-sam" / "build").exists()


def test_a_second_stack_is_offered_the_settings_of_the_sandbox(sandbox: Sandbox) -> None:
    (staging,) = (block for block in BLOCKS if "samconfig.staging.toml" in block)
    first = sandbox.run('aws cloudformation describe-stacks --query "Stacks[0].Parameters"')

    second = converse(
        ["bash", "-c", f"source {sandbox.activate}; {staging.replace('sam build && ', '')}"],
        cwd=sandbox.project,
        extra={},
        answers={},
    )

    given = {f"Parameter {each['ParameterKey']}": each["ParameterValue"] for each in json.loads(first)}
    assert given.items() <= second.defaults.items(), second.output


def test_a_second_sandbox_is_refused(sandbox: Sandbox) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "tests.local.sandbox"],
        cwd=sandbox.project,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert (second.returncode, len(second.stdout.splitlines()), second.stderr) == (2, 1, "")
    assert "is running already" in second.stdout


def test_an_interrupt_ends_everything_and_the_commands_say_so(sandbox: Sandbox) -> None:
    activate = Path(sandbox.activate)
    commands = activate.read_text()

    for _ in range(2):
        sandbox.process.send_signal(signal.SIGINT)

    assert sandbox.process.wait(timeout=PATIENCE_S) == 0, sandbox.printed
    assert sandbox.printed.endswith("Everything that was started has been ended\n")
    assert left_behind(sandbox.scratch) == []
    assert not activate.exists()
    late = subprocess.run(
        ["/bin/sh", "-c", f"{commands}\nmarketplace list; aws sqs list-queues"],
        cwd=sandbox.project,
        env=sandbox.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "start one with `make sandbox`" in late.stderr
    assert "aws: the local AWS of this command has ended" in late.stderr
