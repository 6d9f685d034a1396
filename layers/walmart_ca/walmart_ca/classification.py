"""Turns a response into the order that was asked for, or into the error that says what can be done.

Only the order service can say something about an order, and only Walmart's gateway about the caller. A proxy,
a firewall or a mesh in front of them responses with statuses of its own, which say nothing about either.
"""

import html
import json
import re
from http import HTTPStatus
from typing import Final

from .errors import (
    CredentialsRefused,
    Misconfigured,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)
from .messages import CallInfo, ErrorEntry
from .models import RELEASED, Order, OrderPage
from .responses import Response, Tree, error_entries, members, text

ORDER_SERVICE: Final = "GMP_ORDER_API"
"""The suffix of the codes of the order service. The gateway has another, `GMP_GATEWAY_API`, and says
`CONTENT_NOT_FOUND` of a path that is not served ("No static resource v3/…"; three parties saw it in 2026)."""
BLOCKED: Final = "blocked_by_firewall"
"""The reason of a 403 that is none of Walmart's."""
UNREADABLE: Final = "unreadable_response"

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
"""How long a token is good for by Walmart's documentation, for a response that does not say."""
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


def order_or_error(response: Response, call: CallInfo, purchase_order_id: str) -> Order | WalmartError:
    """Classify the response to a call about one order.

    A 2xx counts when its body names this order, even where a line still says `Created`: a production
    client saw that echoed. Any other 2xx may be a maintenance page, so nothing is known.
    """
    tree = response.read()
    if response.status in _SUCCESS:
        for content in members(tree, "order"):
            order = Order.read(content, call)
            if order.purchase_order_id == purchase_order_id:
                return order
            return OutcomeUnknown("foreign_order", call)
        named = not tree and _only_id(response) == purchase_order_id
        return OutcomeUnknown(UNREADABLE, call, names_order=True) if named else _no_content(response, call)
    return _error(response, call, tree)


def page_or_error(
    response: Response, call: CallInfo, cursor: str | None, listed_by: str = RELEASED
) -> OrderPage | WalmartError:
    """Classify the response to a call for a page of orders, which `cursor` led to.

    An empty list is an error of the order service: 404 `CONTENT_NOT_FOUND`, severity `INFO`, and nothing in
    addition to it. Here it is a page without orders. The same code from anybody else says that the path is
    gone. A 2xx without a list may be a maintenance page, and a first page without orders whose count
    is above 0 has them in a place that this client does not read: nothing is known.
    """
    tree = response.read()
    if response.status in _SUCCESS:
        for content in members(tree, "list"):
            if len(members(content, "elements", "order")) > _MAX_ORDERS:
                return _unreadable_page(response, call, cursor, listed_by)
            page = OrderPage.read(content, cursor, call, listed_by)
            counted = text(content, "meta", "totalCount") not in {"", "0"}
            overlooked = counted and cursor is None and not page.orders
            if content.keys() & {"meta", "elements"} and not overlooked:
                return page
        if not tree and not response.is_html and _ID_IN_TEXT.search(response.decoded()):
            return _unreadable_page(response, call, cursor, listed_by)
        return _no_content(response, call)
    entries = tuple(error_entries(tree))
    said = {(entry.code, entry.service, entry.severity.upper() in _NO_ERROR) for entry in entries}
    if response.status == HTTPStatus.NOT_FOUND and said == {("CONTENT_NOT_FOUND", ORDER_SERVICE, True)}:
        return OrderPage((), cursor, None, call, listed_by)
    return _error(response, call, tree)


