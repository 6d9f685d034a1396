"""Walmart's answers: whatever status, headers and body come, to every kind of call."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from xml.etree import ElementTree as ET

from urllib3 import HTTPHeaderDict

from tests.fuzz.draws import Draws
from tests.fuzz.oracles import printed, shows_none
from tests.support.documents import as_json, as_xml
from walmart_ca import Call, Order, OrderLine, OrderLineStatus, OrderPage, Status, WalmartError
from walmart_ca.answers import Answer
from walmart_ca.dates import parse_http_date
from walmart_ca.verdicts import order_or_error, page_or_error, replenished_at, token_or_error, tokens_left

ID: Final = "2575193093772"
ANSWER: Final = b"\x1e"
"""Stands between answers where several are read."""
BUYER: Final = "Zoe Buyer-5c1f"
"""Stands wherever Walmart's answers have a buyer's data."""
TOKEN: Final = "token-77aa01"

_STATUS: Final = re.compile("[2-5][0-9]{2}")
_ELEMENT: Final = re.compile("[A-Za-z_][A-Za-z0-9_]{0,40}")
_REPEATED: Final = {"order", "orderLine", "orderLineStatus", "error", "cause"}
_LOGGED: Final = re.compile("[\x20-\x7e]{0,100}")
_REASON: Final = re.compile("[\x20-\x7e]{1,210}")
_DEEPEST: Final = 50
_MAX_DESCRIPTION: Final = 300


def read_answer(data: bytes) -> Answer:
    """Read an answer as the targets write it: status and headers, each on a line; a blank line; the body."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.decode("latin-1").split("\n")
    headers = HTTPHeaderDict()
    for line in lines:
        name, _, value = line.partition(":")
        headers.add(name.strip(), value.strip())
    return Answer(int(status) if _STATUS.fullmatch(status) else 200, headers, body)


