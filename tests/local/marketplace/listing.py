"""The lists of orders: their parameters, their pages, and the cursor to the next page."""

import contextlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote

from . import problems
from .orders import SELLER_FULFILLED, SHIP_NODES, Orders
from .problems import RefusedError
from .responses import Page, shown_tree
from .variants import Market, Variants

_START = "createdStartDate"
_END = "createdEndDate"
_LIMIT = "limit"
_STATUS = "status"
_SHIP_NODE_TYPE = "shipNodeType"
_PLACE = "poIndex"
_LIMITS = {str(limit): limit for limit in range(1, 201)}
_DEFAULT_LIMIT = "10"
_RELEASED_LOOKBACK: Final = timedelta(days=180)
# Fractions of a second are refused like an invalid date, as sellers report of the United States.
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
# In lower case, as no client writes it: decoding and encoding a cursor changes it.
_ENCODED = str.maketrans({":": "%3a", "+": "%2b"})
# The seller in a cursor: for Canada as in Walmart's own example, for the United States as a client recorded
# it (OrderTest.php of fillup/walmart-partner-api-sdk-php).
_SELLERS: Final[Mapping[Market, str]] = {
    "ca": f"sellerId={'ca:801'.translate(_ENCODED)}",
    "us": "partnerId=10000000801&sellerId=801",
}
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


def find_page(orders: Orders, query: str, *, released: bool, by_ship_node: bool, variants: Variants) -> Page:
    """Return a page of all orders, of those with a line in one status, or of the released ones.

    Only the Global API selects orders ``by_ship_node``; its released ones are of the last half year only.

    Raises:
        RefusedError: A parameter is missing or invalid, or the page has no order.
    """
    asked = dict(parse_qsl(query)) | ({_STATUS: "Created"} if released else {})
    if _START not in asked:
        raise RefusedError(problems.parameter_missing(_START))
    start = _date(asked, _START)
    end = _date(asked, _END) if _END in asked else None
    if released and by_ship_node:
        start = max(start, orders.now() - _RELEASED_LOOKBACK)
    limit = _known(asked, _LIMIT, _DEFAULT_LIMIT, _LIMITS.get)
    ship_node = _known(asked, _SHIP_NODE_TYPE, SELLER_FULFILLED, _ship_node) if by_ship_node else None
    found = orders.select(start, end, status=asked.get(_STATUS), ship_node=ship_node)
    counting = variants.cursors == "counting"
    if counting:
        start_at = _known(asked, _PLACE, "0", _count)
        after = found[start_at - 1] if 0 < start_at <= len(found) else None
    else:
        after = _known(asked, _PLACE, "", orders.find) if _PLACE in asked else None
        start_at = len([order for order in found if after and order.rank >= after.rank])
    shown = found[start_at : start_at + limit]
    if not shown:
        raise RefusedError(problems.ORDERS_NOT_FOUND)
    end_at = start_at + len(shown)
    next_cursor = None
    if end_at < len(found):
        place = str(end_at) if counting else shown[-1].purchase_order_id
        next_cursor = _cursor(variants.market, asked, limit, len(found), place)
    return Page(
        query=query,
        after=None if after is None else shown_tree(after),
        orders=tuple(map(shown_tree, shown)),
        total=len(found),
        limit=limit,
        next_cursor=next_cursor,
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


def _cursor(market: Market, asked: Mapping[str, str], limit: int, total: int, place: str) -> str:
    parameters = [
        f"{_LIMIT}={limit}",
        "hasMoreElements=true",
        f"soIndex={total}",
        f"{_PLACE}={quote(place, safe='')}",
        _SELLERS[market],
    ]
    parameters += [
        f"{name}={quote(asked[name], safe=':+').translate(_ENCODED)}"
        for name in (_STATUS, _SHIP_NODE_TYPE, _START, _END)
        if name in asked
    ]
    return f"?{'&'.join(parameters)}"