def token_or_error(response: Response, call: CallInfo) -> tuple[str, float] | WalmartError:
    """Classify the response to a request for an access token.

    Returns the token and the seconds for which it is good, or an error.

    Walmart refuses wrong credentials with 401; with 400 `INVALID_REQUEST_HEADER`, which blames
    `Authorization` or no header at all (seen by two clients in production); and with 400 `invalid_client`
    (seen by one). A client id of another market is refused in the second form. Nothing was sent of the call
    that the token is for, so no outcome is unknown.
    """
    tree = response.read()
    if response.status in _SUCCESS:
        token, seconds = text(tree, "access_token"), text(tree, "expires_in")
        if not _TOKEN.fullmatch(token):
            return Unavailable("token_unreadable", call)
        known = seconds.isascii() and seconds.isdecimal() and len(seconds) <= _MAX_DIGITS
        return token, float(seconds) if known else TOKEN_SECONDS
    error = _error(response, call, tree)
    if response.status == HTTPStatus.BAD_REQUEST and not response.is_html:
        ours = _blames_other_header(error.entries) and not _blames_credentials(error.entries)
        return (Misconfigured if ours else CredentialsRefused)(error.reason, call, error.entries)
    if isinstance(error, OrderRejected | OutcomeUnknown):
        return Misconfigured(error.reason, call, error.entries)
    return error


def _no_content(response: Response, call: CallInfo) -> OutcomeUnknown:
    """Describe a success that does not hold what was asked for."""
    if not response.body:
        coded = response.headers.get("Content-Encoding")
        return OutcomeUnknown("encoded_response" if coded else "empty_response", call)
    return OutcomeUnknown(UNREADABLE, call)


def _unreadable_page(
    response: Response, call: CallInfo, cursor: str | None, listed_by: str
) -> OutcomeUnknown:
    """Describe a page of which nothing can be read but, where that can be found in its text, its cursor."""
    found = _CURSOR_IN_TEXT.search(response.decoded())
    following = None
    if found:
        try:
            following = (
                str(json.loads(found[1], strict=False)) if found[1] else html.unescape(found[2]).strip()
            )
        except ValueError:
            following = None  # an escape that JSON does not know
    return OutcomeUnknown(UNREADABLE, call, unread=OrderPage((), cursor, following, call, listed_by))


def _only_id(response: Response) -> str | None:
    """Return the one purchase order id that a text names which cannot be read; None for none or several."""
    if response.is_html:
        return None
    found = {match[1] or match[2] for match in _ID_IN_TEXT.finditer(response.decoded())}
    return found.pop() if len(found) == 1 else None


def _error(response: Response, call: CallInfo, tree: Tree) -> WalmartError:
    entries = tuple(error_entries(tree))
    reason = next((entry.code for entry in entries if entry.code), f"http_{response.status}")
    if response.status in _REDIRECT and (host := _HOST.match(response.headers.get("Location") or "")):
        reason += f" to {host[1].lower()}"
    if response.status == HTTPStatus.FORBIDDEN:
        if _is_walmarts(response, entries):
            return CredentialsRefused(reason, call, entries)
        return Unavailable(BLOCKED, call, entries)
    return _error_kind(response.status, entries)(reason, call, entries)


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
    """Classify a 4xx without a meaning of its own: only the order service can refuse an order.

    Codes without a service count as its own: Walmart's newer documentation has them.
    """
    walmarts = bool(entries) and all(map(_has_walmarts_code, entries))
    return OrderRejected if walmarts and _services(entries) <= {ORDER_SERVICE, ""} else Unavailable


def _services(entries: tuple[ErrorEntry, ...]) -> set[str]:
    return {entry.service for entry in entries}


def _has_walmarts_code(entry: ErrorEntry) -> bool:
    return bool(_WALMARTS_CODE.fullmatch(entry.code))


def _is_walmarts(response: Response, entries: tuple[ErrorEntry, ...]) -> bool:
    """Return whether Walmart wrote an error, and not something in front of it."""
    problem = _PROBLEM_DOCUMENT in (response.headers.get("Content-Type") or "").lower()
    return bool(entries) and (problem or all(map(_has_walmarts_code, entries)))


def _blames_other_header(entries: tuple[ErrorEntry, ...]) -> bool:
    return any(_OTHER_HEADERS.fullmatch(entry.field.upper()) for entry in entries)


def _blames_credentials(entries: tuple[ErrorEntry, ...]) -> bool:
    return any(entry.field.upper() in _CARRY_CREDENTIALS for entry in entries)
