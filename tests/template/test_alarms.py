"""The alarms go on before an order is late, say what to do, and stay off otherwise."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.deployed import deployed
from tests.support.evaluation import ALARM, MINUTE, Data, changes, expression, periods, series
from tests.support.incidents import EXTRA_PERIODS, HEALTHY, INCIDENTS, OVER, alarm_delays, sent
from tests.support.metrics import is_emitted, suits
from tests.support.template import Template, read
from tests.support.version import VERSION

ALARM_TYPE = "AWS::CloudWatch::Alarm"
ADDRESS = "someone@example.com"
TOPIC = "arn:aws:sns:ca-central-1:123456789012:orders"
QUEUE_LENGTH = "ApproximateNumberOfMessagesVisible"
RECEIVED = "NumberOfMessagesReceived"
WAITING: Data = {QUEUE_LENGTH: sent(1.0, range(180, OVER))}

GOES_OFF = {
    "DeadlineAtRisk": "FILL(age, 0) > 7200",
    "CredentialsRefused": "FILL(refused, 0) >= 1",
    "Misconfigured": "FILL(misconfigured, 0) >= 1",
    "StaleCredentialsServed": "FILL(stale, 0) >= 1",
    "OldestOrderUnacknowledged": "Maximum OldestUnacknowledgedOrderAge > 3600",
    "QueueDrainTimeHigh": "Maximum DrainTime > 5400",
    "SweepMissing": "SUM([sweeps, 0 * queue]) < 1",
    "OrdersParked": "Maximum ApproximateNumberOfMessagesVisible >= 1",
    "EventsUndelivered": "Maximum ApproximateNumberOfMessagesVisible >= 1",
    "OrderQueueNotConsumed": "IF(waiting > 0 AND SUM([received, 0 * waiting]) == 0, 1, 0) >= 1",
    "EventsLost": "FILL(lost, 0) >= 1",
    "AcknowledgeFunctionFailing": "SUM([FILL(errors, 0), FILL(throttles, 0), FILL(failed, 0)]) >= 1",
}
WATCHES = {
    "OrdersParked": ["<OrderDeadLetterQueue.QueueName>"],
    "EventsUndelivered": ["<UndeliveredEventQueue.QueueName>"],
    "OrderQueueNotConsumed": ["<OrderQueue.QueueName>", "<OrderQueue.QueueName>"],
    "AcknowledgeFunctionFailing": ["<AcknowledgeFunction>", "<AcknowledgeFunction>", "orders"],
}
TICKETS = {"StaleCredentialsServed", "QueueDrainTimeHigh", "OrdersParked"}
KEEP_THEIR_STATE = {
    *("OldestOrderUnacknowledged", "QueueDrainTimeHigh", "SweepMissing"),  # between two sweeps
    *("OrdersParked", "EventsUndelivered", "OrderQueueNotConsumed"),  # while SQS reports nothing
}

FILLED = [alarm for alarm in deployed(read()).of_type(ALARM_TYPE).values() if "FILL" in str(alarm)]

every_alarm = pytest.mark.parametrize("name", read().of_type(ALARM_TYPE))


def condition(alarm: dict[str, Any]) -> str:
    signs = {
        "GreaterThanThreshold": ">",
        "GreaterThanOrEqualToThreshold": ">=",
        "LessThanThreshold": "<",
    }
    watched = expression(alarm) or f"{alarm['Statistic']} {alarm['MetricName']}"
    return f"{watched} {signs[alarm['ComparisonOperator']]} {alarm['Threshold']}"


def severity(alarm: dict[str, Any]) -> str:
    """Return an alarm's severity, which must be the same in its text, its tag and its actions."""
    (tag,) = alarm["Tags"]
    assert alarm["AlarmDescription"].startswith(f"{tag['Value'].capitalize()}: ")
    assert ("OKActions" in alarm) is (tag["Value"] == "page")
    assert tag["Key"] == "severity"
    return str(tag["Value"])


def goes_on(alarm: dict[str, Any], data: Data, minutes: int = OVER) -> bool:
    """Return whether an alarm goes on, however much older data CloudWatch evaluates."""
    (found,) = {
        ALARM in {each.state for each in changes(alarm, data, minutes, more)} for more in EXTRA_PERIODS
    }
    return found


@pytest.fixture
def stack(template: Template) -> Template:
    return deployed(template, AlarmTopicArn=TOPIC)


def test_each_alarm_has_its_condition_with_and_without_data(stack: Template) -> None:
    alarms = stack.of_type(ALARM_TYPE)
    missing = {name: alarm["TreatMissingData"] for name, alarm in alarms.items()}

    assert {name: condition(alarm) for name, alarm in alarms.items()} == GOES_OFF
    assert missing == dict.fromkeys(alarms, "notBreaching") | dict.fromkeys(KEEP_THEIR_STATE, "ignore")
    assert len(GOES_OFF) <= 12  # each costs money and attention


