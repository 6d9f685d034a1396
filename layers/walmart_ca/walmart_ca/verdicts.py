"""What an answer means: the order that was asked for, or the error that tells what can be done.

Only the order service can say something about an order, and only Walmart's gateway about the caller. A proxy,
a firewall or a mesh in front of them answers with statuses of its own, which say nothing about either.
"""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from .answers import Answer, Headers, Tree, error_entries, members, text
from .calls import Call, ErrorEntry
from .dates import parse_http_date, parse_instant
from .errors import (
    CredentialsRefused,
    Misconfigured,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)
from .orders import RELEASED, Order, OrderPage

ORDER_SERVICE: Final = "GMP_ORDER_API"
"""The suffix of the codes of the order service. The gateway has another, `GMP_GATEWAY_API`, and says
`CONTENT_NOT_FOUND` of a path that is not served ("No static resource v3/…"; three parties saw it in 2026)."""
BLOCKED: Final = "blocked_by_firewall"
"""The reason of a 403 that is none of Walmart's."""
UNREADABLE: Final = "unreadable_answer"

_BY_STATUS: Final[dict[int, type[WalmartError]]] = {
    401: CredentialsRefused,
    405: Misconfigured,
    406: Misconfigured,
    408: Unavailable,
    415: Misconfigured,
    420: Throttled,
    423: Throttled,
    429: Throttled,
}
_HEADER_BLAMED: Final = frozenset({"INVALID_REQUEST_HEADER", "MISSING_REQUEST_HEADER"})
_CARRY_CREDENTIALS: Final = frozenset({"AUTHORIZATION", "WM_SEC.ACCESS_TOKEN", "WM_SEC.AUTH_SIGNATURE"})
_OTHER_HEADERS: Final = re.compile(r"WM_[\w.]+|CONTENT-TYPE|ACCEPT")
_WALMARTS_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
"""Walmart writes its codes in upper case. `Not Found` is a framework's, `invalid_client` that of RFC 6749."""
_PROBLEM_DOCUMENT: Final = "application/problem+json"
_NO_ERROR: Final = frozenset({"", "INFO"})
"""The severities of what is only said; a list that finds nothing is not always told with one."""
_MAX_ORDERS: Final = 1000
"""More on one page than five times what was asked for cannot be told from an attack on the memory."""
TOKEN_SECONDS: Final = 900.0
"""How long a token is good for by Walmart's documentation, for an answer that does not say."""
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}")
_HOST: Final = re.compile(r"(?:https?:)?//([A-Za-z0-9.-]{1,100})(?=[:/?#]|$)")
"""The host of a `Location`, as far as it may stand in a log."""
_ID_IN_TEXT: Final = re.compile(
    r"""["']purchaseOrderId["']\s*:\s*["']?([\w-]{1,64})["']?\s*[,}]|<(?:\w+:)?purchaseOrderId>\s*([\w-]{1,64})\s*<"""
)
_CURSOR_IN_TEXT: Final = re.compile(
    r"""["']nextCursor["']\s*:\s*("(?:[^"\\]|\\.){1,4096}")|<(?:\w+:)?nextCursor>([^<]{1,4096})<"""
)
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
        named = not tree and _only_id(answer) == purchase_order_id
        return OutcomeUnknown(UNREADABLE, call, names_order=True) if named else _no_content(answer, call)
    return _error(answer, call, tree)


