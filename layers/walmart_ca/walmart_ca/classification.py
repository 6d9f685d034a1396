"""Classifies a response: it becomes the requested order, page or token, or the error for the caller to raise.

Only Walmart's order service knows about an order, and only Walmart's gateway about the caller. A proxy, a
firewall or a service mesh in front of them responds with its own statuses, which say nothing about either.
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
"""The suffix of the order service's error codes. The gateway's suffix is `GMP_GATEWAY_API`; it responds with
`CONTENT_NOT_FOUND` when it does not serve a path ("No static resource v3/…"; three parties, 2026)."""
_BLOCKED: Final = "blocked_by_firewall"
"""The reason of a 403 that Walmart did not write."""
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
# Patterns of what is rare are strings: compiled when first needed, not in every cold start.
_OTHER_HEADERS: Final = r"WM_[\w.]+|CONTENT-TYPE|ACCEPT"
_WALMARTS_CODE: Final = r"[A-Z][A-Z0-9_]*"
"""Walmart writes its codes in upper case. `Not Found` is a framework's, `invalid_client` is RFC 6749's."""
_PROBLEM_DOCUMENT: Final = "application/problem+json"
_NO_ERROR: Final = frozenset({"", "INFO"})
"""The severities of an entry that is no error; Walmart does not always send one with an empty list."""
_MAX_ORDERS: Final = 1000
"""A page with more than five times the requested orders may be an attack on the memory."""
_TOKEN_SECONDS: Final = 900.0
"""How long a token is valid by Walmart's documentation, for a response without `expires_in`."""
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}")
_HOST: Final = r"(?:https?:)?//([A-Za-z0-9.-]{1,100})(?=[:/?#]|$)"
"""The host of a `Location` header, limited to characters that are safe in a log."""
_ID_IN_TEXT: Final = (
    r"""["']purchaseOrderId["']\s*:\s*["']?([\w-]{1,64})["']?\s*[,}]"""
    r"|<(?:\w+:)?purchaseOrderId>\s*([\w-]{1,64})\s*<"
)
_CURSOR_IN_TEXT: Final = (
    r"""["']nextCursor["']\s*:\s*("(?:[^"\\]|\\.){1,4096}")|<(?:\w+:)?nextCursor>([^<]{1,4096})<"""
)
_MAX_DIGITS: Final = 9
_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_CLIENT_ERROR = range(400, 500)
_SERVER_ERROR = range(500, 600)


def order_or_error(response: Response, call: CallInfo, purchase_order_id: str) -> Order | WalmartError:
    """Classify the response to a call about one order.

    A 2xx is a success when its body contains this order, even if a line still says `Created`: a production
    client (makanaleu) saw Walmart echo the old status. Any other 2xx may be a maintenance page: the outcome
    is unknown.

    Args:
        response: Walmart's response, of any status.
        call: The call that it responds to; the result keeps it.
        purchase_order_id: The id in the request.

    Returns:
        The order, or the error for the caller to raise.
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
    """Classify the response to a call for a page of orders.

    Walmart's order service responds to an empty list with an error: 404 with `CONTENT_NOT_FOUND` of severity
    `INFO` as the only entry. It becomes a page without orders. The same code from any other service means
    that the path does not exist. The outcome is unknown for a 2xx without a list, which may be a maintenance
    page, and for a first page that counts orders but has none where this client reads them.

    Args:
        response: Walmart's response, of any status.
        call: The call that it responds to; the result keeps it.
        cursor: The cursor in the request; None for the first page.
        listed_by: Which of Walmart's lists was requested: `released` or `all`.

    Returns:
        The page, or the error for the caller to raise.
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
        if not tree and not response.is_html and re.search(_ID_IN_TEXT, response.decoded()):
            return _unreadable_page(response, call, cursor, listed_by)
        return _no_content(response, call)
    entries = tuple(error_entries(tree))
    said = {(entry.code, entry.service, entry.severity.upper() in _NO_ERROR) for entry in entries}
    if response.status == HTTPStatus.NOT_FOUND and said == {("CONTENT_NOT_FOUND", ORDER_SERVICE, True)}:
        return OrderPage((), cursor, None, call, listed_by)
    return _error(response, call, tree)


