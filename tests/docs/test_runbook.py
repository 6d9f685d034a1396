"""The runbook's alarms, saved queries and parked orders agree with the template and the code."""

import re
from typing import Any, Final

import pytest

from shared.metrics import Metric
from shared.orders.outcome import Outcome
from tests.support.deployed import deployed
from tests.support.evaluation import periods, series
from tests.support.incidents import INCIDENTS, alarm_delays
from tests.support.pages import RUNBOOK, Heading, code, commands
from tests.support.template import read
from tests.support.version import VERSION

NEVER_PARKED: Final = {
    Outcome.ACKNOWLEDGED,
    Outcome.ALREADY_ACKNOWLEDGED,
    Outcome.ALREADY_SHIPPED,
    Outcome.CANCELLED,
}
TEMPLATE: Final = read()
ALARMS: Final = deployed(TEMPLATE).of_type("AWS::CloudWatch::Alarm")
WITHOUT_SWEEPS: Final = deployed(TEMPLATE, SweepEnabled="false").of_type("AWS::CloudWatch::Alarm")
SHOWN: Final = {
    "OrderQueueNotConsumed": "`ApproximateNumberOfMessagesVisible` above 0 and `NumberOfMessagesReceived` 0",
    "SweepMissing": "`SweepCompleted` less than 1",
}
"""What an alarm watches, where the list of its metrics does not say it."""
PARTS: Final = ["Means.", "Look.", "Do.", "Over when"]
MINUTE, HOUR = 60, 60 * 60


def title(name: str) -> str:
    """A logical id as a heading: `DeadlineAtRisk` is "Deadline at risk"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def alarm_sections() -> list[Heading]:
    headings = RUNBOOK.headings
    start = next(place for place, each in enumerate(headings, 1) if each.anchor == "the-alarms")
    end = next(place for place, each in enumerate(headings) if place >= start and each.level == 2)
    return headings[start:end]


def duration(seconds: float) -> str:
    if seconds % HOUR == 0 or (seconds > HOUR and seconds % (HOUR / 2) == 0):
        return f"{seconds / HOUR:g} h"
    return f"{seconds / MINUTE:g} min"


def threshold(alarm: dict[str, Any]) -> str:
    value, metric = alarm["Threshold"], next(iter(series(alarm).values())).metric
    shown = duration(value) if metric in set(Metric) and Metric(metric).unit == "Seconds" else value
    if alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold":
        return f"{shown} or more"
    return f"{'above' if alarm['ComparisonOperator'].startswith('Greater') else 'less than'} {shown}"


def period(alarm: dict[str, Any]) -> str:
    length, count, bad = periods(alarm)
    several = f"{count} periods of {duration(length)}"
    return duration(length) if count == 1 else several if bad == count else f"{bad} of {several}"


def severity(name: str) -> str:
    with_sweeps, without = (
        stack.get(name, ALARMS[name])["Tags"][0]["Value"] for stack in (ALARMS, WITHOUT_SWEEPS)
    )
    return str(with_sweeps).capitalize() + (f" ({without} without sweeps)" if without != with_sweeps else "")


def test_every_alarm_has_one_section() -> None:
    assert sorted(each.title for each in alarm_sections()) == sorted(map(title, ALARMS))


@pytest.mark.parametrize("name", ALARMS)
def test_a_section_has_the_alarm_of_the_template_and_four_parts(name: str) -> None:
    (section,) = (each for each in alarm_sections() if each.title == title(name))
    alarm = ALARMS[name]
    metrics = ", ".join(f"`{each.metric}`" for each in series(alarm).values())
    shown = SHOWN.get(name, f"{metrics} {threshold(alarm)}")
    on, off = alarm_delays(alarm, INCIDENTS[name], more=2)

    watches = f"{severity(name)}: {shown} in {period(alarm)}"

    assert " ".join(section.body.strip().split("\n\n")[0].split()) == (
        f"{watches}; on after {on}, off after {off} min."
    )
    assert re.findall(r"^\*\*(.*?)\*\*", section.body, re.MULTILINE) == PARTS
    link = alarm["AlarmDescription"].rpartition(" See ")[2]
    assert link == f"v{VERSION}/docs/{RUNBOOK.path.name}#{section.anchor}"


def test_the_alarms_that_only_sweeps_feed_are_named() -> None:
    (sentence,) = re.findall(r"sweeps feed do not exist: (.*?)\. ", " ".join(RUNBOOK.prose.split()))

    assert set(re.findall(r"[A-Z]\w+", sentence)) == ALARMS.keys() - WITHOUT_SWEEPS.keys()


def test_every_saved_query_is_named() -> None:
    queries = deployed(TEMPLATE).of_type("AWS::Logs::QueryDefinition").values()
    text = " ".join(RUNBOOK.prose.split())

    assert queries
    assert [each["Name"] for each in queries if f'"{each["Name"].partition("/")[2]}"' not in text] == []


def test_every_outcome_that_may_be_parked_is_explained() -> None:
    named = {word for row in RUNBOOK.table("Outcome, reason") for word in code(row[0])}

    assert named & set(Outcome) == set(Outcome) - NEVER_PARKED


def test_a_condition_uses_fields_of_a_parked_message() -> None:
    conditions = re.findall(r"^(?:move|drop) .*'(.*)'$", commands(RUNBOOK), re.MULTILINE)
    outcomes = {word for each in conditions for word in re.findall(r'\.outcome == "(\w+)"', each)}

    assert outcomes
    assert outcomes <= set(Outcome) - NEVER_PARKED
    for each in conditions:
        assert set(re.findall(r"\.(\w+) ==", each)) <= {"outcome", "reason", "order"}
