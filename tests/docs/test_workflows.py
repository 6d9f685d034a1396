"""GitHub's workflows have the least permissions and pinned actions, and go back after a failed self-check."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from acknowledge_orders.records import SelfCheckRecord
from tests.support.pages import deployed_name, syntax_error
from tests.support.paths import ROOT
from tests.support.template import read

FILES: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS: Final[dict[str, dict[Any, Any]]] = {each.stem: yaml_parse(each.read_text()) for each in FILES}
DEPLOY: Final[dict[str, Any]] = WORKFLOWS["deploy"]["jobs"]["deploy"]
STEPS: Final[list[dict[str, Any]]] = DEPLOY["steps"]


def commands() -> str:
    """The commands of a deployment, one a line."""
    return "\n".join(step["run"] for step in STEPS if "run" in step).replace("\\\n", " ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_action_is_pinned_and_no_checkout_keeps_githubs_token(file: Path) -> None:
    uses = re.findall(r"uses: (.*)", file.read_text())

    assert uses
    for each in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)
    for job in WORKFLOWS[file.stem]["jobs"].values():
        (checkout,) = (each for each in job["steps"] if "actions/checkout@" in each.get("uses", ""))
        assert checkout["with"]["persist-credentials"] is False


def test_only_the_deployment_may_do_more_than_read() -> None:
    granted = {
        (name, job): {**workflow["permissions"], **each.get("permissions", {})}
        for name, workflow in WORKFLOWS.items()
        for job, each in workflow["jobs"].items()
    }

    assert granted.pop(("deploy", "deploy")) == {"contents": "read", "id-token": "write"}
    assert granted
    assert all(each == {"contents": "read"} for each in granted.values())


def test_only_a_failed_self_check_leads_to_a_rollback() -> None:
    steps = {each["name"]: each for each in STEPS if "name" in each}

    assert steps["Self-check"]["id"] == "self-check"
    condition = "failure() && steps.self-check.outcome == 'failure'"
    assert steps["Go back to the version before"]["if"] == condition
    assert not [each for each in STEPS if "continue-on-error" in each]


@pytest.mark.parametrize(("answer", "status"), [("passed", 0), ("failed", 1)])
def test_the_deployment_needs_a_passed_self_check(answer: str, status: int) -> None:
    record = dict.fromkeys(SelfCheckRecord._fields) | {"self_check": answer}
    (condition,) = set(re.findall(r"jq --exit-status '(.*)'", commands()))

    command = ["jq", "--exit-status", condition]
    done = subprocess.run(command, input=json.dumps(record), capture_output=True, text=True, check=False)

    assert done.returncode == status


def test_a_deployment_asks_the_stack_for_its_version() -> None:
    assert re.findall(r"--stack-name (\S+)", commands()) == [deployed_name()]
    (output,) = re.findall(r"OutputKey=='(\w+)'", commands())
    assert output in read().body["Outputs"]


def test_bash_can_parse_the_steps() -> None:
    assert [each["run"] for each in STEPS if "run" in each and syntax_error(each["run"])] == []
