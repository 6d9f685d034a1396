"""What was called, kept for whoever wants to know afterwards."""

import threading
from dataclasses import dataclass, field
from typing import Literal

from urllib3 import HTTPHeaderDict

from .faults import Fault

type Door = Literal["signature", "token"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the order API.

    ``path`` is the request target as it was on the wire, query included. ``door`` is
    the one whose path was called, open or closed. ``purchase_order_id`` is None for a call for a list or a
    token, which is for no order. ``status`` is the one answered and None while there is none or
    when the connection was reset. ``applied`` says that the call acknowledged the order or confirmed its
    acknowledgement. ``refusal`` says why the gateway refused the call, which its answer never does.
    ``connection`` is the number of the TCP connection it came by.
    """

    method: str
    path: str
    headers: HTTPHeaderDict = field(repr=False)
    body: bytes = field(repr=False)
    received_at: float
    connection: int
    door: Door | None = None
    purchase_order_id: str | None = None
    action: str | None = None
    status: int | None = None
    refusal: str | None = None
    fault: Fault | None = None
    applied: bool = False

    @property
    def bare_path(self) -> str:
        """The path without the query."""
        return self.path.partition("?")[0]


class Ledger:
    """Every call in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def open(self, call: Call) -> int:
        """Enter a call that has just arrived and give its number."""
        with self._lock:
            self._calls.append(call)
            return len(self._calls) - 1

    def amend(self, number: int, call: Call) -> None:
        """Enter what has become of a call."""
        with self._lock:
            self._calls[number] = call

    def calls(self) -> list[Call]:
        """Give all calls as they are now."""
        with self._lock:
            return list(self._calls)
