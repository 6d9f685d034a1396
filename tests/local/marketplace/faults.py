"""Misbehaviour on demand: which order's calls meet which fault, and what each fault does.

A new fault is a member of ``Fault`` and a function marked with it. The function is given the exchange. It
gives the answer that is sent then, or None after it has done with the exchange what it likes. Its keyword
arguments are the fault's details, all of them with a default. The mark says so when only calls of certain
kinds can meet the fault. A fault that only says something and does nothing is a line in a table instead, and
one that only changes the page of a list has a mark of its own.
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
from .answers import CONTENT_TYPES, Answer, bare_page, to_iso, to_json, written
from .order_service import ACTIONS, LISTS, UNKNOWN_ERROR
from .orders import new_order
from .problems import Origin
from .quota import COUNT_HEADER, TIME_HEADER
from .tokens import TOKEN_ACTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .answers import Form, Page, Tree
    from .exchange import Exchange
    from .problems import Problem, Severity

type Detail = float | str | None
type Behaviour = Callable[..., Answer | None]
type Retouch = Callable[..., Page]

_PIECE = 65_536
_ENDLESS_PIECE = b"1\r\n \r\n"
_TURN = "&turn="
_HOSTILE_ID = "1/../x?\r\nWM_CONSUMER.ID: y"
_ANY_CALL = ACTIONS | {TOKEN_ACTION}
_ORDERS = ACTIONS - LISTS
_BEHAVIOURS: dict[Fault, Behaviour] = {}
_ONLY_FOR: dict[Fault, frozenset[str]] = {}


class Fault(Enum):
    """What a call can meet instead of a prompt and right answer; the functions below say it in full."""

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
    ENCODED_ANSWER = "encoded_response"
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


@dataclass(slots=True, eq=False)  # two alike are still two
class PlannedFault:
    """A fault waiting for the calls it is meant for.

    ``times`` None is forever, ``action`` None any call about orders that can meet the fault; ``actions`` are
    what that comes to. A call for a token meets only what is meant for it.
    """

    fault: Fault
    times: int | None = 1
    action: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    actions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what the fault does not know, now rather than in the middle of a call."""
        if self.times is not None and self.times < 1:
            raise ValueError("a fault is met at least once")
        possible = _ONLY_FOR[self.fault]
        self.actions = possible & ACTIONS if self.action is None else frozenset({self.action})
        if not self.actions <= possible:
            raise ValueError(f"the action of {self.fault.name} is one of {', '.join(sorted(possible))}")
        inspect.signature(_BEHAVIOURS[self.fault]).bind(None, **self.details)

    def strike(self, exchange: Exchange) -> None:
        """Let an exchange meet the fault."""
        answer = _BEHAVIOURS[self.fault](exchange, **self.details)
        if answer is not None:
            exchange.send(answer)


class FaultPlan:
    """The faults that wait, per order (None is every order) and in the order they were planned."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: defaultdict[str | None, list[PlannedFault]] = defaultdict(list)

    def add(self, purchase_order_id: str | None, planned: PlannedFault) -> None:
        """Put a fault at the end of an order's queue."""
        with self._lock:
            self._planned[purchase_order_id].append(planned)

    def clear(self, purchase_order_id: str | None) -> None:
        """Forget every fault in an order's queue."""
        with self._lock:
            self._planned.pop(purchase_order_id, None)

    def next(self, purchase_order_id: str | None, action: str | None) -> PlannedFault | None:
        """Take the fault that this call meets, if any: the order's own before every order's."""
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


def _does(fault: Fault, only_for: frozenset[str] = _ANY_CALL) -> Callable[[Behaviour], Behaviour]:
    def mark(behaviour: Behaviour) -> Behaviour:
        _BEHAVIOURS[fault] = behaviour
        _ONLY_FOR[fault] = only_for
        return behaviour

    return mark


# --- The connection ---------------------------------------------------------------------------------------


