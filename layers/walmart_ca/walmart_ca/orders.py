"""A purchase order as far as acknowledging it needs: no buyer's data is read from Walmart's answers."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Self

from .answers import Tree, listed, members, text
from .calls import Call
from .dates import parse_instant

RELEASED: Final = "released"
"""Walmart's list of the orders that wait for an acknowledgement."""
ALL: Final = "all"
"""Walmart's list of all orders."""
_MAX_DIGITS: Final = 18
_PURCHASE_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGIT: Final = re.compile("[0-9]")


def check_purchase_order_id(value: object) -> str:
    """Take a purchase order id, which is opaque but must be safe in a path, a signature and a log.

    Walmart's are 13 or 15 digits so far; its documentation calls them strings. One without any digit is a
    mistake, and may be a word of Walmart's own paths: `/orders/released` is a list and no order.

    Raises:
        ValueError: `value` is not 1 to 64 ASCII letters, digits, `_` or `-`, or has no digit among them.
            The text does not show it.
    """
    if not isinstance(value, str):
        raise ValueError(f"purchaseOrderId must be a string, not {type(value).__name__}")
    if not _PURCHASE_ORDER_ID.fullmatch(value):
        raise ValueError("purchaseOrderId must be 1 to 64 ASCII letters, digits, '_' or '-'")
    if not _DIGIT.search(value):
        raise ValueError("purchaseOrderId must have a digit")
    return value


class Status(str):
    """The status of a part of an order line, as Walmart's payloads spell it. An unknown one is kept as it is.

    Walmart's OpenAPI spells the known ones in upper case, its payloads in title case, and one of its
    overviews writes `Canceled`: the value is the same, and compares like any text.
    """

    __slots__ = ()

    CREATED: ClassVar["Status"]
    ACKNOWLEDGED: ClassVar["Status"]
    SHIPPED: ClassVar["Status"]
    DELIVERED: ClassVar["Status"]
    CANCELLED: ClassVar["Status"]
    REFUND: ClassVar["Status"]

    def __new__(cls, name: str) -> Self:
        """Take a status in any spelling."""
        name = name.strip()
        return super().__new__(cls, _SPELLINGS.get(name.casefold(), name))


_SPELLINGS: Final = {
    name.casefold(): name
    for name in ("Created", "Acknowledged", "Shipped", "Delivered", "Cancelled", "Refund")
} | {"canceled": "Cancelled"}
Status.CREATED = Status("Created")
Status.ACKNOWLEDGED = Status("Acknowledged")
Status.SHIPPED = Status("Shipped")
Status.DELIVERED = Status("Delivered")
Status.CANCELLED = Status("Cancelled")
Status.REFUND = Status("Refund")


@dataclass(frozen=True, slots=True)
class OrderLineStatus:
    """How many units of an order line are in which status.

    Attributes:
        status: `Created`, `Acknowledged`, `Shipped`, `Delivered`, `Cancelled`, `Refund` or an unknown one.
        quantity: Units, or None when Walmart left it out.
    """

    status: Status
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order. Members that Walmart left out are empty.

    Attributes:
        number: Walmart's line number, a string.
        sku: The seller's own article number.
        statuses: One entry for each status that some of its units are in.
    """

    number: str
    sku: str = ""
    statuses: tuple[OrderLineStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase order. It has no status of its own: only its lines have. Missing members are empty.

    Attributes:
        purchase_order_id: Walmart's id of the seller's part of the buyer's order.
        customer_order_id: Walmart's id of the buyer's order.
        order_date: Aware, in UTC; None when missing or unreadable.
        ship_node_type: `SellerFulfilled`, `WFSFulfilled`, `3PLFulfilled`, or empty: the reply to an
            acknowledgement does not have it.
        lines: The order's lines.
        call: The call that brought it; two orders compare without it.
    """

    purchase_order_id: str
    customer_order_id: str = ""
    order_date: datetime | None = None
    ship_node_type: str = ""
    lines: tuple[OrderLine, ...] = ()
    call: Call | None = field(default=None, compare=False)

    @property
    def statuses(self) -> frozenset[Status]:
        """Every status that any unit of any line is in."""
        return frozenset(entry.status for line in self.lines for entry in line.statuses)

    @classmethod
    def read(cls, order: Tree, call: Call | None = None) -> "Order":
        """Read the content of Walmart's `order` element, from XML or JSON alike."""
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
        orders: In Walmart's order. An entry may lack anything, its purchase order id too.
        cursor: What led to it, verbatim; None for the first page.
        next_cursor: What leads to the next page, verbatim; None on the last one.
        call: The call that brought it.
        listed_by: Which of Walmart's lists it is a page of: `released`, or `all`.
        total_count: How many orders the whole list has, as Walmart says; None when missing or unreadable. It
            is a claim: the pages may show more orders, or fewer.
    """

    orders: tuple[Order, ...]
    cursor: str | None
    next_cursor: str | None
    call: Call
    listed_by: str = RELEASED
    total_count: int | None = None

    @classmethod
    def read(cls, content: Tree, cursor: str | None, call: Call, listed_by: str) -> "OrderPage":
        """Read the content of Walmart's `list` element, from XML or JSON alike."""
        return cls(
            orders=tuple(Order.read(order, call) for order in members(content, "elements", "order")),
            cursor=cursor,
            next_cursor=text(content, "meta", "nextCursor") or None,
            call=call,
            listed_by=listed_by,
            total_count=_whole_number(text(content, "meta", "totalCount")),
        )


def _lines(order: Tree) -> list[object]:
    """Return what stands for an order's lines.

    `orderLines` holds a list `orderLine`; in Mexico it was seen to be the list itself. Where one entry is a
    line, all of them are: an order must not seem to be without a line that cannot be read.
    """
    for found in (listed(order, "orderLines", "orderLine"), listed(order, "orderLines")):
        if any(isinstance(line, dict) and line.keys() - {"orderLine"} for line in found):
            return found
    return []


def _read_line(line: object) -> OrderLine:
    """Read one line. What cannot be read of it is kept as a line, or a status, of which nothing is known."""
    if not isinstance(line, dict):
        return OrderLine(number="")
    return OrderLine(
        number=text(line, "lineNumber"),
        sku=text(line, "item", "sku") or text(line, "sku"),
        statuses=tuple(map(_read_status, _statuses(line))),
    )


def _statuses(line: Tree) -> list[object]:
    """Return what stands for a line's statuses: nested as Walmart Canada writes them, or on the line."""
    for path in (("orderLineStatuses", "orderLineStatus"), ("orderLineStatus",), ("orderLineStatuses",)):
        if any("status" in entry for entry in members(line, *path)):
            return listed(line, *path)
    return [status] if (status := text(line, "status")) else []


def _read_status(entry: object) -> OrderLineStatus:
    if not isinstance(entry, dict):
        return OrderLineStatus(Status(entry if isinstance(entry, str) else ""))
    return OrderLineStatus(
        Status(text(entry, "status")), _whole_number(text(entry, "statusQuantity", "amount"))
    )


def _whole_number(amount: str) -> int | None:
    """Read a number that counts, which Walmart writes as text in places: `"1"`, and `"1.0"` at times."""
    whole, _, fraction = amount.partition(".")
    known = len(whole) <= _MAX_DIGITS and whole.isascii() and whole.isdecimal() and not fraction.strip("0")
    return int(whole) if known else None
