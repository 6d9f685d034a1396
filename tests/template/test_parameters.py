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

ACCEPTED = {
    "MarketplaceUrl": [
        "https://marketplace.walmartapis.com",
        *("https://stand-in.example:8443", "http://127.0.0.1:8080", "http://localhost:8080"),
    ],
    "CredentialsSecretArn": [SECRET, SECRET.replace("arn:aws:", "arn:aws-us-gov:")],
    "CredentialsKeyArn": [KEY, KEY.replace("key/", "key/mrk-")],
    "EventBusName": ["orders"],
    "PermissionsBoundaryArn": [BOUNDARY, "arn:aws:iam::aws:policy/PowerUserAccess"],
    "OrderEventDetailType": ["OrderCreated"],
    "AlarmEmail": ["orders+alarms@ops.example.com", "o'brien@example.co"],
    "AlarmTopicArn": [TOPIC, TOPIC.replace("arn:aws:", "arn:aws-us-gov:")],
    "RunbookUrl": ["https://github.com/owner/repository/blob/"],
    "SweepIntervalMinutes": [str(minutes) for minutes in range(5, 31)],
    "ArchiveDays": ["90"],
}
REFUSED = {
    "MarketplaceUrl": [
        *("http://marketplace.walmartapis.com", "HTTP://marketplace.walmartapis.com"),
        *("http://127.0.0.1.example.com", "http://localhost.example.com:80", "http://localhost@example.com"),
        *("http://10.0.0.1", "https://", "marketplace.walmartapis.com"),
        "https://user:password@marketplace.walmartapis.com",
        *("https://marketplace.walmartapis.com/", "https://marketplace.walmartapis.com/v3"),
        *("https://marketplace.walmartapis.com?x=1", "https://marketplace.walmartapis.com#x"),
    ],
    "MarketplaceServiceName": ["", "Walmart\r\nX-Injected: 1", "Walmart Marketplace "],
    "CredentialsSecretArn": [
        *("walmart/credentials", SECRET.removesuffix("-AbC123"), "*"),
        SECRET.replace("walmart/credentials", "*"),
    ],
    "CredentialsKeyArn": ["*", KEY.replace("key/", "alias/")],
    "PermissionsBoundaryArn": ["*", "boundary", BOUNDARY.replace(":policy/", ":role/")],
    "EventBusName": ["arn:aws:events:ca-central-1:123456789012:event-bus/orders"],
    "OrderEventSource": ["aws.events"],
    "OrderEventDetailType": [""],
    "AlarmEmail": [
        *("someone", "someone@localhost", "Someone <someone@example.com>"),
        "someone@example.com, another@example.com",
    ],
    "AlarmTopicArn": [
        *("*", "order-alarms", TOPIC + ".fifo", TOPIC.replace(":sns:", ":sqs:")),
        TOPIC + ":1234abcd-12ab-34cd-56ef-1234567890ab",
    ],
    "RunbookUrl": [
        *("http://github.com/owner/repository/blob/", "https://github.com/owner/repository/blob"),
        "https://github.com/owner/repository?ref=/",
    ],
    "SweepIntervalMinutes": ["7.5", "4", "31"],
    "ArchiveDays": ["0.5", "91"],
}


def pairs(values: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(parameter, value) for parameter, several in values.items() for value in several]


def allows(template: Template, parameter: str, value: str) -> bool:
    constraints = template.body["Parameters"][parameter]
    if "AllowedValues" in constraints:
        return value in map(str, constraints["AllowedValues"])
    return re.fullmatch(constraints["AllowedPattern"], value) is not None


@pytest.mark.parametrize(("parameter", "value"), pairs(ACCEPTED))
def test_a_good_value_is_accepted(written: Template, parameter: str, value: str) -> None:
    assert allows(written, parameter, value)


@pytest.mark.parametrize(("parameter", "value"), pairs(REFUSED))
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
