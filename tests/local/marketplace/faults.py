"""Faults on demand: which calls meet which fault, and what each fault does.

A new fault is a member of ``Fault`` and a function with the decorator ``_implements``. The function gets the
exchange and returns the response to send, or None after it has done everything itself. Its keyword arguments
are the fault's details, each with a default. The decorator names the actions that can meet the fault. A fault
that only sends a fixed response is a line in a table instead, and a fault that only changes a page of a list
has the decorator ``_changes_page``.
"""

from __future__ import annotations

import base64
import codecs
import functools
import gzip
import inspect
import json
import math
import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from . import buyer, problems
from .order_service import ACTIONS, LISTS, UNKNOWN_ERROR
from .orders import new_order
from .problems import Origin
from .quota import COUNT_HEADER, TIME_HEADER
from .responses import CONTENT_TYPES, Response, html_page, to_iso, to_json, written
from .tokens import TOKEN_ACTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .exchange import Exchange
    from .problems import Problem, Severity
    from .responses import Form, Page, Tree

type Detail = float | str | None
type Behavior = Callable[..., Response | None]
type PageChange = Callable[..., Page]

_PIECE = 65_536
_ENDLESS_PIECE = b"1\r\n \r\n"
_STEP = "&step="
_HOSTILE_ID = "1/../x?\r\nWM_CONSUMER.ID: y"
_ANY_CALL = ACTIONS | {TOKEN_ACTION}
_ORDERS = ACTIONS - LISTS
_BEHAVIORS: dict[Fault, Behavior] = {}
_ONLY_FOR: dict[Fault, frozenset[str]] = {}


class Fault(Enum):
    """What can happen to a call; the functions below have the details."""

    DELAY = "delay"
    RESET_BEFORE_APPLYING = "reset_before_applying"
    RESET_AFTER_APPLYING = "reset_after_applying"
    TIMEOUT_AFTER_APPLYING = "timeout_after_applying"
    CLOSE_WHEN_IDLE = "close_when_idle"

    OUTAGE_AS_BAD_REQUEST = "outage_as_bad_request"
    HEADER_BLAMED = "header_blamed"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    REQUEST_TIMEOUT = "request_timeout"
    CONFLICT = "conflict"
    GONE = "gone"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    UNPROCESSABLE = "unprocessable"
    LOCKED = "locked"
    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal_error"
    SERVICE_UNAVAILABLE = "service_unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"
    UNKNOWN_ERROR = "unknown_error"

    REDIRECT = "redirect"
    EMPTY_SUCCESS = "empty_success"
    FOREIGN_SUCCESS = "foreign_success"
    MAINTENANCE_PAGE = "maintenance_page"
    NO_SUCH_PATH = "no_such_path"
    FIREWALL = "firewall"
    EDGE_PAGE = "edge_page"
    PROBLEM_DOCUMENT = "problem_document"
    RETRY_AFTER_DATE = "retry_after_date"
    EARLY_HINTS = "early_hints"
    ENCODED_RESPONSE = "encoded_response"
    ODD_BYTES = "odd_bytes"
    FLAT_LINES = "flat_lines"
    CANCELED_SPELLING = "canceled_spelling"
    ECHO_CREATED = "echo_created"
    BROKEN_JSON = "broken_json"
    BROKEN_XML = "broken_xml"
    SLOW_DRIP = "slow_drip"
    HUGE = "huge"
    ENDLESS = "endless"

    BARE_CURSOR = "bare_cursor"
    OPAQUE_CURSOR = "opaque_cursor"
    ENDLESS_CURSOR = "endless_cursor"
    MISSING_CURSOR = "missing_cursor"
    REPEATED_ORDER = "repeated_order"
    INCOMPLETE_ORDER = "incomplete_order"
    HOSTILE_ORDER_ID = "hostile_order_id"


