"""A client for Walmart Canada's marketplace order API.

It authenticates every request by a digital signature or an access token, keeps to a total deadline, and
raises an error whose class says what the caller can do. It does not retry, except for a request whose access
token was refused, and it does not depend on AWS::

    from walmart_ca import Client, SignatureCredentials

    with Client(SignatureCredentials(consumer_id=..., channel_type=..., private_key=...)) as client:
        order = client.orders.acknowledge("2575193093772")

`TokenCredentials(client_id=..., client_secret=...)` authenticates the same calls by an access token.
`AsyncClient` has the same calls as coroutines, and runs them concurrently.
"""

from typing import TYPE_CHECKING

from .auth import Credentials
from .client import Client
from .clocks import elapsed
from .dates import parse_instant
from .errors import (
    CredentialsRefused,
    Misconfigured,
    NotSent,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)
from .messages import CallInfo, ErrorEntry, Request
from .models import Order, OrderLine, OrderLineStatus, OrderPage, Status
from .orders import LARGEST_PAGE, FollowedCursors, ListOptions
from .session import PRODUCTION_URL
from .signature import SignatureCredentials
from .tokens import TokenCredentials
from .transport import Sender
from .validation import InvalidArgument, check_purchase_order_id

if TYPE_CHECKING:
    from .async_client import AsyncClient
else:

    def __getattr__(name: str) -> object:
        """Load `AsyncClient` on first use: the synchronous client does not need asyncio."""
        if name != "AsyncClient":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .async_client import AsyncClient  # noqa: PLC0415 - see above

        return AsyncClient

    def __dir__() -> list[str]:
        """List `AsyncClient` before it is loaded as well."""
        return sorted({*globals(), *__all__})


__all__ = [
    "LARGEST_PAGE",
    "PRODUCTION_URL",
    "AsyncClient",
    "CallInfo",
    "Client",
    "Credentials",
    "CredentialsRefused",
    "ErrorEntry",
    "FollowedCursors",
    "InvalidArgument",
    "ListOptions",
    "Misconfigured",
    "NotSent",
    "Order",
    "OrderLine",
    "OrderLineStatus",
    "OrderPage",
    "OrderRejected",
    "OutcomeUnknown",
    "Request",
    "Sender",
    "SignatureCredentials",
    "Status",
    "Throttled",
    "TokenCredentials",
    "Unavailable",
    "WalmartError",
    "check_purchase_order_id",
    "elapsed",
    "parse_instant",
]