def page_or_error(
    answer: Answer, call: Call, cursor: str | None, listed_by: str = RELEASED
) -> OrderPage | WalmartError:
    """Judge the answer to a call for a page of orders, which `cursor` led to.

    An empty list is an error of the order service: 404 `CONTENT_NOT_FOUND`, severity `INFO`, and nothing in
    addition to it. Here it is a page without orders. The same code from anybody else says that the path is
    gone. A 2xx without a list may be a maintenance page, and a first page without orders that counts some
    has them where nobody looked: nothing is known.
    """
    tree = answer.read()
    if answer.status in _SUCCESS:
        for content in members(tree, "list"):
            if len(members(content, "elements", "order")) > _MAX_ORDERS:
                return _unreadable_page(answer, call, cursor, listed_by)
            page = OrderPage.read(content, cursor, call, listed_by)
            counted = text(content, "meta", "totalCount") not in {"", "0"}
            overlooked = counted and cursor is None and not page.orders
            if content.keys() & {"meta", "elements"} and not overlooked:
                return page
        if not tree and not answer.is_html and _ID_IN_TEXT.search(answer.decoded()):
            return _unreadable_page(answer, call, cursor, listed_by)
        return _no_content(answer, call)
    entries = tuple(error_entries(tree))
    said = {(entry.code, entry.service, entry.severity.upper() in _NO_ERROR) for entry in entries}
    if answer.status == HTTPStatus.NOT_FOUND and said == {("CONTENT_NOT_FOUND", ORDER_SERVICE, True)}:
        return OrderPage((), cursor, None, call, listed_by)
    return _error(answer, call, tree)