@dataclass(slots=True, eq=False)  # two equal faults are two faults
class PlannedFault:
    """A fault for the next calls of some ``actions``; ``times`` None is forever.

    ``action`` None is every call about orders that can meet the fault, and no request for a token.
    """

    fault: Fault
    times: int | None = 1
    action: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    actions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse unknown details now instead of in the middle of a call."""
        if self.times is not None and self.times < 1:
            raise ValueError("a fault applies at least once")
        possible = _ONLY_FOR[self.fault]
        self.actions = possible & ACTIONS if self.action is None else frozenset({self.action})
        if not self.actions <= possible:
            raise ValueError(f"the action of {self.fault.name} is one of {', '.join(sorted(possible))}")
        _, *known = inspect.signature(_BEHAVIORS[self.fault]).parameters
        if not self.details.keys() <= set(known):
            raise ValueError(f"the details of {self.fault.name} are: {', '.join(known) or 'none'}")

    def apply_to(self, exchange: Exchange) -> None:
        response = _BEHAVIORS[self.fault](exchange, **self.details)
        if response is not None:
            exchange.send(response)


class FaultPlan:
    """The planned faults in their order, by purchase order (None is every order)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: defaultdict[str | None, list[PlannedFault]] = defaultdict(list)

    def add(self, purchase_order_id: str | None, planned: PlannedFault) -> None:
        with self._lock:
            self._planned[purchase_order_id].append(planned)

    def clear(self, purchase_order_id: str | None) -> None:
        with self._lock:
            self._planned.pop(purchase_order_id, None)

    def next(self, purchase_order_id: str | None, action: str | None) -> PlannedFault | None:
        """Return the fault for this call, if any: the order's own before those of every order."""
        with self._lock:
            for queue in (self._planned.get(purchase_order_id, []), self._planned.get(None, [])):
                for planned in queue:
                    if action in planned.actions:
                        if planned.times is not None:
                            planned.times -= 1
                            if planned.times == 0:
                                queue.remove(planned)
                        return planned
            return None


def _implements(fault: Fault, only_for: frozenset[str] = _ANY_CALL) -> Callable[[Behavior], Behavior]:
    def mark(behavior: Behavior) -> Behavior:
        _BEHAVIORS[fault] = behavior
        _ONLY_FOR[fault] = only_for
        return behavior

    return mark


# --- The connection ---------------------------------------------------------------------------------------


@_implements(Fault.DELAY)
def _delay(exchange: Exchange, *, seconds: float = 1.0) -> Response:
    """Wait, then do and respond what is right."""
    exchange.wire.wait(seconds)
    return exchange.right_response()


@_implements(Fault.RESET_BEFORE_APPLYING)
def _reset_before_applying(exchange: Exchange) -> None:
    exchange.wire.reset()


@_implements(Fault.RESET_AFTER_APPLYING)
def _reset_after_applying(exchange: Exchange) -> None:
    """Do what the call asks for and reset the connection instead of responding."""
    exchange.right_response()
    exchange.wire.reset()


@_implements(Fault.TIMEOUT_AFTER_APPLYING)
def _timeout_after_applying(exchange: Exchange) -> None:
    """Do what the call asks for and send nothing until the caller gives up."""
    exchange.right_response()
    exchange.wire.hang()


@_implements(Fault.CLOSE_WHEN_IDLE)
def _close_when_idle(exchange: Exchange) -> None:
    """Send the right response, announce to keep the connection, and close it."""
    response = exchange.right_response()
    exchange.send(replace(response, headers=(*response.headers, ("Connection", "keep-alive"))))
    exchange.wire.close()


@_implements(Fault.SLOW_DRIP)
def _slow_drip(exchange: Exchange, *, interval: float = 0.1) -> None:
    """Do what is right and send the body byte by byte."""
    response = exchange.right_response()
    exchange.begin(response.status, exchange.head(response))
    for position in range(len(response.body)):
        exchange.wire.wait(interval)
        exchange.wire.write(response.body[position : position + 1])


@_implements(Fault.HUGE)
def _huge(exchange: Exchange, *, size: int = 1_000_000_000) -> None:
    """Do what is right and send a response of ``size``: valid, because blanks follow the right one."""
    response = exchange.right_response()
    exchange.begin(response.status, exchange.head(response, ("Content-Length", str(size))))
    piece = response.body[:size]
    left = size
    while left > 0:
        exchange.wire.write(piece)
        left -= len(piece)
        piece = b" " * min(_PIECE, left)


