"""How sweeps are started: at an interval, one after the other, and not at all when nobody wants them."""

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

    # A rate of one would have to be spelled "1 minute".
    assert (interval["MinValue"], interval["Default"], interval["MaxValue"]) == (5, 15, 30)


def test_sweeps_are_switched_on_and_off_by_the_parameter(template: Template) -> None:
    assert schedule(template, SweepEnabled="true")["State"] == "ENABLED"
    assert schedule(template, SweepEnabled="false")["State"] == "DISABLED"


def test_sweeps_are_on_when_nothing_is_said(template: Template) -> None:
    assert schedule(template)["State"] == "ENABLED"


def test_the_schedule_starts_the_sweep_with_a_role_of_its_own(template: Template) -> None:
    target = schedule(template)["Target"]

    assert target["Arn"] == "<SweepFunction.Arn>"
    assert target["RoleArn"] == "<SweepScheduleRole.Arn>"


def test_the_schedule_has_no_name_that_another_stack_could_have(template: Template) -> None:
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


def test_a_sweep_is_told_what_it_needs_and_nothing_else(written: Template) -> None:
    assert written["SweepFunction"]["Environment"]["Variables"] == {
        "POWERTOOLS_SERVICE_NAME": {"Ref": "AWS::StackName"},
        "CREDENTIALS_SECRET_ARN": {"Ref": "CredentialsSecretArn"},
        "MARKETPLACE_URL": {"Ref": "MarketplaceUrl"},
        "MARKETPLACE_SERVICE_NAME": {"Ref": "MarketplaceServiceName"},
        "REQUESTS_PER_MINUTE": {"Ref": "RequestsPerMinute"},
        "ORDER_QUEUE_URL": {"Ref": "OrderQueue"},
        "EVENT_BUS_NAME": {"Ref": "EventBusName"},
        "ORDER_EVENT_SOURCE": {"Ref": "OrderEventSource"},
        "ORDER_EVENT_DETAIL_TYPE": {"Ref": "OrderEventDetailType"},
        "SWEEP_INTERVAL_MINUTES": {"Ref": "SweepIntervalMinutes"},
    }


def test_the_handler_is_in_the_package_that_is_shipped(template: Template) -> None:
    assert template["SweepFunction"]["Handler"] == "sweep_orders.handler.lambda_handler"
