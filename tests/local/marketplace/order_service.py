"""The order service behind the gateways: its operations, and the method and path of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from . import problems
from .listing import Listing, RefusedError
from .orders import NotAcknowledgeableError, Orders
from .responses import Page, Response, Style, html_page

UNKNOWN_ERROR = html_page(520, "520 Web server is returning an unknown error")


@dataclass(slots=True)
class OrderService:
    """The order service of one API; both APIs share the orders."""

    orders: Orders
    listing: Listing
    empty_list_status: Literal[200, 404] = 404
    released_fails: bool = False

    def released(self, query: str, style: Style) -> Response:
        return UNKNOWN_ERROR if self.released_fails else self._list(self.listing.released, query, style)

    def all(self, query: str, style: Style) -> Response:
        return self._list(self.listing.all, query, style)

    def acknowledge(self, purchase_order_id: str, style: Style) -> Response:
        try:
            return style.acknowledged_order(self.orders.acknowledge(purchase_order_id))
        except KeyError:
            return style.problem(problems.order_not_found(purchase_order_id))
        except NotAcknowledgeableError as reason:
            return style.problem(problems.not_acknowledgeable(purchase_order_id, str(reason)))

    def get(self, purchase_order_id: str, style: Style) -> Response:
        order = self.orders.find(purchase_order_id)
        if order is None:
            return style.problem(problems.order_not_found(purchase_order_id))
        return style.shown_order(order)

    def _list(self, find: Callable[[str], Page], query: str, style: Style) -> Response:
        try:
            return style.listed_orders(find(query))
        except RefusedError as refused:
            if refused.problem is problems.ORDERS_NOT_FOUND and self.empty_list_status == 200:
                return style.listed_orders(Page(query, None, (), total=0, limit=10, next_cursor=None))
            return style.problem(refused.problem)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its method and its path below that of all orders.

    ``respond`` is passed the id of the order in the path, or else the query.
    """

    action: str
    method: str
    path: str
    respond: Callable[[OrderService, str, Style], Response]


# The first path that matches wins: "released" is a list, not an order's id.
_LIST_OPERATIONS = (
    Operation("list", "GET", "", OrderService.all),
    Operation("released", "GET", "/released", OrderService.released),
)
_ORDER_OPERATIONS = (
    Operation("acknowledge", "POST", "/([^/]+)/acknowledge", OrderService.acknowledge),
    Operation("get", "GET", "/([^/]+)", OrderService.get),
)
OPERATIONS = (*_LIST_OPERATIONS, *_ORDER_OPERATIONS)
LISTS = frozenset(operation.action for operation in _LIST_OPERATIONS)
"""The actions that do not name an order."""
ACTIONS = LISTS | frozenset(operation.action for operation in _ORDER_OPERATIONS)
