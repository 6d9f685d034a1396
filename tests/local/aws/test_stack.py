"""What the local AWS does not know is left out of the template, and everything else is deployed as it is."""

import copy
from typing import Any

import pytest

from tests.local.aws.stack import without_what_the_local_aws_lacks

Template = dict[str, Any]

ARCHIVE = {"Type": "AWS::Events::Archive", "Properties": {"RetentionDays": 7}}
QUERY = {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "Sweeps"}}
ALARM = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "OrderAge"}}
ALARM_OF_SEVERAL = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "waiting"}]}}
QUEUE = {"Type": "AWS::SQS::Queue", "Condition": "Sweeping", "Properties": {"QueueName": "orders"}}


def role(condition: dict[str, Any]) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "bus"}
    policy = {"PolicyDocument": {"Statement": [{**allow, **({"Condition": condition} if condition else {})}]}}
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}


def queue_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    document = {"PolicyDocument": {"Statement": list(statements)}}
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": document}


RULE_DELIVERS = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
DENY_WITHOUT_TLS = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


def template(**resources: dict[str, Any]) -> Template:
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources, "Outputs": {}}


@pytest.mark.parametrize("unknown", [ARCHIVE, QUERY, ALARM_OF_SEVERAL], ids=lambda each: each["Type"])
def test_a_resource_it_cannot_make_is_left_out_and_named(unknown: dict[str, Any]) -> None:
    rest, left_out = without_what_the_local_aws_lacks(template(Orders=QUEUE, Unknown=unknown))

    assert rest == template(Orders=QUEUE)
    assert left_out == ["Unknown"]


def test_a_condition_that_it_cannot_check_is_left_out_and_named() -> None:
    condition = {"StringEquals": {"events:source": "orders", "events:detail-type": {"Ref": "DetailType"}}}

    rest, left_out = without_what_the_local_aws_lacks(template(Sweep=role(condition)))

    assert rest == template(Sweep=role({}))
    assert left_out == ["Sweep's conditions on events:source and events:detail-type"]


@pytest.mark.parametrize(
    ("allowed", "kept", "named"),
    [
        ([RULE_DELIVERS], {"Entry": queue_policy(RULE_DELIVERS)}, "Entry's refusal of calls without TLS"),
        ([], {}, "Entry"),
    ],
    ids=["a policy that says more stays", "a policy that says nothing else goes"],
)
def test_the_refusal_of_calls_without_tls_is_left_out_and_named(
    allowed: list[dict[str, Any]], kept: Template, named: str
) -> None:
    whole = template(Entry=queue_policy(*allowed, DENY_WITHOUT_TLS))

    rest, left_out = without_what_the_local_aws_lacks(whole)

    assert rest == template(**kept)
    assert left_out == [named]


def test_everything_else_stays_as_it_is() -> None:
    condition = {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}}
    whole = template(Orders=QUEUE, Late=ALARM, Sweep=role(condition))
    whole["Outputs"] = {"Url": {"Condition": "Sweeping", "Value": {"Ref": "Orders"}}}
    before = copy.deepcopy(whole)

    rest, left_out = without_what_the_local_aws_lacks(whole)

    assert rest == whole == before
    assert left_out == []


def test_an_output_goes_with_the_resource_that_it_tells_of() -> None:
    whole = template(Orders=QUEUE, Archive=ARCHIVE)
    whole["Outputs"] = {
        "Url": {"Value": {"Ref": "Orders"}},
        "ArchiveArn": {"Value": {"Fn::GetAtt": ["Archive", "Arn"]}},
    }

    rest, _ = without_what_the_local_aws_lacks(whole)

    assert rest["Outputs"] == {"Url": {"Value": {"Ref": "Orders"}}}
