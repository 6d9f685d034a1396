"""Responses: orders and errors as XML or JSON in Walmart's shapes.

An order or an error is first a plain tree (mappings, lists, texts, numbers, datetimes). XML and JSON are both
written from that tree, so they always have the same content.
"""

import http.client
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formatdate
from http import HTTPStatus
from xml.etree import ElementTree as ET

from . import buyer
from .orders import Order, OrderLine, customer_order_id
from .problems import Origin, Problem
from .variants import Form, Variants

type Tree = Mapping[str, Tree] | Sequence[Tree] | str | float | datetime | None
type OrderTree = Mapping[str, Tree]

CONTENT_TYPES: dict[Form, str] = {
    "xml": "application/xml;charset=UTF-8",
    "json": "application/json;charset=UTF-8",
}
_ERROR_NAMESPACE = "http://walmart.com/"


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def head(self, now: float, *framing: tuple[str, str]) -> bytes:
        """Return the status line and the headers; ``framing`` replaces the content length."""
        phrase = http.client.responses.get(self.status, "Unknown")  # HTTP does not know 520
        headers = [
            ("Date", formatdate(now, usegmt=True)),
            *self.headers,
            *(framing or [("Content-Length", str(len(self.body)))]),
        ]
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: the answer to ``query``, which follows the page that ended with ``after``."""

    query: str
    after: OrderTree | None
    orders: tuple[OrderTree, ...]
    total: int
    limit: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Style:
    """How to write the response to one call.

    Attributes:
        form: The form of the order service's response.
        variants: The marketplace's.
        change_page: Changes a page before it is written.
    """

    form: Form
    variants: Variants
    change_page: Callable[[Page], Page] = lambda page: page

    def acknowledged_order(self, order: Order) -> Response:
        """Respond to an acknowledgement, without the ship node, as in Walmart's own example."""
        tree = _order_tree(order)
        return self._found("order", "http://walmart.com/mp/orders", tree, {"order": tree})

    def shown_order(self, order: Order) -> Response:
        """Respond with an order, in another namespace than the acknowledgement's, as Walmart does."""
        tree = shown_tree(order)
        return self._found("order", "http://walmart.com/mp/v3/orders", tree, {"order": tree})

    def listed_orders(self, page: Page) -> Response:
        """Respond with a page of a list, whose elements are in no namespace."""
        page = self.change_page(page)
        tree: OrderTree = {
            "meta": {"totalCount": page.total, "limit": page.limit, "nextCursor": page.next_cursor},
            "elements": {"order": list(page.orders)},
        }
        # An empty element "order" would be an order without members.
        xml = tree if page.orders else {**tree, "elements": {}}
        return self._found("list", "", xml, {"list": tree})

    def issued_token(self, token: str, seconds: int) -> Response:
        document: Tree = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return written(HTTPStatus.OK, self.form, to_json(document))

    def problem(self, problem: Problem, *headers: tuple[str, str]) -> Response:
        """Respond with an error. The gateway ignores Accept and responds in JSON."""
        from_gateway = problem.origin is Origin.GATEWAY
        form = "json" if from_gateway else self.form
        entry = _error_entry(problem)
        if form == "xml":
            body = _to_xml("errors", _ERROR_NAMESPACE, {"error": [entry]})
        else:
            body = to_json({"error": [entry]} if from_gateway else {"errors": {"error": [entry]}})
        return written(problem.status, form, body, *headers)

    def _found(self, root: str, namespace: str, xml: Tree, document: Tree) -> Response:
        body = _to_xml(root, namespace, xml) if self.form == "xml" else to_json(document)
        for purchase_order_id in self.variants.unreadable:
            body = _unreadable(body, purchase_order_id)
        return written(HTTPStatus.OK, self.form, body)


def asked_form(accept: str) -> Form:
    """Return the first form that an Accept header names; XML if it names none."""
    asked = re.search("json|xml", accept.lower())
    return "json" if asked and asked[0] == "json" else "xml"


def written(status: int, form: Form, body: bytes, *headers: tuple[str, str]) -> Response:
    return Response(status, body, (("Content-Type", CONTENT_TYPES[form]), *headers))


