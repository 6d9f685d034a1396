"""The ways through both doors, and where each of them leads."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote

from . import problems, tokens
from .answers import Answer, Form, Style
from .calls import Door
from .gateways import Gateway
from .order_service import OPERATIONS, OrderService
from .problems import Problem, Severity
from .tokens import Tokens

_TOKEN = "/v3/token"
_ORDERS: dict[Door, str] = {"signature": "/v3/ca/orders", "token": "/v3/orders"}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request leads and what it is answered there.

    ``gateway`` checks it first. It is None, and so is ``action``, where nothing can be asked for, or not by
    this method, or where the door is closed.
    """

    answer: Callable[[Style], Answer]
    door: Door | None = None
    purchase_order_id: str | None = None
    action: str | None = None
    gateway: Gateway | None = None

    @property
    def form(self) -> Form | None:
        """The only form that there is. The Global API knows JSON alone."""
        return "json" if self.door == "token" else None


@dataclass(slots=True)
class Routes:
    """Every way through a door that is not closed.

    Attributes:
        services: What can be asked for orders behind each door.
        gateways: What checks a call about orders at each door.
        client_gateway: What checks a call for a token.
        issued: The tokens.
        closed: The closed doors.
        severity: What a caller is told with a path that is not served.
    """

    services: Mapping[Door, OrderService]
    gateways: Mapping[Door, Gateway]
    client_gateway: Gateway
    issued: Tokens
    closed: set[Door] = field(default_factory=set)
    severity: Severity = "INFO"

    def find(self, method: str, target: str) -> Destination:
        """Find where a request leads."""
        path, _, query = target.partition("?")
        not_served = _refusal(problems.path_not_served(path, self.severity))
        found = self._find_token(method, path) or self._find_orders(method, path, query)
        if found is None:
            return Destination(not_served)
        if found.door in self.closed:
            return Destination(not_served, found.door, found.purchase_order_id)
        return found

    def _find_token(self, method: str, path: str) -> Destination | None:
        if path != _TOKEN:
            return None
        if method != "POST":
            return Destination(_refusal(problems.METHOD_NOT_ALLOWED), "token")
        return Destination(self._issue, "token", action=tokens.TOKEN_ACTION, gateway=self.client_gateway)

    def _issue(self, style: Style) -> Answer:
        return style.issued_token(self.issued.issue(), tokens.SECONDS)

    def _find_orders(self, method: str, path: str, query: str) -> Destination | None:
        for door, orders in _ORDERS.items():
            for operation in OPERATIONS:
                found = re.fullmatch(orders + operation.path, path)
                if found is None:
                    continue
                purchase_order_id = unquote(found[1]) if found.groups() else None
                if method != operation.method:
                    return Destination(_refusal(problems.METHOD_NOT_ALLOWED), door, purchase_order_id)
                subject = query if purchase_order_id is None else purchase_order_id
                answer = partial(operation.answer, self.services[door], subject)
                return Destination(answer, door, purchase_order_id, operation.action, self.gateways[door])
        return None


def _refusal(problem: Problem) -> Callable[[Style], Answer]:
    return lambda style: style.problem(problem)
