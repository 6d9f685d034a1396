"""The services behind the gateways: their paths, and their responses to a right call."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from . import problems
from .listing import find_page
from .orders import Orders
from .problems import RefusedError
from .responses import Page, Response, Style, html_page
from .tokens import SECONDS, TOKEN_ACTION, Tokens
from .variants import Scheme, Variants

UNKNOWN_ERROR = html_page(520, "520 Web server is returning an unknown error")
LISTS = frozenset({"list", "released"})
"""The actions that do not name an order."""
ORDERS = frozenset({"acknowledge", "get"})
ACTIONS = LISTS | ORDERS
# The first path that matches wins: "released" is a list, not an order's id.
_OPERATIONS: tuple[tuple[str, str, str], ...] = (
    ("list", "GET", ""),
    ("released", "GET", "/released"),
    ("acknowledge", "POST", "/([^/]+)/acknowledge"),
    ("get", "GET", "/([^/]+)"),
)
_ROUTES: tuple[tuple[Scheme, str, str, str], ...] = (
    ("token", TOKEN_ACTION, "POST", "/v3/token"),
    *(("signature", action, method, f"/v3/ca/orders{path}") for action, method, path in _OPERATIONS),
    *(("token", action, method, f"/v3/orders{path}") for action, method, path in _OPERATIONS),
)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request leads; ``action`` is None for an unknown path, a wrong method or a withdrawn API."""

    respond: Callable[[Style], Response]
    scheme: Scheme | None = None
    purchase_order_id: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """The token service, and the order service of each API; both APIs share the orders."""

    orders: Orders
    tokens: Tokens
    variants: Variants

    def find(self, method: str, target: str) -> Destination:
        path, _, query = target.partition("?")
        not_served = _refusal(problems.path_not_served(path, self.variants.unknown_path_severity))
        for scheme, action, right_method, route in _ROUTES:
            if found := re.fullmatch(route, path):
                order = unquote(found[1]) if found.groups() else None
                if scheme in self.variants.withdrawn:
                    return Destination(not_served, scheme, order)
                if method != right_method:
                    return Destination(_refusal(problems.METHOD_NOT_ALLOWED), scheme, order)
                subject = query if order is None else order
                return Destination(partial(self._respond, scheme, action, subject), scheme, order, action)
        return Destination(not_served)

    def _respond(self, scheme: Scheme, action: str, subject: str, style: Style) -> Response:
        """Do what a call asks for; ``subject`` is the order's id, or the query of a list."""
        try:
            match action:
                case "acknowledge":
                    return style.acknowledged_order(self.orders.acknowledge(subject))
                case "get":
                    return style.shown_order(self.orders.known(subject))
                case "list" | "released":
                    return self._list(scheme, subject, style, released=action == "released")
                case _:
                    return style.issued_token(self.tokens.issue(), SECONDS)
        except RefusedError as refused:
            return style.problem(refused.problem)

    def _list(self, scheme: Scheme, query: str, style: Style, *, released: bool) -> Response:
        by_token = scheme == "token"
        if released and by_token and self.variants.released_by_token_fails:
            return UNKNOWN_ERROR
        try:
            page = find_page(
                self.orders, query, released=released, by_ship_node=by_token, variants=self.variants
            )
        except RefusedError as refused:
            if refused.problem is not problems.ORDERS_NOT_FOUND or self.variants.empty_list_status == 404:
                raise
            page = Page(query, None, (), total=0, limit=10, next_cursor=None)
        return style.listed_orders(page)


def _refusal(problem: problems.Problem) -> Callable[[Style], Response]:
    return lambda style: style.problem(problem)
