"""The order service behind the gateways: one function per thing it can be asked for, and what asks for it."""

from collections.abc import Callable
from dataclasses import dataclass

from . import listing, problems
from .answers import Answer, Style
from .orders import NotAcknowledgeableError, Orders


def _released(orders: Orders, query: str, style: Style) -> Answer:
    try:
        return style.listed_orders(listing.released_page(orders, query))
    except listing.RefusedError as refused:
        return style.problem(refused.problem)


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
class Operation:
    """One thing that can be asked for, by a method and a path below that of all orders.

    ``answer`` is given the order that the path names, or else the query.
    """

    action: str
    method: str
    path: str
    answer: Callable[[Orders, str, Style], Answer]


# The first path that matches is taken: a list's before it is taken for an order's.
_OF_LISTS = (Operation("released", "GET", "/released", _released),)
_OF_ORDERS = (
    Operation("acknowledge", "POST", "/([^/]+)/acknowledge", _acknowledge),
    Operation("get", "GET", "/([^/]+)", _get),
)
OPERATIONS = (*_OF_LISTS, *_OF_ORDERS)
LISTS = frozenset(operation.action for operation in _OF_LISTS)
"""The actions that are for no order of their own."""
ACTIONS = LISTS | frozenset(operation.action for operation in _OF_ORDERS)
