"""The ways through both doors, and where each of them leads."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from . import order_service, problems
from .answers import Answer, Form, Style
from .calls import Door
from .gateway import Gateway
from .order_service import OrderService
from .problems import Problem, Severity
from .tokens import TOKEN_ACTION, Tokens

_ONLY_JSON: Form = "json"  # the Global API has no other form


@dataclass(frozen=True, slots=True)
class _Route:
    """A way to one thing: ``answer`` is given the order that the path names, or else the query.

    ``form`` is the only one it answers in, None the one that is asked for.
    """

    door: Door
    gateway: Gateway
    action: str
    method: str
    path: re.Pattern[str]
    answer: Callable[[str, Style], Answer]
    form: Form | None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request leads and what it is answered there.

    ``gateway`` checks it first. It is None, and so is ``action``, where nothing can be asked for, or not by
    this method, or where the door is closed. ``form`` is that of the route.
    """

    answer: Callable[[Style], Answer]
    door: Door | None = None
    form: Form | None = None
    purchase_order_id: str | None = None
    action: str | None = None
    gateway: Gateway | None = None


class Routes:
    """Every way through a door, for as long as the door is open.

    The gateways are the Canadian API's, that of whoever asks for a token, and that of whoever brings one.
    ``severity`` is what a caller is told with a path that is not served.
    """

    def __init__(
        self,
        *,
        signature: Gateway,
        client: Gateway,
        token: Gateway,
        services: Mapping[Door, OrderService],
        tokens: Tokens,
    ) -> None:
        self.severity: Severity = "INFO"
        self._closed: set[Door] = set()
        self._routes = (
            *_routes_to_orders("signature", signature, "/v3/ca/orders", services["signature"]),
            *_routes_to_orders("token", token, "/v3/orders", services["token"], _ONLY_JSON),
            _Route(
                "token",
                client,
                TOKEN_ACTION,
                "POST",
                re.compile("/v3/token"),
                lambda _query, style: style.issued_token(tokens.issue(), tokens.seconds),
                _ONLY_JSON,
            ),
        )

    def close(self, door: Door) -> None:
        """Let nothing be found behind a door."""
        self._closed.add(door)

    def open(self, door: Door) -> None:
        """Let everything be found again."""
        self._closed.discard(door)

    def find(self, method: str, target: str) -> Destination:
        """Find where a request leads."""
        path, _, query = target.partition("?")
        not_served = _refusal(problems.path_not_served(path, self.severity))
        for route in self._routes:
            if found := route.path.fullmatch(path):
                purchase_order_id = unquote(found[1]) if route.path.groups else None
                lead = partial(
                    Destination, door=route.door, form=route.form, purchase_order_id=purchase_order_id
                )
                if route.door in self._closed:
                    return lead(not_served)
                if route.method != method:
                    return lead(_refusal(problems.METHOD_NOT_ALLOWED))
                subject = query if purchase_order_id is None else purchase_order_id
                return lead(partial(route.answer, subject), action=route.action, gateway=route.gateway)
        return Destination(not_served)


def _routes_to_orders(
    door: Door, gateway: Gateway, prefix: str, service: OrderService, form: Form | None = None
) -> list[_Route]:
    return [
        _Route(
            door,
            gateway,
            operation.action,
            operation.method,
            re.compile(re.escape(prefix) + operation.path),
            partial(operation.answer, service),
            form,
        )
        for operation in order_service.OPERATIONS
    ]


def _refusal(problem: Problem) -> Callable[[Style], Answer]:
    return lambda style: style.problem(problem)
