"""The page for whoever is woken: its sections, figures and commands are the template's and the code's."""

import json
import re
import shutil
import subprocess
import tomllib
from dataclasses import fields
from typing import Any

import pytest

from acknowledge_orders.records import CHECKS, OutcomeRecord, SelfCheckRecord
from shared.metrics import Metric
from shared.orders.event import DEADLINE
from shared.orders.outcome import Outcome
from shared.walmart.rate_limiter import usable_per_second
from sweep_orders.records import SweepRecord
from tests.support.deployed import deployed
from tests.support.evaluation import periods, series
from tests.support.incidents import INCIDENTS, told_after
from tests.support.pages import Page, all_pages, code, page
from tests.support.paths import ROOT
from tests.support.template import read, transform
from tests.template.test_version import VERSION

OPERATIONS = page("docs/operations.md")
README = page("README.md")
PROOF = page("docs/proof.md")
TEMPLATE = read()
ALARMS = deployed(TEMPLATE).of_type("AWS::CloudWatch::Alarm")

PARTS = ["What it means.", "Look.", "Do.", "It is over when"]
DONE = {Outcome.ACKNOWLEDGED, Outcome.ALREADY_ACKNOWLEDGED, Outcome.ALREADY_SHIPPED, Outcome.CANCELLED}
OF_EVERY_LINE = {"level", "message", "timestamp", "service", "function_request_id"}
OF_LAMBDA = {"type", "record.status"}
OF_A_RECORD = {
    each.name for record in (OutcomeRecord, SweepRecord, SelfCheckRecord) for each in fields(record)
}
MINUTE, HOUR = 60, 60 * 60

every_alarm = pytest.mark.parametrize("name", ALARMS)
every_page = pytest.mark.parametrize(
    "read_page", [README, OPERATIONS, PROOF], ids=lambda each: each.path.name
)


