"""Outcome events: what is published, and which parked orders lead to a notification."""

import json
import re
from typing import Any

import pytest

from acknowledge_orders.outcome_events import DETAIL_TYPES, SOURCE, DetailType
from tests.support.deployed import deployed
from tests.support.template import Template

EMAIL = {"AlarmEmail": "someone@example.com"}
OWN_TOPIC = {"AlarmTopicArn": "arn:aws:sns:ca-central-1:123456789012:own"}


@pytest.mark.parametrize(
    ("parameters", "published"),
    [
        ({}, "none"),
        (EMAIL, "parked"),
        (OWN_TOPIC, "parked"),
        ({"OutcomeEvents": "true"}, "all"),
        ({"OutcomeEvents": "true", **EMAIL}, "all"),
    ],
)
def test_parameters_say_which_outcomes_are_published(
    template: Template, parameters: dict[str, str], published: str
) -> None:
    variables = deployed(template, **parameters)["AcknowledgeFunction"]["Environment"]["Variables"]

    assert variables["OUTCOME_EVENTS"] == published
    assert published in DETAIL_TYPES


def test_the_function_publishes_outcome_events_and_no_others(template: Template) -> None:
    (policy,) = template["AcknowledgeFunctionRole"]["Policies"]
    (statement,) = (
        each for each in policy["PolicyDocument"]["Statement"] if each.get("Action") == "events:PutEvents"
    )

    assert statement["Condition"] == {
        "StringEquals": {"events:source": SOURCE, "events:detail-type": list(DetailType)}
    }


def test_no_order_event_can_have_the_source_of_outcome_events(template: Template) -> None:
    pattern = template.body["Parameters"]["OrderEventSource"]["AllowedPattern"]

    assert not re.fullmatch(pattern, SOURCE)
    assert re.fullmatch(pattern, f"{SOURCE}s")
    assert template["OrderEventRule"]["EventPattern"]["source"] == [{"Ref": "OrderEventSource"}]


@pytest.mark.parametrize(
    ("parameters", "topic"), [(EMAIL, "<AlarmTopic>"), (OWN_TOPIC, OWN_TOPIC["AlarmTopicArn"])]
)
def test_a_rule_notifies_about_parked_orders(
    template: Template, parameters: dict[str, str], topic: str
) -> None:
    rule = deployed(template, **parameters)["OrderParkedRule"]
    (target,) = rule["Targets"]

    assert rule["EventPattern"]["source"] == [SOURCE]
    assert rule["EventPattern"]["detail-type"] == [DetailType.PARKED]
    assert rule["EventPattern"]["detail"]["notify"] == [True]
    assert target["Arn"] == topic


def test_without_a_topic_there_is_no_rule(template: Template) -> None:
    assert "OrderParkedRule" not in deployed(template).body["Resources"]


def test_a_notification_passes_the_filter_of_the_mail(template: Template) -> None:
    resolved = deployed(template, **EMAIL)
    (target,) = resolved["OrderParkedRule"]["Targets"]
    transformer: dict[str, Any] = target["InputTransformer"]
    notification = json.loads(re.sub("<[a-z]+>", '"a value"', transformer["InputTemplate"]))

    assert set(transformer["InputPathsMap"]) == set(re.findall("<([a-z]+)>", transformer["InputTemplate"]))
    assert {"detail-type": [{"exists": True}]} in resolved["AlarmSubscription"]["FilterPolicy"]["$or"]
    assert "detail-type" in notification
