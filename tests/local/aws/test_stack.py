"""The template is deployed without the parts that the local AWS does not support."""

import copy
from typing import Any

import pytest

from tests.local.aws.stack import without_unsupported_parts

Resource = dict[str, Any]

ARCHIVE = {"Type": "AWS::Events::Archive", "Properties": {"RetentionDays": 7}}
QUERY = {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "Sweeps"}}
ALARM = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "OrderAge"}}
ALARM_OF_SEVERAL = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "waiting"}]}}
QUEUE = {"Type": "AWS::SQS::Queue", "Condition": "Sweeping", "Properties": {"QueueName": "orders"}}
ALLOW = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "bus"}
ALLOW_OUR_RULE = {**ALLOW, "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}}}
ALLOW_OUR_EVENTS = {
    **ALLOW,
    "Condition": {"StringEquals": {"events:source": "orders", "events:detail-type": {"Ref": "DetailType"}}},
}


def role(statement: dict[str, Any]) -> Resource:
    policy = {"PolicyDocument": {"Statement": [statement]}}
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}


@pytest.mark.parametrize(
    ("resource", "rest", "named"),
    [
        (QUEUE, QUEUE, None),
        (ALARM, ALARM, None),
        (role(ALLOW_OUR_RULE), role(ALLOW_OUR_RULE), None),
        (ARCHIVE, None, "It"),
        (QUERY, None, "It"),
        (ALARM_OF_SEVERAL, None, "It"),
        (role(ALLOW_OUR_EVENTS), role(ALLOW), "It's conditions on events:source and events:detail-type"),
    ],
)
def test_only_unsupported_parts_are_removed_and_named(
    resource: Resource, rest: Resource | None, named: str | None
) -> None:
    orders = {"Condition": "Sweeping", "Value": {"Ref": "Orders"}}
    arn = {"Value": {"Fn::GetAtt": ["It", "Arn"]}}
    whole = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Orders": QUEUE, "It": resource},
        "Outputs": {"Orders": orders, "Arn": arn},
    }
    before = copy.deepcopy(whole)

    left, removed = without_unsupported_parts(whole)

    assert left == {
        **before,
        "Resources": {"Orders": QUEUE, **({"It": rest} if rest else {})},
        # An output is removed with its resource.
        "Outputs": {"Orders": orders, **({"Arn": arn} if rest else {})},
    }
    assert removed == ([named] if named else [])
    assert whole == before
