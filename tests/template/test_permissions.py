"""The function may do what acknowledging takes, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

from tests.template.conftest import Template

EXPECTED = {
    ("logs:CreateLogStream", "AcknowledgeFunctionLogGroup.Arn"),
    ("logs:PutLogEvents", "AcknowledgeFunctionLogGroup.Arn"),
    ("sqs:ReceiveMessage", "OrderQueue.Arn"),
    ("sqs:DeleteMessage", "OrderQueue.Arn"),
    ("sqs:GetQueueAttributes", "OrderQueue.Arn"),
    ("sqs:ChangeMessageVisibility", "OrderQueue.Arn"),
    ("sqs:SendMessage", "OrderDeadLetterQueue.Arn"),
    ("secretsmanager:GetSecretValue", "CredentialsSecretArn"),
    ("kms:Decrypt", "CredentialsKeyArn"),
}


def entries(template: Template) -> list[dict[str, Any]]:
    (policy,) = template["AcknowledgeFunctionRole"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def statements(template: Template) -> Iterator[dict[str, Any]]:
    """The role's statements, the conditional one as if its condition held."""
    for entry in entries(template):
        yield entry["Fn::If"][1] if "Fn::If" in entry else entry


def granted(template: Template) -> Iterator[tuple[str, str]]:
    for statement in statements(template):
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            yield action, resource(statement["Resource"])


def resource(value: Any) -> str:  # noqa: ANN401 - whatever a template may hold there
    if isinstance(value, dict):
        return ".".join(value["Fn::GetAtt"]) if "Fn::GetAtt" in value else str(value["Ref"])
    return json.dumps(value)


def test_the_role_grants_exactly_these(template: Template) -> None:
    assert set(granted(template)) == EXPECTED


def test_nothing_is_granted_by_wildcard(template: Template) -> None:
    assert "*" not in json.dumps(entries(template))


def test_no_statement_says_what_it_does_not_cover(template: Template) -> None:
    for statement in statements(template):
        assert not {"NotAction", "NotResource"} & statement.keys()


def test_no_managed_policy_widens_the_role(template: Template) -> None:
    assert "ManagedPolicyArns" not in template["AcknowledgeFunctionRole"]
    assert not {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} & {
        each["Type"] for each in template.body["Resources"].values()
    }


def test_the_function_has_that_role_and_no_other_exists(template: Template) -> None:
    assert template["AcknowledgeFunction"]["Role"] == {"Fn::GetAtt": ["AcknowledgeFunctionRole", "Arn"]}
    assert list(template.of_type("AWS::IAM::Role")) == ["AcknowledgeFunctionRole"]


def test_only_lambda_may_take_the_role(template: Template) -> None:
    (statement,) = template["AcknowledgeFunctionRole"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_given_no_customer_key_then_nothing_may_be_decrypted(template: Template) -> None:
    conditional = [entry["Fn::If"] for entry in entries(template) if "Fn::If" in entry]

    assert [[condition, other] for condition, _, other in conditional] == [
        ["HasCredentialsKey", {"Ref": "AWS::NoValue"}],
    ]
    assert template.body["Conditions"]["HasCredentialsKey"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "CredentialsKeyArn"}, ""]}],
    }
    assert template.body["Parameters"]["CredentialsKeyArn"]["Default"] == ""


def test_given_a_customer_key_then_it_decrypts_for_secrets_manager_only(template: Template) -> None:
    (statement,) = (each for each in statements(template) if each["Action"] == "kms:Decrypt")

    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"}},
    }
