"""The template's roles in the local AWS, whole or with something taken away."""

import functools
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.integration.harness import World
from tests.local.aws import LocalAws
from tests.support.deployed import deployed
from tests.support.template import Template, read, transform

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_CUSTOMER_KEY: Final = "<CustomerKey.Arn>"

SHOWN: Final[list[str]] = []
"""What tests show to be needed, each by its path: Role/Statement, or Role/Statement/action."""


def needed(*paths: str) -> pytest.MarkDecorator:
    """Run a test, which shows that something is needed, once with each of these being `taken`."""
    SHOWN.extend(paths)
    return pytest.mark.parametrize("taken", paths)


@functools.cache
def _transformed() -> Template:
    return transform(read())


def takeable() -> Iterator[str]:
    """What can be taken from the roles: each statement, and each action of a statement that has several."""
    resolved = deployed(_transformed(), CredentialsKeyArn=_CUSTOMER_KEY)
    for role in resolved.of_type("AWS::IAM::Role"):
        for statement in _statements(resolved, role):
            path = f"{role}/{statement['Sid']}"
            yield path
            if len(_actions(statement)) > 1:
                yield from (f"{path}/{action}" for action in _actions(statement))


@functools.cache
def _iam(aws: LocalAws) -> tuple["IAMClient", str]:
    """The client by which roles are made, and the account."""
    return aws.client("iam"), aws.client("sts").get_caller_identity()["Account"]


def take_role(aws: LocalAws, name: str, policy: str | None) -> LocalAws:
    """The local AWS for somebody who took a new role with this policy, or one that allows nothing."""
    iam, account = _iam(aws)
    # Taken by the test, instead of by the service that the template lets take it.
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    unique = f"{name}-{uuid.uuid4().hex}"
    made = iam.create_role(RoleName=unique, AssumeRolePolicyDocument=_document([trust]))
    if policy:
        iam.put_role_policy(RoleName=unique, PolicyName=name, PolicyDocument=policy)
    return aws.assume(made["Role"]["Arn"])


def call(aws: LocalAws, action: str, arguments: Mapping[str, Any]) -> object:
    """Call what an action of IAM stands for."""
    service, operation = action.split(":")
    client: Any = aws.client(cast("Any", service))
    # Lambda's InvokeFunction is the one whose operation has another name.
    return getattr(client, xform_name(operation).removesuffix("_function"))(**arguments)


def denied(action: str) -> Any:  # noqa: ANN401 - pytest's own type is private
    """Expect that somebody may not do this."""
    return pytest.raises(ClientError, match=f"is not authorized to perform: {action} ")


class Roles:
    """Takes the template's roles, as they are with a customer key.

    Attributes:
        arns: Of what the roles name, by its logical id; the customer key's is `CustomerKey`. What is not in
            here is nowhere.
    """

    def __init__(self, aws: LocalAws, world: World) -> None:
        """Take roles that are about this world, in this AWS."""
        self._aws = aws
        _, account = _iam(aws)
        self._template = deployed(
            _transformed(),
            CredentialsSecretArn=world.secret_arn,
            CredentialsKeyArn=_CUSTOMER_KEY,
            EventBusName=world.bus(),
            **{"AWS::AccountId": account},
        )
        self.arns = {
            "OrderQueue": world.arn(world.order_queue),
            "OrderDeadLetterQueue": world.arn(world.dead_letter_queue),
        }

    def whole(self, path: str) -> LocalAws:
        """The local AWS for somebody who may do what the role of a path may."""
        role, *_ = path.split("/")
        return self._take(role)

    def lacking(self, path: str) -> LocalAws:
        """The same, less what the path names."""
        role, *taken = path.split("/")
        return self._take(role, *taken)

    def unmet(self, role: str) -> LocalAws:
        """The same with the conditions of the role's statements unmet."""
        return self._take(role, conditions_met=False)

    def _take(
        self, role: str, sid: str | None = None, action: str | None = None, *, conditions_met: bool = True
    ) -> LocalAws:
        statements = list(_less(_statements(self._template, role), sid, action))
        if conditions_met:
            # The local AWS knows none of their keys, and so would take them for never met.
            statements = [{**each, "Condition": {}} for each in statements]
        policy = re.sub(r"<(\w+)\.Arn>", self._arn, _document(statements)) if statements else None
        return take_role(self._aws, role, policy)

    def _arn(self, found: re.Match[str]) -> str:
        return self.arns.get(found[1], f"arn:aws:nowhere:::{found[1]}")


def _statements(template: Template, role: str) -> Iterator[dict[str, Any]]:
    for policy in template[role]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _less(
    statements: Iterator[dict[str, Any]], sid: str | None, action: str | None
) -> Iterator[dict[str, Any]]:
    for statement in statements:
        if statement["Sid"] != sid:
            yield statement
        elif action:
            yield {**statement, "Action": [each for each in _actions(statement) if each != action]}


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