@pytest.mark.parametrize("name", WATCHES)
def test_an_alarm_watches_the_queue_or_function_in_its_name(stack: Template, name: str) -> None:
    seen = [value for each in series(stack[name]).values() for value in each.dimensions.values()]

    assert seen == WATCHES[name]


@every_alarm
def test_an_alarm_says_what_is_wrong_and_what_to_do(stack: Template, name: str) -> None:
    assert stack[name]["AlarmName"] == f"orders-{name}"
    assert re.fullmatch(r"(Page|Ticket): [A-Z].*[.:;] .+\. See \S+", stack[name]["AlarmDescription"])


@every_alarm
def test_an_alarm_links_to_the_runbook_of_the_version_that_runs(template: Template, name: str) -> None:
    # The longest URL that the parameter allows.
    url = f"https://g/{199 * 'x'}/"
    text = deployed(template, RunbookUrl=url)[name]["AlarmDescription"]

    assert f" See {url}v{VERSION}/docs/runbook.md#" in text
    assert len(text) <= 1024


@every_alarm
def test_an_alarm_is_a_page_or_a_ticket(stack: Template, name: str) -> None:
    assert severity(stack[name]) == ("ticket" if name in TICKETS else "page")


@pytest.mark.parametrize(
    ("parameters", "topics"),
    [({}, []), ({"AlarmTopicArn": TOPIC}, [TOPIC]), ({"AlarmEmail": ADDRESS}, ["<AlarmTopic>"])],
)
def test_a_topic_gets_every_alarm_and_the_end_of_a_page(
    template: Template, parameters: dict[str, str], topics: list[str]
) -> None:
    for name, alarm in deployed(template, **parameters).of_type(ALARM_TYPE).items():
        assert alarm.get("AlarmActions", []) == topics
        assert alarm.get("OKActions", []) == ([] if name in TICKETS else topics)


def test_an_address_is_subscribed_to_the_stacks_own_topic(template: Template) -> None:
    stack = deployed(template, AlarmEmail=ADDRESS)
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "<AlarmTopic>"}

    assert stack["AlarmSubscription"] == {
        "TopicArn": "<AlarmTopic>",
        "Protocol": "email",
        "Endpoint": ADDRESS,
        "FilterPolicyScope": "MessageBody",
        # Without the change from INSUFFICIENT_DATA to OK, which each alarm of a new stack makes once.
        "FilterPolicy": {
            "$or": [
                {"NewStateValue": ["ALARM"]},
                {"OldStateValue": ["ALARM"]},
                {"detail-type": [{"exists": True}]},
            ]
        },
    }
    assert "KmsMasterKeyId" not in stack["AlarmTopic"]  # CloudWatch may not use one
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


def test_without_an_address_the_stack_makes_no_topic(stack: Template) -> None:
    assert not [each for each in stack.body["Resources"].values() if each["Type"].startswith("AWS::SNS::")]
    assert "AlarmTopicArn" not in stack.body["Outputs"]


@pytest.mark.parametrize("bus", ["default", "orders"])
@every_alarm
def test_an_alarm_watches_metrics_that_are_emitted(template: Template, name: str, bus: str) -> None:
    stack = deployed(template, EventBusName=bus)

    for each in series(stack[name]).values():
        assert is_emitted(each, stack), each
        assert suits(each), each


@every_alarm
def test_an_expression_uses_exactly_the_metrics_of_its_alarm(stack: Template, name: str) -> None:
    metrics = stack[name].get("Metrics", [])
    expressions = [each for each in metrics if "Expression" in each]
    named = {word for each in expressions for word in re.findall(r"\b[a-z]\w*", each["Expression"])}

    assert named == {each["Id"] for each in metrics if "MetricStat" in each}
    assert [each["Id"] for each in metrics if each.get("ReturnData", True)] == [
        each["Id"] for each in expressions
    ]


@every_alarm
def test_without_sweeps_no_alarm_watches_them(template: Template, name: str) -> None:
    of_the_sweep = any(each.is_from_sweep for each in series(deployed(template)[name]).values())

    assert (name in deployed(template, SweepEnabled="false").body["Resources"]) is not of_the_sweep


@every_alarm
def test_an_alarm_goes_on_and_off_however_much_is_evaluated(stack: Template, name: str) -> None:
    length, count, _ = periods(stack[name])
    assert length * count <= 24 * 60 * 60  # CloudWatch evaluates longer ones only once an hour.
    # The runbook names the minutes, see tests/docs/test_runbook.py.
    assert len({alarm_delays(stack[name], INCIDENTS[name], more) for more in EXTRA_PERIODS}) == 1


