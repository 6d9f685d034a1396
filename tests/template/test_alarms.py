"""Somebody is told before an order is late, and what to do; and nobody is told of nothing."""

import re
from typing import Any

import pytest

from shared.order_event import DEADLINE
from tests.template.conftest import Template, read
from tests.template.deployed import deployed
from tests.template.metrics import Series, is_emitted, suits
from tests.template.test_version import VERSION

ALARM = "AWS::CloudWatch::Alarm"
ADDRESS = "someone@example.com"
TOPIC = "arn:aws:sns:ca-central-1:123456789012:orders"
MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60

GOES_OFF = {
    "DeadlineAtRisk": "Maximum OrderAge > 7200",
    "DeadlineCritical": "Maximum OrderAge > 10800",
    "OldestOrderWaiting": "Maximum OldestUnacknowledgedOrderAge > 3600",
    "DrainTimeLong": "Maximum DrainTime > 5400",
    "SweepMissing": "Sum SweepCompleted < 1",
    "CredentialsRefused": "Sum CredentialsRefused >= 1",
    "SetupWrong": "Sum Misconfigured >= 1",
    "MessagesFailing": "Sum MessageFailed >= 1",
    "StaleCredentialsServed": "Sum StaleCredentials >= 1",
    "OrdersParked": "Maximum ApproximateNumberOfMessagesVisible >= 1",
    "EventsUndelivered": "Maximum ApproximateNumberOfMessagesVisible >= 1",
    "OrdersWaitingUnserved": "IF(waiting > 0 AND FILL(invocations, 0) == 0, 1, 0) >= 1",
    "EventDeliveriesFailing": "Sum FailedInvocations >= 1",
    "DeadLettersLost": "Sum InvocationsFailedToBeSentToDlq >= 1",
    "AcknowledgeFunctionErrors": "Sum Errors >= 1",
    "AcknowledgeFunctionThrottled": "Sum Throttles >= 1",
    "AcknowledgeFunctionSlow": "Maximum Duration > 54000",
    "SweepFunctionErrors": "Sum Errors >= 1",
    "SweepFunctionThrottled": "Sum Throttles >= 1",
    "SweepFunctionSlow": "Maximum Duration > 216000",
}
LOOKS_AT = {
    "OrdersParked": ["<OrderDeadLetterQueue.QueueName>"],
    "EventsUndelivered": ["<UndeliveredEventQueue.QueueName>"],
    "OrdersWaitingUnserved": ["<OrderQueue.QueueName>", "<AcknowledgeFunction>"],
    "AcknowledgeFunctionErrors": ["<AcknowledgeFunction>"],
    "AcknowledgeFunctionThrottled": ["<AcknowledgeFunction>"],
    "AcknowledgeFunctionSlow": ["<AcknowledgeFunction>"],
    "SweepFunctionErrors": ["<SweepFunction>"],
    "SweepFunctionThrottled": ["<SweepFunction>"],
    "SweepFunctionSlow": ["<SweepFunction>"],
}
# An attempt may find something wrong as often as an order is tried; a sweep, as often as there is one.
OF_ATTEMPTS = ["DeadlineAtRisk", "DeadlineCritical", "CredentialsRefused", "SetupWrong", "MessagesFailing"]
OF_SWEEPS = [
    "OldestOrderWaiting",
    "DrainTimeLong",
    "SweepFunctionErrors",
    "SweepFunctionThrottled",
    "SweepFunctionSlow",
]

# Read when the tests are collected, so that an alarm that is added cannot be forgotten here.
every_alarm = pytest.mark.parametrize("name", read().of_type(ALARM))
every_bus = pytest.mark.parametrize("bus", ["default", "orders"])


def series(alarm: dict[str, Any]) -> list[Series]:
    """The metrics that an alarm looks at."""
    if "Metrics" not in alarm:
        return [_series(alarm, alarm["Statistic"])]
    stats = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [_series(each["Metric"], each["Stat"]) for each in stats]


