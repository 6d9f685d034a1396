"""Unsigned calls by which another process adds orders, plans faults and reads the call log."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from .calls import Call
from .faults import Detail, Fault
from .marketplace import Marketplace
from .responses import written
from .server import Request, Wire

_PREFIX = "/control/"


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
        case "POST", "orders":
            _add_order(marketplace, **json.loads(request.body))
        case "POST", "faults":
            _fail(marketplace, **json.loads(request.body))
        case "GET", "calls":
            return HTTPStatus.OK, {"calls": [_describe(call) for call in marketplace.calls]}
        case _:
            message = "use POST /control/orders, POST /control/faults or GET /control/calls"
            return HTTPStatus.NOT_FOUND, {"message": message}
    return HTTPStatus.CREATED, {}


def _add_order(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str,  # noqa: N803 - the member's name in the JSON
    statuses: Sequence[str | Sequence[str]] = ("Created",),
) -> None:
    marketplace.add_order(purchaseOrderId, statuses)


def _fail(
    marketplace: Marketplace,
    *,
    purchaseOrderId: str | None = None,  # noqa: N803 - the member's name in the JSON
    fault: str,
    times: int | None = 1,
    action: str | None = None,
    **details: Detail,
) -> None:
    kind = Fault(str(fault).lower())
    if purchaseOrderId is None:
        marketplace.fail_all(kind, times=times, action=action, **details)
    else:
        marketplace.fail(purchaseOrderId, kind, times=times, action=action, **details)


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
