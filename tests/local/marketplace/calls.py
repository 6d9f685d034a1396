"""The log of calls, which tests read."""

import threading
from dataclasses import dataclass, field

from urllib3 import HTTPHeaderDict

from .faults import Fault
from .variants import Scheme


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the order API.

    Attributes:
        path: The request target as it was on the wire, query included.
        connection: The number of the TCP connection.
        scheme: The authentication scheme of the path that was called, even if that API is withdrawn.
        purchase_order_id: None for a list or a token.
        status: The status of the response; None before there is one and after a reset.
        refusal: Why the gateway refused the call, which its response never says.
        applied: Whether the call acknowledged the order or confirmed its acknowledgement.
    """

    method: str
    path: str
    headers: HTTPHeaderDict = field(repr=False)
    body: bytes = field(repr=False)
    received_at: float
    connection: int
    scheme: Scheme | None = None
    purchase_order_id: str | None = None
    action: str | None = None
    status: int | None = None
    refusal: str | None = None
    fault: Fault | None = None
    applied: bool = False

    @property
    def bare_path(self) -> str:
        return self.path.partition("?")[0]


class CallLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def open(self, call: Call) -> int:
        with self._lock:
            self._calls.append(call)
            return len(self._calls) - 1

    def update(self, number: int, call: Call) -> None:
        with self._lock:
            self._calls[number] = call

    def calls(self) -> list[Call]:
        with self._lock:
            return list(self._calls)