def _series(metric: dict[str, Any], statistic: str) -> Series:
    dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
    return Series(metric["Namespace"], metric["MetricName"], dimensions, statistic)


def condition(alarm: dict[str, Any]) -> str:
    """When an alarm goes off, in short."""
    signs = {
        "GreaterThanThreshold": ">",
        "GreaterThanOrEqualToThreshold": ">=",
        "LessThanThreshold": "<",
    }
    watched = (
        next(each["Expression"] for each in alarm["Metrics"] if "Expression" in each)
        if "Metrics" in alarm
        else f"{alarm['Statistic']} {alarm['MetricName']}"
    )
    return f"{watched} {signs[alarm['ComparisonOperator']]} {alarm['Threshold']}"


def periods(alarm: dict[str, Any]) -> tuple[int, int, int]:
    """How long a period is, how many are looked at, and how many of them have to be bad."""
    lengths = {each["MetricStat"]["Period"] for each in alarm.get("Metrics", []) if "MetricStat" in each}
    (length,) = lengths or {alarm["Period"]}
    count = alarm["EvaluationPeriods"]
    return length, count, alarm.get("DatapointsToAlarm", count)


def windows(alarm: dict[str, Any], until: int) -> list[list[range]]:
    """The seconds of each period that CloudWatch looks at, every minute anew, up to a time."""
    length, count, _ = periods(alarm)
    return [
        [range(end - length * (back + 1), end - length * back) for back in range(count)]
        for end in range(length * count, until, MINUTE)
    ]


@pytest.fixture
def stack(template: Template) -> Template:
    return deployed(template, AlarmTopicArn=TOPIC)


def test_there_is_an_alarm_for_each_thing_that_can_go_wrong(stack: Template) -> None:
    assert {name: condition(alarm) for name, alarm in stack.of_type(ALARM).items()} == GOES_OFF


@pytest.mark.parametrize("name", LOOKS_AT)
def test_an_alarm_looks_at_the_queue_or_function_it_is_named_after(stack: Template, name: str) -> None:
    seen = [value for each in series(stack[name]) for value in each.dimensions.values()]

    assert seen == LOOKS_AT[name]


@every_alarm
def test_an_alarm_is_named_after_its_stack_and_after_what_is_wrong(stack: Template, name: str) -> None:
    assert stack[name]["AlarmName"] == f"orders-{name}"


@every_alarm
def test_an_alarm_says_what_it_means_what_to_do_and_where_to_read_on(stack: Template, name: str) -> None:
    anchor = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    meaning, _, end = stack[name]["AlarmDescription"].partition(f" See v{VERSION}/docs/operations.md#")

    assert end == anchor
    assert re.fullmatch(r"[A-Z].*[.:;] .+\.", meaning)


@every_alarm
def test_an_alarm_links_to_the_runbook_of_the_version_that_runs(template: Template, name: str) -> None:
    # Of the greatest length that the parameter takes.
    url = f"https://g/{199 * 'x'}/"
    text = deployed(template, RunbookUrl=url)[name]["AlarmDescription"]

    assert f" See {url}v{VERSION}/docs/operations.md#" in text
    assert len(text) <= 1024


@every_alarm
def test_given_a_topic_then_it_is_told_when_an_alarm_goes_off_and_when_it_is_over(
    stack: Template, name: str
) -> None:
    assert stack[name]["AlarmActions"] == stack[name]["OKActions"] == [TOPIC]


@every_alarm
def test_given_no_topic_then_an_alarm_tells_nobody(template: Template, name: str) -> None:
    assert not {"AlarmActions", "OKActions"} & deployed(template)[name].keys()


@every_alarm
def test_given_an_address_then_an_alarm_goes_to_the_stacks_own_topic(template: Template, name: str) -> None:
    alarm = deployed(template, AlarmEmail=ADDRESS)[name]

    assert alarm["AlarmActions"] == alarm["OKActions"] == ["<AlarmTopic>"]


