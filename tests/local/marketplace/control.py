"""Unsigned calls by which another process changes orders, plans faults and reads the call log."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from .calls import Call
from .faults import Detail, Fault
from .marketplace import Marketplace
from .orders import Order
from .responses import written
from .server import Request, Wire

_PREFIX = "/control/"
FAULTS: Final = sorted(fault.value for fault in Fault)


class ControlledMarketplace(Marketplace):
    """A marketplace that is controlled by calls below ``/control/``, which only this machine can make."""

    def serve(self, request: Request, wire: Wire) -> None:
        """Serve one request. The response to an invalid call below ``/control/`` says what is wrong."""
        if not request.target.startswith(_PREFIX):
            super().serve(request, wire)
            return
        try:
            status, document = _do(self, request)
        except (TypeError, ValueError) as error:  # a missing, unknown or invalid member
            status, document = HTTPStatus.BAD_REQUEST, {"message": str(error)}
        response = written(status, "json", json.dumps(document).encode())
        wire.write(response.head(self.clock()) + response.body)


def _do(marketplace: Marketplace, request: Request) -> tuple[int, dict[str, Any]]:
    match request.method, request.target.removeprefix(_PREFIX):
        case "POST", name if name in _CHANGES:
            _CHANGES[name](marketplace, **json.loads(request.body))
            return HTTPStatus.CREATED, {}
        case "GET", "orders":
            return HTTPStatus.OK, {"orders": [_describe_order(order) for order in marketplace.all_orders()]}
        case "GET", "calls":
            return HTTPStatus.OK, {"calls": [_describe(call) for call in marketplace.calls]}
        case _:
            posts = ", ".join(f"POST {_PREFIX}{name}" for name in _CHANGES)
            message = f"use {posts}, GET {_PREFIX}orders or GET {_PREFIX}calls"
            return HTTPStatus.NOT_FOUND, {"message": message}


def _add_order(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str,  # noqa: N803 - the member's name in the JSON
    statuses: Sequence[str | Sequence[str]] = ("Created",),
    orderDate: str | None = None,  # noqa: N803 - as above
) -> None:
    placed_at = None if orderDate is None else datetime.fromisoformat(orderDate)
    marketplace.add_order(purchaseOrderId, statuses, placed_at)


def _set_status(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str,  # noqa: N803 - the member's name in the JSON
    status: str,
) -> None:
    try:
        marketplace.set_status(purchaseOrderId, status)
    except KeyError:
        raise ValueError(f"there is no order {purchaseOrderId}") from None


def _fail(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str | None = None,  # noqa: N803 - the member's name in the JSON
    fault: str,
    times: int | None = 1,
    action: str | None = None,
    **details: Detail,
) -> None:
    try:
        kind = Fault(str(fault).lower())
    except ValueError:
        raise ValueError(f"there is no fault {fault}; there are {', '.join(FAULTS)}") from None
    if purchaseOrderId is None:
        marketplace.fail_all(kind, times=times, action=action, **details)
    else:
        marketplace.fail(purchaseOrderId, kind, times=times, action=action, **details)


def _recover(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str | None = None,  # noqa: N803 - the member's name in the JSON
) -> None:
    if purchaseOrderId is None:
        marketplace.recover_all()
    else:
        marketplace.recover(purchaseOrderId)


_CHANGES: Final[Mapping[str, Callable[..., None]]] = {
    "orders": _add_order,
    "statuses": _set_status,
    "faults": _fail,
    "recoveries": _recover,
}
"""Each change that a POST makes, by the last part of its path."""


def report(call: Call) -> None:
    """Print one line about a call that was served."""
    remarks = [
        f"{datetime.fromtimestamp(call.received_at, UTC):%H:%M:%SZ} {call.method} {call.path}",
        *([f"order {call.purchase_order_id}"] if call.purchase_order_id else []),
        *([call.scheme] if call.scheme else []),
        str(call.status) if call.status else "no response",
        *([f"fault {call.fault.value}"] if call.fault else []),
        *([f"refused: {call.refusal}"] if call.refusal else []),
    ]
    # A path may contain anything; ascii() keeps it from controlling the terminal.
    say(ascii(", ".join(remarks))[1:-1])


def say(text: str) -> None:
    """Print a line at once, even into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _describe_order(order: Order) -> dict[str, Any]:
    return {
        "purchaseOrderId": order.purchase_order_id,
        "orderDate": order.order_date.isoformat(timespec="seconds"),
        "statuses": order.statuses,
    }


def _describe(call: Call) -> dict[str, Any]:
    return {
        "method": call.method,
        "path": call.path,
        "scheme": call.scheme,
        "action": call.action,
        "headers": dict(call.headers),
        "status": call.status,
        "refusal": call.refusal,
        "fault": call.fault.value if call.fault else None,
        "applied": call.applied,
    }
