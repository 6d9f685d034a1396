"""With the policy of docs/policies an operator can work on orders, but read no key and purge no queue."""

import re
from typing import Any, Final

import pytest

from tests.integration.roles import assume_role, call, denied
from tests.local.aws import LocalAws
from tests.support.paths import ROOT

_STACK: Final = "walmart-order-acknowledgement"
_OPERATOR: Final = (ROOT / "docs" / "policies" / "operator.json").read_text()
_LOGS: Final = f"/aws/lambda/{_STACK}-AcknowledgeFunction"


@pytest.fixture(scope="session")
def stack(local_aws: LocalAws, operator: LocalAws) -> dict[str, str]:
    """The resources that an operator works on; the operator has received a message."""
    sqs = local_aws.client("sqs")
    queue = sqs.create_queue(QueueName=f"{_STACK}-OrderQueue-1A2B3C4D5E6F")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    (taken,) = operator.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    secret = local_aws.client("secretsmanager").create_secret(Name="walmart-ca", SecretString="{}")["ARN"]
    local_aws.client("logs").create_log_group(logGroupName=_LOGS)
    return {
        "<queue>": queue,
        "<receipt>": taken["ReceiptHandle"],
        "<other queue>": sqs.create_queue(QueueName="foreign")["QueueUrl"],
        "<secret>": secret,
    }


@pytest.fixture(scope="session")
def operator(local_aws: LocalAws) -> LocalAws:
    account = local_aws.client("sts").get_caller_identity()["Account"]
    return assume_role(local_aws, "operator", re.sub(r"\b123456789012\b", account, _OPERATOR))


def named(stack: dict[str, str], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call with the names of the stack's resources."""
    return {name: stack.get(str(value), value) for name, value in arguments.items()}


QUEUE: Final = {"QueueUrl": "<queue>"}


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("sqs:GetQueueAttributes", {**QUEUE, "AttributeNames": ["All"]}),
        ("sqs:SendMessage", {**QUEUE, "MessageBody": "{}"}),
        ("sqs:DeleteMessage", {**QUEUE, "ReceiptHandle": "<receipt>"}),
        ("secretsmanager:PutSecretValue", {"SecretId": "<secret>", "SecretString": "{}"}),
        ("secretsmanager:ListSecretVersionIds", {"SecretId": "<secret>"}),
        ("logs:FilterLogEvents", {"logGroupName": _LOGS}),
    ],
)
def test_an_operator_may_work_on_orders_and_replace_the_key(
    operator: LocalAws, stack: dict[str, str], action: str, arguments: dict[str, Any]
) -> None:
    call(operator, action, named(stack, arguments))


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("sqs:PurgeQueue", QUEUE),
        ("sqs:DeleteQueue", QUEUE),
        ("sqs:SetQueueAttributes", {**QUEUE, "Attributes": {"Policy": ""}}),
        ("sqs:ReceiveMessage", {"QueueUrl": "<other queue>"}),
        ("secretsmanager:GetSecretValue", {"SecretId": "<secret>"}),
        ("logs:DeleteLogGroup", {"logGroupName": _LOGS}),
        ("events:PutEvents", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}"}]}),
    ],
)
def test_an_operator_may_not_read_the_key_or_delete_a_queue(
    operator: LocalAws, stack: dict[str, str], action: str, arguments: dict[str, Any]
) -> None:
    with denied(action):
        call(operator, action, named(stack, arguments))
