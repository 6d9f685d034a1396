"""The paths of both APIs, and where each of them leads."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote

from . import problems, tokens
from .calls import Scheme
from .gateways import Gateway
from .order_service import OPERATIONS, OrderService
from .problems import Problem, Severity
from .responses import Form, Response, Style
from .tokens import Tokens

_TOKEN = "/v3/token"
_ORDERS: dict[Scheme, str] = {"signature": "/v3/ca/orders", "token": "/v3/orders"}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request leads: the gateway that checks it, and the function that responds.

    ``gateway`` and ``action`` are None for an unknown path, a wrong method or a withdrawn API.
    """

    respond: Callable[[Style], Response]
    scheme: Scheme | None = None
    purchase_order_id: str | None = None
    action: str | None = None
    gateway: Gateway | None = None

    @property
    def form(self) -> Form | None:
        """The only form of the response, if there is only one: the Global API has only JSON."""
        return "json" if self.scheme == "token" else None


@dataclass(slots=True)
class Routes:
    """The paths of the APIs that are not withdrawn.

    Attributes:
        services: The order service of each API.
        gateways: The gateway in front of each order service.
        client_gateway: The gateway in front of the token service.
        issued: The tokens.
        withdrawn: The authentication schemes whose API is withdrawn.
        severity: The severity in the response to a path that is not served.
    """

    services: Mapping[Scheme, OrderService]
    gateways: Mapping[Scheme, Gateway]
    client_gateway: Gateway
    issued: Tokens
    withdrawn: set[Scheme] = field(default_factory=set)
    severity: Severity = "INFO"

    def find(self, method: str, target: str) -> Destination:
        path, _, query = target.partition("?")
        not_served = _refusal(problems.path_not_served(path, self.severity))
        found = self._find_token(method, path) or self._find_orders(method, path, query)
        if found is None:
            return Destination(not_served)
        if found.scheme in self.withdrawn:
            return Destination(not_served, found.scheme, found.purchase_order_id)
        return found

    def _find_token(self, method: str, path: str) -> Destination | None:
        if path != _TOKEN:
            return None
        if method != "POST":
            return Destination(_refusal(problems.METHOD_NOT_ALLOWED), "token")
        return Destination(self._issue, "token", action=tokens.TOKEN_ACTION, gateway=self.client_gateway)

    def _issue(self, style: Style) -> Response:
        return style.issued_token(self.issued.issue(), tokens.SECONDS)

    def _find_orders(self, method: str, path: str, query: str) -> Destination | None:
        for scheme, orders in _ORDERS.items():
            for operation in OPERATIONS:
                found = re.fullmatch(orders + operation.path, path)
                if found is None:
                    continue
                purchase_order_id = unquote(found[1]) if found.groups() else None
                if method != operation.method:
                    return Destination(_refusal(problems.METHOD_NOT_ALLOWED), scheme, purchase_order_id)
                subject = query if purchase_order_id is None else purchase_order_id
                respond = partial(operation.respond, self.services[scheme], subject)
                return Destination(
                    respond, scheme, purchase_order_id, operation.action, self.gateways[scheme]
                )
        return None


def _refusal(problem: Problem) -> Callable[[Style], Response]:
    return lambda style: style.problem(problem)
