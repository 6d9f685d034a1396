"""The template's roles in the local AWS, complete or without one permission."""

import functools
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.integration.harness import Harness
from tests.local.aws import LocalAws
from tests.support.deployed import deployed
from tests.support.template import Template, read, transform

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_CUSTOMER_KEY: Final = "<CustomerKey.Arn>"

NEEDED: Final[list[str]] = []
"""The permissions that tests need, each by its path: Role/Statement, or Role/Statement/action."""


def needed(*paths: str) -> pytest.MarkDecorator:
    """Run a test, which shows that a permission is needed, once for each of these as `removed`."""
    NEEDED.extend(paths)
    return pytest.mark.parametrize("removed", paths)


@functools.cache
def _transformed() -> Template:
    return transform(read())


def permissions() -> Iterator[str]:
    """Every statement of the roles, and every action of a statement that has several."""
    resolved = deployed(_transformed(), CredentialsKeyArn=_CUSTOMER_KEY)
    for role in resolved.of_type("AWS::IAM::Role"):
        for statement in _statements(resolved, role):
            path = f"{role}/{statement['Sid']}"
            yield path
            if len(_actions(statement)) > 1:
                yield from (f"{path}/{action}" for action in _actions(statement))


@functools.cache
def _iam(aws: LocalAws) -> tuple["IAMClient", str]:
    """The client that makes roles, and the account."""
    return aws.client("iam"), aws.client("sts").get_caller_identity()["Account"]


def assume_role(aws: LocalAws, name: str, policy: str | None) -> LocalAws:
    """Assume a new role with this policy, or with none, and return the local AWS as that role."""
    iam, account = _iam(aws)
    # The test assumes the role, instead of the service that the template trusts.
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    unique = f"{name}-{uuid.uuid4().hex}"
    made = iam.create_role(RoleName=unique, AssumeRolePolicyDocument=_document([trust]))
    if policy:
        iam.put_role_policy(RoleName=unique, PolicyName=name, PolicyDocument=policy)
    return aws.assume(made["Role"]["Arn"])


def call(aws: LocalAws, action: str, arguments: Mapping[str, Any]) -> object:
    """Call the operation of an IAM action."""
    service, operation = action.split(":")
    client: Any = aws.client(cast("Any", service))
    # Lambda's InvokeFunction is the only one whose operation has another name.
    return getattr(client, xform_name(operation).removesuffix("_function"))(**arguments)


def denied(action: str) -> Any:  # noqa: ANN401 - pytest's own type is private
    """Expect that AWS denies this action."""
    return pytest.raises(ClientError, match=f"is not authorized to perform: {action} ")


class Roles:
    """Assumes the template's roles, as they are with a customer key.

    Attributes:
        arns: The resources that the roles name, by logical id, and `CustomerKey`; any other does not exist.
    """

    def __init__(self, aws: LocalAws, harness: Harness) -> None:
        self._aws = aws
        _, account = _iam(aws)
        self._template = deployed(
            _transformed(),
            CredentialsSecretArn=harness.secret_arn,
            CredentialsKeyArn=_CUSTOMER_KEY,
            EventBusName=harness.bus(),
            **{"AWS::AccountId": account},
        )
        table = harness.notifications_table()
        self.arns = {
            "OrderQueue": harness.order_queue.arn,
            "OrderDeadLetterQueue": harness.dead_letter_queue.arn,
            "NotificationsTable": f"arn:aws:dynamodb:{aws.region}:{account}:table/{table}",
        }

    def complete(self, path: str) -> LocalAws:
        """The local AWS as the role of this path."""
        role, *_ = path.split("/")
        return self._assume(role)

    def without(self, path: str) -> LocalAws:
        """The same without the permission of this path."""
        role, *removed = path.split("/")
        return self._assume(role, *removed)

    def with_conditions_unmet(self, role: str) -> LocalAws:
        """The same with the conditions of the role's statements unmet."""
        return self._assume(role, conditions_met=False)

    def _assume(
        self, role: str, sid: str | None = None, action: str | None = None, *, conditions_met: bool = True
    ) -> LocalAws:
        statements = list(_without(_statements(self._template, role), sid, action))
        if conditions_met:
            # The local AWS knows none of their keys, and would never take them as met.
            statements = [{**each, "Condition": {}} for each in statements]
        policy = re.sub(r"<(\w+)\.Arn>", self._arn, _document(statements)) if statements else None
        return assume_role(self._aws, role, policy)

    def _arn(self, found: re.Match[str]) -> str:
        return self.arns.get(found[1], f"arn:aws:nowhere:::{found[1]}")


def _statements(template: Template, role: str) -> Iterator[dict[str, Any]]:
    for policy in template[role]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _without(
    statements: Iterator[dict[str, Any]], sid: str | None, action: str | None
) -> Iterator[dict[str, Any]]:
    for statement in statements:
        if statement["Sid"] != sid:
            yield statement
        elif action:
            yield {**statement, "Action": [each for each in _actions(statement) if each != action]}


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
