"""The errors of a call, by what the caller can do about them.

An argument that cannot be used raises `InvalidArgument`, a `ValueError`, before anything is sent. Every other
error is a `WalmartError`::

    WalmartError
    ├── NotSent             The request was not sent: repeat it, unless the client is closed or of another
    │                       process.
    ├── OutcomeUnknown      It was sent and may have been applied: check the order's status before a retry.
    ├── Throttled           The quota is used up: repeat after `retry_at`.
    ├── Unavailable         Walmart, or a proxy in front of it, has a problem: repeat later. The request may
    │                       have been applied.
    ├── CredentialsRefused  Check the credentials and the clock.
    ├── OrderRejected       Walmart's order service refuses this order: check its status. A retry alone does
    │                       not help.
    └── Misconfigured       A header, the host or the path is wrong: a retry does not help.
"""

from datetime import datetime

from .messages import CallInfo, ErrorEntry
from .models import OrderPage


class WalmartError(Exception):
    """A call failed. The message shows no secret, no signature and no buyer's data.

    Attributes:
        call: Method, URL, status, latency and correlation id of the call.
        entries: Walmart's error list; empty when the response had none or it could not be read.
        reason: One word for logs and metrics: Walmart's first error code, or what this client found
            (`connect_timeout`, `connection_lost`, `foreign_order`, ...).
        status: HTTP status, or None when no response was read.
        correlation_id: `WM_QOS.CORRELATION_ID` of the call.
    """

    remedy = ""

    def __init__(self, reason: str, call: CallInfo, entries: tuple[ErrorEntry, ...] = ()) -> None:
        """Store the reason, the failed call and Walmart's error list."""
        super().__init__(reason, call, entries)
        self.reason = reason
        self.call = call
        self.entries = entries

    @property
    def status(self) -> int | None:
        """HTTP status, or None when no response was read."""
        return self.call.status

    @property
    def correlation_id(self) -> str:
        """`WM_QOS.CORRELATION_ID` of the call."""
        return self.call.correlation_id

    def __str__(self) -> str:
        """Return what happened, what to do, and what Walmart's support asks for."""
        what = f"{self.reason} (HTTP {self.status})" if self.status else self.reason
        blamed = ", ".join(sorted({entry.field for entry in self.entries if entry.field}))
        return (
            f"{what}{f', field {blamed}' if blamed else ''}: {self.remedy}"
            f" [{self.call.method} {self.call.url}, correlation id {self.correlation_id}]"
        )


class NotSent(WalmartError):
    """The request was not sent.

    The host was not found or did not accept a connection, its certificate is not trusted, no access token
    came in time, the call's time was over before it began (`no_time_left`), the client is closed (`closed`),
    or a forked process cannot use it (`other_process`). If the reason begins with `token_`, `call` is the
    request for the token.
    """

    remedy = "nothing was sent; repeat, and check the host and the network if this lasts"


class OutcomeUnknown(WalmartError):
    """The request was sent and no usable response came: Walmart may or may not have applied it.

    Attributes:
        names_order: Whether the response to a call about one order is a success that names this order but
            cannot be parsed.
        unread: The page without its orders when a page of a list came but cannot be read, with the cursor
            to the next page if the text shows one. Request smaller pages to skip only the unreadable order.
            None in every other case.
    """

    remedy = "it may have been applied; check the order's status before a retry"

    def __init__(
        self,
        reason: str,
        call: CallInfo,
        entries: tuple[ErrorEntry, ...] = (),
        *,
        names_order: bool = False,
        unread: OrderPage | None = None,
    ) -> None:
        """Store the failed call, and what is known about a response that could not be read."""
        super().__init__(reason, call, entries)
        self.names_order = names_order
        self.unread = unread


class Throttled(WalmartError):
    """The quota is used up, or the resource is locked (429, 420, 423)."""

    remedy = "repeat after the quota is replenished"

    @property
    def retry_at(self) -> datetime | None:
        """The aware time at which Walmart said that the quota is replenished; None if it did not say."""
        return self.call.retry_at


class Unavailable(WalmartError):
    """Walmart, or a proxy in front of it, has a problem.

    The response is 408, 5xx, 400 `INVALID_REQUEST` without a cause (an outage), a 4xx that the order service
    did not write, or a 403 that Walmart did not write (`blocked_by_firewall`). It is also a 2xx without a
    usable token (`token_unreadable`).
    """

    remedy = "Walmart or a proxy in front of it has a problem; repeat later, it may have been applied"


class CredentialsRefused(WalmartError):
    """Walmart does not accept the caller.

    The response is 401, a 403 that Walmart wrote, 400 `INVALID_TOKEN`, a 400 that names a header with
    credentials, or a 400 to the request for an access token that is no HTML page and blames no
    other header.
    """

    remedy = "check the credentials and this machine's clock"


class OrderRejected(WalmartError):
    """Walmart's order service refuses this order, such as an unknown one (404) or a shipped one (400)."""

    remedy = "check the order's status; a retry alone does not help"


class Misconfigured(WalmartError):
    """A header, the host or the path is wrong.

    The response is a 400 that names a header, a 404 that the order service did not write, 405, 406, 415, or
    any 3xx.
    """

    remedy = "correct the header, the host or the path; a redirect is never followed"
