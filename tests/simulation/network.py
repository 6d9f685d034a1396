"""The network between client and marketplace, without sockets but with faults."""

import http.client
import io
import math
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict

from tests.local.marketplace import Fault
from tests.local.marketplace.behaviors import ODD
from tests.local.marketplace.faults import Detail
from tests.local.marketplace.server import Request as WireRequest
from tests.simulation.faults import CALL_FAULTS, LIST_FAULTS, SystemFault
from walmart_ca.messages import Request
from walmart_ca.responses import Response
from walmart_ca.transport import CONNECT_TIMEOUT, NoResponseError, NothingSentError

if TYPE_CHECKING:
    from tests.simulation.environment import Environment

HOST: Final = "127.0.0.1:8080"
URL: Final = f"http://{HOST}"
_TRAVEL_S: Final = (0.02, 0.4)
"""How long a request takes to Walmart, and its response back."""
_SLOW_S: Final = (1.0, 20.0)
_HEADERS_AT_MOST: Final = 64 * 1024
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


_POSSIBLE_FAULTS: Final = {
    action: sorted(
        (fault for fault in CALL_FAULTS if action in fault.actions),
        key=lambda fault: fault not in LIST_FAULTS,
    )
    for action in ("acknowledge", "get", "released", "list", "token")
}
"""The faults of each call, those of lists first."""


class Network:
    """Implements `walmart_ca.Sender`, for one execution environment."""

    def __init__(self, environment: "Environment") -> None:
        self._environment = environment
        self._marketplace = environment.simulation.marketplace
        self._faults = environment.simulation.faults

    def send(self, request: Request, timeout: float, max_bytes: int) -> Response:
        environment, faults, rng = self._environment, self._faults, self._faults.rng
        action = action_of(request)
        environment.checkpoint()
        if not timeout > 0:
            raise NothingSentError("no_time_left")
        if faults.occurs(SystemFault.UNREACHABLE):
            environment.spend(min(timeout, rng.uniform(0, CONNECT_TIMEOUT)))
            raise NothingSentError("connect")
        there, back = rng.uniform(*_TRAVEL_S), rng.uniform(*_TRAVEL_S)
        if faults.occurs(SystemFault.SLOW):
            back += rng.uniform(*_SLOW_S)
        environment.spend(min(there, timeout))
        environment.checkpoint()  # It may be killed while the request is on its way.
        wire = _Wire(environment, timeout - there, max_bytes)
        environment.simulation.invariants.check_request(environment, request)
        if faults.occurs(SystemFault.QUOTA_USED_BY_OTHERS):
            environment.simulation.use_up_quota(action)
        if action == "acknowledge" and faults.occurs(SystemFault.APPLIED_LATE):
            environment.simulation.apply_late(request.url.rsplit("/", 2)[1])
            environment.spend(max(0.0, timeout - there))
            raise NoResponseError("response_timeout")
        if fault := next(filter(faults.draw, _POSSIBLE_FAULTS[action]), None):
            self._marketplace.fail_all(fault, times=1, action=action, **self._details(fault, action))
        headers = {**request.headers, "Host": HOST, "Content-Length": str(len(request.body))}
        target = request.url.removeprefix(URL)
        try:
            self._marketplace.serve(
                WireRequest(request.method, target, tuple(headers.items()), request.body, connection=1), wire
            )
            wire.wait(back)
        except ConnectionError:
            pass
        environment.checkpoint()
        response = wire.response(request.method)
        environment.simulation.on_response(environment, request, response)
        return response

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _details(self, fault: Fault, action: str) -> dict[str, Detail]:
        rng = self._faults.rng
        drawn = {name: rng.choice(among) for name, among in _DETAILS.get(fault, {}).items()}
        if fault is Fault.DELAY:
            drawn["seconds"] = rng.uniform(1, 20)
        if fault is Fault.GATEWAY_TIMEOUT and action == "acknowledge":
            drawn["applied"] = rng.random() < 0.5
        return drawn


def action_of(request: Request) -> str:
    """Return the marketplace's name for the action of a request."""
    last = urlsplit(request.url).path.rpartition("/")[2]
    if last == "orders":
        return "list"
    if last in {"token", "released"}:
        return last
    return "acknowledge" if request.method == "POST" else "get"


class _Wire:
    """Receives what the marketplace sends, until the time or the size limit is reached."""

    def __init__(self, environment: "Environment", seconds: float, size: int) -> None:
        self._environment = environment
        self._left_s = seconds
        self._body_at_most = size
        self._data = bytearray()
        self._failure: str | None = None

    def write(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > self._body_at_most + _HEADERS_AT_MOST:
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
        socket: Any = SimpleNamespace(makefile=lambda _mode: io.BytesIO(data))
        response = http.client.HTTPResponse(socket, method=method)
        try:
            response.begin()
            body = response.read(self._body_at_most + 1)
        except (http.client.HTTPException, ValueError, OSError) as error:
            raise NoResponseError("connection_lost") from error
        if len(body) > self._body_at_most:
            raise NoResponseError("response_too_large")
        return Response(response.status, HTTPHeaderDict(response.getheaders()), body)
