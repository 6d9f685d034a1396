"""The lists of orders: what can be asked for, what is on a page, and the cursor to the next one."""

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qsl, quote

from . import problems
from .answers import Page, shown_tree
from .orders import SELLER_FULFILLED, SHIP_NODES, Orders
from .problems import Problem

_START = "createdStartDate"
_END = "createdEndDate"
_LIMIT = "limit"
_STATUS = "status"
_SHIP_NODE_TYPE = "shipNodeType"
_CREATED = "Created"
_PLACE = "poIndex"
_LIMITS = {str(limit): limit for limit in range(1, 201)}
_DEFAULT_LIMIT = "10"
_RELEASED_LOOKS_BACK: Final = timedelta(days=180)
# Fractions of a second are refused like what is no date at all, as sellers report of the United States.
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
# In lower case, as no client writes it: whoever decodes a cursor and encodes it again changes it.
_ENCODED = str.maketrans({":": "%3a", "+": "%2b"})
_SELLER = "ca:801".translate(_ENCODED)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)

type Cursors = Literal["keeping", "counting"]
"""What a cursor says: after which order the next page begins, as in Walmart's own example, or after how many
orders, as its clients report."""


class RefusedError(Exception):
    """There is no page to be given, for the reason that is told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.description)
        self.problem = problem


@dataclass(slots=True)
class Listing:
    """The lists of one API.

    The Global API (``by_ship_node``) selects orders by who ships them. The Canadian API does not.
    """

    orders: Orders
    by_ship_node: bool = False
    cursors: Cursors = "keeping"

    def released(self, query: str) -> Page:
        """Find the page of released orders that a query asks for.

        The Global API looks back half a year and no further.
        """
        asked = {**dict(parse_qsl(query)), _STATUS: _CREATED}
        return self._page(query, asked, _RELEASED_LOOKS_BACK if self.by_ship_node else None)

    def all(self, query: str) -> Page:
        """Find the page that a query asks for, of all orders or of those with a line in one status."""
        return self._page(query, dict(parse_qsl(query)), None)

    def _page(self, query: str, asked: Mapping[str, str], looks_back: timedelta | None) -> Page:
        """Find a page, and count the whole list as it is now.

        By a cursor that keeps its place, the page begins after the order that the cursor names, whatever has
        become of that order in the meantime. By one that counts, it begins after so many orders of the list
        as it is now: when orders have left the list since, as many others are on no page.
        """
        if _START not in asked:
            raise RefusedError(problems.parameter_missing(_START))
        start = _date(asked, _START)
        end = _date(asked, _END) if _END in asked else None
        if looks_back is not None:
            start = max(start, self.orders.now() - looks_back)
        limit = _known(asked, _LIMIT, _DEFAULT_LIMIT, _LIMITS.get)
        ship_node = None
        if self.by_ship_node:
            ship_node = _known(asked, _SHIP_NODE_TYPE, SELLER_FULFILLED, _ship_node)
        found = self.orders.select(start, end, status=asked.get(_STATUS), ship_node=ship_node)
        counting = self.cursors == "counting"
        if counting:
            start_at = _known(asked, _PLACE, "0", _count)
            after = found[start_at - 1] if 0 < start_at <= len(found) else None
        else:
            after = _known(asked, _PLACE, "", self.orders.find) if _PLACE in asked else None
            start_at = len([order for order in found if after and order.rank >= after.rank])
        shown = found[start_at : start_at + limit]
        if not shown:
            raise RefusedError(problems.ORDERS_NOT_FOUND)
        end_at = start_at + len(shown)
        place = str(end_at) if counting else shown[-1].purchase_order_id
        return Page(
            query=query,
            after=None if after is None else shown_tree(after),
            orders=tuple(map(shown_tree, shown)),
            total=len(found),
            limit=limit,
            next_cursor=_cursor(asked, limit, len(found), place) if end_at < len(found) else None,
        )


def _date(asked: Mapping[str, str], name: str) -> datetime:
    if _DATE.fullmatch(asked[name]):
        with contextlib.suppress(ValueError):  # a thirteenth month, a twenty-fifth hour
            date = datetime.fromisoformat(asked[name])
            return date if date.tzinfo else date.replace(tzinfo=UTC)
    raise RefusedError(problems.date_invalid(name))


def _known[T](asked: Mapping[str, str], name: str, default: str, find: Callable[[str], T | None]) -> T:
    """Read a parameter by what finds its value, which is None for a text that is no value."""
    value = find(asked.get(name, default))
    if value is None:
        raise RefusedError(problems.parameter_invalid(name))
    return value


def _ship_node(text: str) -> str | None:
    return text if text in SHIP_NODES else None


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text) else None


def _cursor(asked: Mapping[str, str], limit: int, total: int, place: str) -> str:
    kept = [
        f"{name}={quote(asked[name], safe=':+').translate(_ENCODED)}"
        for name in (_STATUS, _SHIP_NODE_TYPE, _START, _END)
        if name in asked
    ]
    parameters = [
        f"{_LIMIT}={limit}",
        "hasMoreElements=true",
        f"soIndex={total}",
        f"{_PLACE}={quote(place, safe='')}",
        f"sellerId={_SELLER}",
        *kept,
    ]
    return f"?{'&'.join(parameters)}"
