"""A client for Walmart Canada's marketplace order API.

Signs every call or brings a token along, keeps to a total deadline, and sorts what went wrong by what the
caller can do about it. It repeats nothing by itself but a call whose token was refused, and knows nothing of
AWS::

    from walmart_ca import Client, SignatureCredentials

    with Client(SignatureCredentials(consumer_id=..., channel_type=..., private_key=...)) as client:
        order = client.orders.acknowledge("2575193093772")

`TokenCredentials(client_id=..., client_secret=...)` opens Walmart's other door, the Global API, for the same
calls. `AsyncClient` has the same members to await, and runs its calls side by side.
"""

from typing import TYPE_CHECKING

from .calls import Call, ErrorEntry, Request
from .client import DEFAULT_SERVICE_NAME, PRODUCTION_URL, Client
from .clocks import elapsed
from .dates import parse_instant
from .doors import Credentials
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
from .hosts import check_base_url
from .order_calls import LARGEST_PAGE, FollowedCursors, Released
from .orders import Order, OrderLine, OrderLineStatus, OrderPage, Status, check_purchase_order_id
from .signature import SignatureCredentials
from .tokens import TokenCredentials
from .transport import Sender

if TYPE_CHECKING:
    from .async_client import AsyncClient
else:

    def __getattr__(name: str) -> object:
        """Load `AsyncClient` when it is asked for: who only calls and waits has no use for asyncio."""
        if name != "AsyncClient":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .async_client import AsyncClient  # noqa: PLC0415 - see above

        return AsyncClient

    def __dir__() -> list[str]:
        """List `AsyncClient` before it is loaded as well."""
        return sorted({*globals(), *__all__})


__all__ = [
    "DEFAULT_SERVICE_NAME",
    "LARGEST_PAGE",
    "PRODUCTION_URL",
    "AsyncClient",
    "Call",
    "Client",
    "Credentials",
    "CredentialsRefused",
    "ErrorEntry",
    "FollowedCursors",
    "Misconfigured",
    "NotSent",
    "Order",
    "OrderLine",
    "OrderLineStatus",
    "OrderPage",
    "OrderRejected",
    "OutcomeUnknown",
    "Released",
    "Request",
    "Sender",
    "SignatureCredentials",
    "Status",
    "Throttled",
    "TokenCredentials",
    "Unavailable",
    "WalmartError",
    "check_base_url",
    "check_purchase_order_id",
    "elapsed",
    "parse_instant",
]
