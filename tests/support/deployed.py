"""The template as CloudFormation resolves it: parameters filled in, conditions decided."""

import re
from collections.abc import Callable
from typing import Any, Final

from tests.support.template import Template

PSEUDO_PARAMETERS: Final = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "ca-central-1",
    "AWS::StackId": "arn:aws:cloudformation:ca-central-1:123456789012:stack/orders/5e6f7a80-1b2c",
    "AWS::StackName": "orders",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING: Final = object()

type _Function = Callable[[Any], object]


def deployed(template: Template, **parameters: str) -> Template:
    """Return the resources and outputs of a stack named `orders`.

    Parameters that are not given have their defaults; pseudo parameters can be given, too. A reference to a
    resource becomes `<OrderQueue>`, and one to its attribute `<OrderQueue.Arn>`.
    """
    stack = _Stack(template.body, parameters)
    return Template({part: stack.existing(part) for part in ("Resources", "Outputs")})


class _Stack:
    def __init__(self, body: dict[str, Any], parameters: dict[str, str]) -> None:
        assert parameters.keys() <= body["Parameters"].keys() | PSEUDO_PARAMETERS.keys()
        self._body = body
        defaults = {name: str(each.get("Default", f"<{name}>")) for name, each in body["Parameters"].items()}
        self._values = {**PSEUDO_PARAMETERS, **defaults, **parameters}
        self._functions: dict[str, _Function] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Equals": self._equals,
            "Fn::Not": self._not,
            "Fn::Or": self._or,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def existing(self, part: str) -> dict[str, Any]:
        """Return the members of a part of the template whose conditions hold."""
        members = self._body[part].items()
        return {
            name: self._resolve({key: value for key, value in each.items() if key != "Condition"})
            for name, each in members
            if "Condition" not in each or self._holds(each["Condition"])
        }

    def _or(self, conditions: list[dict[str, str]]) -> bool:
        return any(self._holds(each["Condition"]) for each in conditions)

    def _holds(self, condition: str) -> bool:
        holds = self._resolve(self._body["Conditions"][condition])
        assert isinstance(holds, bool)
        return holds

    def _resolve(self, value: Any) -> Any:  # noqa: ANN401 - any part of a template
        if isinstance(value, list):
            return [each for each in map(self._resolve, value) if each is not _NOTHING]
        if not isinstance(value, dict):
            return value
        for name, argument in value.items():
            if name in self._functions:
                return self._functions[name](argument)
            assert not name.startswith("Fn::"), f"{name} is not resolved here yet"
        resolved = {name: self._resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not _NOTHING}

    def _ref(self, name: str) -> object:
        return _NOTHING if name == "AWS::NoValue" else self._values.get(name, f"<{name}>")

    def _get_att(self, path: list[str]) -> str:
        return f"<{'.'.join(path)}>"

    def _if(self, argument: list[Any]) -> object:
        condition, then, otherwise = argument
        return self._resolve(then if self._holds(condition) else otherwise)

    def _equals(self, argument: list[Any]) -> bool:
        left, right = self._resolve(argument)
        return bool(left == right)

    def _join(self, argument: list[Any]) -> str:
        separator, texts = self._resolve(argument)
        return str(separator).join(texts)

    def _not(self, argument: list[Any]) -> bool:
        (negated,) = self._resolve(argument)
        return not negated

    def _select(self, argument: list[Any]) -> object:
        index, items = self._resolve(argument)
        return items[index]

    def _split(self, argument: list[Any]) -> list[str]:
        separator, text = self._resolve(argument)
        return str(text).split(separator)

    def _sub(self, argument: str | list[Any]) -> str:
        text, variables = argument if isinstance(argument, list) else (argument, {})
        values = {**self._values, **self._resolve(variables)}
        return re.sub(r"\$\{([^}!]+)\}", lambda found: values.get(found[1], f"<{found[1]}>"), text)
