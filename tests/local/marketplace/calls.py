"""A call, as the log has it, which tests read."""

from dataclasses import dataclass, field

from urllib3 import HTTPHeaderDict

from .faults import Fault
from .variants import Scheme


@dataclass(slots=True)
class Call:
    """One call to the order API; the last four attributes change while it is served.

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
