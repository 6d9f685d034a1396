"""Builders for Walmart's responses: orders, lists and errors as JSON and XML."""

import json
from typing import Any
from xml.sax.saxutils import escape

from walmart_ca.classification import order_or_error, page_or_error
from walmart_ca.errors import WalmartError
from walmart_ca.messages import CallInfo
from walmart_ca.models import Order, OrderPage
from walmart_ca.responses import Response

ID = "2575193093772"


def line(number: str = "1", *statuses: tuple[str, str], sku: str = "MAPLE-001") -> dict[str, Any]:
    return {
        "lineNumber": number,
        "item": {"productName": "Bouilloire émaillée", "sku": sku},
        "orderLineStatuses": {
            "orderLineStatus": [
                {"status": status, "statusQuantity": {"unitOfMeasurement": "EACH", "amount": amount}}
                for status, amount in statuses or [("Acknowledged", "1")]
            ]
        },
    }


def order(*lines: dict[str, Any], **members: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON document's members
    """Return the content of an `order` element."""
    return {
        "purchaseOrderId": ID,
        "customerOrderId": "4021603841173",
        "orderDate": "2026-11-23T10:00:00.000Z",
        "orderLines": {"orderLine": list(lines or [line()])},
        **members,
    }


def page(*orders: dict[str, Any], next_cursor: object = None) -> dict[str, Any]:
    """Return the content of a `list` element."""
    return {
        "meta": {"totalCount": len(orders), "limit": 200, "nextCursor": next_cursor},
        "elements": {"order": list(orders)},
    }


def error_shapes(entry: dict[str, Any]) -> dict[str, tuple[bytes, str]]:
    """Return an error list with one entry in each shape of Walmart's services and documentation."""
    flat = {**entry, "message": entry.get("description"), "description": None}
    in_json, in_xml = "application/json", "application/xml"
    return {
        "order service": (as_json({"errors": {"error": [entry]}}), in_json),
        "gateway": (as_json({"error": [entry]}), in_json),
        "newer documentation": (as_json({"errors": [flat]}), in_json),
        "a single error of the order service": (as_json({"errors": {"error": entry}}), in_json),
        "a single error of the gateway": (as_json({"error": entry}), in_json),
        "XML": (as_xml("errors", {"error": [entry]}, prefix="ns4"), in_xml),
        "XML without a namespace": (as_xml("errors", {"error": [entry]}, prefix=""), in_xml),
        "a single error in XML": (as_xml("error", entry, prefix=""), in_xml),
        "JSON without its content type": (as_json({"error": [entry]}), ""),
        "XML without its content type": (as_xml("errors", {"error": [entry]}), ""),
    }


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


def as_xml(
    name: str, content: object, *, prefix: str = "ns3", namespace: str = "http://walmart.com/mp/v3/orders"
) -> bytes:
    """Return an XML document; without a prefix, its elements have no namespace."""
    declaration = f' xmlns:{prefix}="{namespace}"' if prefix else ""
    text = _element(name, content, f"{prefix}:" if prefix else "")
    end_of_name = len(name) + 1 + (len(prefix) + 1 if prefix else 0)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>' + text[:end_of_name] + declaration + text[end_of_name:]
    ).encode()


def _element(name: str, content: object, prefix: str) -> str:
    match content:
        case dict():
            inner = "".join(_element(member, value, prefix) for member, value in content.items())
        case list():
            return "".join(_element(name, value, prefix) for value in content)
        case None:
            inner = ""
        case _:
            inner = escape(str(content))
    return f"<{prefix}{name}>{inner}</{prefix}{name}>"


def classify(
    body: bytes, content_type: str | None = "application/json", *, status: int = 200
) -> Order | WalmartError:
    """Classify a response to a call about the order `ID`."""
    response, call = _response("POST", body, content_type, status)
    return order_or_error(response, call, ID)


def classify_page(
    body: bytes,
    content_type: str | None = "application/json",
    *,
    status: int = 200,
    cursor: str | None = None,
) -> OrderPage | WalmartError:
    """Classify a response to a call for a page of orders."""
    response, call = _response("GET", body, content_type, status)
    return page_or_error(response, call, cursor)


def _response(method: str, body: bytes, content_type: str | None, status: int) -> tuple[Response, CallInfo]:
    headers: dict[str, str] = {} if content_type is None else {"Content-Type": content_type}
    return Response(status, headers, body), CallInfo(method, "https://host/", "correlation-id", status, 0.1)


def read_order(body: bytes, content_type: str = "application/json") -> Order:
    result = classify(body, content_type)
    assert isinstance(result, Order)
    return result


def read_page(
    body: bytes,
    content_type: str | None = "application/json",
    *,
    status: int = 200,
    cursor: str | None = None,
) -> OrderPage:
    result = classify_page(body, content_type, status=status, cursor=cursor)
    assert isinstance(result, OrderPage)
    return result


def read_error(
    body: bytes, content_type: str | None = "application/json", *, status: int = 400
) -> WalmartError:
    result = classify(body, content_type, status=status)
    assert isinstance(result, WalmartError)
    return result