def html_page(status: int, title: str) -> Response:
    """Respond with an HTML page, as a proxy in front of Walmart's gateway does."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Response(status, page.encode(), (("Content-Type", "text/html"),))


def _unreadable(body: bytes, purchase_order_id: str) -> bytes:
    """Break the entry of one order: a quote and a bracket in the buyer's name break JSON and XML."""
    # Found by the customer's id, because a fault of the page may have changed the order's id.
    wanted = re.escape(customer_order_id(purchase_order_id).encode())
    entry = re.search(rb'customerOrderId(": "|>)%b["<]' % wanted, body)
    if entry is None:
        return body
    name = buyer.ADDRESS["name"].encode()
    return body[: entry.end()] + body[entry.end() :].replace(name, b'Philippa "<Nonesuch', 1)


def shown_tree(order: Order) -> OrderTree:
    """Return an order as a GET shows it: with its ship node."""
    return {**_order_tree(order), "shipNode": {"type": order.ship_node}}


def to_json(tree: Tree) -> bytes:
    return json.dumps(tree, default=_milliseconds, ensure_ascii=False).encode()


def to_iso(at: datetime) -> str:
    """Write a time as ISO 8601 in Walmart's form."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _to_xml(root: str, namespace: str, tree: Tree) -> bytes:
    """Write a tree as XML: a list repeats its element, None is left out."""
    top = ET.Element(_qualified(namespace, root))
    _fill(top, namespace, tree)
    text: bytes = ET.tostring(top, encoding="UTF-8", xml_declaration=True)
    return text.replace(b"\r", b"&#13;")  # an unescaped one is read as a line feed


def _qualified(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}" if namespace else name


def _fill(element: ET.Element, namespace: str, tree: Tree) -> None:
    match tree:
        case str() | int() | float():
            element.text = str(tree)
        case datetime():
            element.text = to_iso(tree)
        case Mapping():
            for name, value in tree.items():
                # An empty list is an empty element, as Walmart writes "causes".
                repeated = value if isinstance(value, list) and value else [value]
                for item in repeated:
                    if item is not None:
                        _fill(ET.SubElement(element, _qualified(namespace, name)), namespace, item)


def _order_tree(order: Order) -> dict[str, Tree]:
    return {
        "purchaseOrderId": order.purchase_order_id,
        "customerOrderId": order.customer_order_id,
        "customerEmailId": buyer.EMAIL,
        **({"orderDate": order.order_date} if order.dated else {}),
        "shippingInfo": {
            "phone": buyer.PHONE,
            "estimatedDeliveryDate": order.order_date + timedelta(days=6),
            "estimatedShipDate": order.order_date + timedelta(days=2),
            "methodCode": "Standard",
            "postalAddress": buyer.ADDRESS,
        },
        "orderLines": {"orderLine": [_line_tree(line) for line in order.lines]},
    }


_CHARGE: Tree = {
    "chargeType": "PRODUCT",
    "chargeName": "ItemPrice",
    "chargeAmount": {"currency": "CAD", "amount": 18.4},
    "tax": {"taxName": "Tax1", "taxAmount": {"currency": "CAD", "amount": 2.39}},
}


def _line_tree(line: OrderLine) -> Tree:
    return {
        "lineNumber": line.number,
        # Product names are not ASCII and need escaping in XML.
        "item": {"productName": "Bouilloire émaillée <1,5 L> & couvercle", "sku": line.sku},
        "charges": {"charge": [_CHARGE]},
        "orderLineQuantity": _quantity_tree(line.quantity),
        "statusDate": line.status_date,
        "orderLineStatuses": {
            "orderLineStatus": [
                {"status": status, "statusQuantity": _quantity_tree(quantity)}
                for status, quantity in line.parts
            ]
        },
        "fulfillment": {"fulfillmentOption": "S2H", "shipMethod": "STANDARD"},
    }


def _quantity_tree(quantity: int) -> Tree:
    return {"unitOfMeasurement": "EACH", "amount": str(quantity)}


def _error_entry(problem: Problem) -> dict[str, Tree]:
    causes: Tree = []
    if problem.cause is not None:
        reason = "The date is not in ISO 8601 with whole seconds"
        causes = {"cause": [{"code": problem.code, "field": problem.cause, "description": reason}]}
    return {
        "code": problem.code,
        **({} if problem.field is None else {"field": problem.field}),
        "description": problem.description,
        "info": problem.info,
        **({} if problem.severity is None else {"severity": problem.severity}),
        "category": problem.category,
        "causes": causes,
        "errorIdentifiers": {} if problem.origin is Origin.GATEWAY else {"entry": []},
    }
