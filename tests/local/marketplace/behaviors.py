"""What each fault does, in a function with the fault's name.

The function gets the exchange and returns the response to send, or None after it has done everything itself.
Its keyword arguments are the fault's details, each with a default.
"""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from . import buyer, problems
from .orders import new_order
from .quota import COUNT_HEADER, TIME_HEADER
from .responses import CONTENT_TYPES, Page, Response, html_page, to_iso, to_json, written

if TYPE_CHECKING:
    from .exchange import Exchange
    from .responses import Tree
    from .variants import Form, Severity

_PIECE = 65_536
_ENDLESS_PIECE = b"1\r\n \r\n"
_STEP = "&step="
_HOSTILE_ID = "1/../x?\r\nWM_CONSUMER.ID: y"


# --- The connection ---------------------------------------------------------------------------------------


def delay(exchange: Exchange, *, seconds: float = 1.0) -> Response:
    """Wait, then do and respond what is right."""
    exchange.wire.wait(seconds)
    return exchange.right_response()


def reset_before_applying(exchange: Exchange) -> None:
    exchange.wire.reset()


def reset_after_applying(exchange: Exchange) -> None:
    """Do what the call asks for and reset the connection instead of responding."""
    exchange.right_response()
    exchange.wire.reset()


def timeout_after_applying(exchange: Exchange) -> None:
    """Do what the call asks for and send nothing until the caller gives up."""
    exchange.right_response()
    exchange.wire.hang()


def close_when_idle(exchange: Exchange) -> None:
    """Send the right response, announce to keep the connection, and close it."""
    response = exchange.right_response()
    exchange.send(replace(response, headers=(*response.headers, ("Connection", "keep-alive"))))
    exchange.wire.close()


def slow_drip(exchange: Exchange, *, interval: float = 0.1) -> None:
    """Do what is right and send the body byte by byte."""
    response = exchange.right_response()
    exchange.begin(response.status, exchange.head(response))
    for position in range(len(response.body)):
        exchange.wire.wait(interval)
        exchange.wire.write(response.body[position : position + 1])


def huge(exchange: Exchange, *, size: int = 1_000_000_000) -> None:
    """Do what is right and send a response of ``size``: valid, because blanks follow the right one."""
    response = exchange.right_response()
    exchange.begin(response.status, exchange.head(response, ("Content-Length", str(size))))
    piece, left = response.body[:size], size
    while left > 0:
        exchange.wire.write(piece)
        left -= len(piece)
        piece = b" " * min(_PIECE, left)


def endless(exchange: Exchange, *, interval: float = 0.1) -> None:
    """Do what is right and send blanks after the response forever."""
    response = exchange.right_response()
    exchange.begin(response.status, exchange.head(response, ("Transfer-Encoding", "chunked")))
    exchange.wire.write(b"%x\r\n%b\r\n" % (len(response.body), response.body))
    while True:
        exchange.wire.wait(interval)
        exchange.wire.write(_ENDLESS_PIECE)


def early_hints(exchange: Exchange, *, status: int = 103, count: int = 1) -> Response:
    response = exchange.right_response()
    interim = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nLink: </>; rel=preconnect\r\n\r\n"
    exchange.begin(response.status, interim.encode() * count)
    return response


# --- Another response, mostly without doing what the call asks for ----------------------------------------


def header_blamed(exchange: Exchange, *, field: str = "WM_SVC.NAME") -> Response:
    return exchange.style.problem(problems.header_blank(field))


def not_found(exchange: Exchange) -> Response:
    """Respond that an existing order, or every order of a list, does not exist."""
    wanted = exchange.call.purchase_order_id
    problem = problems.ORDERS_NOT_FOUND if wanted is None else problems.order_not_found(wanted)
    return exchange.style.problem(problem)


def no_such_path(exchange: Exchange, *, severity: Severity = "INFO") -> Response:
    """Respond that the gateway does not serve the path."""
    return exchange.style.problem(problems.path_not_served(exchange.call.bare_path, severity))


