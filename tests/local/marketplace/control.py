"""A few unsigned calls by which another process prepares orders and faults and reads what was called.

They exist only when the marketplace was made with ``control=True``, and it listens on the loopback address
only.
"""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .answers import CONTENT_TYPES, Answer
from .faults import Detail, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .calls import Call
    from .marketplace import Marketplace
    from .server import Request

PREFIX = "/control/"


def answer(marketplace: Marketplace, request: Request) -> Answer:
    """Do what a control call asks for; a call that makes no sense is told why."""
    try:
        match request.method, request.target.removeprefix(PREFIX):
            case "POST", "orders":
                return _add_order(marketplace, **json.loads(request.body))
            case "POST", "faults":
                return _fail(marketplace, **json.loads(request.body))
            case "GET", "calls":
                return _answer(HTTPStatus.OK, {"calls": [_describe(call) for call in marketplace.calls]})
            case _:
                message = "there are POST /control/orders, POST /control/faults and GET /control/calls"
                return _answer(HTTPStatus.NOT_FOUND, {"message": message})
    except (TypeError, ValueError) as error:  # what is missing, unknown or of the wrong kind
        return _answer(HTTPStatus.BAD_REQUEST, {"message": str(error)})


def _add_order(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str,  # noqa: N803 - the member's name in the JSON
    statuses: Sequence[str | Sequence[str]] = ("Created",),
    orderDate: str | None = None,  # noqa: N803 - the member's name in the JSON
    shipNode: str = "SellerFulfilled",  # noqa: N803 - the member's name in the JSON
) -> Answer:
    order_date = None if orderDate is None else datetime.fromisoformat(orderDate)
    marketplace.add_order(purchaseOrderId, statuses, order_date=order_date, ship_node=shipNode)
    return _answer(HTTPStatus.CREATED, {"purchaseOrderId": purchaseOrderId})


def _fail(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str | None = None,  # noqa: N803 - the member's name in the JSON
    fault: str,
    times: int | None = 1,
    action: str | None = None,
    **details: Detail,
) -> Answer:
    kind = Fault(str(fault).lower())
    if purchaseOrderId is None:
        marketplace.fail_all(kind, times=times, action=action, **details)
    else:
        marketplace.fail(purchaseOrderId, kind, times=times, action=action, **details)
    return _answer(HTTPStatus.CREATED, {"purchaseOrderId": purchaseOrderId, "fault": fault})


def _describe(call: Call) -> dict[str, Any]:
    return {
        "method": call.method,
        "path": call.path,
        "door": call.door,
        "purchaseOrderId": call.purchase_order_id,
        "action": call.action,
        "headers": dict(call.headers),
        "status": call.status,
        "refusal": call.refusal,
        "fault": call.fault.value if call.fault else None,
        "applied": call.applied,
        "receivedAt": call.received_at,
        "connection": call.connection,
    }


def _answer(status: int, document: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(document).encode(), (("Content-Type", CONTENT_TYPES["json"]),))
