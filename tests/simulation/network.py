"""The network between client and marketplace, without sockets but with faults."""

import http.client
import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.behaviors import ODD
from tests.local.marketplace.faults import Detail, PlannedFault
from tests.local.marketplace.order_service import LISTS
from tests.local.marketplace.server import Request as WireRequest
from tests.simulation.faults import CALL_FAULTS, LIST_FAULTS, SystemFault
from walmart_ca.messages import Request
from walmart_ca.responses import Response
from walmart_ca.transport import CONNECT_TIMEOUT, Limits, NoResponseError, NothingSentError

if TYPE_CHECKING:
    from tests.simulation.environment import Environment

HOST: Final = "127.0.0.1:8080"
URL: Final = f"http://{HOST}"
_TRAVEL_S: Final = (0.02, 0.4)
"""How long a request takes to Walmart, and its response back."""
_SLOW_S: Final = (1.0, 20.0)
_DETAILS: Final[dict[Fault, dict[str, Sequence[Detail]]]] = {
    Fault.THROTTLED: {"replenish_in": [1.0, 30.0, 900.0]},
    Fault.RETRY_AFTER_DATE: {"replenish_in": [1.0, 30.0, 900.0]},
    Fault.NO_SUCH_PATH: {"severity": ["INFO", "ERROR", "absent"]},
    Fault.EDGE_PAGE: {
        "status": [400, 404, 410, 413, 421, 431, 451],
        "kind": ["html", "text", "empty", "mesh", "spring"],
    },
    Fault.PROBLEM_DOCUMENT: {
        "status": [400, 404, 422, 503],
        "header": [None, "WM_SVC.NAME", "WM_QOS.CORRELATION_ID"],
    },
    Fault.EARLY_HINTS: {"status": [102, 103], "count": [1, 2, 3]},
    Fault.ENDLESS_CURSOR: {"length": [1, 2, 3]},
    Fault.ODD_BYTES: {"kind": tuple(ODD)},
}
_INTERIM: Final = re.compile(rb"\A(?:HTTP/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+")
"""Informational responses, which the standard library would take for the final one."""


def _is_possible(fault: Fault, action: str) -> bool:
    try:
        PlannedFault(fault, action=action)
    except ValueError:
        return False
    return True


_POSSIBLE_FAULTS: Final = {
    action: [fault for fault in CALL_FAULTS if _is_possible(fault, action)]
    for action in ("acknowledge", "get", "released", "list", "token")
}


class Network:
    """Implements `walmart_ca.Sender`, for one execution environment."""

    def __init__(self, environment: "Environment", marketplace: Marketplace) -> None:
        self._environment = environment
        self._marketplace = marketplace
        self._faults = environment.simulation.faults

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        environment, rng = self._environment, self._faults.rng
        environment.checkpoint()
        if not timeout > 0:
            raise NothingSentError("no_time_left")
        if self._faults.occurs(SystemFault.UNREACHABLE):
            environment.spend(min(timeout, rng.uniform(0, CONNECT_TIMEOUT)))
            raise NothingSentError("connect")
        there, back = rng.uniform(*_TRAVEL_S), rng.uniform(*_TRAVEL_S)
        if self._faults.occurs(SystemFault.SLOW):
            back += rng.uniform(*_SLOW_S)
        environment.spend(min(there, timeout))
        environment.checkpoint()  # It may be killed while the request is on its way.
        wire = _Wire(environment, timeout - there, limits.size)
        environment.simulation.invariants.check_request(environment, request)
        if self._faults.occurs(SystemFault.QUOTA_USED_BY_OTHERS):
            environment.simulation.use_up_quota(action_of(request))
        if action_of(request) == "acknowledge" and self._faults.occurs(SystemFault.APPLIED_LATE):
            environment.simulation.apply_late(request.url.rsplit("/", 2)[1])
            environment.spend(max(0.0, timeout - there))
            raise NoResponseError("response_timeout")
        self._plan_fault(request)
        try:
            self._marketplace.serve(self._on_the_wire(request), wire)
            wire.wait(back)
        except ConnectionError:
            pass
        environment.checkpoint()
        response = wire.response(request.method)
        environment.simulation.on_response(environment, request, response)
        return response

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _plan_fault(self, request: Request) -> None:
        action = action_of(request)
        faults = _POSSIBLE_FAULTS[action]
        if action in LISTS:
            faults = sorted(faults, key=lambda fault: fault not in LIST_FAULTS)
        fault = self._faults.draw_one(faults)
        if fault is None:
            return
        self._marketplace.fail_all(fault, times=1, action=action, **self._details(fault, action))

    def _details(self, fault: Fault, action: str) -> dict[str, Detail]:
        rng = self._faults.rng
        drawn = {name: rng.choice(among) for name, among in _DETAILS.get(fault, {}).items()}
        if fault is Fault.DELAY:
            drawn["seconds"] = rng.uniform(1, 20)
        if fault is Fault.GATEWAY_TIMEOUT and action == "acknowledge":
            drawn["applied"] = rng.random() < 0.5
        return drawn

    def _on_the_wire(self, request: Request) -> WireRequest:
        target = request.url.removeprefix(URL)
        headers = {**request.headers, "Host": HOST, "Content-Length": str(len(request.body))}
        return WireRequest(request.method, target, tuple(headers.items()), request.body, connection=1)


def action_of(request: Request) -> str:
    """Return the marketplace's name for the action of a request."""
    path = urlsplit(request.url).path
    if path.endswith("/token"):
        return "token"
    if path.endswith(("/released", "/orders")):
        return "list" if path.endswith("/orders") else "released"
    return "acknowledge" if request.method == "POST" else "get"


class _Wire:
    """Receives what the marketplace sends, until the time or the size limit is reached."""

    def __init__(self, environment: "Environment", seconds: float, size: int) -> None:
        self._environment = environment
        self._left_s = seconds
        self._size_limit = size + 64 * 1024
        self._data = bytearray()
        self._failure: str | None = None

    def write(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > self._size_limit:
            raise ConnectionAbortedError("the size limit is reached")

    def wait(self, seconds: float) -> None:
        waited = min(seconds, max(0.0, self._left_s))
        self._environment.spend(waited)
        self._left_s -= waited
        if seconds > waited:
            self._failure = "response_timeout"
            raise ConnectionAbortedError("the time limit is reached")

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def hang(self) -> None:
        self.wait(math.inf)

    def reset(self) -> None:
        self._failure = "connection_lost"

    def response(self, method: str) -> Response:
        """Parse the response.

        Raises:
            NoResponseError: The response is incomplete or too large.
        """
        if self._failure:
            raise NoResponseError(self._failure)
        data = _INTERIM.sub(b"", self._data)
        response = http.client.HTTPResponse(_Socket(data), method=method)  # type: ignore[arg-type]  # it only reads
        try:
            response.begin()
            limit = self._size_limit - 64 * 1024
            body = response.read(limit + 1)
        except (http.client.HTTPException, ValueError, OSError) as error:
            raise NoResponseError("connection_lost") from error
        if len(body) > limit:
            raise NoResponseError("response_too_large")
        return Response(response.status, HTTPHeaderDict(response.getheaders()), body)


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        del mode
        return io.BytesIO(self._data)