def words(name: str) -> str:
    """A logical id as a heading: `DeadlineAtRisk` is "Deadline at risk"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def shell(read_page: Page) -> str:
    """Every command of a page, one a line, those in its prose too."""
    lines = "\n".join(read_page.blocks("bash")).replace("\\\n", " ")
    return "\n".join([lines, *code(read_page.prose)])


def time(seconds: float) -> str:
    """A time as a person says it."""
    if seconds % HOUR == 0 or (seconds > HOUR and seconds % (HOUR / 2) == 0):
        return f"{seconds / HOUR:g} h"
    return f"{seconds / MINUTE:g} min" if seconds % MINUTE == 0 else f"{seconds:g} s"


def threshold(alarm: dict[str, Any]) -> str:
    """From where on an alarm is bad, in words."""
    value, metric = alarm["Threshold"], next(iter(series(alarm).values())).metric
    shown = time(value) if metric in set(Metric) and Metric(metric).unit == "Seconds" else str(value)
    return {
        "GreaterThanThreshold": f"above {shown}",
        "GreaterThanOrEqualToThreshold": f"{shown} or more",
        "LessThanThreshold": f"less than {shown}",
    }[alarm["ComparisonOperator"]]


def period(alarm: dict[str, Any]) -> str:
    """What an alarm looks at, in words."""
    length, count, bad = periods(alarm)
    if count == 1:
        return time(length)
    several = f"{count} periods of {time(length)}"
    return several if bad == count else f"{bad} of {several}"


def test_every_alarm_has_its_section_and_every_section_its_alarm() -> None:
    in_a_group, sections = False, []
    for each in OPERATIONS.headings:
        if each.level == 2:
            in_a_group = each.title.startswith("Alarms: ")
        elif in_a_group:
            sections.append(each.title)

    assert sorted(sections) == sorted(words(name) for name in ALARMS)


@every_alarm
def test_an_alarm_leads_to_its_section(name: str) -> None:
    path, _, anchor = ALARMS[name]["AlarmDescription"].rpartition(" See ")[2].partition("#")

    assert page(path.removeprefix(f"v{VERSION}/")).path == OPERATIONS.path
    (section,) = [each for each in OPERATIONS.headings if each.anchor == anchor]
    assert section.title == words(name)


@every_alarm
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(name: str) -> None:
    (section,) = [each for each in OPERATIONS.headings if each.title == words(name)]

    assert re.findall(r"^\*\*(.*?)\*\*", section.body, re.MULTILINE) == PARTS


def test_the_table_has_every_alarm_once() -> None:
    named = [re.sub(r"\[(\w+)\].*", r"\1", row[0]) for row in OPERATIONS.table("Alarm")]

    assert sorted(named) == sorted(ALARMS)


@every_alarm
def test_the_table_has_the_metrics_threshold_period_and_severity_of_the_template(name: str) -> None:
    alarm = ALARMS[name]
    anchor = words(name).lower().replace(" ", "-")
    (row,) = [row for row in OPERATIONS.table("Alarm") if row[0] == f"[{name}](#{anchor})"]
    (tag,) = alarm["Tags"]

    assert code(row[1]) == [each.metric for each in series(alarm).values()]
    assert row[2:4] == [threshold(alarm), period(alarm)]
    assert row[4].partition(";")[0] == tag["Value"]


@every_alarm
def test_the_table_has_the_minutes_after_which_an_alarm_goes_on_and_off(name: str) -> None:
    (row,) = [row for row in OPERATIONS.table("Alarm") if row[0].startswith(f"[{name}]")]

    assert row[5:] == [f"{minutes} min" for minutes in told_after(ALARMS[name], INCIDENTS[name], more=2)]


def test_the_alarms_that_only_sweeps_feed_are_named() -> None:
    conditional = {name for name in ALARMS if TEMPLATE.body["Resources"][name].get("Condition") == "Sweeping"}
    prose = " ".join(OPERATIONS.prose.split())
    sentence = re.search(r"the three that sweeps feed do not exist: (.*?)\. ", prose)

    assert sentence
    assert set(re.findall(r"[A-Z]\w+", sentence[1])) == conditional


@every_page
def test_a_command_names_outputs_of_the_template(read_page: Page) -> None:
    commands = shell(read_page)
    named = set(re.findall(r"\b(?:output|arn|records|take|move|drop) ([A-Z]\w+)", commands))
    named |= set(re.findall(r"\bmove [A-Z]\w+ ([A-Z]\w+)", commands))
    named |= set(re.findall(r"\b[A-Z]\w+QueueUrl\b", commands))

    assert named <= TEMPLATE.body["Outputs"].keys()
    assert named or read_page is README


@every_page
def test_a_command_names_parameters_of_the_template_with_values_that_they_take(read_page: Page) -> None:
    given = [
        pair.split("=", 1)
        for overrides in re.findall(r"--parameter-overrides((?: \w+=\S+)+)", shell(read_page))
        for pair in overrides.split()
    ]

    assert given or read_page is README
    for name, value in given:
        parameter = TEMPLATE.body["Parameters"][name]
        assert value in map(str, parameter.get("AllowedValues", [value]))
        assert re.search(parameter.get("AllowedPattern", ""), value)


@every_page
def test_a_command_names_functions_of_the_template_and_files_that_exist(read_page: Page) -> None:
    functions = re.findall(r"sam (?:remote invoke|logs --name) (\S+)", shell(read_page))
    files = re.findall(r"--event-file (\S+)", shell(read_page))

    assert functions
    assert set(functions) <= TEMPLATE.of_type("AWS::Serverless::Function").keys()
    assert files
    for each in files:
        assert (ROOT / each).is_file()


def test_every_page_starts_a_sweep_without_waiting_for_it_and_names_the_log_that_has_its_record() -> None:
    # A command that waits gives up after a minute and asks again: up to five sweeps would run.
    commands = {each.path.name: shell(each) for each in all_pages()}
    sweeps = {name: re.findall(r"remote invoke SweepFunction\b(.*)", text) for name, text in commands.items()}

    assert {name for name, found in sweeps.items() if found} >= {"README.md", "operations.md"}
    for name, found in sweeps.items():
        for options in found:
            assert "--parameter InvocationType=Event" in options, name
            assert re.search(
                r"(?:records SweepFunctionLogGroupName|logs --name SweepFunction) ", commands[name]
            )


def test_what_nobody_has_seen_has_a_command_that_would_show_it() -> None:
    commands = shell(PROOF)

    for what, command, holds in PROOF.table("What nobody has seen"):
        assert what
        assert code(command)
        assert holds
    alarms = re.findall(r"--alarm-name walmart-order-acknowledgement-(\w+)", commands)
    assert alarms
    assert set(alarms) <= ALARMS.keys()


def test_a_command_names_resources_of_the_template_and_the_stack_as_it_is_deployed() -> None:
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    (stack,) = set(re.findall(r"--stack-name (\S+)", shell(OPERATIONS)))

    assert stack == samconfig["default"]["global"]["parameters"]["stack_name"]
    for name in re.findall(r"--logical-resource-id (\S+)", shell(OPERATIONS)):
        assert name in transform(TEMPLATE).body["Resources"]


@every_page
def test_a_block_of_shell_can_be_read_by_bash(read_page: Page) -> None:
    bash = shutil.which("bash")
    assert bash

    for block in read_page.blocks("bash"):
        checked = subprocess.run([bash, "-n"], input=block, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, f"{block}\n{checked.stderr}"


def test_a_pattern_names_members_of_the_lines_that_it_is_to_match() -> None:
    patterns = re.findall(r"'(\{ \$\..*?\})'", shell(OPERATIONS))

    assert patterns
    for pattern in patterns:
        assert set(re.findall(r"\$\.([\w.]+)", pattern)) <= OF_A_RECORD | OF_EVERY_LINE | OF_LAMBDA


def test_a_condition_on_messages_names_outcomes_and_reasons_that_there_are() -> None:
    conditions = re.findall(r"^(?:move|drop) .*'(.*)'$", "\n".join(OPERATIONS.blocks("bash")), re.MULTILINE)
    outcomes = {word for each in conditions for word in re.findall(r'\.outcome == "(\w+)"', each)}

    assert outcomes
    assert outcomes <= set(Outcome) - DONE
    for each in conditions:
        assert set(re.findall(r"\.(\w+) ==", each)) <= {"outcome", "reason", "order"}


def test_every_outcome_that_may_be_parked_is_explained() -> None:
    explained = {outcome for row in OPERATIONS.table("Outcome") for outcome in code(row[0])}

    assert explained == set(Outcome) - DONE


def test_every_check_of_the_self_check_is_explained() -> None:
    assert [name for row in OPERATIONS.table("Check") for name in code(row[0])] == list(CHECKS)


def test_the_answers_shown_have_the_members_of_the_records() -> None:
    passed, failed, sweep = map(json.loads, OPERATIONS.blocks("json"))

    for shown in (passed, failed):
        assert list(shown) == [each.name for each in fields(SelfCheckRecord)]
        assert list(shown["checks"]) == list(CHECKS)
    assert list(sweep) == [each.name for each in fields(SweepRecord)]


def test_what_it_can_carry_is_what_the_pacing_lets_through() -> None:
    alarm = TEMPLATE["QueueDrainTimeHigh"]["Threshold"]

    for per_minute, *figures in OPERATIONS.table("`RequestsPerMinute`"):
        per_second = usable_per_second(float(per_minute))
        expected = [per_second * seconds for seconds in (MINUTE, HOUR, 24 * HOUR, alarm)]
        assert figures == [f"{each:,.0f}" for each in expected]
    default = usable_per_second(TEMPLATE.body["Parameters"]["RequestsPerMinute"]["Default"])
    assert f"{default * DEADLINE.total_seconds():,.0f} the whole four hours" in " ".join(
        OPERATIONS.prose.split()
    )


def test_a_pause_fills_the_queue_with_what_goes_out_between_two_sweeps() -> None:
    parameters = TEMPLATE.body["Parameters"]
    interval = parameters["SweepIntervalMinutes"]["Default"] * MINUTE

    most = int(interval * usable_per_second(parameters["RequestsPerMinute"]["Default"]))
    assert f"{most} messages at the defaults" in OPERATIONS.prose


def test_the_readme_has_every_parameter_with_its_default() -> None:
    shown: dict[str, str] = {}
    for names, defaults, _ in README.table("Parameter"):
        values = code(defaults) or defaults.split(", ")
        shown.update(zip(code(names), values, strict=True))
    parameters = TEMPLATE.body["Parameters"]

    assert shown.keys() == parameters.keys()
    for name, value in shown.items():
        assert value == (
            str(parameters[name].get("Default", "")) or ("none" if "Default" in parameters[name] else "")
        )


def test_the_readme_has_every_outcome() -> None:
    assert {outcome for row in README.table("Outcome") for outcome in code(row[0])} == set(Outcome)