def write_answer(status: int, body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    """Write an answer as `read_answer` reads it."""
    lines = [str(status), f"Content-Type: {content_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\n".join([*lines, "", ""]).encode("latin-1") + body


def answer(data: bytes) -> None:
    """Any answer is read into an order, a page, a token or an error, and none of them shows the buyer."""
    read = read_answer(data)
    for verdict in _verdicts(read):
        _is_whole(verdict)
    tree = read.read()
    _same_in_json(tree, read.status)
    _same_in_xml(tree, read.status)
    with_buyer = insert_buyer(read)
    for verdict in _verdicts(with_buyer):
        shown = repr(verdict) if not isinstance(verdict, WalmartError) else printed(verdict)
        shows_none(shown, [BUYER, TOKEN])


def headers(data: bytes) -> None:
    """What an answer's headers tell is an aware instant, a count that is none too large, or nothing."""
    found = HTTPHeaderDict()
    for line in data.decode("latin-1").split("\n"):
        name, _, value = line.partition(":")
        found.add(name.strip(), value.strip())
    at = 1_795_532_400.0
    date = parse_http_date(found.get("Date"))
    retry_at = replenished_at(found, at)
    for instant in (date, retry_at):
        assert instant is None or instant.utcoffset() == timedelta(0)
        if instant is not None:
            # As the pacing and the policy reckon with it.
            assert abs(instant.timestamp() - at) < 1e12
            assert (instant - datetime.fromtimestamp(at, UTC)).total_seconds() < 1e12
    left = tokens_left(found)
    assert left is None or 0 <= left < 10**9


def rendering(data: bytes) -> None:
    """An order is read as it was written, in XML and in JSON, alone and on a page."""
    draws = Draws(data)
    orders = [_draw_order(draws) for _ in range(draws.number(1, 3))]
    cursor = draws.text(40) or None
    written = [_write_order(order, draws) for order in orders]
    for content, order in zip(written, orders, strict=True):
        for body, content_type in _forms("order", content, draws):
            verdict = order_or_error(_ok(body, content_type), _call(200), order.purchase_order_id)
            assert verdict == order, f"{body!r} was read as {verdict!r}, not {order!r}"
    page = {"meta": {"nextCursor": cursor}, "elements": {"order": written}}
    for body, content_type in _forms("list", page, draws):
        read = page_or_error(_ok(body, content_type), _call(200), "?previous")
        assert isinstance(read, OrderPage)
        assert (read.orders, read.next_cursor) == (tuple(orders), cursor)


def insert_buyer(read: Answer) -> Answer:
    """Give an answer buyers' data and tokens wherever Walmart's have them, if it can be read at all."""
    try:
        document = json.loads(read.body)
        _into_json(document, _DEEPEST)
        body = as_json(document)
    except (ValueError, RecursionError):
        try:
            root = ET.fromstring(read.body) if b"<!" not in read.body else None  # noqa: S314 - no entities
        except (ET.ParseError, LookupError, ValueError):
            root = None
        if root is None:
            return read
        for element in list(root.iter()):
            _into_xml(element)
        body = ET.tostring(root)
    return Answer(read.status, read.headers, body)


def _into_json(node: object, depth: int) -> None:
    if depth == 0:
        return
    if isinstance(node, list):
        for element in node:
            _into_json(element, depth - 1)
    if isinstance(node, dict):
        for element in node.values():
            _into_json(element, depth - 1)
        if node.keys() & {"purchaseOrderId", "orderLines"}:
            address = {"name": BUYER, "address1": BUYER, "postalCode": BUYER}
            node["shippingInfo"] = {"phone": BUYER, "postalAddress": address}
            node["customerEmailId"] = BUYER
        if "code" in node:
            node["description"] = node["message"] = BUYER
        if "access_token" in node:
            node["access_token"] = TOKEN


def _into_xml(element: ET.Element) -> None:
    name = element.tag.rpartition("}")[2]
    if name == "order":
        ET.SubElement(element, "customerEmailId").text = BUYER
        ET.SubElement(ET.SubElement(element, "shippingInfo"), "phone").text = BUYER
    if name == "description":
        element.text = BUYER
        for child in list(element):
            element.remove(child)


def _verdicts(read: Answer) -> list[Order | OrderPage | tuple[str, float] | WalmartError]:
    call = _call(read.status)
    return [
        order_or_error(read, call, ID),
        page_or_error(read, call, None),
        page_or_error(read, call, "?limit=200"),
        _without_token(token_or_error(read, call)),
    ]


def _without_token(verdict: tuple[str, float] | WalmartError) -> tuple[str, float] | WalmartError:
    if isinstance(verdict, WalmartError):
        return verdict
    token, seconds = verdict
    assert re.fullmatch(r"[\x21-\x7e]{1,8192}", token), "a token that no header can have"
    return "", seconds


def _is_whole(verdict: Order | OrderPage | tuple[str, float] | WalmartError) -> None:
    match verdict:
        case Order():
            assert verdict.purchase_order_id == ID
            _has_only_known_types(verdict)
        case OrderPage():
            assert verdict.next_cursor is None or isinstance(verdict.next_cursor, str)
            for order in verdict.orders:
                _has_only_known_types(order)
        case WalmartError():
            assert type(verdict) is not WalmartError, "an error without a remedy"
            assert _REASON.fullmatch(verdict.reason), f"{verdict.reason!r} does not belong in a log"
            assert "\n" not in str(verdict)
            for entry in verdict.entries:
                for word in (entry.code, entry.service, entry.field, entry.severity):
                    assert _LOGGED.fullmatch(word), f"{word!r} does not belong in a log"
                assert len(entry.description) <= _MAX_DESCRIPTION
        case (_, seconds):
            assert 0 <= seconds < 10**9


def _has_only_known_types(order: Order) -> None:
    for text in (order.purchase_order_id, order.customer_order_id, order.ship_node_type):
        assert isinstance(text, str)
    assert order.order_date is None or order.order_date.utcoffset() == timedelta(0)
    for line in order.lines:
        assert isinstance(line.number + line.sku, str)
        for entry in line.statuses:
            assert isinstance(entry.status, Status)
            assert entry.quantity is None or 0 <= entry.quantity < 10**18
    hash(order.statuses)


def _same_in_json(tree: dict[str, Any], status: int) -> None:
    """What was read means the same when it is sent as JSON."""
    try:
        body = as_json(tree)
    except (RecursionError, ValueError):  # too deep, or a number too long to be written
        return
    again = Answer(status, {"Content-Type": "application/json"}, body)
    assert again.read() == tree or "NaN" in repr(tree)


def _same_in_xml(tree: dict[str, Any], status: int) -> None:
    """What was read as JSON means the same in XML, where XML can say it at all."""
    if len(tree) != 1 or not _can_be_xml(tree, _DEEPEST):
        return
    ((name, content),) = tree.items()
    if isinstance(content, list):  # XML has one root
        return
    in_json = Answer(status, {"Content-Type": "application/json"}, as_json(tree))
    in_xml = Answer(status, {"Content-Type": "application/xml"}, as_xml(name, content, prefix=""))
    for one, other in zip(_verdicts(in_json), _verdicts(in_xml), strict=True):
        if isinstance(one, WalmartError) and isinstance(other, WalmartError):
            assert (type(one), one.reason, one.entries) == (type(other), other.reason, other.entries)
        elif isinstance(one, OrderPage) and isinstance(other, OrderPage):
            assert (one.orders, one.next_cursor) == (other.orders, other.next_cursor)
        else:
            assert one == other


def _can_be_xml(node: object, depth: int) -> bool:
    """Whether XML can say it, in a way that is read alike: no list in a list, and no scalar in one."""
    match node:
        case dict():
            return (
                bool(node) and depth > 0 and all(_is_element(*member, depth - 1) for member in node.items())
            )
        case str():
            return node.isprintable() and node == node.strip()
        case bool():
            return False
        case _:
            return isinstance(node, int)


def _is_element(name: str, content: object, depth: int) -> bool:
    if not _ELEMENT.fullmatch(name):
        return False
    if isinstance(content, list):
        # In XML a list of one is no list: where none is expected, JSON's is not read.
        told = len(content) > 1 or (content and name in _REPEATED)
        return bool(told) and all(isinstance(each, dict) and _can_be_xml(each, depth) for each in content)
    return _can_be_xml(content, depth)


def _draw_order(draws: Draws) -> Order:
    def line() -> OrderLine:
        return OrderLine(
            number=draws.text(8),
            sku=draws.text(20),
            statuses=tuple(status() for _ in range(draws.number(0, 3))),
        )

    def status() -> OrderLineStatus:
        known = ["Created", "Acknowledged", "SHIPPED", "Delivered", "cancelled", "Refund", draws.text(12)]
        quantity = draws.choose([None, draws.number(0, 10**18 - 1)])
        return OrderLineStatus(Status(draws.choose(known)), quantity)

    seconds = draws.number(1_000_000_000, 4_102_444_800)
    return Order(
        purchase_order_id=draws.word("0123456789ABCxyz_-", 1, 64),
        customer_order_id=draws.text(20),
        order_date=draws.choose([None, datetime.fromtimestamp(seconds, UTC)]),
        ship_node_type=draws.choose(["", "SellerFulfilled", "WFSFulfilled"]),
        lines=tuple(line() for _ in range(draws.number(0, 3))),
    )


def _write_order(order: Order, draws: Draws) -> dict[str, Any]:
    """Write an order as Walmart's members have it, with some that nobody reads."""

    def date(instant: datetime) -> object:
        iso, milliseconds = instant.isoformat(), int(instant.timestamp() * 1000)
        return draws.choose([iso, iso.replace("+00:00", "Z"), milliseconds, str(milliseconds)])

    def quantity(entry: OrderLineStatus) -> dict[str, Any]:
        amount = str(entry.quantity) + draws.choose(["", ".0", ".00"])
        return {} if entry.quantity is None else {"statusQuantity": {"amount": amount}}

    return {
        "purchaseOrderId": order.purchase_order_id,
        "customerOrderId": order.customer_order_id,
        "shippingInfo": {"phone": BUYER},
        **({"orderDate": date(order.order_date)} if order.order_date else {}),
        **({"shipNode": {"type": order.ship_node_type}} if order.ship_node_type else {}),
        "orderLines": {
            "orderLine": [
                {
                    "lineNumber": line.number,
                    "item": {"productName": BUYER, "sku": line.sku},
                    "orderLineStatuses": {
                        "orderLineStatus": [
                            {"status": str(entry.status), **quantity(entry)} for entry in line.statuses
                        ]
                    },
                }
                for line in order.lines
            ]
        },
    }


def _forms(name: str, content: dict[str, Any], draws: Draws) -> list[tuple[bytes, str]]:
    prefix = draws.choose(["", "ns3", "o"])
    in_xml = as_xml(name, content, prefix=prefix)
    return [
        (as_json({name: content}), draws.choose(["application/json", "application/json;charset=UTF-8", ""])),
        (in_xml, draws.choose(["application/xml", "text/xml", ""])),
    ]


def _ok(body: bytes, content_type: str) -> Answer:
    return Answer(200, {"Content-Type": content_type}, body)


def _call(status: int) -> Call:
    return Call("GET", "https://marketplace.example/v3/orders", "correlation-id", status, 0.1)