def token_or_error(response: Response, call: CallInfo) -> tuple[str, float] | WalmartError:
    """Classify the response to a request for an access token.

    Walmart refuses wrong credentials with 401; with 400 `INVALID_REQUEST_HEADER`, which names
    `Authorization` or no header (seen by two clients in production); and with 400 `invalid_client` (seen by
    one). It refuses a client id of another market in the second form. The call that needs the token was not
    sent yet, so the error is never `OutcomeUnknown`.

    Args:
        response: Walmart's response, of any status.
        call: The call that it responds to; the error keeps it.

    Returns:
        The token and the seconds that it is valid for, or the error for the caller to raise.
    """
    tree = response.read()
    if response.status in _SUCCESS:
        token, seconds = text(tree, "access_token"), text(tree, "expires_in")
        if not _TOKEN.fullmatch(token):
            return Unavailable("token_unreadable", call)
        known = seconds.isascii() and seconds.isdecimal() and len(seconds) <= _MAX_DIGITS
        return token, float(seconds) if known else _TOKEN_SECONDS
    error = _error(response, call, tree)
    if response.status == HTTPStatus.BAD_REQUEST and not response.is_html:
        ours = _blames_other_header(error.entries) and not _blames_credentials(error.entries)
        return (Misconfigured if ours else CredentialsRefused)(error.reason, call, error.entries)
    if isinstance(error, OrderRejected | OutcomeUnknown):
        return Misconfigured(error.reason, call, error.entries)
    return error


def _no_content(response: Response, call: CallInfo) -> OutcomeUnknown:
    """Return the error for a success without the requested content."""
    if not response.body:
        coded = response.headers.get("Content-Encoding")
        return OutcomeUnknown("encoded_response" if coded else "empty_response", call)
    return OutcomeUnknown(UNREADABLE, call)


def _unreadable_page(
    response: Response, call: CallInfo, cursor: str | None, listed_by: str
) -> OutcomeUnknown:
    """Return the error for a page that cannot be read, with the next cursor if its text shows one."""
    found = re.search(_CURSOR_IN_TEXT, response.decoded())
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
    """Return the only purchase order id in a text that cannot be parsed; None for none or several."""
    if response.is_html:
        return None
    found = {match[1] or match[2] for match in re.finditer(_ID_IN_TEXT, response.decoded())}
    return found.pop() if len(found) == 1 else None


def _error(response: Response, call: CallInfo, tree: Tree) -> WalmartError:
    entries = tuple(error_entries(tree))
    reason = next((entry.code for entry in entries if entry.code), f"http_{response.status}")
    if response.status in _REDIRECT and (host := re.match(_HOST, response.headers.get("Location") or "")):
        reason += f" to {host[1].lower()}"
    if response.status == HTTPStatus.FORBIDDEN:
        if _is_walmarts(response, entries):
            return CredentialsRefused(reason, call, entries)
        return Unavailable(_BLOCKED, call, entries)
    return _error_kind(response.status, entries)(reason, call, entries)


def _error_kind(status: int, entries: tuple[ErrorEntry, ...]) -> type[WalmartError]:
    if status == HTTPStatus.BAD_REQUEST and (kind := _kind_of_bad_request(entries)):
        return kind
    if status == HTTPStatus.NOT_FOUND:
        # From any other service it means that the path or the host is unknown, not the order.
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
    # Walmart reports some outages as "Request invalid." without a cause (ShipWorks: "try again later").
    in_disguise = codes == {"INVALID_REQUEST"} and not any(entry.causes for entry in entries)
    return Unavailable if in_disguise else None


def _kind_of_refusal(entries: tuple[ErrorEntry, ...]) -> type[WalmartError]:
    """Classify a 4xx without a specific meaning: only the order service can refuse an order.

    Except with 404, a code without a service counts as the order service's: Walmart's newer documentation
    shows such codes.
    """
    walmarts = bool(entries) and all(map(_has_walmarts_code, entries))
    return OrderRejected if walmarts and _services(entries) <= {ORDER_SERVICE, ""} else Unavailable


def _services(entries: tuple[ErrorEntry, ...]) -> set[str]:
    return {entry.service for entry in entries}


def _has_walmarts_code(entry: ErrorEntry) -> bool:
    return bool(re.fullmatch(_WALMARTS_CODE, entry.code))


def _is_walmarts(response: Response, entries: tuple[ErrorEntry, ...]) -> bool:
    """Return whether Walmart wrote an error, and not a proxy or firewall in front of it."""
    problem = _PROBLEM_DOCUMENT in (response.headers.get("Content-Type") or "").lower()
    return bool(entries) and (problem or all(map(_has_walmarts_code, entries)))


def _blames_other_header(entries: tuple[ErrorEntry, ...]) -> bool:
    return any(re.fullmatch(_OTHER_HEADERS, entry.field.upper()) for entry in entries)


def _blames_credentials(entries: tuple[ErrorEntry, ...]) -> bool:
    return any(entry.field.upper() in _CARRY_CREDENTIALS for entry in entries)
