"""Purchase orders, with the members that an acknowledgement needs; no buyer's data is read."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from .dates import parse_instant
from .messages import CallInfo
from .responses import Tree, listed, members, text

RELEASED: Final = "released"
"""Walmart's list of the orders that need an acknowledgement."""
ALL: Final = "all"
"""Walmart's list of all orders."""
_MAX_DIGITS: Final = 18


class Status(StrEnum):
    """The statuses that Walmart documents, as its payloads spell them; each is equal to its text."""

    CREATED = "Created"
    ACKNOWLEDGED = "Acknowledged"
    SHIPPED = "Shipped"
    DELIVERED = "Delivered"
    CANCELLED = "Cancelled"
    REFUND = "Refund"


_SPELLINGS: Final = {status.casefold(): status.value for status in Status} | {
    "canceled": Status.CANCELLED.value
}
"""Walmart's OpenAPI spells the statuses in upper case, and one of its overviews writes `Canceled`."""


def _normalize_status(name: str) -> str:
    """Return a status in the spelling of `Status`, and an unknown status as Walmart spelled it."""
    name = name.strip()
    return _SPELLINGS.get(name.casefold(), name)


@dataclass(frozen=True, slots=True)
class OrderLineStatus:
    """How many units of an order line are in which status.

    Attributes:
        status: One of `Status`, or an unknown status as Walmart spelled it.
        quantity: Units, or None when missing or unreadable.
    """

    status: str
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order. Missing members are empty.

    Attributes:
        number: Walmart's line number, a string.
        sku: The seller's article number.
        statuses: One entry for each status of its units.
    """

    number: str
    sku: str = ""
    statuses: tuple[OrderLineStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase order. Only its lines have a status. Missing members are empty.

    Attributes:
        purchase_order_id: Walmart's id of the seller's part of the buyer's order.
        customer_order_id: Walmart's id of the buyer's order.
        order_date: An aware datetime in UTC; None when missing or unreadable.
        ship_node_type: `SellerFulfilled`, `WFSFulfilled`, `3PLFulfilled`, or empty: the response to an
            acknowledgement omits it.
        lines: The order's lines.
        call: The call that returned the order; comparisons ignore it.
    """

    purchase_order_id: str
    customer_order_id: str = ""
    order_date: datetime | None = None
    ship_node_type: str = ""
    lines: tuple[OrderLine, ...] = ()
    call: CallInfo | None = field(default=None, compare=False)

    @property
    def statuses(self) -> frozenset[str]:
        """The statuses of all units of all lines."""
        return frozenset(entry.status for line in self.lines for entry in line.statuses)

    @classmethod
    def read(cls, order: Tree, call: CallInfo | None = None) -> "Order":
        """Read the content of Walmart's `order` element, which was parsed from XML or JSON."""
        return cls(
            purchase_order_id=text(order, "purchaseOrderId"),
            customer_order_id=text(order, "customerOrderId"),
            order_date=parse_instant(order.get("orderDate")),
            ship_node_type=text(order, "shipNode", "type"),
            lines=tuple(map(_read_line, _lines(order))),
            call=call,
        )


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a list of orders.

    Attributes:
        orders: The orders in Walmart's sequence. Any member of an order may be empty, even its id.
        cursor: The cursor of this page as Walmart wrote it; None for the first page.
        next_cursor: The cursor of the next page as Walmart wrote it; None on the last page.
        call: The call that returned the page.
        listed_by: Which of Walmart's lists has this page: `released` or `all`.
        total_count: How many orders the whole list has, as Walmart says; None when missing or unreadable.
            The pages may have more or fewer orders.
    """

    orders: tuple[Order, ...]
    cursor: str | None
    next_cursor: str | None
    call: CallInfo
    listed_by: str = RELEASED
    total_count: int | None = None

    @classmethod
    def read(cls, content: Tree, cursor: str | None, call: CallInfo, listed_by: str) -> "OrderPage":
        """Read the content of Walmart's `list` element, which was parsed from XML or JSON."""
        return cls(
            orders=tuple(Order.read(order, call) for order in members(content, "elements", "order")),
            cursor=cursor,
            next_cursor=text(content, "meta", "nextCursor") or None,
            call=call,
            listed_by=listed_by,
            total_count=_whole_number(text(content, "meta", "totalCount")),
        )


def _lines(order: Tree) -> list[object]:
    """Return an order's lines, including entries that cannot be read.

    `orderLines` contains a list `orderLine`; in a response from Mexico it was the list itself. If one entry
    is a line, every entry counts as one: an unreadable line must not vanish from its order.
    """
    for found in (listed(order, "orderLines", "orderLine"), listed(order, "orderLines")):
        if any(isinstance(line, dict) and line.keys() - {"orderLine"} for line in found):
            return found
    return []


def _read_line(line: object) -> OrderLine:
    """Read one line. An unreadable line or status becomes an empty one."""
    if not isinstance(line, dict):
        return OrderLine(number="")
    return OrderLine(
        number=text(line, "lineNumber"),
        sku=text(line, "item", "sku") or text(line, "sku"),
        statuses=tuple(map(_read_status, _statuses(line))),
    )


def _statuses(line: Tree) -> list[object]:
    """Return a line's statuses, which are nested as in Walmart Canada's responses, or on the line."""
    for path in (("orderLineStatuses", "orderLineStatus"), ("orderLineStatus",), ("orderLineStatuses",)):
        if any("status" in entry for entry in members(line, *path)):
            return listed(line, *path)
    return [status] if (status := text(line, "status")) else []


def _read_status(entry: object) -> OrderLineStatus:
    if not isinstance(entry, dict):
        return OrderLineStatus(_normalize_status(entry if isinstance(entry, str) else ""))
    return OrderLineStatus(
        _normalize_status(text(entry, "status")), _whole_number(text(entry, "statusQuantity", "amount"))
    )


def _whole_number(amount: str) -> int | None:
    """Parse a count, which Walmart writes as a number or as text such as `"1"` or `"1.0"`."""
    whole, _, fraction = amount.partition(".")
    known = len(whole) <= _MAX_DIGITS and whole.isascii() and whole.isdecimal() and not fraction.strip("0")
    return int(whole) if known else None
