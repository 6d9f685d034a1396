"""Walmart's error responses, in Walmart's words."""

from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus

from .variants import Severity


class Origin(Enum):
    """The service that refuses, which decides the suffix of the code and the shape of the response."""

    GATEWAY = "GMP_GATEWAY_API"
    ORDER_SERVICE = "GMP_ORDER_API"
    RECEIVER = "GMP_RECEIVER_API"


@dataclass(frozen=True, slots=True)
class Problem:
    """One error before it is written; ``cause`` is a parameter that is not a date."""

    status: int
    name: str
    description: str
    info: str
    origin: Origin = Origin.GATEWAY
    field: str | None = None
    severity: str | None = "ERROR"
    cause: str | None = None

    @property
    def category(self) -> str:
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "SYSTEM"
        if self.status in {400, 401} or (self.status == 404 and self.origin is Origin.GATEWAY):
            return "DATA"
        return "REQUEST" if self.origin is Origin.GATEWAY else "APPLICATION"

    @property
    def code(self) -> str:
        """The code in full, such as ``UNAUTHORIZED.GMP_GATEWAY_API``."""
        return f"{self.name}.{self.origin.value}"


class RefusedError(Exception):
    """The order service refuses a call."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.description)
        self.problem = problem


_HEADERS = "One or more request headers are invalid."
_NOT_FOUND = "Requested content could not be found."

# Walmart mentions tokens here even to callers that sign, and never says what was wrong.
_EXPECTED = 'Unauthorized token or incorrect authorization header. Expected "Authorization: Basic ..."'
UNAUTHORIZED = Problem(401, "UNAUTHORIZED", "Unauthorized", _EXPECTED, field="UNAUTHORIZED")
_EXPIRED = "The access token is invalid or has expired."
INVALID_TOKEN = Problem(400, "INVALID_TOKEN", "Invalid token", _EXPIRED, field="INVALID_TOKEN")
SYSTEM_ERROR = Problem(500, "SYSTEM_ERROR", "Internal Server Error", "System encountered some error.")
FORBIDDEN = Problem(403, "FORBIDDEN", "Forbidden", "The request is not allowed for this caller.")
THROTTLED = Problem(
    429, "REQUEST_THRESHOLD_VIOLATED", "Too many requests", "Request threshold has been violated."
)
METHOD_NOT_ALLOWED = Problem(
    405, "METHOD_NOT_ALLOWED", "The resource does not know this method", "Request method is not allowed."
)
INVALID_ACCEPT_TYPE = Problem(
    406, "INVALID_ACCEPT_TYPE", "The resource has no such representation", "Accept type is invalid."
)
_NO_SUCH_CONTENT = "The resource does not take this kind of content"
UNSUPPORTED_MEDIA_TYPE = Problem(
    415, "UNSUPPORTED_MEDIA_TYPE", _NO_SUCH_CONTENT, "Media type is not supported."
)
_LOCKED_BY = "The resource is locked by another request."
RESOURCE_IS_LOCKED = Problem(423, "RESOURCE_IS_LOCKED", "Resource is locked", _LOCKED_BY, Origin.RECEIVER)
DOWNSTREAM_SYSTEM_TIME_OUT = Problem(
    504,
    "DOWNSTREAM_SYSTEM_TIME_OUT",
    "Downstream system timed out",
    "A system downstream did not answer in time.",
    Origin.ORDER_SERVICE,
)
# An outage that looks like the caller's error: it names no cause, and the same call succeeds later.
REQUEST_INVALID = Problem(
    400, "INVALID_REQUEST", "Invalid Request", "Request invalid.", Origin.ORDER_SERVICE, field="data"
)
# Walmart responds to an empty list with "not found", with the severity INFO.
_NO_ORDERS = "Failed when called getAllOrders. No orders found for the given search parameters"
ORDERS_NOT_FOUND = Problem(
    404, "CONTENT_NOT_FOUND", _NO_ORDERS, _NOT_FOUND, Origin.ORDER_SERVICE, severity="INFO"
)


def order_not_found(purchase_order_id: str) -> Problem:
    return replace(ORDERS_NOT_FOUND, description=f"Purchase order '{purchase_order_id}' not found")


def header_invalid(header: str) -> Problem:
    """Refuse a missing or invalid header, as the gateway."""
    return Problem(400, "INVALID_REQUEST_HEADER", f"{header} set null or invalid", _HEADERS, field=header)


def header_blank(header: str) -> Problem:
    """Refuse a missing or blank header, as the order service."""
    description = f"{header} set blank or null"
    return Problem(400, "INVALID_REQUEST_HEADER", description, _HEADERS, Origin.ORDER_SERVICE, header)


def path_not_served(path: str, severity: Severity) -> Problem:
    description = f"No static resource {path.lstrip('/')}."
    given = None if severity == "absent" else severity
    return Problem(404, "CONTENT_NOT_FOUND", description, _NOT_FOUND, severity=given)


def undocumented(status: HTTPStatus) -> Problem:
    """Refuse with a status for which Walmart publishes no code: the status's name becomes the code."""
    phrase = status.phrase
    return Problem(status, status.name, phrase, f"{phrase}.", Origin.ORDER_SERVICE)


def parameter_missing(name: str) -> Problem:
    info = "A required request parameter is missing."
    return Problem(400, "MISSING_REQUEST_PARAM", f"{name} is required", info, Origin.ORDER_SERVICE, name)


def parameter_invalid(name: str) -> Problem:
    info = "One or more request parameters are invalid."
    return Problem(400, "INVALID_REQUEST_PARAM", f"{name} is invalid", info, Origin.ORDER_SERVICE, name)


# The gateway itself checks this parameter.
GRANT_TYPE_INVALID = replace(parameter_invalid("grant_type"), origin=Origin.GATEWAY)


def date_invalid(name: str) -> Problem:
    """Refuse a date. Only the cause distinguishes this from ``REQUEST_INVALID``, which is an outage."""
    return replace(REQUEST_INVALID, description="Invalid Date format value", cause=name)


def not_acknowledgeable(purchase_order_id: str, reason: str) -> Problem:
    failed = f"Failed when called acknowledge API for '{purchase_order_id}'"
    description = f"INVALID_REQUEST_CONTENT :: {failed}. {reason}"
    info = "Request content is invalid."
    return Problem(400, "INVALID_REQUEST_CONTENT", description, info, Origin.ORDER_SERVICE, "data")
