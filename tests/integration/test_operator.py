"""With the policy of docs/security.md an operator works on orders, but reads no key and empties no queue."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Final, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.docs.test_security import POLICIES
from tests.local.aws import LocalAws

_STACK: Final = "walmart-order-acknowledgement"


class Stack(NamedTuple):
    """What an operator works on, as somebody else made it."""

    queue: str
    other_queue: str
    secret: str


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws) -> Stack:
    sqs = local_aws.client("sqs")
    queue = sqs.create_queue(QueueName=f"{_STACK}-OrderQueue-1A2B3C4D5E6F")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    other = sqs.create_queue(QueueName="somebody-elses")["QueueUrl"]
    secret = local_aws.client("secretsmanager").create_secret(Name="walmart-ca", SecretString="{}")["ARN"]
    local_aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{_STACK}-AcknowledgeFunction")
    return Stack(queue, other, secret)


@pytest.fixture(scope="module")
def operator(local_aws: LocalAws) -> LocalAws:
    iam, name = local_aws.client("iam"), f"operator-{uuid.uuid4().hex}"
    account = local_aws.client("sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    policy = re.sub(r"\b123456789012\b", account, json.dumps(POLICIES["Operator"]))
    iam.put_role_policy(RoleName=name, PolicyName="operator", PolicyDocument=policy)
    return local_aws.assume(made["Role"]["Arn"])


def count_messages(aws: LocalAws, stack: Stack) -> object:
    return aws.client("sqs").get_queue_attributes(QueueUrl=stack.queue, AttributeNames=["All"])


def move_a_message(aws: LocalAws, stack: Stack) -> object:
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=stack.queue, MessageBody="{}")
    (taken, *_) = sqs.receive_message(QueueUrl=stack.queue)["Messages"]
    return sqs.delete_message(QueueUrl=stack.queue, ReceiptHandle=taken["ReceiptHandle"])


def purge_the_queue(aws: LocalAws, stack: Stack) -> object:
    return aws.client("sqs").purge_queue(QueueUrl=stack.queue)


def delete_the_queue(aws: LocalAws, stack: Stack) -> object:
    return aws.client("sqs").delete_queue(QueueUrl=stack.queue)


def open_the_queue(aws: LocalAws, stack: Stack) -> object:
    return aws.client("sqs").set_queue_attributes(QueueUrl=stack.queue, Attributes={"Policy": ""})


def read_another_queue(aws: LocalAws, stack: Stack) -> object:
    return aws.client("sqs").receive_message(QueueUrl=stack.other_queue)


def store_a_key(aws: LocalAws, stack: Stack) -> object:
    return aws.client("secretsmanager").put_secret_value(SecretId=stack.secret, SecretString="{}")


def list_versions(aws: LocalAws, stack: Stack) -> object:
    return aws.client("secretsmanager").list_secret_version_ids(SecretId=stack.secret)


def read_the_key(aws: LocalAws, stack: Stack) -> object:
    return aws.client("secretsmanager").get_secret_value(SecretId=stack.secret)


def read_records(aws: LocalAws, _stack: Stack) -> object:
    return aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{_STACK}-AcknowledgeFunction")


def delete_records(aws: LocalAws, _stack: Stack) -> object:
    return aws.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{_STACK}-AcknowledgeFunction")


def forge_an_event(aws: LocalAws, _stack: Stack) -> object:
    return aws.client("events").put_events(Entries=[{"Source": "x", "DetailType": "x", "Detail": "{}"}])


@pytest.mark.parametrize(
    "attempt", [count_messages, move_a_message, store_a_key, list_versions, read_records]
)
def test_an_operator_may_work_on_orders_and_replace_the_key(
    operator: LocalAws, stack: Stack, attempt: Callable[[LocalAws, Stack], object]
) -> None:
    assert attempt(operator, stack)


@pytest.mark.parametrize(
    ("action", "attempt"),
    [
        ("sqs:PurgeQueue", purge_the_queue),
        ("sqs:DeleteQueue", delete_the_queue),
        ("sqs:SetQueueAttributes", open_the_queue),
        ("sqs:ReceiveMessage", read_another_queue),
        ("secretsmanager:GetSecretValue", read_the_key),
        ("logs:DeleteLogGroup", delete_records),
        ("events:PutEvents", forge_an_event),
    ],
)
def test_an_operator_may_neither_read_the_key_nor_take_a_queue_away(
    operator: LocalAws, stack: Stack, action: str, attempt: Callable[[LocalAws, Stack], object]
) -> None:
    with pytest.raises(ClientError, match=f"is not authorized to perform: {action} "):
        attempt(operator, stack)
