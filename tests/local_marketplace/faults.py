"""Misbehaviour on demand: which order's calls meet which fault, and what each fault does.

A new fault is a member of ``Fault`` and a function marked with it. The function is given the exchange and
does with it what it likes; its keyword arguments are the fault's details, all of them with a default.
"""

from __future__ import annotations

import inspect
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from . import problems
from .answers import CONTENT_TYPES, Answer
from .orders import new_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .exchange import Exchange

type Detail = float | str
type Behaviour = Callable[..., None]

_PIECE = 65_536
_BEHAVIOURS: dict[Fault, Behaviour] = {}


class Fault(Enum):
    """What a call can meet instead of a prompt and right answer; the functions below say it in full."""

    DELAY = "delay"
    RESET_BEFORE_APPLYING = "reset_before_applying"
    RESET_AFTER_APPLYING = "reset_after_applying"
    UNAUTHORIZED = "unauthorized"
    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal_error"
    SERVICE_UNAVAILABLE = "service_unavailable"
    EMPTY_SUCCESS = "empty_success"
    FOREIGN_SUCCESS = "foreign_success"
    REDIRECT = "redirect"
    SLOW_DRIP = "slow_drip"
    HUGE = "huge"


@dataclass(slots=True, eq=False)  # two alike are still two
class PlannedFault:
    """A fault waiting for the calls it is meant for; ``times`` None is forever, ``action`` None any call."""

    fault: Fault
    times: int | None = 1
    action: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse details that the fault does not know, now rather than in the middle of a call."""
        if self.times is not None and self.times < 1:
            raise ValueError("a fault is met at least once")
        known = inspect.signature(_BEHAVIOURS[self.fault]).parameters
        for name, value in self.details.items():
            if name not in known or known[name].kind is not inspect.Parameter.KEYWORD_ONLY:
                raise ValueError(f"{self.fault.name} has no detail {name!r}")
            default = known[name].default
            if not isinstance(value, (int, float) if isinstance(default, float) else type(default)):
                raise TypeError(f"{name} of {self.fault.name} is a {type(default).__name__}")

    def strike(self, exchange: Exchange) -> None:
        """Let an exchange meet the fault."""
        _BEHAVIOURS[self.fault](exchange, **self.details)


class FaultPlan:
    """The faults that wait, per order and in the order they were planned."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: defaultdict[str, list[PlannedFault]] = defaultdict(list)

    def add(self, purchase_order_id: str, planned: PlannedFault) -> None:
        """Put a fault at the end of an order's queue."""
        with self._lock:
            self._planned[purchase_order_id].append(planned)

    def clear(self, purchase_order_id: str) -> None:
        """Forget every fault of an order."""
        with self._lock:
            self._planned.pop(purchase_order_id, None)

    def next(self, purchase_order_id: str, action: str) -> PlannedFault | None:
        """Take the fault that this call meets, if any."""
        with self._lock:
            queue = self._planned.get(purchase_order_id, [])
            for planned in queue:
                if planned.action in {None, action}:
                    if planned.times is not None:
                        planned.times -= 1
                        if planned.times == 0:
                            queue.remove(planned)
                    return planned
            return None


def _does(fault: Fault) -> Callable[[Behaviour], Behaviour]:
    def mark(behaviour: Behaviour) -> Behaviour:
        _BEHAVIOURS[fault] = behaviour
        return behaviour

    return mark


@_does(Fault.DELAY)
def _delay(exchange: Exchange, *, seconds: float = 1.0) -> None:
    """Do nothing for some seconds, then do and answer what is right."""
    exchange.wire.wait(seconds)
    exchange.send(exchange.right_answer())


@_does(Fault.RESET_BEFORE_APPLYING)
def _reset_before_applying(exchange: Exchange) -> None:
    """Reset the connection and leave the order alone."""
    exchange.wire.reset()