def token_or_error(answer: Answer, call: Call) -> tuple[str, float] | WalmartError:
    """Judge the answer to a call for a token: the token and the seconds it is good for, or an error.

    Walmart refuses wrong credentials with 401; with 400 `INVALID_REQUEST_HEADER`, which blames
    `Authorization` or no header at all (seen by two clients in production); and with 400 `invalid_client`
    (seen by one). A client id of another market is refused in the second form. Nothing was sent of the call
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
    if answer.status == HTTPStatus.BAD_REQUEST and not answer.is_html:
        ours = _blames_other_header(error.entries) and not _blames_credentials(error.entries)
        return (Misconfigured if ours else CredentialsRefused)(error.reason, call, error.entries)
    if isinstance(error, OrderRejected | OutcomeUnknown):
        return Misconfigured(error.reason, call, error.entries)
    return error


def _no_content(answer: Answer, call: Call) -> OutcomeUnknown:
    """Describe a success that does not hold what was asked for."""
    if not answer.body:
        coded = answer.headers.get("Content-Encoding")
        return OutcomeUnknown("encoded_answer" if coded else "empty_answer", call)
    return OutcomeUnknown(UNREADABLE, call)


def _unreadable_page(answer: Answer, call: Call, cursor: str | None, listed_by: str) -> OutcomeUnknown:
    """Describe a page of which nothing can be read but, where that can be found in its text, its cursor."""
    found = _CURSOR_IN_TEXT.search(answer.decoded())
    following = None
    if found:
        try:
            following = (
                str(json.loads(found[1], strict=False)) if found[1] else html.unescape(found[2]).strip()
            )
        except ValueError:
            following = None  # an escape that JSON does not know
    return OutcomeUnknown(UNREADABLE, call, unread=OrderPage((), cursor, following, call, listed_by))


def _only_id(answer: Answer) -> str | None:
    """Return the one purchase order id that a text names which cannot be read; None for none or several."""
    if answer.is_html:
        return None
    found = {match[1] or match[2] for match in _ID_IN_TEXT.finditer(answer.decoded())}
    return found.pop() if len(found) == 1 else None


def _error(answer: Answer, call: Call, tree: Tree) -> WalmartError:
    entries = tuple(error_entries(tree))
    reason = next((entry.code for entry in entries if entry.code), f"http_{answer.status}")
    if answer.status in _REDIRECT and (host := _HOST.match(answer.headers.get("Location") or "")):
        reason += f" to {host[1].lower()}"
    if answer.status == HTTPStatus.FORBIDDEN:
        if _is_walmarts(answer, entries):
            return CredentialsRefused(reason, call, entries)
        return Unavailable(BLOCKED, call, entries)
    return _error_kind(answer.status, entries)(reason, call, entries)


def _error_kind(status: int, entries: tuple[ErrorEntry, ...]) -> type[WalmartError]:
    if status == HTTPStatus.BAD_REQUEST and (kind := _kind_of_bad_request(entries)):
        return kind
    if status == HTTPStatus.NOT_FOUND:
        # From anybody but the order service: the path is unknown, or the host, and not the order.
        path_unknown = any(entry.code == "URI_NOT_FOUND" for entry in entries)
        said = _services(entries) == {ORDER_SERVICE} and not path_unknown
        return OrderRejected if said else Misconfigured
    if status in _REDIRECT:
        return Misconfigured
    if status in _SERVER_ERROR:
        return Unavailable
    return _BY_STATUS.get(status, _kind_of_refusal(entries) if status in _CLIENT_ERROR else OutcomeUnknown)


def _kind_of_bad_request(entries: tuple[ErrorEntry, ...]) -> type[WalmartError] | None:
    codes = {entry.code for entry in entries}
    if "INVALID_TOKEN" in codes or _blames_credentials(entries):
        return CredentialsRefused
    if codes & _HEADER_BLAMED or _blames_other_header(entries):
        return Misconfigured
    # "Request invalid." without a cause is an outage in disguise (ShipWorks: "try again later").
    in_disguise = codes == {"INVALID_REQUEST"} and not any(entry.causes for entry in entries)
    return Unavailable if in_disguise else None


def _kind_of_refusal(entries: tuple[ErrorEntry, ...]) -> type[WalmartError]:
    """Judge a 4xx without a meaning of its own: only the order service can refuse an order.

    Codes without a service count as its own: Walmart's newer documentation has them.
    """
    walmarts = bool(entries) and all(map(_has_walmarts_code, entries))
    return OrderRejected if walmarts and _services(entries) <= {ORDER_SERVICE, ""} else Unavailable


def _services(entries: tuple[ErrorEntry, ...]) -> set[str]:
    return {entry.service for entry in entries}


def _has_walmarts_code(entry: ErrorEntry) -> bool:
    return bool(_WALMARTS_CODE.fullmatch(entry.code))


def _is_walmarts(answer: Answer, entries: tuple[ErrorEntry, ...]) -> bool:
    """Return whether Walmart wrote an error, and not something in front of it."""
    problem = _PROBLEM_DOCUMENT in (answer.headers.get("Content-Type") or "").lower()
    return bool(entries) and (problem or all(map(_has_walmarts_code, entries)))


def _blames_other_header(entries: tuple[ErrorEntry, ...]) -> bool:
    return any(_OTHER_HEADERS.fullmatch(entry.field.upper()) for entry in entries)


def _blames_credentials(entries: tuple[ErrorEntry, ...]) -> bool:
    return any(entry.field.upper() in _CARRY_CREDENTIALS for entry in entries)


def replenished_at(headers: Headers, now: float) -> datetime | None:
    """Read when Walmart's quota is replenished.

    Both spellings are found in Walmart's documentation and in clients; the value is epoch milliseconds,
    ISO 8601 at times. `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), is not promised and read
    where it comes.

    Args:
        headers: The answer's.
        now: Epoch seconds, the moment of the answer.
    """
    for name in ("x-next-replenishment-time", "x-next-replenish-time"):
        if instant := parse_instant(headers.get(name)):
            return instant
    retry_after = (headers.get("Retry-After") or "").strip()
    if retry_after.isascii() and retry_after.isdecimal():
        try:
            return datetime.fromtimestamp(now, UTC) + timedelta(seconds=int(retry_after))
        except (OverflowError, ValueError):
            return None
    return parse_http_date(retry_after)


def tokens_left(headers: Headers) -> int | None:
    """Read how many more calls Walmart's quota allows (`x-current-token-count`), where it says so."""
    count = headers.get("x-current-token-count") or ""
    return int(count) if count.isascii() and count.isdecimal() and len(count) <= _MAX_DIGITS else None
