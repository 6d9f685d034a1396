"""What the marketplace refuses, in Walmart's words."""

from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import Literal

type Severity = Literal["INFO", "ERROR", "absent"]


class Origin(Enum):
    """Who refuses: it decides the suffix of the code and the shape of the answer."""

    GATEWAY = "GMP_GATEWAY_API"
    ORDER_SERVICE = "GMP_ORDER_API"
    RECEIVER = "GMP_RECEIVER_API"


@dataclass(frozen=True, slots=True)
class Cause:
    """What in particular led to an error."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One error, before it takes a shape."""

    origin: Origin
    status: HTTPStatus
    name: str
    description: str
    info: str
    field: str | None = None
    severity: str | None = "ERROR"
    category: str = "DATA"
    cause: Cause | None = None

    @property
    def code(self) -> str:
        """The code in full, such as ``UNAUTHORIZED.GMP_GATEWAY_API``."""
        return f"{self.name}.{self.origin.value}"


@dataclass(frozen=True, slots=True)
class OAuthError:
    """An error as RFC 6749 words it, which is none of Walmart's shapes."""

    status: HTTPStatus
    error: str
    description: str


INVALID_CLIENT = OAuthError(HTTPStatus.BAD_REQUEST, "invalid_client", "Client authentication failed")


def header_invalid(header: str) -> Problem:
    """Refuse a header that is missing or has a value it cannot have."""
    return Problem(
        Origin.GATEWAY,
        HTTPStatus.BAD_REQUEST,
        "INVALID_REQUEST_HEADER",
        description=f"{header} set null or invalid",
        info="One or more request headers are invalid.",
        field=header,
    )


def header_blank(header: str) -> Problem:
    """Refuse a call that lacks a header."""
    return Problem(
        Origin.ORDER_SERVICE,
        HTTPStatus.BAD_REQUEST,
        "INVALID_REQUEST_HEADER",
        description=f"{header} set blank or null",
        info="One or more request headers are invalid.",
        field=header,
    )


UNAUTHORIZED = Problem(
    Origin.GATEWAY,
    HTTPStatus.UNAUTHORIZED,
    "UNAUTHORIZED",
    description="Unauthorized",
    # Walmart talks of tokens here even to callers that sign, and never says what was wrong.
    info='Unauthorized token or incorrect authorization header. Expected "Authorization: Basic ..."',
    field="UNAUTHORIZED",
)
INVALID_TOKEN = Problem(
    Origin.GATEWAY,
    HTTPStatus.BAD_REQUEST,
    "INVALID_TOKEN",
    description="Invalid token",
    info="The access token is invalid or has expired.",
    field="INVALID_TOKEN",
)
SYSTEM_ERROR = Problem(
    Origin.GATEWAY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "SYSTEM_ERROR",
    description="Internal Server Error",
    info="System encountered some error.",
    category="SYSTEM",
)
FORBIDDEN = Problem(
    Origin.GATEWAY,
    HTTPStatus.FORBIDDEN,
    "FORBIDDEN",
    description="Forbidden",
    info="The request is not allowed for this caller.",
    category="REQUEST",
)
# An outage that looks like the caller's fault: no cause is named, and the same call succeeds later.
REQUEST_INVALID = Problem(
    Origin.ORDER_SERVICE,
    HTTPStatus.BAD_REQUEST,
    "INVALID_REQUEST",
    description="Invalid Request",
    info="Request invalid.",
    field="data",
)
RESOURCE_IS_LOCKED = Problem(
    Origin.RECEIVER,
    HTTPStatus.LOCKED,
    "RESOURCE_IS_LOCKED",
    description="Resource is locked",
    info="The resource is locked by another request.",
    category="APPLICATION",
)
DOWNSTREAM_SYSTEM_TIME_OUT = Problem(
    Origin.ORDER_SERVICE,
    HTTPStatus.GATEWAY_TIMEOUT,
    "DOWNSTREAM_SYSTEM_TIME_OUT",
    description="Downstream system timed out",
    info="A system downstream did not answer in time.",
    category="SYSTEM",
)
THROTTLED = Problem(
    Origin.GATEWAY,
    HTTPStatus.TOO_MANY_REQUESTS,
    "REQUEST_THRESHOLD_VIOLATED",
    description="Too many requests",
    info="Request threshold has been violated.",
    category="REQUEST",
)
METHOD_NOT_ALLOWED = Problem(
    Origin.GATEWAY,
    HTTPStatus.METHOD_NOT_ALLOWED,
    "METHOD_NOT_ALLOWED",
    description="The resource does not know this method",
    info="Request method is not allowed.",
    category="REQUEST",
)
INVALID_ACCEPT_TYPE = Problem(
    Origin.GATEWAY,
    HTTPStatus.NOT_ACCEPTABLE,
    "INVALID_ACCEPT_TYPE",
    description="The resource has no such representation",
    info="Accept type is invalid.",
    category="REQUEST",
)
UNSUPPORTED_MEDIA_TYPE = Problem(
    Origin.GATEWAY,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "UNSUPPORTED_MEDIA_TYPE",
    description="The resource does not take this kind of content",
    info="Media type is not supported.",
    category="REQUEST",
)
# Walmart has no empty list: it counts one as not found, which is information.
ORDERS_NOT_FOUND = Problem(
    Origin.ORDER_SERVICE,
    HTTPStatus.NOT_FOUND,
    "CONTENT_NOT_FOUND",
    description="Failed when called getAllOrders. No orders found for the given search parameters",
    info="Requested content could not be found.",
    severity="INFO",
    category="APPLICATION",
)