def test_given_an_address_then_it_is_subscribed_to_a_topic_for_cloudwatch_and_eventbridge(
    template: Template,
) -> None:
    stack = deployed(template, AlarmEmail=ADDRESS)
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "<AlarmTopic>"}

    assert stack["AlarmSubscription"] == {
        "TopicArn": "<AlarmTopic>",
        "Protocol": "email",
        "Endpoint": ADDRESS,
    }
    assert stack["AlarmTopicPolicy"]["Topics"] == ["<AlarmTopic>"]
    assert stack["AlarmTopicPolicy"]["PolicyDocument"]["Statement"] == [
        {
            **publish,
            "Sid": "CloudWatchPublishesAlarms",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        },
        {**publish, "Sid": "EventBridgePublishes", "Principal": {"Service": "events.amazonaws.com"}},
    ]
    assert stack.body["Outputs"]["AlarmTopicArn"]["Value"] == "<AlarmTopic>"


def test_the_stacks_own_topic_has_no_key_that_cloudwatch_may_not_use(template: Template) -> None:
    assert "KmsMasterKeyId" not in template["AlarmTopic"]


def test_given_no_address_then_no_topic_is_made(template: Template) -> None:
    stack = deployed(template, AlarmTopicArn=TOPIC)

    assert not [each for each in stack.body["Resources"].values() if each["Type"].startswith("AWS::SNS::")]
    assert "AlarmTopicArn" not in stack.body["Outputs"]


@every_alarm
def test_an_alarm_says_what_missing_data_means(stack: Template, name: str) -> None:
    assert stack[name]["TreatMissingData"] in {"breaching", "notBreaching", "ignore"}


@every_bus
@every_alarm
def test_an_alarm_looks_at_metrics_that_are_emitted(template: Template, name: str, bus: str) -> None:
    stack = deployed(template, EventBusName=bus)

    for each in series(stack[name]):
        assert is_emitted(each, stack), each


@every_alarm
def test_an_alarm_sums_what_is_counted_and_takes_the_worst_of_what_is_measured(
    stack: Template, name: str
) -> None:
    for each in series(stack[name]):
        assert suits(each), each


@every_alarm
def test_the_alarm_of_an_expression_has_every_metric_that_it_names_and_no_other(
    stack: Template, name: str
) -> None:
    metrics = stack[name].get("Metrics", [])
    expressions = [each for each in metrics if "Expression" in each]
    named = {word for each in expressions for word in re.findall(r"\b[a-z]\w*", each["Expression"])}

    assert named == {each["Id"] for each in metrics if "MetricStat" in each}
    assert [each["Id"] for each in metrics if each.get("ReturnData", True)] == [
        each["Id"] for each in expressions
    ]


@every_alarm
def test_an_alarm_looks_at_whole_minutes_of_a_day_at_most(stack: Template, name: str) -> None:
    length, count, bad = periods(stack[name])

    assert length % MINUTE == 0
    assert length * count <= DAY  # beyond, CloudWatch looks only once an hour
    assert 1 <= bad <= count


@every_alarm
def test_given_no_sweeps_then_nothing_waits_for_them(template: Template, name: str) -> None:
    of_the_sweep = any(each.is_of_the_sweep for each in series(deployed(template)[name]))

    assert (name in deployed(template, SweepEnabled="false").body["Resources"]) is not of_the_sweep


def test_half_and_three_quarters_of_walmarts_time_are_told(stack: Template) -> None:
    allowed = DEADLINE.total_seconds()

    assert stack["DeadlineAtRisk"]["Threshold"] == allowed / 2
    assert stack["DeadlineCritical"]["Threshold"] == allowed * 3 / 4


