"""The network between client and marketplace: no socket, and whatever happens to bytes on their way."""

import http.client
import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.faults import ODD, Detail, PlannedFault
from tests.local.marketplace.order_service import LISTS
from tests.local.marketplace.server import Request as WireRequest
from tests.simulation.weather import OF_CALLS, OF_LISTS, Mishap
from walmart_ca.messages import Request
from walmart_ca.responses import Response
from walmart_ca.transport import CONNECT_TIMEOUT, Limits, NoResponseError, NothingSentError

if TYPE_CHECKING:
    from tests.simulation.environment import Environment

HOST: Final = "127.0.0.1:8080"
URL: Final = f"http://{HOST}"
_TRAVELS_S: Final = (0.02, 0.4)
"""How long a call takes to Walmart, and its answer back."""
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
"""The answers before the answer, which the standard library would take for it."""


def _can_meet(fault: Fault, action: str) -> bool:
    try:
        PlannedFault(fault, action=action)
    except ValueError:
        return False
    return True


_MET: Final = {
    action: [fault for fault in OF_CALLS if _can_meet(fault, action)]
    for action in ("acknowledge", "get", "released", "list", "token")
}


class Network:
    """Implements `walmart_ca.Sender`, for one execution environment."""

    def __init__(self, environment: "Environment", marketplace: Marketplace) -> None:
        self._environment = environment
        self._marketplace = marketplace
        self._weather = environment.world.weather

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        environment, chance = self._environment, self._weather.chance
        environment.touch()
        if not timeout > 0:
            raise NothingSentError("no_time_left")
        if self._weather.strikes(Mishap.UNREACHABLE):
            environment.spend(min(timeout, chance.uniform(0, CONNECT_TIMEOUT)))
            raise NothingSentError("connect")
        there, back = chance.uniform(*_TRAVELS_S), chance.uniform(*_TRAVELS_S)
        if self._weather.strikes(Mishap.SLOW):
            back += chance.uniform(*_SLOW_S)
        environment.spend(min(there, timeout))
        environment.touch()  # as if it were killed with its call on the way
        wire = _Wire(environment, timeout - there, limits.size)
        environment.world.promise.watch_request(environment, request)
        if self._weather.strikes(Mishap.QUOTA_USED_UP):
            environment.world.use_up_quota(action_of(request))
        if action_of(request) == "acknowledge" and self._weather.strikes(Mishap.APPLIED_LATE):
            environment.world.apply_late(request.url.rsplit("/", 2)[1])
            environment.spend(max(0.0, timeout - there))
            raise NoResponseError("response_timeout")
        self._plan_fault(request)
        try:
            self._marketplace.serve(self._on_the_wire(request), wire)
            wire.wait(back)
        except ConnectionError:
            pass
        environment.touch()
        answer = wire.answer(request.method)
        environment.world.answered(environment, request, answer)
        return answer

    def close(self) -> None:
        """Have no connections."""

    def _plan_fault(self, request: Request) -> None:
        action = action_of(request)
        faults = _MET[action]
        if action in LISTS:
            faults = sorted(faults, key=lambda fault: fault not in OF_LISTS)
        fault = self._weather.one_of(faults)
        if fault is None:
            return
        self._marketplace.fail_all(fault, times=1, action=action, **self._details(fault, action))

    def _details(self, fault: Fault, action: str) -> dict[str, Detail]:
        chance = self._weather.chance
        drawn = {name: chance.choice(among) for name, among in _DETAILS.get(fault, {}).items()}
        if fault is Fault.DELAY:
            drawn["seconds"] = chance.uniform(1, 20)
        if fault is Fault.GATEWAY_TIMEOUT and action == "acknowledge":
            drawn["applied"] = chance.random() < 0.5
        return drawn

    def _on_the_wire(self, request: Request) -> WireRequest:
        target = request.url.removeprefix(URL)
        headers = {**request.headers, "Host": HOST, "Content-Length": str(len(request.body))}
        return WireRequest(request.method, target, tuple(headers.items()), request.body, connection=1)


def action_of(request: Request) -> str:
    """Name what a call is for, as the marketplace does."""
    path = urlsplit(request.url).path
    if path.endswith("/token"):
        return "token"
    if path.endswith(("/released", "/orders")):
        return "list" if path.endswith("/orders") else "released"
    return "acknowledge" if request.method == "POST" else "get"


class _Wire:
    """Takes what the marketplace sends; whoever reads it gives up when the time or the size is used up."""

    def __init__(self, environment: "Environment", seconds: float, size: int) -> None:
        self._environment = environment
        self._left_s = seconds
        self._enough = size + 64 * 1024
        self._data = bytearray()
        self._trouble: str | None = None

    def write(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > self._enough:
            raise ConnectionAbortedError("the reader has enough")

    def wait(self, seconds: float) -> None:
        waited = min(seconds, max(0.0, self._left_s))
        self._environment.spend(waited)
        self._left_s -= waited
        if seconds > waited:
            self._trouble = "response_timeout"
            raise ConnectionAbortedError("the reader has gone")

    def close(self) -> None:
        """Have no connection that could be used again."""

    def hang(self) -> None:
        self.wait(math.inf)

    def reset(self) -> None:
        self._trouble = "connection_lost"

    def answer(self, method: str) -> Response:
        """Read what came.

        Raises:
            NoResponseError: It is no whole answer.
        """
        if self._trouble:
            raise NoResponseError(self._trouble)
        data = _INTERIM.sub(b"", self._data)
        response = http.client.HTTPResponse(_Socket(data), method=method)  # type: ignore[arg-type]  # it only reads
        try:
            response.begin()
            limit = self._enough - 64 * 1024
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