@_does(Fault.DELAY)
def _delay(exchange: Exchange, *, seconds: float = 1.0) -> Answer:
    """Do nothing for some seconds, then do and answer what is right."""
    exchange.wire.wait(seconds)
    return exchange.right_answer()


@_does(Fault.RESET_BEFORE_APPLYING)
def _reset_before_applying(exchange: Exchange) -> None:
    """Reset the connection and leave the order alone."""
    exchange.wire.reset()


@_does(Fault.RESET_AFTER_APPLYING)
def _reset_after_applying(exchange: Exchange) -> None:
    """Do what the call asks for and reset the connection instead of saying so."""
    exchange.right_answer()
    exchange.wire.reset()


@_does(Fault.TIMEOUT_AFTER_APPLYING)
def _timeout_after_applying(exchange: Exchange) -> None:
    """Do what the call asks for and never answer, until the caller gives up."""
    exchange.right_answer()
    exchange.wire.hang()


@_does(Fault.CLOSE_WHEN_IDLE)
def _close_when_idle(exchange: Exchange) -> None:
    """Give the right answer, promise to keep the connection and close it."""
    answer = exchange.right_answer()
    exchange.send(replace(answer, headers=(*answer.headers, ("Connection", "keep-alive"))))
    exchange.wire.close()


@_does(Fault.SLOW_DRIP)
def _slow_drip(exchange: Exchange, *, interval: float = 0.1, headers: bool = False) -> None:
    """Do what is right and let the answer trickle out byte by byte; its head too if ``headers``."""
    answer = exchange.right_answer()
    head = exchange.head(answer)
    at_once, trickling = (b"", head + answer.body) if headers else (head, answer.body)
    exchange.begin(answer.status, at_once)
    for position in range(len(trickling)):
        exchange.wire.wait(interval)
        exchange.wire.write(trickling[position : position + 1])


@_does(Fault.HUGE)
def _huge(exchange: Exchange, *, size: int = 1_000_000_000, declared: bool = True) -> None:
    """Do what is right and let the answer be followed by blanks, so that it reads well however long it is.

    The length is ``declared`` in the head, or else comes to light chunk by chunk.
    """
    answer = exchange.right_answer()
    framing = ("Content-Length", str(size)) if declared else ("Transfer-Encoding", "chunked")
    exchange.begin(answer.status, exchange.head(answer, framing))
    piece = answer.body[:size]
    left = size
    while left > 0:
        exchange.wire.write(piece if declared else b"%x\r\n%b\r\n" % (len(piece), piece))
        left -= len(piece)
        piece = b" " * min(_PIECE, left)
    if not declared:
        exchange.wire.write(b"0\r\n\r\n")


@_does(Fault.ENDLESS)
def _endless(exchange: Exchange, *, interval: float = 0.1) -> None:
    """Do what is right and let the answer be followed by blanks, one after the other and for ever."""
    answer = exchange.right_answer()
    exchange.begin(answer.status, exchange.head(answer, ("Transfer-Encoding", "chunked")))
    exchange.wire.write(b"%x\r\n%b\r\n" % (len(answer.body), answer.body))
    while True:
        exchange.wire.wait(interval)
        exchange.wire.write(_ENDLESS_PIECE)


@_does(Fault.EARLY_HINTS)
def _early_hints(exchange: Exchange, *, status: int = 103, count: int = 1) -> Answer:
    """Send interim answers before the right one."""
    answer = exchange.right_answer()
    interim = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nLink: </>; rel=preconnect\r\n\r\n"
    exchange.begin(answer.status, interim.encode() * count)
    return answer


# --- Something else is said, and mostly nothing is done ---------------------------------------------------

# Each of these is said in Walmart's own words, where it has any.
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
# Each of these is a bare page from somewhere in front of Walmart's gateway.
_PAGES: dict[Fault, Answer] = {
    Fault.SERVICE_UNAVAILABLE: bare_page(503, "503 Service Temporarily Unavailable"),
    Fault.MAINTENANCE_PAGE: bare_page(200, "We are down for maintenance and will be back soon"),
    Fault.UNKNOWN_ERROR: UNKNOWN_ERROR,
}


