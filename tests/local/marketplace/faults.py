"""Faults on demand: which calls meet which fault.

A fault is a member of ``Fault`` with the actions that can meet it, and with a fixed response or a function in
``behaviors``.
"""

import inspect
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from . import behaviors, problems
from .order_service import ACTIONS, LISTS, ORDERS, UNKNOWN_ERROR
from .problems import Problem
from .responses import Page, Response, html_page
from .tokens import TOKEN_ACTION

if TYPE_CHECKING:
    from .exchange import Exchange

type Detail = float | str | None

_ANY = ACTIONS | {TOKEN_ACTION}


class Fault(Enum):
    """What can happen to which calls. Only the gateway refuses a request for a token, and a token is JSON."""

    actions: frozenset[str]
    fixed: Problem | Response | None

    def __new__(
        cls, name: str, actions: frozenset[str] = _ANY, fixed: Problem | Response | None = None
    ) -> Self:
        """Make a fault whose value is its name."""
        fault = object.__new__(cls)
        fault._value_ = name
        fault.actions = actions
        fault.fixed = fixed
        return fault

    # The connection
    DELAY = "delay"
    RESET_BEFORE_APPLYING = "reset_before_applying"
    RESET_AFTER_APPLYING = "reset_after_applying"
    TIMEOUT_AFTER_APPLYING = "timeout_after_applying"
    CLOSE_WHEN_IDLE = "close_when_idle"

    # Another response, mostly without doing what the call asks for
    OUTAGE_AS_BAD_REQUEST = "outage_as_bad_request", ACTIONS, problems.REQUEST_INVALID
    HEADER_BLAMED = "header_blamed", ACTIONS
    UNAUTHORIZED = "unauthorized", _ANY, problems.UNAUTHORIZED
    FORBIDDEN = "forbidden", _ANY, problems.FORBIDDEN
    NOT_FOUND = "not_found", ACTIONS
    METHOD_NOT_ALLOWED = "method_not_allowed", _ANY, problems.METHOD_NOT_ALLOWED
    NOT_ACCEPTABLE = "not_acceptable", _ANY, problems.INVALID_ACCEPT_TYPE
    REQUEST_TIMEOUT = "request_timeout", ACTIONS, problems.undocumented(HTTPStatus.REQUEST_TIMEOUT)
    CONFLICT = "conflict", ACTIONS, problems.undocumented(HTTPStatus.CONFLICT)
    GONE = "gone", ACTIONS, problems.undocumented(HTTPStatus.GONE)
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", _ANY, problems.UNSUPPORTED_MEDIA_TYPE
    UNPROCESSABLE = "unprocessable", ACTIONS, problems.undocumented(HTTPStatus.UNPROCESSABLE_CONTENT)
    LOCKED = "locked", ACTIONS, problems.RESOURCE_IS_LOCKED
    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal_error", _ANY, problems.SYSTEM_ERROR
    # Pages of proxies in front of Walmart's gateway.
    SERVICE_UNAVAILABLE = "service_unavailable", _ANY, html_page(503, "503 Service Temporarily Unavailable")
    GATEWAY_TIMEOUT = "gateway_timeout", ACTIONS
    UNKNOWN_ERROR = "unknown_error", _ANY, UNKNOWN_ERROR
    REDIRECT = "redirect"
    EMPTY_SUCCESS = "empty_success"
    FOREIGN_SUCCESS = "foreign_success", ORDERS
    MAINTENANCE_PAGE = "maintenance_page", _ANY, html_page(200, "We are down for maintenance")
    NO_SUCH_PATH = "no_such_path"
    FIREWALL = "firewall"
    EDGE_PAGE = "edge_page"
    PROBLEM_DOCUMENT = "problem_document"
    RETRY_AFTER_DATE = "retry_after_date"

    # The right thing is done, and the response is odd
    EARLY_HINTS = "early_hints"
    ENCODED_RESPONSE = "encoded_response"
    ODD_BYTES = "odd_bytes", ACTIONS
    FLAT_LINES = "flat_lines", ACTIONS
    CANCELED_SPELLING = "canceled_spelling", ACTIONS
    ECHO_CREATED = "echo_created", ORDERS
    BROKEN_JSON = "broken_json"
    BROKEN_XML = "broken_xml", ACTIONS
    SLOW_DRIP = "slow_drip"
    HUGE = "huge"
    ENDLESS = "endless"

    # The page of a list is wrong, and everything else is right
    BARE_CURSOR = "bare_cursor", LISTS
    OPAQUE_CURSOR = "opaque_cursor", LISTS
    ENDLESS_CURSOR = "endless_cursor", LISTS
    MISSING_CURSOR = "missing_cursor", LISTS
    REPEATED_ORDER = "repeated_order", LISTS
    INCOMPLETE_ORDER = "incomplete_order", LISTS
    HOSTILE_ORDER_ID = "hostile_order_id", LISTS


@dataclass(slots=True, eq=False)  # two equal faults are two faults
class PlannedFault:
    """A fault for the next calls of some ``actions``; ``times`` None is forever.

    ``action`` None is every call about orders that can meet the fault, and no request for a token.
    """

    fault: Fault
    times: int | None = 1
    action: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)
    actions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse unknown details now instead of in the middle of a call."""
        if self.times is not None and self.times < 1:
            raise ValueError("a fault applies at least once")
        possible = self.fault.actions
        self.actions = possible & ACTIONS if self.action is None else frozenset({self.action})
        if not self.actions <= possible:
            raise ValueError(f"the action of {self.fault.name} is one of {', '.join(sorted(possible))}")
        _, *known = inspect.signature(self._behavior).parameters
        if not self.details.keys() <= set(known):
            raise ValueError(f"the details of {self.fault.name} are: {', '.join(known) or 'none'}")

    def apply_to(self, exchange: "Exchange") -> None:
        if self.fault.actions == LISTS:
            exchange.style = replace(exchange.style, change_page=self._change_page)
            response = exchange.right_response()
        else:
            response = self._behavior(exchange, **self.details)
        if response is not None:
            exchange.send(response)

    @property
    def _behavior(self) -> Callable[..., Any]:
        behavior: Callable[..., Any] = getattr(behaviors, self.fault.value, self._respond)
        return behavior

    def _change_page(self, page: Page) -> Page:
        changed: Page = self._behavior(page, **self.details) if page.orders else page
        return changed

    def _respond(self, exchange: "Exchange") -> Response:
        fixed = self.fault.fixed
        assert fixed
        return fixed if isinstance(fixed, Response) else exchange.style.problem(fixed)


class FaultPlan:
    """The planned faults in their order, by purchase order (None is every order)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: defaultdict[str | None, list[PlannedFault]] = defaultdict(list)

    def add(self, purchase_order_id: str | None, planned: PlannedFault) -> None:
        with self._lock:
            self._planned[purchase_order_id].append(planned)

    def clear(self, purchase_order_id: str | None) -> None:
        with self._lock:
            self._planned.pop(purchase_order_id, None)

    def next(self, purchase_order_id: str | None, action: str | None) -> PlannedFault | None:
        """Return the fault for this call, if any: the order's own before those of every order."""
        with self._lock:
            for queue in (self._planned.get(purchase_order_id, []), self._planned.get(None, [])):
                for planned in queue:
                    if action in planned.actions:
                        if planned.times is not None:
                            planned.times -= 1
                            if planned.times == 0:
                                queue.remove(planned)
                        return planned
            return None