def firewall(exchange: Exchange) -> Response:
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


def edge_page(exchange: Exchange, *, status: int = 404, kind: str = "html") -> Response:
    """Respond in place of Walmart's services: as a proxy, another host, a mesh, or a server's error page."""
    phrase = HTTPStatus(status).phrase
    match kind:
        case "html":
            return html_page(status, f"{status} {phrase}")
        case "text":
            return Response(status, f"{phrase.lower()}\n".encode(), (("Content-Type", "text/plain"),))
        case "empty":
            return Response(status)
        case "mesh":
            document: Tree = {"message": "no Route matched with those values"}
        case "spring":
            now, path = to_iso(exchange.orders.now()), exchange.call.bare_path
            document = {"timestamp": now, "status": status, "error": phrase, "path": path}
        case _:
            raise ValueError(f"there is no edge page {kind}")
    return Response(status, to_json(document), (("Content-Type", "application/json"),))


def problem_document(exchange: Exchange, *, status: int = 400, header: str | None = None) -> Response:
    """Refuse with a problem document (RFC 9457), which can claim that a header is missing."""
    document: Tree = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"Required header '{header}' is not present." if header else "Failed to read request",
        "instance": exchange.call.bare_path,
    }
    return Response(status, to_json(document), (("Content-Type", "application/problem+json"),))


def retry_after_date(exchange: Exchange, *, replenish_in: float = 2.0) -> Response:
    """Throttle the caller with Retry-After as an HTTP date, which has whole seconds."""
    date = formatdate(math.ceil(exchange.clock() + replenish_in), usegmt=True)
    return exchange.style.problem(problems.THROTTLED, ("Retry-After", date))


