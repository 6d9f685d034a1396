"""Each role has the permissions of its job, and no others."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.deployed import deployed
from tests.support.template import Template

EXPECTED = {
    "AcknowledgeFunctionRole": {
        ("logs:CreateLogStream", "AcknowledgeFunctionLogGroup.Arn"),
        ("logs:PutLogEvents", "AcknowledgeFunctionLogGroup.Arn"),
        ("sqs:ReceiveMessage", "OrderQueue.Arn"),
        ("sqs:DeleteMessage", "OrderQueue.Arn"),
        ("sqs:GetQueueAttributes", "OrderQueue.Arn"),
        ("sqs:ChangeMessageVisibility", "OrderQueue.Arn"),
        ("sqs:SendMessage", "OrderDeadLetterQueue.Arn"),
        (
            "events:PutEvents",
            "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}",
        ),
        ("dynamodb:UpdateItem", "NotificationsTable.Arn"),
        ("secretsmanager:GetSecretValue", "CredentialsSecretArn"),
        ("kms:Decrypt", "CredentialsKeyArn"),
    },
    "SweepFunctionRole": {
        ("logs:CreateLogStream", "SweepFunctionLogGroup.Arn"),
        ("logs:PutLogEvents", "SweepFunctionLogGroup.Arn"),
        ("sqs:GetQueueAttributes", "OrderQueue.Arn"),
        (
            "events:PutEvents",
            "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}",
        ),
        ("secretsmanager:GetSecretValue", "CredentialsSecretArn"),
        ("kms:Decrypt", "CredentialsKeyArn"),
    },
    "SweepScheduleRole": {
        ("lambda:InvokeFunction", "SweepFunction.Arn"),
    },
}
FUNCTIONS = ["AcknowledgeFunction", "SweepFunction"]

every_role = pytest.mark.parametrize("role", EXPECTED)
every_function = pytest.mark.parametrize("function", FUNCTIONS)


def entries(template: Template, role: str) -> list[dict[str, Any]]:
    (policy,) = template[role]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def statements(template: Template, role: str) -> Iterator[dict[str, Any]]:
    """A role's statements, with the conditional ones."""
    for entry in entries(template, role):
        yield entry["Fn::If"][1] if "Fn::If" in entry else entry


def granted(template: Template, role: str) -> Iterator[tuple[str, str]]:
    for statement in statements(template, role):
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            yield action, resource(statement["Resource"])


def resource(value: Any) -> str:  # noqa: ANN401 - any part of a template
    match value:
        case {"Fn::GetAtt": path}:
            return ".".join(path)
        case {"Ref": str(name)} | {"Fn::Sub": str(name)}:
            return name
        case _:
            return json.dumps(value)


def trusted(template: Template, role: str) -> dict[str, Any]:
    (statement,) = template[role]["AssumeRolePolicyDocument"]["Statement"]
    found: dict[str, Any] = statement
    return found


def test_there_are_no_other_roles(template: Template) -> None:
    assert template.of_type("AWS::IAM::Role").keys() == EXPECTED.keys()


@every_role
def test_a_role_grants_exactly_these(template: Template, role: str) -> None:
    assert set(granted(template, role)) == EXPECTED[role]


@every_role
def test_nothing_is_granted_by_wildcard(template: Template, role: str) -> None:
    assert "*" not in json.dumps(entries(template, role))


@every_role
def test_no_statement_uses_notaction_or_notresource(template: Template, role: str) -> None:
    for statement in statements(template, role):
        assert not {"NotAction", "NotResource"} & statement.keys()


@every_role
def test_no_managed_policy_widens_a_role(template: Template, role: str) -> None:
    assert "ManagedPolicyArns" not in template[role]
    assert not {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} & {
        each["Type"] for each in template.body["Resources"].values()
    }


@every_role
def test_a_permissions_boundary_limits_every_role(template: Template, role: str) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"

    assert deployed(template, PermissionsBoundaryArn=boundary)[role]["PermissionsBoundary"] == boundary
    assert "PermissionsBoundary" not in deployed(template)[role]


def test_no_other_policy_grants_anything(
    template: Template,
) -> None:
    # In all types of CloudFormation: a queue's or a topic's policy, a permission of Lambda.
    policies = {
        name
        for name, each in template.body["Resources"].items()
        if each["Type"].endswith(("Policy", "Permission", "::Url"))
    }

    queues = {"OrderQueuePolicy", "OrderDeadLetterQueuePolicy", "UndeliveredEventQueuePolicy"}
    assert policies == queues | {"AlarmTopicPolicy"}


@every_function
def test_a_function_has_its_own_role(template: Template, function: str) -> None:
    assert template[function]["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}


@every_function
def test_only_lambda_may_assume_the_role_of_a_function(template: Template, function: str) -> None:
    assert trusted(template, f"{function}Role") == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_only_the_scheduler_of_this_account_assumes_its_role(
    template: Template,
) -> None:
    assert trusted(template, "SweepScheduleRole") == {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }


def test_the_sweep_publishes_order_events_and_no_others(template: Template) -> None:
    (statement,) = (
        each for each in statements(template, "SweepFunctionRole") if each["Action"] == "events:PutEvents"
    )
    pattern = template["OrderEventRule"]["EventPattern"]

    assert statement["Condition"] == {
        "StringEquals": {
            "events:source": {"Ref": "OrderEventSource"},
            "events:detail-type": {"Ref": "OrderEventDetailType"},
        },
    }
    assert pattern == {
        "account": [{"Ref": "AWS::AccountId"}],
        **{
            key.removeprefix("events:"): [value]
            for key, value in statement["Condition"]["StringEquals"].items()
        },
    }


@every_function
def test_without_a_customer_key_no_function_may_decrypt(template: Template, function: str) -> None:
    conditional = [entry["Fn::If"] for entry in entries(template, f"{function}Role") if "Fn::If" in entry]

    assert [[condition, other] for condition, _, other in conditional] == [
        ["HasCredentialsKey", {"Ref": "AWS::NoValue"}],
    ]
    assert template.body["Conditions"]["HasCredentialsKey"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "CredentialsKeyArn"}, ""]}],
    }
    assert template.body["Parameters"]["CredentialsKeyArn"]["Default"] == ""


@every_function
def test_a_customer_key_only_decrypts_the_secret(template: Template, function: str) -> None:
    (statement,) = (
        each for each in statements(template, f"{function}Role") if each["Action"] == "kms:Decrypt"
    )

    assert statement["Condition"] == {
        "StringEquals": {
            "kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"},
            "kms:EncryptionContext:SecretARN": {"Ref": "CredentialsSecretArn"},
        },
    }