def _say_problem(problem: Problem, exchange: Exchange) -> Answer:
    return exchange.style.problem(problem)


def _show_page(page: Answer, exchange: Exchange) -> Answer:  # noqa: ARG001 - a page is for everybody
    return page


for _fault, _problem in _REFUSALS.items():
    # Only the gateway refuses a call for a token: no other service sees it.
    _calls = _ANY_CALL if _problem.origin is Origin.GATEWAY else ACTIONS
    _does(_fault, _calls)(functools.partial(_say_problem, _problem))
for _fault, _answer in _PAGES.items():
    _does(_fault)(functools.partial(_show_page, _answer))


@_does(Fault.HEADER_BLAMED, ACTIONS)
def _header_blamed(exchange: Exchange, *, field: str = "WM_SVC.NAME") -> Answer:
    """Find fault with a header that is right."""
    return exchange.style.problem(problems.header_blank(field))


@_does(Fault.NOT_FOUND, ACTIONS)
def _not_found(exchange: Exchange) -> Answer:
    """Know nothing of an order that exists, or of any order at all."""
    wanted = exchange.call.purchase_order_id
    problem = problems.ORDERS_NOT_FOUND if wanted is None else problems.order_not_found(wanted)
    return exchange.style.problem(problem)


@_does(Fault.NO_SUCH_PATH)
def _no_such_path(exchange: Exchange, *, severity: Severity = "INFO") -> Answer:
    """Be a gateway that does not serve the path that was called."""
    return exchange.style.problem(problems.path_not_served(exchange.call.bare_path, severity))


@_does(Fault.FIREWALL)
def _firewall(exchange: Exchange) -> Answer:
    """Refuse the caller's address, as Akamai does: its page is escaped like this."""
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
    return Answer(HTTPStatus.FORBIDDEN, page.encode(), headers)


@_does(Fault.EDGE_PAGE)
def _edge_page(exchange: Exchange, *, status: int = 404, kind: str = "html") -> Answer:
    """Answer in place of Walmart's services: as a proxy, another host, a mesh, or a server's error page."""
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
            return bare_page(status, f"{status} {phrase}")
        case "text":
            return Answer(status, f"{phrase.lower()}\n".encode(), (("Content-Type", "text/plain"),))
        case "empty":
            return Answer(status)
        case _:
            return Answer(status, to_json(document[kind]), (("Content-Type", "application/json"),))


@_does(Fault.PROBLEM_DOCUMENT)
def _problem_document(exchange: Exchange, *, status: int = 400, header: str | None = None) -> Answer:
    """Refuse by a problem document (RFC 9457), which may say that a header is missing that is there."""
    document: Tree = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"Required header '{header}' is not present." if header else "Failed to read request",
        "instance": exchange.call.bare_path,
    }
    return Answer(status, to_json(document), (("Content-Type", "application/problem+json"),))


@_does(Fault.RETRY_AFTER_DATE)
def _retry_after_date(exchange: Exchange, *, replenish_in: float = 2.0) -> Answer:
    """Say that there were too many calls, and until when by the date of HTTP, which has whole seconds."""
    date = formatdate(math.ceil(exchange.clock() + replenish_in), usegmt=True)
    return exchange.style.problem(problems.THROTTLED, ("Retry-After", date))


@_does(Fault.THROTTLED)
def _throttled(
    exchange: Exchange,
    *,
    replenish_in: float = 1.0,
    header: str | None = TIME_HEADER,
    form: str = "milliseconds",
) -> Answer:
    """Say that the bucket is empty, and until when; Walmart spells the header in more than one way.

    Without a ``header`` nobody learns until when. The ``form`` of the time can be "iso" too.
    """
    replenished_at = exchange.clock() + replenish_in
    time = str(round(replenished_at * 1000))
    if form == "iso":
        time = to_iso(datetime.fromtimestamp(replenished_at, UTC))
    bucket = [(COUNT_HEADER, "0"), *([(header, time)] if header else [])]
    return exchange.style.problem(problems.THROTTLED, *bucket)