def throttled(
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


def gateway_timeout(exchange: Exchange, *, applied: bool = False) -> Response:
    """Time out at the order service, which did what the call asks for if ``applied``."""
    if applied:
        exchange.right_response()
    return exchange.style.problem(problems.DOWNSTREAM_SYSTEM_TIME_OUT)


def redirect(exchange: Exchange, *, location: str = "https://elsewhere.example/") -> Response:  # noqa: ARG001 - the same for every call
    return Response(HTTPStatus.TEMPORARY_REDIRECT, b"", (("Location", location),))


def empty_success(exchange: Exchange) -> Response:
    return written(HTTPStatus.OK, exchange.style.form, b"")


def foreign_success(exchange: Exchange, *, other: str = "7499999999999") -> Response:
    """Respond 200 with another order, acknowledged, and do nothing."""
    return exchange.style.acknowledged_order(new_order(other, ["Acknowledged"], exchange.orders.now()))


# --- The right thing is done, and the response is odd -----------------------------------------------------


def echo_created(exchange: Exchange) -> Response:
    """Acknowledge the order and respond with its old state, as Walmart has been seen to do."""
    before = exchange.orders.find(str(exchange.call.purchase_order_id))
    response = exchange.right_response()
    applied = before is not None and exchange.call.applied
    return exchange.style.acknowledged_order(before) if before and applied else response


def broken_json(exchange: Exchange) -> Response:
    return _half(exchange.right_response("json"))


def broken_xml(exchange: Exchange) -> Response:
    return _half(exchange.right_response("xml"))


def _half(response: Response) -> Response:
    return replace(response, body=response.body[: len(response.body) // 2])


def encoded_response(exchange: Exchange) -> Response:
    response = exchange.right_response()
    headers = (*response.headers, ("Content-Encoding", "gzip"))
    return replace(response, body=gzip.compress(response.body, mtime=0), headers=headers)


def _after_street(odd: bytes) -> tuple[bytes, bytes]:
    """Put something odd behind the street of the response's first buyer, which no client reads."""
    street = buyer.ADDRESS["address1"].encode()
    return street, street + odd


ODD: dict[str, tuple[bytes, bytes, Form | None]] = {
    "tab": (*_after_street(b"\t"), None),
    "line_feed": (*_after_street(b"\n"), None),
    "substitute": (*_after_street(b"\x1a"), None),
    "latin1": (*_after_street(b"\xe9"), None),
    "cut_utf8": (*_after_street(b"\xc3"), None),
    "byte_order_mark": (b"", codecs.BOM_UTF8, None),
    "wrong_content_type": (b"", b"", None),
    "no_content_type": (b"", codecs.BOM_UTF8, None),
    "wrong_charset": (b"", b"", None),
    "declared_latin1": (b"encoding='UTF-8'", b"encoding='ISO-8859-1'", None),
    "long_number": (
        b'"address1"',
        b'"size": %b, "address1"' % (b"9" * 5000),
        "json",
    ),  # Python reads 4300 digits
    "ampersand": (*_after_street(b" & "), "xml"),
    "entity": (*_after_street(b"&eacute;"), "xml"),
    "forbidden_reference": (*_after_street(b"&#26;"), "xml"),
    "white_space_first": (b"", b"\n", "xml"),
}
"""Of each kind: what of a right response is replaced once by what, and the only form, if there is one."""


def odd_bytes(exchange: Exchange, *, kind: str = "tab") -> Response:
    """Make the response odd in its encoding, its content type, or where no client reads it."""
    right, odd, form = ODD[kind]
    response = exchange.right_response(form)
    body, content_type = response.body.replace(right, odd, 1), dict(response.headers).get("Content-Type", "")
    match kind:
        case "wrong_content_type":
            content_type = CONTENT_TYPES["json" if "xml" in content_type else "xml"]
        case "no_content_type":
            return replace(response, body=body, headers=())
        case "wrong_charset":
            content_type = content_type.replace("UTF-8", "ISO-8859-1")
        case "declared_latin1":
            body, content_type = body.decode().encode("latin-1"), content_type.replace("UTF-8", "ISO-8859-1")
    return replace(response, body=body, headers=(("Content-Type", content_type),))


def flat_lines(exchange: Exchange) -> Response:
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


def canceled_spelling(exchange: Exchange) -> Response:
    response = exchange.right_response()
    return replace(response, body=response.body.replace(b"Cancelled", b"Canceled"))


# --- The page of a list is wrong, and everything else is right ---------------------------------------------
# These functions get the page, which is not empty.


def bare_cursor(page: Page) -> Page:
    """Take the question mark from the cursor, as was seen in Canada (Ventmere's client, 2024)."""
    return replace(page, next_cursor=page.next_cursor and page.next_cursor.removeprefix("?"))


def opaque_cursor(page: Page) -> Page:
    """Make the cursor a parameter's value instead of a query, as clients saw it in Chile."""
    value = base64.urlsafe_b64encode((page.next_cursor or "").encode()).decode().rstrip("=")
    return replace(page, next_cursor=value or None)


def endless_cursor(page: Page, *, length: int = 1) -> Page:
    """Make the cursor lead to the same page again, in a cycle of ``length`` different cursors."""
    query, _, followed = page.query.partition(_STEP)
    step = f"{_STEP}{int(followed or 0) % length + 1}" if length > 1 else ""
    return replace(page, next_cursor=f"?{query}{step}")


def missing_cursor(page: Page) -> Page:
    """Make the page the last one although the total count is higher."""
    return replace(page, next_cursor=None)


def repeated_order(page: Page) -> Page:
    """Begin with the last order of the page before; a first page has its own last order twice."""
    if page.after is None:
        return replace(page, orders=(*page.orders, page.orders[-1]))
    return replace(page, orders=(page.after, *page.orders))


def incomplete_order(page: Page, *, missing: str = "purchaseOrderId") -> Page:
    first, *others = page.orders
    incomplete = {name: value for name, value in first.items() if name != missing}
    return replace(page, orders=(incomplete, *others))


def hostile_order_id(page: Page) -> Page:
    """Give the first order an id that must not reach a path or a log."""
    first, *others = page.orders
    return replace(page, orders=({**first, "purchaseOrderId": _HOSTILE_ID}, *others))
