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
    assert "Name" not in sweeps  # so another stack may have one, too


def test_the_interval_may_be_five_to_thirty_minutes(written: Template) -> None:
    interval = written.body["Parameters"]["SweepIntervalMinutes"]

    # A rate of one would need the singular, "1 minute".
    assert (interval["MinValue"], interval["Default"], interval["MaxValue"]) == (5, 15, 30)


def test_sweeps_are_on_by_default_and_the_parameter_stops_them(template: Template) -> None:
    assert schedule(template)["State"] == "ENABLED"
    assert schedule(template, SweepEnabled="false")["State"] == "DISABLED"


def test_a_failed_or_late_sweep_is_left_to_the_next_one(template: Template) -> None:
    config = template.only("AWS::Lambda::EventInvokeConfig")

    assert (config["FunctionName"], config["MaximumRetryAttempts"]) == ({"Ref": "SweepFunction"}, 0)
    late = config["MaximumEventAgeInSeconds"]
    assert late + template["SweepFunction"]["Timeout"] <= shortest_interval(template)


def test_the_scheduler_gives_up_on_a_sweep_before_the_next_one(template: Template) -> None:
    assert schedule(template)["Target"] == {
        "Arn": "<SweepFunction.Arn>",
        "RoleArn": "<SweepScheduleRole.Arn>",
        "Input": '{"scheduledTime": "<aws.scheduler.scheduled-time>"}',
        "RetryPolicy": {"MaximumEventAgeInSeconds": MINUTE, "MaximumRetryAttempts": 2},
    }
    assert shortest_interval(template) > MINUTE
