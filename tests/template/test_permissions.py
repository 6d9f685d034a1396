"""Whom a role trusts, and what limits its permissions; tests/integration has the permissions themselves."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.deployed import deployed
from tests.support.template import Template

ROLES = ["AcknowledgeFunctionRole", "SweepFunctionRole", "SweepScheduleRole"]

every_role = pytest.mark.parametrize("role", ROLES)
every_function = pytest.mark.parametrize("function", ["AcknowledgeFunction", "SweepFunction"])


def entries(template: Template, role: str) -> list[dict[str, Any]]:
    (policy,) = template[role]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def statements(template: Template, role: str) -> Iterator[dict[str, Any]]:
    """A role's statements, with the conditional ones."""
    for entry in entries(template, role):
        yield entry["Fn::If"][1] if "Fn::If" in entry else entry


def test_there_are_no_other_roles(template: Template) -> None:
    assert template.of_type("AWS::IAM::Role").keys() == set(ROLES)


def test_each_function_has_its_own_role(template: Template) -> None:
    for name, function in template.of_type("AWS::Lambda::Function").items():
        assert function["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}


@every_role
def test_nothing_is_granted_by_wildcard(template: Template, role: str) -> None:
    assert "*" not in json.dumps(entries(template, role))
    assert "ManagedPolicyArns" not in template[role]


@every_role
def test_a_permissions_boundary_limits_every_role(template: Template, role: str) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"

    assert deployed(template, PermissionsBoundaryArn=boundary)[role]["PermissionsBoundary"] == boundary
    assert "PermissionsBoundary" not in deployed(template)[role]


def test_no_other_policy_grants_anything(template: Template) -> None:
    # In all types of CloudFormation: a queue's or a topic's policy, a permission of Lambda.
    policies = {
        name
        for name, each in template.body["Resources"].items()
        if each["Type"].endswith(("Policy", "Permission", "::Url"))
    }

    queues = {"OrderQueuePolicy", "OrderDeadLetterQueuePolicy", "UndeliveredEventQueuePolicy"}
    assert policies == queues | {"AlarmTopicPolicy"}


@pytest.mark.parametrize(
    ("role", "service", "condition"),
    [
        ("AcknowledgeFunctionRole", "lambda", None),
        ("SweepFunctionRole", "lambda", None),
        ("SweepScheduleRole", "scheduler", {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}),
    ],
)
def test_only_its_service_assumes_a_role(
    template: Template, role: str, service: str, condition: dict[str, Any] | None
) -> None:
    assert template[role]["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
            **({"Condition": {"StringEquals": condition}} if condition else {}),
        }
    ]


def test_the_sweep_publishes_order_events_and_no_others(template: Template) -> None:
    (statement,) = (
        each for each in statements(template, "SweepFunctionRole") if each["Action"] == "events:PutEvents"
    )

    # The rule's pattern is in test_rule.py.
    assert statement["Condition"] == {
        "StringEquals": {
            "events:source": {"Ref": "OrderEventSource"},
            "events:detail-type": {"Ref": "OrderEventDetailType"},
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
