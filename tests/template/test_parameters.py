"""The parameters and outputs of the stack."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.template import Template

SECRET = "arn:aws:secretsmanager:ca-central-1:123456789012:secret:walmart/credentials-AbC123"
TOPIC = "arn:aws:sns:ca-central-1:123456789012:order-alarms"
BOUNDARY = "arn:aws:iam::123456789012:policy/team/boundary"
KEY = "arn:aws:kms:ca-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

ACCEPTED = [
    ("MarketplaceUrl", "https://marketplace.walmartapis.com"),
    ("MarketplaceUrl", "https://stand-in.example:8443"),
    ("MarketplaceUrl", "http://127.0.0.1:8080"),
    ("MarketplaceUrl", "http://localhost:8080"),
    ("CredentialsSecretArn", SECRET),
    ("CredentialsSecretArn", SECRET.replace("arn:aws:", "arn:aws-us-gov:")),
    ("CredentialsKeyArn", KEY),
    ("CredentialsKeyArn", KEY.replace("key/", "key/mrk-")),
    ("EventBusName", "orders"),
    ("PermissionsBoundaryArn", BOUNDARY),
    ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/PowerUserAccess"),
    ("OrderEventDetailType", "OrderCreated"),
    ("AlarmEmail", "orders+alarms@ops.example.com"),
    ("AlarmEmail", "o'brien@example.co"),
    ("AlarmTopicArn", TOPIC),
    ("AlarmTopicArn", TOPIC.replace("arn:aws:", "arn:aws-us-gov:")),
    ("RunbookUrl", "https://github.com/owner/repository/blob/"),
    *(("SweepIntervalMinutes", str(minutes)) for minutes in range(5, 31)),
    ("ArchiveDays", "90"),
]

REFUSED = [
    ("MarketplaceUrl", "http://marketplace.walmartapis.com"),
    ("MarketplaceUrl", "http://127.0.0.1.example.com"),
    ("MarketplaceUrl", "http://localhost.example.com:80"),
    ("MarketplaceUrl", "http://10.0.0.1"),
    ("MarketplaceUrl", "http://localhost@example.com"),
    ("MarketplaceUrl", "https://user:password@marketplace.walmartapis.com"),
    ("MarketplaceUrl", "https://marketplace.walmartapis.com/"),
    ("MarketplaceUrl", "https://marketplace.walmartapis.com/v3"),
    ("MarketplaceUrl", "https://"),
    ("MarketplaceUrl", "HTTP://marketplace.walmartapis.com"),
    ("MarketplaceUrl", "marketplace.walmartapis.com"),
    ("MarketplaceServiceName", "Walmart\r\nX-Injected: 1"),
    ("MarketplaceServiceName", "Walmart Marketplace "),
    ("CredentialsSecretArn", "walmart/credentials"),
    ("CredentialsSecretArn", SECRET.removesuffix("-AbC123")),
    ("CredentialsSecretArn", SECRET.replace("walmart/credentials", "*")),
    ("CredentialsKeyArn", KEY.replace("key/", "alias/")),
    ("PermissionsBoundaryArn", BOUNDARY.replace(":policy/", ":role/")),
    ("PermissionsBoundaryArn", "*"),
    ("EventBusName", "arn:aws:events:ca-central-1:123456789012:event-bus/orders"),
    ("OrderEventSource", "aws.events"),
    ("OrderEventDetailType", ""),
    ("AlarmEmail", "someone@localhost"),
    ("AlarmEmail", "someone@example.com, another@example.com"),
    ("AlarmEmail", "Someone <someone@example.com>"),
    ("AlarmTopicArn", TOPIC + ".fifo"),
    ("AlarmTopicArn", TOPIC + ":1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("AlarmTopicArn", TOPIC.replace(":sns:", ":sqs:")),
    ("RunbookUrl", "http://github.com/owner/repository/blob/"),
    ("RunbookUrl", "https://github.com/owner/repository/blob"),
    ("RunbookUrl", "https://github.com/owner/repository?ref=/"),
    ("SweepIntervalMinutes", "7.5"),
    ("SweepIntervalMinutes", "4"),
    ("SweepIntervalMinutes", "31"),
    ("ArchiveDays", "0.5"),
    ("ArchiveDays", "91"),
]


def allows(template: Template, parameter: str, value: str) -> bool:
    constraints = template.body["Parameters"][parameter]
    if "AllowedValues" in constraints:
        return value in map(str, constraints["AllowedValues"])
    return re.fullmatch(constraints["AllowedPattern"], value) is not None


@pytest.mark.parametrize(("parameter", "value"), ACCEPTED)
def test_a_good_value_is_accepted(written: Template, parameter: str, value: str) -> None:
    assert allows(written, parameter, value)


@pytest.mark.parametrize(("parameter", "value"), REFUSED)
def test_a_bad_value_is_refused_before_anything_is_deployed(
    written: Template, parameter: str, value: str
) -> None:
    assert not allows(written, parameter, value)


def test_only_the_secret_has_no_good_default(written: Template) -> None:
    parameters = written.body["Parameters"]
    defaults = {name: str(each["Default"]) for name, each in parameters.items() if "Default" in each}

    assert parameters.keys() - defaults.keys() == {"CredentialsSecretArn"}
    assert defaults["MarketplaceUrl"] == "https://marketplace.walmartapis.com"
    assert defaults["Architecture"] == "arm64"
    for name, default in defaults.items():
        assert "AllowedPattern" not in parameters[name] or allows(written, name, default), name


def test_every_parameter_is_used(written: Template) -> None:
    body = written.body
    mentioned = set(references([body["Resources"], body["Conditions"], body["Outputs"]]))

    assert body["Parameters"].keys() <= mentioned


def test_every_parameter_is_explained_and_has_a_group(written: Template) -> None:
    body = written.body
    groups = body["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    placed = [name for group in groups for name in group["Parameters"]]

    assert sorted(placed) == sorted(body["Parameters"])
    for name, each in body["Parameters"].items():
        assert each["Description"], name
        assert "AllowedPattern" not in each or each["ConstraintDescription"], name


def test_the_stack_outputs_what_an_operator_needs(written: Template) -> None:
    outputs = written.body["Outputs"]

    assert all(each["Description"] for each in outputs.values())
    for output, resource in {
        "AcknowledgeFunctionName": "AcknowledgeFunction",
        "AcknowledgeFunctionLogGroupName": "AcknowledgeFunctionLogGroup",
        "SweepFunctionName": "SweepFunction",
        "SweepFunctionLogGroupName": "SweepFunctionLogGroup",
        "OrderQueueUrl": "OrderQueue",
        "OrderDeadLetterQueueUrl": "OrderDeadLetterQueue",
        "UndeliveredEventQueueUrl": "UndeliveredEventQueue",
    }.items():
        assert outputs[output]["Value"] == {"Ref": resource}


def references(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """The names that a part of the template refers to."""
    if isinstance(value, dict):
        if isinstance(name := value.get("Ref"), str):
            yield name
        if isinstance(text := value.get("Fn::Sub"), str):
            yield from re.findall(r"\$\{([^}!]+)\}", text)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)
