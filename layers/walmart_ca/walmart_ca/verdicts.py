"""What an answer means: the order that was asked for, or the error that tells what can be done."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from .answers import Answer, Headers, Tree, error_entries, members, text
from .calls import Call, ErrorEntry
from .dates import parse_instant
from .errors import (
    CredentialsRefused,
    Misconfigured,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)
from .orders import Order, OrderPage

_BY_STATUS: Final[dict[int, type[WalmartError]]] = {
    401: CredentialsRefused,
    403: CredentialsRefused,
    405: Misconfigured,
    406: Misconfigured,
    408: Unavailable,
    415: Misconfigured,
    420: Throttled,
    423: Throttled,
    429: Throttled,
}
_HEADER_BLAMED: Final = frozenset({"INVALID_REQUEST_HEADER", "MISSING_REQUEST_HEADER"})
_NO_ERROR: Final = frozenset({"", "INFO"})
"""The severities of what is only said; a list that finds nothing is not always told with one."""
TOKEN_SECONDS: Final = 900.0
"""How long a token is good for by Walmart's documentation, for an answer that does not say."""
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}")
_HOST: Final = re.compile(r"(?:https?:)?//([A-Za-z0-9.-]{1,100})(?=[:/?#]|$)")
"""The host of a `Location`, as far as it may stand in a log."""
_MAX_DIGITS: Final = 9
_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_CLIENT_ERROR = range(400, 500)
_SERVER_ERROR = range(500, 600)


def order_or_error(answer: Answer, call: Call, purchase_order_id: str) -> Order | WalmartError:
    """Judge the answer to a call about one order.

    A 2xx counts when its body names this order, even where a line still says `Created`: a production
    client saw that echoed. Any other 2xx may be a maintenance page, so nothing is known.
    """
    tree = answer.read()
    if answer.status in _SUCCESS:
        for content in members(tree, "order"):
            order = Order.read(content, call)
            if order.purchase_order_id == purchase_order_id:
                return order
            return OutcomeUnknown("foreign_order", call)
        return _no_content(answer, call)
    return _error(answer, call, tree)


def page_or_error(answer: Answer, call: Call, cursor: str | None) -> OrderPage | WalmartError:
    """Judge the answer to a call for a page of orders, which `cursor` led to.

    An empty list is an error of Walmart's: 404 `CONTENT_NOT_FOUND`, severity `INFO`, and nothing beside it.
    Here it is a page without orders. A 2xx without a list may be a maintenance page, and a first page
    without orders that counts some has them where nobody looked: nothing is known.
    """
    tree = answer.read()
    if answer.status in _SUCCESS:
        for content in members(tree, "list"):
            page = OrderPage.read(content, cursor, call)
            counted = text(content, "meta", "totalCount") not in {"", "0"}
            overlooked = counted and cursor is None and not page.orders
            if content.keys() & {"meta", "elements"} and not overlooked:
                return page
        return _no_content(answer, call)
    said = [(entry.code, entry.severity.upper() in _NO_ERROR) for entry in error_entries(tree)]
    if answer.status == HTTPStatus.NOT_FOUND and set(said) == {("CONTENT_NOT_FOUND", True)}:
        return OrderPage((), cursor, None, call)
    return _error(answer, call, tree)


def token_or_error(answer: Answer, call: Call) -> tuple[str, float] | WalmartError:
    """Judge the answer to a call for a token: the token and the seconds it is good for, or an error.

    Walmart answers wrong credentials with 401, and by some accounts with 400. Nothing was sent of the call
    that the token is for, so no outcome is unknown.
    """
    tree = answer.read()
    if answer.status in _SUCCESS:
        token, seconds = text(tree, "access_token"), text(tree, "expires_in")
        if not _TOKEN.fullmatch(token):
            return Unavailable("token_unreadable", call)
        known = seconds.isascii() and seconds.isdecimal() and len(seconds) <= _MAX_DIGITS
        return token, float(seconds) if known else TOKEN_SECONDS
    error = _error(answer, call, tree)
    if answer.status == HTTPStatus.BAD_REQUEST and not isinstance(error, Misconfigured):
        return CredentialsRefused(error.reason, call, error.entries)
    if isinstance(error, OrderRejected | OutcomeUnknown):
        return Misconfigured(error.reason, call, error.entries)
    return error


def _no_content(answer: Answer, call: Call) -> OutcomeUnknown:
    """Describe a success that does not hold what was asked for."""
    return OutcomeUnknown("unreadable_answer" if answer.body else "empty_answer", call)


def _error(answer: Answer, call: Call, tree: Tree) -> WalmartError:
    entries = tuple(error_entries(tree))
    kind = _error_kind(answer.status, entries)
    reason = next((entry.code for entry in entries if entry.code), f"http_{answer.status}")
    if answer.status in _REDIRECT and (host := _HOST.match(answer.headers.get("Location") or "")):
        reason += f" to {host[1].lower()}"
    return kind(reason, call, entries)


def _error_kind(status: int, entries: tuple[ErrorEntry, ...]) -> type[WalmartError]:
    codes = {entry.code for entry in entries}
    header_blamed = status == HTTPStatus.BAD_REQUEST and codes & _HEADER_BLAMED
    # The path is unknown, not the order: what a withdrawn API would answer to every order.
    path_unknown = status == HTTPStatus.NOT_FOUND and "URI_NOT_FOUND" in codes
    token_refused = status == HTTPStatus.BAD_REQUEST and "INVALID_TOKEN" in codes
    # "Request invalid." without a cause is an outage in disguise (ShipWorks: "try again later").
    disguised_outage = (
        status == HTTPStatus.BAD_REQUEST
        and codes == {"INVALID_REQUEST"}
        and not any(entry.causes for entry in entries)
    )
    if header_blamed or path_unknown or status in _REDIRECT:
        return Misconfigured
    if token_refused:
        return CredentialsRefused
    if disguised_outage or status in _SERVER_ERROR:
        return Unavailable
    return _BY_STATUS.get(status, OrderRejected if status in _CLIENT_ERROR else OutcomeUnknown)


def replenished_at(headers: Headers, now: float) -> datetime | None:
    """Read when Walmart's quota is replenished.

    Both spellings are found in Walmart's documentation and in clients; the value is epoch milliseconds,
    ISO 8601 at times. `Retry-After`, in seconds, is not promised and read where it comes.

    Args:
        headers: The answer's.
        now: Epoch seconds, the moment of the answer.
    """
    for name in ("x-next-replenishment-time", "x-next-replenish-time"):
        if instant := parse_instant(headers.get(name)):
            return instant
    seconds = headers.get("Retry-After") or ""
    if seconds.isascii() and seconds.isdecimal():
        try:
            return datetime.fromtimestamp(now, UTC) + timedelta(seconds=int(seconds))
        except (OverflowError, ValueError):
            return None
    return None


def tokens_left(headers: Headers) -> int | None:
    """Read how many more calls Walmart's quota allows (`x-current-token-count`), where it says so."""
    count = headers.get("x-current-token-count") or ""
    return int(count) if count.isascii() and count.isdecimal() and len(count) <= _MAX_DIGITS else None