def path_not_served(path: str, severity: Severity) -> Problem:
    """Say that the gateway serves no such path. Nobody has told the severity that comes with it."""
    return Problem(
        Origin.GATEWAY,
        HTTPStatus.NOT_FOUND,
        "CONTENT_NOT_FOUND",
        description=f"No static resource {path.lstrip('/')}.",
        info="Requested content could not be found.",
        severity=None if severity == "absent" else severity,
    )


def undocumented(status: HTTPStatus) -> Problem:
    """Refuse with a status for which Walmart publishes no code: its name takes the code's place."""
    return Problem(
        Origin.ORDER_SERVICE,
        status,
        status.name,
        description=status.phrase,
        info=f"{status.phrase}.",
        category="APPLICATION",
    )


def order_not_found(purchase_order_id: str) -> Problem:
    """Say that there is no such order, which Walmart counts as information."""
    return Problem(
        Origin.ORDER_SERVICE,
        HTTPStatus.NOT_FOUND,
        "CONTENT_NOT_FOUND",
        description=f"Purchase order '{purchase_order_id}' not found",
        info="Requested content could not be found.",
        severity="INFO",
        category="APPLICATION",
    )


def parameter_missing(name: str) -> Problem:
    """Refuse a search without a parameter that it needs."""
    return Problem(
        Origin.ORDER_SERVICE,
        HTTPStatus.BAD_REQUEST,
        "MISSING_REQUEST_PARAM",
        description=f"{name} is required",
        info="A required request parameter is missing.",
        field=name,
    )


def parameter_invalid(name: str) -> Problem:
    """Refuse a parameter whose value is none that it can have."""
    return Problem(
        Origin.ORDER_SERVICE,
        HTTPStatus.BAD_REQUEST,
        "INVALID_REQUEST_PARAM",
        description=f"{name} is invalid",
        info="One or more request parameters are invalid.",
        field=name,
    )


# It is the gateway that looks into this form.
GRANT_TYPE_INVALID = replace(parameter_invalid("grant_type"), origin=Origin.GATEWAY)


def date_invalid(name: str) -> Problem:
    """Refuse a date. The cause is all that tells it from ``REQUEST_INVALID``, the outage in disguise."""
    return replace(
        REQUEST_INVALID,
        description="Invalid Date format value",
        cause=Cause(name, "The date is not in ISO 8601 with whole seconds"),
    )


def not_acknowledgeable(purchase_order_id: str, reason: str) -> Problem:
    """Refuse to acknowledge an order in its present state."""
    return Problem(
        Origin.ORDER_SERVICE,
        HTTPStatus.BAD_REQUEST,
        "INVALID_REQUEST_CONTENT",
        description=(
            "INVALID_REQUEST_CONTENT :: "
            f"Failed when called acknowledge API for '{purchase_order_id}'. {reason}"
        ),
        info="Request content is invalid.",
        field="data",
    )