@settings(deadline=None, max_examples=50)
@given(alarm=st.sampled_from(FILLED), failures=st.sets(st.integers(min_value=0, max_value=119)))
def test_older_data_makes_no_difference_where_gaps_are_filled(
    alarm: dict[str, Any], failures: set[int]
) -> None:
    data = {each.metric: sent(10_000.0, failures) for each in series(alarm).values()}

    narrow, *wide = (changes(alarm, data, 180, more) for more in EXTRA_PERIODS)
    assert all(each == narrow for each in wide)


@every_alarm
def test_no_alarm_goes_on_in_a_new_healthy_stack(stack: Template, name: str) -> None:
    assert not goes_on(stack[name], HEALTHY)


@pytest.mark.parametrize(
    "name",
    [
        *("DeadlineAtRisk", "CredentialsRefused", "Misconfigured"),
        *("OldestOrderUnacknowledged", "QueueDrainTimeHigh"),
    ],
)
def test_each_period_has_an_attempt_of_a_retried_order_or_a_sweep(
    template: Template, stack: Template, name: str
) -> None:
    parameters = template.body["Parameters"]
    base, cap, hold = (
        parameters[each]["Default"]
        for each in ("BackoffBaseSeconds", "BackoffCapSeconds", "CredentialsHoldSeconds")
    )
    retried = max(max(cap, hold) + base, template["OrderQueue"]["VisibilityTimeout"])
    attempted = retried + template["AcknowledgeFunction"]["Timeout"]
    swept = parameters["SweepIntervalMinutes"]["MaxValue"] * MINUTE + template["SweepFunction"]["Timeout"]
    of_the_sweep = any(each.is_from_sweep for each in series(stack[name]).values())
    length, count, _ = periods(stack[name])

    assert count == 1
    assert length >= (swept if of_the_sweep else attempted)


def test_at_the_longest_interval_no_sweep_is_missed(template: Template, stack: Template) -> None:
    interval = template.body["Parameters"]["SweepIntervalMinutes"]["MaxValue"]
    latest = template["SweepFunction"]["Timeout"] // MINUTE
    # The worst case: every other sweep takes no time, and the others take until their time-out.
    completed = [start + latest * (start // interval % 2) for start in range(interval, OVER, interval)]
    data = {**HEALTHY, "SweepCompleted": sent(1.0, completed)}

    assert not goes_on(stack["SweepMissing"], data, minutes=completed[-1])


def test_missing_sweeps_keep_the_alarm_on_while_the_queue_is_idle(stack: Template) -> None:
    data = {**HEALTHY, "SweepCompleted": {}, QUEUE_LENGTH: sent(0.0, range(100))}

    for more in EXTRA_PERIODS:
        assert [each.state for each in changes(stack["SweepMissing"], data, OVER, more)] == [ALARM]


@pytest.mark.parametrize(
    ("name", "data", "minutes", "alarms"),
    [
        # A new stack has 45 minutes for its first sweep.
        ("SweepMissing", {**HEALTHY, "SweepCompleted": {}}, 46, False),
        ("SweepMissing", {**HEALTHY, "SweepCompleted": {}}, 62, True),
        # AWS does not say whether SQS reports zero, nothing, or no metric at all without receives.
        ("OrderQueueNotConsumed", {**WAITING, RECEIVED: sent(0.0, range(OVER))}, OVER, True),
        ("OrderQueueNotConsumed", {**WAITING, RECEIVED: sent(1.0, range(60))}, OVER, True),
        ("OrderQueueNotConsumed", {**WAITING, RECEIVED: {}}, OVER, True),
        ("StaleCredentialsServed", {"StaleCredentials": sent(1.0, range(180, 190))}, OVER, False),
        ("StaleCredentialsServed", {"StaleCredentials": sent(1.0, range(180, 210))}, OVER, True),
        # A failed message is received again after its visibility timeout of six minutes.
        *(
            ("AcknowledgeFunctionFailing", {metric: sent(1.0, range(180, over, 6))}, OVER, over > 192)
            for metric in ("Errors", "Throttles", "MessageFailed")
            for over in (186, 192, 204)
        ),
    ],
)
def test_an_alarm_goes_on_only_if_its_incident_lasts(
    stack: Template, name: str, data: Data, minutes: int, alarms: bool
) -> None:
    assert goes_on(stack[name], data, minutes) is alarms


def test_a_pause_leaves_every_alarm_in_place(template: Template) -> None:
    assert deployed(template, AcknowledgementEnabled="false").of_type(ALARM_TYPE).keys() == GOES_OFF.keys()
