"""The order service behind the gateway: one function per thing it can be asked for, and the paths to them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from . import listing, problems
from .answers import Answer, Style
from .orders import NotAcknowledgeableError, Orders
from .problems import Problem


def _released(query: str, orders: Orders, style: Style) -> Answer:
    try:
        return style.listed_orders(listing.released_page(orders, query))
    except listing.RefusedError as refused:
        return style.problem(refused.problem)


def _acknowledge(purchase_order_id: str, orders: Orders, style: Style) -> Answer:
    try:
        order = orders.acknowledge(purchase_order_id)
    except KeyError:
        return style.problem(problems.order_not_found(purchase_order_id))
    except NotAcknowledgeableError as reason:
        return style.problem(problems.not_acknowledgeable(purchase_order_id, str(reason)))
    return style.acknowledged_order(order)


def _get(purchase_order_id: str, orders: Orders, style: Style) -> Answer:
    try:
        return style.shown_order(orders.get(purchase_order_id))
    except KeyError:
        return style.problem(problems.order_not_found(purchase_order_id))


def _refuse(problem: Problem, _orders: Orders, style: Style) -> Answer:
    return style.problem(problem)


@dataclass(frozen=True, slots=True)
class _Route:
    """A way to one thing: ``answer`` is given the order that the path names, or else the query."""

    action: str
    method: str
    path: re.Pattern[str]
    answer: Callable[[str, Orders, Style], Answer]

    @property
    def names_an_order(self) -> bool:
        return self.path.groups > 0


# The first path that matches is taken: a list's before it is taken for an order's.
_ROUTES = (
    _Route("released", "GET", re.compile(r"/v3/ca/orders/released"), _released),
    _Route("acknowledge", "POST", re.compile(r"/v3/ca/orders/([^/]+)/acknowledge"), _acknowledge),
    _Route("get", "GET", re.compile(r"/v3/ca/orders/([^/]+)"), _get),
)
ACTIONS = frozenset(route.action for route in _ROUTES)
LISTS = frozenset(route.action for route in _ROUTES if not route.names_an_order)
"""The actions that are for no order of their own."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request leads and what it is answered there.

    ``action`` is None where nothing can be asked for, or not by this method.
    """

    answer: Callable[[Orders, Style], Answer]
    action: str | None = None
    purchase_order_id: str | None = None


def find(method: str, target: str) -> Destination:
    """Find where a request leads."""
    path, _, query = target.partition("?")
    for route in _ROUTES:
        if found := route.path.fullmatch(path):
            purchase_order_id = unquote(found[1]) if route.names_an_order else None
            if route.method != method:
                refuse = partial(_refuse, problems.METHOD_NOT_ALLOWED)
                return Destination(refuse, purchase_order_id=purchase_order_id)
            subject = query if purchase_order_id is None else purchase_order_id
            return Destination(partial(route.answer, subject), route.action, purchase_order_id)
    return Destination(partial(_refuse, problems.URI_NOT_FOUND))