@_does(Fault.GATEWAY_TIMEOUT, ACTIONS)
def _gateway_timeout(exchange: Exchange, *, applied: bool = False) -> Answer:
    """Give up waiting for the order service, which may have done what it was asked for (``applied``)."""
    if applied:
        exchange.right_answer()
    return exchange.style.problem(problems.DOWNSTREAM_SYSTEM_TIME_OUT)


@_does(Fault.REDIRECT)
def _redirect(exchange: Exchange, *, location: str = "https://elsewhere.example/") -> Answer:  # noqa: ARG001 - the same for every call
    """Send the caller to another host, its headers and all, and do nothing."""
    return Answer(HTTPStatus.TEMPORARY_REDIRECT, b"", (("Location", location),))


@_does(Fault.EMPTY_SUCCESS)
def _empty_success(exchange: Exchange) -> Answer:
    """Answer 200 with nothing in it, and do nothing."""
    return written(HTTPStatus.OK, exchange.style.form, b"")


@_does(Fault.FOREIGN_SUCCESS, _ORDERS)
def _foreign_success(exchange: Exchange, *, other: str = "7499999999999") -> Answer:
    """Answer 200 with another order, acknowledged, and do nothing."""
    return exchange.style.acknowledged_order(new_order(other, ["Acknowledged"], exchange.orders.now()))


# --- The right thing is done, and its answer is odd -------------------------------------------------------


@_does(Fault.ECHO_CREATED, _ORDERS)
def _echo_created(exchange: Exchange) -> Answer:
    """Acknowledge the order and show it as it was before, as Walmart has been seen to do."""
    before = exchange.orders.find(str(exchange.call.purchase_order_id))
    answer = exchange.right_answer()
    if before is None or not exchange.call.applied:
        return answer
    return exchange.garbled(exchange.style.acknowledged_order(before))


