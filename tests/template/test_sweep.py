"""The schedule starts sweeps at an interval, never two at once, and none when they are disabled."""

from typing import Any

import pytest

from tests.support.deployed import deployed
from tests.support.template import Template

MINUTE = 60


def schedule(template: Template, **parameters: str) -> dict[str, Any]:
    return deployed(template, **parameters).only("AWS::Scheduler::Schedule")


def shortest_interval(template: Template) -> int:
    minutes: int = template.body["Parameters"]["SweepIntervalMinutes"]["MinValue"]
    return minutes * MINUTE


@pytest.mark.parametrize("minutes", ["5", "15", "30"])
def test_a_sweep_is_started_at_the_parameters_interval(template: Template, minutes: str) -> None:
    sweeps = schedule(template, SweepIntervalMinutes=minutes)

    assert sweeps["ScheduleExpression"] == f"rate({minutes} minutes)"
    assert sweeps["FlexibleTimeWindow"] == {"Mode": "OFF"}


def test_the_interval_may_be_five_to_thirty_minutes(written: Template) -> None:
    interval = written.body["Parameters"]["SweepIntervalMinutes"]

    # A rate of one would need the singular, "1 minute".
    assert (interval["MinValue"], interval["Default"], interval["MaxValue"]) == (5, 15, 30)


def test_sweeps_are_on_by_default_and_the_parameter_stops_them(template: Template) -> None:
    assert schedule(template)["State"] == "ENABLED"
    assert schedule(template, SweepEnabled="false")["State"] == "DISABLED"


def test_the_schedule_starts_the_sweep_with_a_role_of_its_own(template: Template) -> None:
    target = schedule(template)["Target"]

    assert target["Arn"] == "<SweepFunction.Arn>"
    assert target["RoleArn"] == "<SweepScheduleRole.Arn>"


def test_another_stack_may_have_its_own_schedule(template: Template) -> None:
    assert "Name" not in schedule(template)


def test_a_failed_sweep_is_left_to_the_next_one(template: Template) -> None:
    config = template.only("AWS::Lambda::EventInvokeConfig")

    assert config["FunctionName"] == {"Ref": "SweepFunction"}
    assert config["MaximumRetryAttempts"] == 0


def test_a_sweep_that_begins_late_is_over_when_the_next_one_begins(template: Template) -> None:
    late = template.only("AWS::Lambda::EventInvokeConfig")["MaximumEventAgeInSeconds"]

    assert late + template["SweepFunction"]["Timeout"] <= shortest_interval(template)


def test_the_scheduler_gives_up_on_a_sweep_before_the_next_one(template: Template) -> None:
    retries = schedule(template)["Target"]["RetryPolicy"]

    assert retries == {"MaximumEventAgeInSeconds": MINUTE, "MaximumRetryAttempts": 2}
    assert retries["MaximumEventAgeInSeconds"] < shortest_interval(template)