@pytest.mark.parametrize("name", OF_ATTEMPTS)
def test_while_an_order_waits_each_period_has_an_attempt_at_it(
    template: Template, stack: Template, name: str
) -> None:
    base, cap, hold = (
        template.body["Parameters"][each]["Default"]
        for each in ("BackoffBaseSeconds", "BackoffCapSeconds", "CredentialsHoldSeconds")
    )
    longest = max(max(cap, hold) + base, template["OrderQueue"]["VisibilityTimeout"])
    length, count, _ = periods(stack[name])

    assert count == 1
    assert length >= longest + template["AcknowledgeFunction"]["Timeout"]


@pytest.mark.parametrize("name", OF_SWEEPS)
def test_at_the_longest_interval_each_period_has_a_sweep(
    template: Template, stack: Template, name: str
) -> None:
    longest = template.body["Parameters"]["SweepIntervalMinutes"]["MaxValue"] * MINUTE
    length, count, _ = periods(stack[name])

    assert count == 1
    assert length >= longest + template["SweepFunction"]["Timeout"]


@pytest.mark.parametrize("name", ["OldestOrderWaiting", "DrainTimeLong"])
def test_between_two_sweeps_nothing_is_taken_for_well(stack: Template, name: str) -> None:
    assert stack[name]["TreatMissingData"] == "ignore"


def test_given_the_longest_interval_then_no_sweep_is_missed(template: Template, stack: Template) -> None:
    interval = template.body["Parameters"]["SweepIntervalMinutes"]["MaxValue"] * MINUTE
    latest = template["SweepFunction"]["Timeout"]
    # The worst there may be: every other sweep takes no time, and every other as much as it has.
    completed = [start + latest * (start // interval % 2) for start in range(0, DAY, interval)]

    for looked_at in windows(stack["SweepMissing"], until=completed[-1]):
        bad = [not any(time in period for time in completed) for period in looked_at]
        assert bad.count(True) < periods(stack["SweepMissing"])[2]


def test_an_hour_without_a_sweep_is_told(stack: Template) -> None:
    length, _, bad = periods(stack["SweepMissing"])

    assert length * bad == HOUR
    assert stack["SweepMissing"]["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(("minutes", "told"), [(10, False), (30, True)])
def test_an_outage_of_the_secret_is_told_when_it_lasts(stack: Template, minutes: int, told: bool) -> None:
    outage = range(3 * HOUR, 3 * HOUR + minutes * MINUTE)
    _, _, enough = periods(stack["StaleCredentialsServed"])
    touched = [
        sum(period.start < outage.stop and outage.start < period.stop for period in looked_at)
        for looked_at in windows(stack["StaleCredentialsServed"], until=6 * HOUR)
    ]

    assert (max(touched) >= enough) is told


@pytest.mark.parametrize("name", ["OrdersParked", "EventsUndelivered"])
def test_a_queue_that_falls_silent_ends_no_alarm(stack: Template, name: str) -> None:
    assert stack[name]["TreatMissingData"] == "ignore"


def test_orders_that_wait_while_acknowledgement_is_paused_are_told(template: Template) -> None:
    paused = deployed(template, AcknowledgementEnabled="false")

    assert "OrdersWaitingUnserved" in paused.of_type(ALARM)


def test_orders_may_wait_a_quarter_of_an_hour_for_the_function(stack: Template) -> None:
    length, count, bad = periods(stack["OrdersWaitingUnserved"])

    assert length * bad == 15 * MINUTE
    assert count == bad


def test_a_function_that_is_turned_away_for_a_moment_is_not_told(stack: Template) -> None:
    assert periods(stack["AcknowledgeFunctionThrottled"]) == (5 * MINUTE, 3, 3)


@pytest.mark.parametrize("function", ["AcknowledgeFunction", "SweepFunction"])
def test_nine_tenths_of_a_functions_time_are_told(template: Template, stack: Template, function: str) -> None:
    milliseconds = template[function]["Timeout"] * 1000

    assert stack[f"{function}Slow"]["Threshold"] == milliseconds * 0.9