@_implements(Fault.ENDLESS)
def _endless(exchange: Exchange, *, interval: float = 0.1) -> None:
    """Do what is right and send blanks after the response forever."""
    response = exchange.right_response()
    exchange.begin(response.status, exchange.head(response, ("Transfer-Encoding", "chunked")))
    exchange.wire.write(b"%x\r\n%b\r\n" % (len(response.body), response.body))
    while True:
        exchange.wire.wait(interval)
        exchange.wire.write(_ENDLESS_PIECE)


@_implements(Fault.EARLY_HINTS)
def _early_hints(exchange: Exchange, *, status: int = 103, count: int = 1) -> Response:
    response = exchange.right_response()
    interim = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nLink: </>; rel=preconnect\r\n\r\n"
    exchange.begin(response.status, interim.encode() * count)
    return response


# --- Another response, mostly without doing what the call asks for ----------------------------------------

_REFUSALS: dict[Fault, Problem] = {
    Fault.OUTAGE_AS_BAD_REQUEST: problems.REQUEST_INVALID,
    Fault.UNAUTHORIZED: problems.UNAUTHORIZED,
    Fault.FORBIDDEN: problems.FORBIDDEN,
    Fault.METHOD_NOT_ALLOWED: problems.METHOD_NOT_ALLOWED,
    Fault.NOT_ACCEPTABLE: problems.INVALID_ACCEPT_TYPE,
    Fault.REQUEST_TIMEOUT: problems.undocumented(HTTPStatus.REQUEST_TIMEOUT),
    Fault.CONFLICT: problems.undocumented(HTTPStatus.CONFLICT),
    Fault.GONE: problems.undocumented(HTTPStatus.GONE),
    Fault.UNSUPPORTED_MEDIA_TYPE: problems.UNSUPPORTED_MEDIA_TYPE,
    Fault.UNPROCESSABLE: problems.undocumented(HTTPStatus.UNPROCESSABLE_CONTENT),
    Fault.LOCKED: problems.RESOURCE_IS_LOCKED,
    Fault.INTERNAL_ERROR: problems.SYSTEM_ERROR,
}
# Pages of proxies in front of Walmart's gateway.
_PAGES: dict[Fault, Response] = {
    Fault.SERVICE_UNAVAILABLE: html_page(503, "503 Service Temporarily Unavailable"),
    Fault.MAINTENANCE_PAGE: html_page(200, "We are down for maintenance and will be back soon"),
    Fault.UNKNOWN_ERROR: UNKNOWN_ERROR,
}


def _respond_with_problem(problem: Problem, exchange: Exchange) -> Response:
    return exchange.style.problem(problem)


def _respond_with_page(page: Response, exchange: Exchange) -> Response:  # noqa: ARG001 - the same for every call
    return page


for _fault, _problem in _REFUSALS.items():
    # Only the gateway refuses a request for a token: no other service gets it.
    _calls = _ANY_CALL if _problem.origin is Origin.GATEWAY else ACTIONS
    _implements(_fault, _calls)(functools.partial(_respond_with_problem, _problem))
for _fault, _response in _PAGES.items():
    _implements(_fault)(functools.partial(_respond_with_page, _response))


@_implements(Fault.HEADER_BLAMED, ACTIONS)
def _header_blamed(exchange: Exchange, *, field: str = "WM_SVC.NAME") -> Response:
    return exchange.style.problem(problems.header_blank(field))


@_implements(Fault.NOT_FOUND, ACTIONS)
def _not_found(exchange: Exchange) -> Response:
    """Respond that an existing order, or every order of a list, does not exist."""
    wanted = exchange.call.purchase_order_id
    problem = problems.ORDERS_NOT_FOUND if wanted is None else problems.order_not_found(wanted)
    return exchange.style.problem(problem)


@_implements(Fault.NO_SUCH_PATH)
def _no_such_path(exchange: Exchange, *, severity: Severity = "INFO") -> Response:
    """Respond that the gateway does not serve the path."""
    return exchange.style.problem(problems.path_not_served(exchange.call.bare_path, severity))


