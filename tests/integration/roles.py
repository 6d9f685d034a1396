"""The template's roles in the local AWS, whole or with something taken away."""

import functools
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from tests.integration.harness import World
from tests.local.aws import LocalAws
from tests.support.deployed import deployed
from tests.support.template import Template, read, transform

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


class Roles:
    """Takes the template's roles, as they are with a customer key.

    Attributes:
        arns: Of what the roles name, by its logical id; the customer key's is `CustomerKey`. What is not in
            here is nowhere.
    """

    def __init__(self, aws: LocalAws, world: World) -> None:
        """Take roles that are about this world, in this AWS."""
        self._aws = aws
        self._account = aws.client("sts").get_caller_identity()["Account"]
        self._template = deployed(
            _transformed(),
            CredentialsSecretArn=world.secret_arn,
            CredentialsKeyArn=_CUSTOMER_KEY,
            EventBusName=world.bus(),
            **{"AWS::AccountId": self._account},
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
        iam, name = self._aws.client("iam"), f"{role}-{uuid.uuid4().hex}"
        # Taken by the test, instead of by the service that the template lets take it.
        trust = {"Effect": "Allow", "Principal": {"AWS": self._account}, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))
        if statements:
            policy = re.sub(r"<(\w+)\.Arn>", self._arn, _document(statements))
            iam.put_role_policy(RoleName=name, PolicyName=role, PolicyDocument=policy)
        return self._aws.assume(made["Role"]["Arn"])

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