@_does(Fault.RESET_AFTER_APPLYING)
def _reset_after_applying(exchange: Exchange) -> None:
    """Do what the call asks for and reset the connection instead of saying so."""
    exchange.right_answer()
    exchange.wire.reset()


@_does(Fault.UNAUTHORIZED)
def _unauthorized(exchange: Exchange) -> None:
    """Refuse a signature that is right."""
    exchange.send(exchange.style.problem(problems.UNAUTHORIZED))


@_does(Fault.THROTTLED)
def _throttled(
    exchange: Exchange, *, replenish_in: float = 1.0, header: str = "x-next-replenishment-time"
) -> None:
    """Say that the bucket is empty, and until when; Walmart spells the header in more than one way."""
    replenished_at = round((exchange.clock() + replenish_in) * 1000)
    bucket = (("x-current-token-count", "0"), (header, str(replenished_at)))
    exchange.send(exchange.style.problem(problems.THROTTLED, *bucket))


@_does(Fault.INTERNAL_ERROR)
def _internal_error(exchange: Exchange) -> None:
    """Fail in Walmart's own words."""
    exchange.send(exchange.style.problem(problems.SYSTEM_ERROR))


@_does(Fault.SERVICE_UNAVAILABLE)
def _service_unavailable(exchange: Exchange) -> None:
    """Fail before anything of Walmart's is reached: a bare page."""
    page = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>\n"
    exchange.send(Answer(HTTPStatus.SERVICE_UNAVAILABLE, page, (("Content-Type", "text/html"),)))


@_does(Fault.EMPTY_SUCCESS)
def _empty_success(exchange: Exchange) -> None:
    """Answer 200 with nothing in it, and do nothing."""
    exchange.send(Answer(HTTPStatus.OK, b"", (("Content-Type", CONTENT_TYPES[exchange.style.form]),)))


@_does(Fault.FOREIGN_SUCCESS)
def _foreign_success(exchange: Exchange, *, other: str = "7499999999999") -> None:
    """Answer 200 with another order, acknowledged, and do nothing."""
    foreign = new_order(other, ["Acknowledged"], exchange.orders.now())
    exchange.send(exchange.style.acknowledged_order(foreign))


@_does(Fault.REDIRECT)
def _redirect(exchange: Exchange, *, location: str = "https://elsewhere.example/") -> None:
    """Send the caller to another host, its headers and all, and do nothing."""
    exchange.send(Answer(HTTPStatus.TEMPORARY_REDIRECT, b"", (("Location", location),)))


@_does(Fault.SLOW_DRIP)
def _slow_drip(exchange: Exchange, *, interval: float = 0.1, headers: bool = False) -> None:
    """Do what is right and let the answer trickle out byte by byte; its head too if ``headers``."""
    answer = exchange.right_answer()
    head = answer.head(exchange.clock())
    at_once, trickling = (b"", head + answer.body) if headers else (head, answer.body)
    exchange.begin(answer.status, at_once)
    for position in range(len(trickling)):
        exchange.wire.wait(interval)
        exchange.wire.write(trickling[position : position + 1])


@_does(Fault.HUGE)
def _huge(exchange: Exchange, *, size: int = 1_000_000_000, declared: bool = True) -> None:
    """Do what is right and let the answer be followed by blanks, so that it reads well however long it is.

    The length is ``declared`` in the head, or else comes to light chunk by chunk.
    """
    answer = exchange.right_answer()
    framing = ("Content-Length", str(size)) if declared else ("Transfer-Encoding", "chunked")
    exchange.begin(answer.status, answer.head(exchange.clock(), framing))
    piece = answer.body[:size]
    left = size
    while left > 0:
        exchange.wire.write(piece if declared else b"%x\r\n%b\r\n" % (len(piece), piece))
        left -= len(piece)
        piece = b" " * min(_PIECE, left)
    if not declared:
        exchange.wire.write(b"0\r\n\r\n")
