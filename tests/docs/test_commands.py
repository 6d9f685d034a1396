"""Every command of the pages can be run by bash, names only what exists, and holds no key."""

import re
from fnmatch import fnmatch
from typing import Final

import pytest

from acknowledge_orders.records import OutcomeRecord, SelfCheckRecord
from sweep_orders.records import SweepRecord
from tests.support.pages import (
    README,
    RUNBOOK,
    RUNBOOK_SCRIPT,
    Page,
    all_pages,
    code,
    commands,
    deployed_name,
    page,
    syntax_error,
)
from tests.support.paths import ROOT
from tests.support.template import read, transform

TESTING: Final = page("docs/testing.md")
TEMPLATE: Final = read()
MEMBERS: Final = {
    *("level", "message", "timestamp", "service", "function_request_id", "type", "record.status"),
    *(name for record in (OutcomeRecord, SweepRecord, SelfCheckRecord) for name in record._fields),
}
KEY: Final = r"privateKey|clientSecret"

every_page = pytest.mark.parametrize("read_page", all_pages(), ids=lambda each: each.path.name)


def found(read_page: Page) -> dict[str, list[str]]:
    """The names in the commands of a page, by kind."""
    text = commands(read_page)
    overrides = re.findall(r"--parameter-overrides((?: \w+=\S+)+)", text)
    return {
        "output": [
            *re.findall(r"\b(?:output|arn|records|take|move|drop|restore_policy) ([A-Z]\w+)", text),
            *re.findall(r"\bmove [A-Z]\w+ ([A-Z]\w+)", text),
            *re.findall(r"\b[A-Z]\w+QueueUrl\b", text),
        ],
        "parameter": [pair for each in overrides for pair in each.split()],
        "function": re.findall(r"sam (?:remote invoke|logs --name) (\S+)", text),
        "file": re.findall(r"--event-file (\S+)", text),
        "resource": re.findall(r"--logical-resource-id (\S+)", text),
        "alarm": re.findall(r"--alarm-name walmart-order-acknowledgement-(\w+)", text),
        "member": [
            name
            for pattern in re.findall(r"'(\{ \$\..*?\})'", text)
            for name in re.findall(r"\$\.([\w.]+)", pattern)
        ],
    }


def test_the_pages_have_commands_of_every_kind() -> None:
    assert all(found(RUNBOOK)[kind] for kind in found(RUNBOOK) if kind != "alarm")
    assert all(found(TESTING)[kind] for kind in found(TESTING) if kind not in {"resource", "member"})


@every_page
def test_a_command_names_only_what_exists(read_page: Page) -> None:
    named, body = found(read_page), TEMPLATE.body

    assert set(named["output"]) <= body["Outputs"].keys()
    assert set(named["function"]) <= TEMPLATE.of_type("AWS::Serverless::Function").keys()
    assert set(named["resource"]) <= transform(TEMPLATE).body["Resources"].keys()
    assert set(named["alarm"]) <= TEMPLATE.of_type("AWS::CloudWatch::Alarm").keys()
    assert set(named["member"]) <= MEMBERS
    assert [each for each in named["file"] if not (ROOT / each).is_file()] == []
    for name, value in (pair.split("=", 1) for pair in named["parameter"]):
        parameter = body["Parameters"][name]
        assert value in map(str, parameter.get("AllowedValues", [value])), name
        assert re.search(parameter.get("AllowedPattern", ""), value), name


def test_the_runbook_names_the_stack_as_it_is_deployed() -> None:
    (stack,) = re.findall(r"^STACK=\$\{STACK:-(.*)\}$", RUNBOOK_SCRIPT, re.MULTILINE)

    assert stack == deployed_name()
    assert set(re.findall(r"--stack-name (\S+)", commands(RUNBOOK))) == {'"$STACK"'}


def test_the_script_of_the_runbook_has_the_commands_of_its_table() -> None:
    shown = {code(command)[0].split()[0] for command, _ in RUNBOOK.table("Command")}

    assert shown <= set(re.findall(r"^(\w+)\(\)", RUNBOOK_SCRIPT, re.MULTILINE))


def test_bash_can_parse_the_script_of_the_runbook() -> None:
    assert syntax_error(RUNBOOK_SCRIPT) == ""


@pytest.mark.parametrize("read_page", [README, RUNBOOK, TESTING], ids=lambda each: each.path.name)
def test_bash_can_parse_every_block(read_page: Page) -> None:
    assert [block for block in read_page.blocks("bash") if syntax_error(block)] == []


@every_page
def test_a_command_starts_a_sweep_without_waiting_for_it(read_page: Page) -> None:
    # A command that waits retries after a minute, and would start up to five sweeps.
    sweeps = re.findall(r"remote invoke SweepFunction\b(.*)", commands(read_page))

    assert sweeps or read_page not in (README, RUNBOOK)
    assert all("--parameter InvocationType=Event" in options for options in sweeps)
    assert not sweeps or re.search(
        r"(?:records SweepFunctionLogGroupName|logs --name SweepFunction) ", commands(read_page)
    )


def test_each_untested_risk_has_a_command_that_would_test_it() -> None:
    assert all(what and code(command) and holds for what, command, holds in TESTING.table("Not shown"))


@every_page
def test_no_command_holds_a_key(read_page: Page) -> None:
    for block in (*read_page.blocks("bash"), RUNBOOK_SCRIPT):
        # The secret comes through a pipe, and its key from a file.
        assert re.findall(r"--secret-(?:string|binary)[ =](\S+)", block) in ([], ["file:///dev/stdin"])
        values = re.findall(rf"\b(?:{KEY})\b[\"']?\s*[:=]\s*(\S+?)[,}}]", block)
        assert set(values) <= {"$key"}
        assert len(re.findall(KEY, block)) == len(values)
        assert not values or "--rawfile key walmart-key.txt" in block


@pytest.mark.parametrize(
    "name", ["walmart-key.txt", "walmart-key.txt~", ".walmart-key.txt.swp", "secret.json", "seller.pem"]
)
def test_git_ignores_a_file_with_a_key(name: str) -> None:
    assert any(fnmatch(name, pattern) for pattern in (ROOT / ".gitignore").read_text().splitlines())
