"""The order service behind the gateways: one method per thing it can be asked for, and what asks for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from . import problems
from .answers import Answer, Page, Style, bare_page
from .listing import Listing, RefusedError
from .orders import NotAcknowledgeableError, Orders

UNKNOWN_ERROR = bare_page(520, "520 Web server is returning an unknown error")


@dataclass(slots=True)
class OrderService:
    """The order service as one API shows it.

    Attributes:
        orders: The orders, which are the same behind either API.
        listing: The lists of this API.
        empty_list_status: What an empty list is answered with.
        released_fails: Whether the list of released orders answers 520 to every call.
    """

    orders: Orders
    listing: Listing
    empty_list_status: Literal[200, 404] = 404
    released_fails: bool = False

    def released(self, query: str, style: Style) -> Answer:
        """Answer with a page of the released orders."""
        return UNKNOWN_ERROR if self.released_fails else self._list(self.listing.released, query, style)

    def all(self, query: str, style: Style) -> Answer:
        """Answer with a page of all orders."""
        return self._list(self.listing.all, query, style)

    def acknowledge(self, purchase_order_id: str, style: Style) -> Answer:
        """Acknowledge an order."""
        try:
            return style.acknowledged_order(self.orders.acknowledge(purchase_order_id))
        except KeyError:
            return style.problem(problems.order_not_found(purchase_order_id))
        except NotAcknowledgeableError as reason:
            return style.problem(problems.not_acknowledgeable(purchase_order_id, str(reason)))

    def get(self, purchase_order_id: str, style: Style) -> Answer:
        """Show an order."""
        order = self.orders.find(purchase_order_id)
        if order is None:
            return style.problem(problems.order_not_found(purchase_order_id))
        return style.shown_order(order)

    def _list(self, find: Callable[[str], Page], query: str, style: Style) -> Answer:
        try:
            return style.listed_orders(find(query))
        except RefusedError as refused:
            if refused.problem is problems.ORDERS_NOT_FOUND and self.empty_list_status == 200:
                return style.listed_orders(Page(query, None, (), total=0, limit=10, next_cursor=None))
            return style.problem(refused.problem)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for, by a method and a path below that of all orders.

    ``answer`` is given the order that the path names, or else the query.
    """

    action: str
    method: str
    path: str
    answer: Callable[[OrderService, str, Style], Answer]


# The first path that matches is taken: a list's before it is taken for an order's.
_OF_LISTS = (
    Operation("list", "GET", "", OrderService.all),
    Operation("released", "GET", "/released", OrderService.released),
)
_OF_ORDERS = (
    Operation("acknowledge", "POST", "/([^/]+)/acknowledge", OrderService.acknowledge),
    Operation("get", "GET", "/([^/]+)", OrderService.get),
)
OPERATIONS = (*_OF_LISTS, *_OF_ORDERS)
LISTS = frozenset(operation.action for operation in _OF_LISTS)
"""The actions that are for no order of their own."""
ACTIONS = LISTS | frozenset(operation.action for operation in _OF_ORDERS)