@_implements(Fault.FIREWALL)
def _firewall(exchange: Exchange) -> Response:
    """Refuse the caller's address with a page that is escaped like Akamai's."""
    url = "".join(
        character if character.isalnum() else f"&#{ord(character)};"
        for character in f"https://marketplace.walmartapis.com{exchange.call.path}"
    )
    page = (
        "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n \n"
        f'You don\'t have permission to access "{url}" on this server.<P>\n'
        "Reference&#32;&#35;18&#46;5c7b1160&#46;1790000000&#46;2f6c1a7b\n</BODY>\n</HTML>\n"
    )
    headers = (("Server", "AkamaiGHost"), ("Mime-Version", "1.0"), ("Content-Type", "text/html"))
    return Response(HTTPStatus.FORBIDDEN, page.encode(), headers)


@_implements(Fault.EDGE_PAGE)
def _edge_page(exchange: Exchange, *, status: int = 404, kind: str = "html") -> Response:
    """Respond in place of Walmart's services: as a proxy, another host, a mesh, or a server's error page."""
    phrase = HTTPStatus(status).phrase
    document: dict[str, Tree] = {
        "mesh": {"message": "no Route matched with those values"},
        "spring": {
            "timestamp": to_iso(exchange.orders.now()),
            "status": status,
            "error": phrase,
            "path": exchange.call.bare_path,
        },
    }
    match kind:
        case "html":
            return html_page(status, f"{status} {phrase}")
        case "text":
            return Response(status, f"{phrase.lower()}\n".encode(), (("Content-Type", "text/plain"),))
        case "empty":
            return Response(status)
        case _:
            return Response(status, to_json(document[kind]), (("Content-Type", "application/json"),))


@_implements(Fault.PROBLEM_DOCUMENT)
def _problem_document(exchange: Exchange, *, status: int = 400, header: str | None = None) -> Response:
    """Refuse with a problem document (RFC 9457), which can claim that a header is missing."""
    document: Tree = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"Required header '{header}' is not present." if header else "Failed to read request",
        "instance": exchange.call.bare_path,
    }
    return Response(status, to_json(document), (("Content-Type", "application/problem+json"),))


@_implements(Fault.RETRY_AFTER_DATE)
def _retry_after_date(exchange: Exchange, *, replenish_in: float = 2.0) -> Response:
    """Throttle the caller with Retry-After as an HTTP date, which has whole seconds."""
    date = formatdate(math.ceil(exchange.clock() + replenish_in), usegmt=True)
    return exchange.style.problem(problems.THROTTLED, ("Retry-After", date))


@_implements(Fault.THROTTLED)
def _throttled(
    exchange: Exchange,
    *,
    replenish_in: float = 1.0,
    header: str | None = TIME_HEADER,
    form: str = "milliseconds",
) -> Response:
    """Throttle the caller; Walmart spells the ``header`` with the time of the next token in several ways.

    The ``form`` of the time is "milliseconds" or "iso".
    """
    replenished_at = exchange.clock() + replenish_in
    time = str(round(replenished_at * 1000))
    if form == "iso":
        time = to_iso(datetime.fromtimestamp(replenished_at, UTC))
    bucket = [(COUNT_HEADER, "0"), *([(header, time)] if header else [])]
    return exchange.style.problem(problems.THROTTLED, *bucket)


@_implements(Fault.GATEWAY_TIMEOUT, ACTIONS)
def _gateway_timeout(exchange: Exchange, *, applied: bool = False) -> Response:
    """Time out at the order service, which did what the call asks for if ``applied``."""
    if applied:
        exchange.right_response()
    return exchange.style.problem(problems.DOWNSTREAM_SYSTEM_TIME_OUT)


@_implements(Fault.REDIRECT)
def _redirect(exchange: Exchange, *, location: str = "https://elsewhere.example/") -> Response:  # noqa: ARG001 - the same for every call
    return Response(HTTPStatus.TEMPORARY_REDIRECT, b"", (("Location", location),))