def _half(form: Form, exchange: Exchange) -> Answer:
    """Do what is right and send half of the answer as if it were the whole."""
    answer = exchange.right_answer(form)
    return replace(answer, body=answer.body[: len(answer.body) // 2])


_does(Fault.BROKEN_JSON)(functools.partial(_half, "json"))
_does(Fault.BROKEN_XML, ACTIONS)(functools.partial(_half, "xml"))  # there is no XML of a token


@_does(Fault.ENCODED_ANSWER)
def _encoded_answer(exchange: Exchange) -> Answer:
    """Compress the answer, which nobody asked for."""
    answer = exchange.right_answer()
    headers = (*answer.headers, ("Content-Encoding", "gzip"))
    return replace(answer, body=gzip.compress(answer.body, mtime=0), headers=headers)


@dataclass(frozen=True, slots=True)
class _Odd:
    """What becomes of a body and of its content type. Some of it is of one form alone."""

    body: Callable[[bytes], bytes] = lambda body: body
    content_type: Callable[[str], str] = lambda content_type: content_type
    form: Form | None = None


def _in_street(odd: bytes) -> Callable[[bytes], bytes]:
    """Put something odd where nobody reads it: in the street of an answer's first buyer."""
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
"""What can be odd about an answer though the right thing was done."""


@_does(Fault.ODD_BYTES, ACTIONS)
def _odd_bytes(exchange: Exchange, *, kind: str = "tab") -> Answer:
    """Let the answer be odd where nobody reads it, or in what is said of it."""
    odd = ODD[kind]
    answer = exchange.right_answer(odd.form)
    content_type = odd.content_type(dict(answer.headers).get("Content-Type", ""))
    headers = (("Content-Type", content_type),) if content_type else ()
    return replace(answer, body=odd.body(answer.body), headers=headers)


@_does(Fault.FLAT_LINES, ACTIONS)
def _flat_lines(exchange: Exchange) -> Answer:
    """Let the lines be a plain list with the statuses on the line, as clients saw it in Mexico."""
    answer = exchange.right_answer("json")
    try:
        document = json.loads(answer.body)
    except ValueError:
        return answer  # an entry in it is unreadable
    listed = document.get("list", {}).get("elements", {}).get("order", [])
    for order in [document["order"]] if "order" in document else listed:
        order["orderLines"] = [
            {**line, "orderLineStatus": line.pop("orderLineStatuses")["orderLineStatus"]}
            for line in order["orderLines"]["orderLine"]
        ]
    return replace(answer, body=to_json(document))


@_does(Fault.CANCELED_SPELLING, ACTIONS)
def _canceled_spelling(exchange: Exchange) -> Answer:
    """Spell a status as one overview of Walmart's does."""
    answer = exchange.right_answer()
    return replace(answer, body=answer.body.replace(b"Cancelled", b"Canceled"))


# --- The page of a list is wrong, and all else is right ---------------------------------------------------


def _retouches(fault: Fault) -> Callable[[Retouch], Retouch]:
    """Mark what becomes of the page that a call for a list is answered with; all else is right."""

    def mark(retouch: Retouch) -> Retouch:
        @_does(fault, LISTS)
        @functools.wraps(retouch)  # its details are the fault's
        def answer(exchange: Exchange, **details: Detail) -> Answer:
            exchange.style = replace(
                exchange.style, retouch=lambda page: retouch(page, **details) if page.orders else page
            )
            return exchange.right_answer()

        return retouch

    return mark


@_retouches(Fault.BARE_CURSOR)
def _bare_cursor(page: Page) -> Page:
    """Take the question mark from the cursor, as was seen in Canada (Ventmere's client, 2024)."""
    return replace(page, next_cursor=page.next_cursor and page.next_cursor.removeprefix("?"))


@_retouches(Fault.OPAQUE_CURSOR)
def _opaque_cursor(page: Page) -> Page:
    """Let the cursor be a value for a parameter and no query, as clients saw it in Chile."""
    value = base64.urlsafe_b64encode((page.next_cursor or "").encode()).decode().rstrip("=")
    return replace(page, next_cursor=value or None)


@_retouches(Fault.ENDLESS_CURSOR)
def _endless_cursor(page: Page, *, length: int = 1) -> Page:
    """Let the cursor lead to the same page again, byte for byte as it was asked for.

    With a ``length``, the cursors lead through so many others before one of them comes again.
    """
    query, _, followed = page.query.partition(_TURN)
    turn = f"{_TURN}{int(followed or 0) % length + 1}" if length > 1 else ""
    return replace(page, next_cursor=f"?{query}{turn}")


@_retouches(Fault.MISSING_CURSOR)
def _missing_cursor(page: Page) -> Page:
    """Let the page be the last one, though the list has more orders by its own count."""
    return replace(page, next_cursor=None)


@_retouches(Fault.REPEATED_ORDER)
def _repeated_order(page: Page) -> Page:
    """Begin with the last order of the page before; a first page has its own last order twice instead."""
    if page.after is None:
        return replace(page, orders=(*page.orders, page.orders[-1]))
    return replace(page, orders=(page.after, *page.orders))


@_retouches(Fault.INCOMPLETE_ORDER)
def _incomplete_order(page: Page, *, missing: str = "purchaseOrderId") -> Page:
    """Let the first order lack a member."""
    first, *others = page.orders
    incomplete = {name: branch for name, branch in first.items() if name != missing}
    return replace(page, orders=(incomplete, *others))


@_retouches(Fault.HOSTILE_ORDER_ID)
def _hostile_order_id(page: Page) -> Page:
    """Give the first order an id that must reach neither a path nor a log."""
    first, *others = page.orders
    return replace(page, orders=({**first, "purchaseOrderId": _HOSTILE_ID}, *others))
