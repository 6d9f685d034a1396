"""Walmart's answers, built for tests: orders and errors as JSON and XML."""

import json
from typing import Any
from xml.sax.saxutils import escape

from walmart_ca.answers import Answer
from walmart_ca.calls import Call
from walmart_ca.errors import WalmartError
from walmart_ca.orders import Order
from walmart_ca.verdicts import order_or_error

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
    """A lone line stands as an element of its own in XML, and as a list of one in JSON."""
    return {
        "purchaseOrderId": ID,
        "customerOrderId": "4021603841173",
        "orderDate": "2026-11-23T10:00:00.000Z",
        "orderLines": {"orderLine": list(lines or [line()])},
        **members,
    }


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


def as_xml(
    name: str, content: object, *, prefix: str = "ns3", namespace: str = "http://walmart.com/mp/v3/orders"
) -> bytes:
    """Without a prefix the elements have no namespace."""
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
        case _:
            inner = escape(str(content))
    return f"<{prefix}{name}>{inner}</{prefix}{name}>"


def judge(
    body: bytes,
    content_type: str | None = "application/json",
    *,
    status: int = 200,
    purchase_order_id: str = ID,
) -> Order | WalmartError:
    """What the client makes of an answer."""
    headers: dict[str, str] = {} if content_type is None else {"Content-Type": content_type}
    call = Call("POST", "https://host/", "correlation-id", status, 0.1)
    return order_or_error(Answer(status, headers, body), call, purchase_order_id)


def read_order(body: bytes, content_type: str = "application/json") -> Order:
    verdict = judge(body, content_type)
    assert isinstance(verdict, Order)
    return verdict


def read_error(
    body: bytes, content_type: str | None = "application/json", *, status: int = 400
) -> WalmartError:
    verdict = judge(body, content_type, status=status)
    assert isinstance(verdict, WalmartError)
    return verdict