@_implements(Fault.EMPTY_SUCCESS)
def _empty_success(exchange: Exchange) -> Response:
    return written(HTTPStatus.OK, exchange.style.form, b"")


@_implements(Fault.FOREIGN_SUCCESS, _ORDERS)
def _foreign_success(exchange: Exchange, *, other: str = "7499999999999") -> Response:
    """Respond 200 with another order, acknowledged, and do nothing."""
    return exchange.style.acknowledged_order(new_order(other, ["Acknowledged"], exchange.orders.now()))


# --- The right thing is done, and the response is odd -----------------------------------------------------


@_implements(Fault.ECHO_CREATED, _ORDERS)
def _echo_created(exchange: Exchange) -> Response:
    """Acknowledge the order and respond with its old state, as Walmart has been seen to do."""
    before = exchange.orders.find(str(exchange.call.purchase_order_id))
    response = exchange.right_response()
    if before is None or not exchange.call.applied:
        return response
    return exchange.garbled(exchange.style.acknowledged_order(before))


def _half(form: Form, exchange: Exchange) -> Response:
    response = exchange.right_response(form)
    return replace(response, body=response.body[: len(response.body) // 2])


_implements(Fault.BROKEN_JSON)(functools.partial(_half, "json"))
_implements(Fault.BROKEN_XML, ACTIONS)(functools.partial(_half, "xml"))  # a token is always JSON


@_implements(Fault.ENCODED_RESPONSE)
def _encoded_response(exchange: Exchange) -> Response:
    response = exchange.right_response()
    headers = (*response.headers, ("Content-Encoding", "gzip"))
    return replace(response, body=gzip.compress(response.body, mtime=0), headers=headers)


@dataclass(frozen=True, slots=True)
class _Odd:
    """A change of a body or its content type, perhaps for one form only."""

    body: Callable[[bytes], bytes] = lambda body: body
    content_type: Callable[[str], str] = lambda content_type: content_type
    form: Form | None = None


def _in_street(odd: bytes) -> Callable[[bytes], bytes]:
    """Put something odd into the street of the response's first buyer, which no client reads."""
    street = buyer.ADDRESS["address1"].encode()
    return lambda body: body.replace(street, street + odd, 1)


def _in_latin1(body: bytes) -> bytes:
    return body.replace(b"encoding='UTF-8'", b"encoding='ISO-8859-1'").decode().encode("latin-1")


def _called_latin1(content_type: str) -> str:
    return content_type.replace("UTF-8", "ISO-8859-1")


def _called_by_the_other_form(content_type: str) -> str:
    return CONTENT_TYPES["json" if "xml" in content_type else "xml"]


def _with_a_number_longer_than_python_reads(body: bytes) -> bytes:
    return body.replace(b'"address1"', b'"size": %b, "address1"' % (b"9" * 5000), 1)


ODD = {
    "tab": _Odd(_in_street(b"\t")),
    "line_feed": _Odd(_in_street(b"\n")),
    "substitute": _Odd(_in_street(b"\x1a")),
    "latin1": _Odd(_in_street(b"\xe9")),
    "cut_utf8": _Odd(_in_street(b"\xc3")),
    "byte_order_mark": _Odd(lambda body: codecs.BOM_UTF8 + body),
    "wrong_content_type": _Odd(content_type=_called_by_the_other_form),
    "no_content_type": _Odd(lambda body: codecs.BOM_UTF8 + body, lambda _: ""),
    "wrong_charset": _Odd(content_type=_called_latin1),
    "declared_latin1": _Odd(_in_latin1, _called_latin1),
    "long_number": _Odd(_with_a_number_longer_than_python_reads, form="json"),
    "ampersand": _Odd(_in_street(b" & "), form="xml"),
    "entity": _Odd(_in_street(b"&eacute;"), form="xml"),
    "forbidden_reference": _Odd(_in_street(b"&#26;"), form="xml"),
    "white_space_first": _Odd(lambda body: b"\n" + body, form="xml"),
}
"""The oddities of a response to a call that did the right thing."""


@_implements(Fault.ODD_BYTES, ACTIONS)
def _odd_bytes(exchange: Exchange, *, kind: str = "tab") -> Response:
    """Make the response odd in its encoding, its content type, or where no client reads it."""
    odd = ODD[kind]
    response = exchange.right_response(odd.form)
    content_type = odd.content_type(dict(response.headers).get("Content-Type", ""))
    headers = (("Content-Type", content_type),) if content_type else ()
    return replace(response, body=odd.body(response.body), headers=headers)


@_implements(Fault.FLAT_LINES, ACTIONS)
def _flat_lines(exchange: Exchange) -> Response:
    """Send the lines as a plain list with the statuses on the line, as clients saw it in Mexico."""
    response = exchange.right_response("json")
    try:
        document = json.loads(response.body)
    except ValueError:
        return response  # it has an unreadable entry
    listed = document.get("list", {}).get("elements", {}).get("order", [])
    for order in [document["order"]] if "order" in document else listed:
        order["orderLines"] = [
            {**line, "orderLineStatus": line.pop("orderLineStatuses")["orderLineStatus"]}
            for line in order["orderLines"]["orderLine"]
        ]
    return replace(response, body=to_json(document))


@_implements(Fault.CANCELED_SPELLING, ACTIONS)
def _canceled_spelling(exchange: Exchange) -> Response:
    response = exchange.right_response()
    return replace(response, body=response.body.replace(b"Cancelled", b"Canceled"))


# --- The page of a list is wrong, and everything else is right --------------------------------------------


def _changes_page(fault: Fault) -> Callable[[PageChange], PageChange]:
    def mark(change_page: PageChange) -> PageChange:
        @_implements(fault, LISTS)
        @functools.wraps(change_page)  # its keyword arguments are the fault's details
        def response(exchange: Exchange, **details: Detail) -> Response:
            exchange.style = replace(
                exchange.style, change_page=lambda page: change_page(page, **details) if page.orders else page
            )
            return exchange.right_response()

        return change_page

    return mark


@_changes_page(Fault.BARE_CURSOR)
def _bare_cursor(page: Page) -> Page:
    """Take the question mark from the cursor, as was seen in Canada (Ventmere's client, 2024)."""
    return replace(page, next_cursor=page.next_cursor and page.next_cursor.removeprefix("?"))


@_changes_page(Fault.OPAQUE_CURSOR)
def _opaque_cursor(page: Page) -> Page:
    """Make the cursor a parameter's value instead of a query, as clients saw it in Chile."""
    value = base64.urlsafe_b64encode((page.next_cursor or "").encode()).decode().rstrip("=")
    return replace(page, next_cursor=value or None)


@_changes_page(Fault.ENDLESS_CURSOR)
def _endless_cursor(page: Page, *, length: int = 1) -> Page:
    """Make the cursor lead to the same page again, in a cycle of ``length`` different cursors."""
    query, _, followed = page.query.partition(_STEP)
    step = f"{_STEP}{int(followed or 0) % length + 1}" if length > 1 else ""
    return replace(page, next_cursor=f"?{query}{step}")


@_changes_page(Fault.MISSING_CURSOR)
def _missing_cursor(page: Page) -> Page:
    """Make the page the last one although the total count is higher."""
    return replace(page, next_cursor=None)


@_changes_page(Fault.REPEATED_ORDER)
def _repeated_order(page: Page) -> Page:
    """Begin with the last order of the page before; a first page has its own last order twice."""
    if page.after is None:
        return replace(page, orders=(*page.orders, page.orders[-1]))
    return replace(page, orders=(page.after, *page.orders))


@_changes_page(Fault.INCOMPLETE_ORDER)
def _incomplete_order(page: Page, *, missing: str = "purchaseOrderId") -> Page:
    first, *others = page.orders
    incomplete = {name: value for name, value in first.items() if name != missing}
    return replace(page, orders=(incomplete, *others))


@_changes_page(Fault.HOSTILE_ORDER_ID)
def _hostile_order_id(page: Page) -> Page:
    """Give the first order an id that must not reach a path or a log."""
    first, *others = page.orders
    return replace(page, orders=({**first, "purchaseOrderId": _HOSTILE_ID}, *others))
