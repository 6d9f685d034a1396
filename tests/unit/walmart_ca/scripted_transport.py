"""A transport that plays Walmart without a network."""

import asyncio
from typing import TYPE_CHECKING, Any

from tests.support.documents import as_json
from walmart_ca.messages import Request
from walmart_ca.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from walmart_ca import AsyncClient, Client


class ScriptedTransport:
    """Responds to each request with the next step of a script, repeats the last one, and records requests."""

    def __init__(self, *script: "Response | Exception | Callable[[Request], Response]") -> None:
        self.sent: list[Request] = []
        self.timeouts: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self._script = list(script or [Response(200, {}, b"")])

    def send(self, request: Request, timeout: float, max_bytes: int) -> Response:
        del max_bytes
        self.sent.append(request)
        self.timeouts.append(timeout)
        self.meanwhile()
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, Response) else step(request)

    def close(self) -> None:
        """Do nothing."""


def json_response(status: int, document: object) -> Response:
    return Response(status, {"Content-Type": "application/json"}, as_json(document))


def call(client: "Client | AsyncClient", action: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
    """Return the result of a call by either client."""
    result = getattr(client.orders, action)(*args, **options)
    return asyncio.run(result) if asyncio.iscoroutine(result) else result
