"""The order service behind the gateway: one function per thing it can be asked for, and the paths to them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from . import problems
from .answers import Answer, Style
from .orders import NotAcknowledgeableError, Orders


def _acknowledge(orders: Orders, purchase_order_id: str, style: Style) -> Answer:
    try:
        order = orders.acknowledge(purchase_order_id)
    except KeyError:
        return style.problem(problems.order_not_found(purchase_order_id))
    except NotAcknowledgeableError as reason:
        return style.problem(problems.not_acknowledgeable(purchase_order_id, str(reason)))
    return style.acknowledged_order(order)


def _get(orders: Orders, purchase_order_id: str, style: Style) -> Answer:
    try:
        return style.shown_order(orders.get(purchase_order_id))
    except KeyError:
        return style.problem(problems.order_not_found(purchase_order_id))


@dataclass(frozen=True, slots=True)
class _Route:
    action: str
    method: str
    path: re.Pattern[str]
    answer: Callable[[Orders, str, Style], Answer]


_ROUTES = (
    _Route("acknowledge", "POST", re.compile(r"/v3/ca/orders/([^/]+)/acknowledge"), _acknowledge),
    _Route("get", "GET", re.compile(r"/v3/ca/orders/([^/]+)"), _get),
)
ACTIONS = frozenset(route.action for route in _ROUTES)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request leads: nowhere (both None), or to an order by a method it may not know (no action)."""

    action: str | None = None
    purchase_order_id: str | None = None


def find(method: str, target: str) -> Destination:
    """Find where a request leads. The query is not looked at."""
    path = target.partition("?")[0]
    destination = Destination()
    for route in _ROUTES:
        if found := route.path.fullmatch(path):
            purchase_order_id = unquote(found[1])
            if route.method == method:
                return Destination(route.action, purchase_order_id)
            destination = Destination(None, purchase_order_id)
    return destination


def answer(orders: Orders, destination: Destination, style: Style) -> Answer:
    """Do what a request asks for and answer it."""
    if destination.purchase_order_id is None:
        return style.problem(problems.URI_NOT_FOUND)
    for route in _ROUTES:
        if route.action == destination.action:
            return route.answer(orders, destination.purchase_order_id, style)
    return style.problem(problems.METHOD_NOT_ALLOWED)
