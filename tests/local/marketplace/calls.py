"""What was called, kept for whoever wants to know afterwards."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .faults import Fault

type Door = Literal["signature", "token"]


class Headers(Mapping[str, str]):
    """A request's headers, found in whatever case; one sent several times is joined by commas."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._values: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            known = self._values.get(name.lower())
            self._values[name.lower()] = (
                (name, value) if known is None else (known[0], f"{known[1]}, {value}")
            )

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)


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
    headers: Headers = field(repr=False)
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


class Ledger:
    """Every call in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def open(self, call: Call) -> int:
        """Enter a call that has just arrived and tell its number."""
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
