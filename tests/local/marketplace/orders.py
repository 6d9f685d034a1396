"""Purchase orders, their lines, and how an acknowledgement changes them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from . import problems
from .problems import RefusedError

SELLER_FULFILLED = "SellerFulfilled"
WALMART_FULFILLED = "WFSFulfilled"
SHIP_NODES = frozenset({SELLER_FULFILLED, WALMART_FULFILLED, "3PLFulfilled"})
_CREATED = "created"
_ACKNOWLEDGEABLE = {_CREATED, "acknowledged"}


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order. Walmart keeps the status per line; a split quantity has several statuses."""

    number: str
    sku: str
    statuses: tuple[str, ...]
    quantity: int
    status_date: datetime

    @property
    def status(self) -> str:
        """The first status, or the only one."""
        return self.statuses[0]

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """Each status with its share of the quantity: one piece each, and the rest for the last."""
        *others, last = self.statuses
        return (*((status, 1) for status in others), (last, self.quantity - len(others)))


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase order as it was at one moment."""

    purchase_order_id: str
    customer_order_id: str
    order_date: datetime
    ship_node: str
    lines: tuple[OrderLine, ...]
    dated: bool = True
    """Whether responses show the date."""

    @property
    def statuses(self) -> tuple[str, ...]:
        """Every status of every line."""
        return tuple(status for line in self.lines for status in line.statuses)

    @property
    def released(self) -> bool:
        return self.has_line_in(_CREATED)

    def has_line_in(self, status: str) -> bool:
        """Return whether any line of the order is in a status, regardless of case."""
        return status.casefold() in self._folded

    @property
    def acknowledgeable(self) -> bool:
        return self.ship_node != WALMART_FULFILLED and self._folded <= _ACKNOWLEDGEABLE

    @property
    def rank(self) -> tuple[datetime, str]:
        """The order's place in every list, which never changes."""
        return self.order_date, self.purchase_order_id

    def with_status(self, status: str, at: datetime) -> "Order":
        lines = (replace(line, statuses=(status,), status_date=at) for line in self.lines)
        return replace(self, lines=tuple(lines))

    @property
    def _folded(self) -> set[str]:
        return set(map(str.casefold, self.statuses))


def customer_order_id(purchase_order_id: str) -> str:
    return f"58{purchase_order_id[::-1]}"


def new_order(
    purchase_order_id: str,
    statuses: Sequence[str | Sequence[str]],
    order_date: datetime,
    ship_node: str = SELLER_FULFILLED,
) -> Order:
    """Return an order with one line per entry: a status, or the statuses of a split quantity."""
    if isinstance(statuses, str):
        raise TypeError("statuses are a list, one per line of the order")
    entries = [(entry,) if isinstance(entry, str) else tuple(entry) for entry in statuses]
    lines = (
        OrderLine(str(number), f"MAPLE-{number:03}", entry, max(number, len(entry)), status_date=order_date)
        for number, entry in enumerate(entries, start=1)
    )
    return Order(purchase_order_id, customer_order_id(purchase_order_id), order_date, ship_node, tuple(lines))


class Orders:
    """Every order of the marketplace. Changes are atomic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def add(self, order: Order) -> None:
        with self._lock:
            if order.purchase_order_id in self._orders:
                raise ValueError(f"there is an order {order.purchase_order_id} already")
            self._orders[order.purchase_order_id] = order

    def get(self, purchase_order_id: str) -> Order:
        """Return an order as it is now; an unknown order is a ``KeyError``."""
        return self._orders[purchase_order_id]

    def find(self, purchase_order_id: str) -> Order | None:
        return self._orders.get(purchase_order_id)

    def known(self, purchase_order_id: str) -> Order:
        """Return an order, or refuse a call for it with ``RefusedError`` if there is none."""
        order = self._orders.get(purchase_order_id)
        if order is None:
            raise RefusedError(problems.order_not_found(purchase_order_id))
        return order

    def select(
        self, start: datetime, end: datetime | None, *, status: str | None, ship_node: str | None
    ) -> list[Order]:
        """Return the orders placed from ``start`` to ``end`` with a line in ``status``, the newest first."""
        with self._lock:
            orders = list(self._orders.values())
        found = (
            order
            for order in orders
            if start <= order.order_date
            and (end is None or order.order_date <= end)
            and (status is None or order.has_line_in(status))
            and (ship_node is None or order.ship_node == ship_node)
        )
        return sorted(found, key=lambda order: order.rank, reverse=True)

    def set_status(self, purchase_order_id: str, status: str) -> Order:
        """Set the status of every line of an order."""
        with self._lock:
            order = self._orders[purchase_order_id].with_status(status, self.now())
            self._orders[purchase_order_id] = order
        return order

    def make_undated(self, purchase_order_id: str) -> None:
        """Leave the date of an order out of every response."""
        with self._lock:
            self._orders[purchase_order_id] = replace(self._orders[purchase_order_id], dated=False)

    def acknowledge(self, purchase_order_id: str) -> Order:
        """Acknowledge an order, which is allowed while every line is Created or Acknowledged.

        Raises:
            RefusedError: There is no such order, or its state or kind does not allow it.
        """
        with self._lock:
            order = self.known(purchase_order_id)
            if not order.acknowledgeable:
                foreign = order.ship_node == WALMART_FULFILLED
                reason = (
                    "Order is not fulfilled by the seller" if foreign else "Some or all qty in higher status"
                )
                raise RefusedError(problems.not_acknowledgeable(purchase_order_id, reason))
            order = order.with_status("Acknowledged", self.now())
            self._orders[purchase_order_id] = order
        return order
