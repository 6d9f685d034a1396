"""The list of released orders: what can be asked for, what is on a page, and the cursor to the next one."""

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from . import problems
from .answers import Page, shown_tree
from .orders import Order, Orders
from .problems import Problem

_START = "createdStartDate"
_END = "createdEndDate"
_LIMIT = "limit"
_CONTINUES_AFTER = "poIndex"
_LIMITS = {str(limit): limit for limit in range(1, 201)}
_DEFAULT_LIMIT = "10"
# Fractions of a second are refused like what is no date at all, as sellers report of the United States.
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
# In lower case, as no client writes it: whoever decodes a cursor and encodes it again changes it.
_ENCODED = str.maketrans({":": "%3a", "+": "%2b"})
_SELLER = "ca:801".translate(_ENCODED)


class RefusedError(Exception):
    """There is no page to be given, for the reason that is told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.description)
        self.problem = problem


def released_page(orders: Orders, query: str) -> Page:
    """Find the page of released orders that a query asks for.

    A page begins after the order that the query names, whatever has become of that order in the meantime.
    """
    asked = dict(parse_qsl(query))
    if _START not in asked:
        raise RefusedError(problems.parameter_missing(_START))
    start = _date(asked, _START)
    end = _date(asked, _END) if _END in asked else None
    limit = _limit(asked)
    after = _order_before(asked, orders)
    released = orders.released(start, end)
    left = [order for order in released if after is None or order.rank < after.rank]
    if not left:
        raise RefusedError(problems.ORDERS_NOT_FOUND)
    shown = left[:limit]
    return Page(
        query=query,
        after=None if after is None else shown_tree(after),
        orders=tuple(map(shown_tree, shown)),
        total=len(released),
        limit=limit,
        next_cursor=_cursor(asked, limit, len(released), shown[-1]) if shown != left else None,
    )


def _date(asked: Mapping[str, str], name: str) -> datetime:
    if _DATE.fullmatch(asked[name]):
        with contextlib.suppress(ValueError):  # a thirteenth month, a twenty-fifth hour
            date = datetime.fromisoformat(asked[name])
            return date if date.tzinfo else date.replace(tzinfo=UTC)
    raise RefusedError(problems.date_invalid(name))


def _limit(asked: Mapping[str, str]) -> int:
    limit = _LIMITS.get(asked.get(_LIMIT, _DEFAULT_LIMIT))
    if limit is None:
        raise RefusedError(problems.parameter_invalid(_LIMIT))
    return limit


def _order_before(asked: Mapping[str, str], orders: Orders) -> Order | None:
    if _CONTINUES_AFTER not in asked:
        return None
    order = orders.find(asked[_CONTINUES_AFTER])
    if order is None:
        raise RefusedError(problems.parameter_invalid(_CONTINUES_AFTER))
    return order


def _cursor(asked: Mapping[str, str], limit: int, total: int, last: Order) -> str:
    dates = [f"{name}={asked[name].translate(_ENCODED)}" for name in (_START, _END) if name in asked]
    parameters = [
        f"{_LIMIT}={limit}",
        "hasMoreElements=true",
        f"soIndex={total}",
        f"{_CONTINUES_AFTER}={quote(last.purchase_order_id, safe='')}",
        f"sellerId={_SELLER}",
        "status=Created",
        *dates,
    ]
    return f"?{'&'.join(parameters)}"
