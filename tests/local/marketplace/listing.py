"""The lists of orders: their parameters, their pages, and the cursor to the next page."""

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qsl, quote

from . import problems
from .orders import SELLER_FULFILLED, SHIP_NODES, Orders
from .problems import Problem
from .responses import Page, shown_tree

_START = "createdStartDate"
_END = "createdEndDate"
_LIMIT = "limit"
_STATUS = "status"
_SHIP_NODE_TYPE = "shipNodeType"
_CREATED = "Created"
_PLACE = "poIndex"
_LIMITS = {str(limit): limit for limit in range(1, 201)}
_DEFAULT_LIMIT = "10"
_RELEASED_LOOKBACK: Final = timedelta(days=180)
# Fractions of a second are refused like an invalid date, as sellers report of the United States.
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
# In lower case, as no client writes it: decoding and encoding a cursor changes it.
_ENCODED = str.maketrans({":": "%3a", "+": "%2b"})
_SELLER = "ca:801".translate(_ENCODED)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)

type Cursors = Literal["keeping", "counting"]
"""A cursor contains the last order of its page, as in Walmart's own example ("keeping"), or the number of
orders up to there, as clients report ("counting")."""


class RefusedError(Exception):
    """There is no page, because of a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.description)
        self.problem = problem


@dataclass(slots=True)
class Listing:
    """The lists of one API. Only the Global API (``by_ship_node``) selects orders by who ships them."""

    orders: Orders
    by_ship_node: bool = False
    cursors: Cursors = "keeping"

    def released(self, query: str) -> Page:
        """Return a page of released orders, in the Global API of the last half year only."""
        asked = {**dict(parse_qsl(query)), _STATUS: _CREATED}
        return self._page(query, asked, _RELEASED_LOOKBACK if self.by_ship_node else None)

    def all(self, query: str) -> Page:
        """Return a page of all orders, or of those with a line in one status."""
        return self._page(query, dict(parse_qsl(query)), None)

    def _page(self, query: str, asked: Mapping[str, str], lookback: timedelta | None) -> Page:

        if _START not in asked:
            raise RefusedError(problems.parameter_missing(_START))
        start = _date(asked, _START)
        end = _date(asked, _END) if _END in asked else None
        if lookback is not None:
            start = max(start, self.orders.now() - lookback)
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
