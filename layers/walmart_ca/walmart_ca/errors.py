"""What can go wrong, sorted by what the caller can do about it.

An argument that cannot be used raises `InvalidArgument`, a `ValueError`, before anything is sent. Everything
else is a `WalmartError`::

    WalmartError
    ├── NotSent             Nothing was sent of the call: repeat at once.
    ├── OutcomeUnknown      It was sent and may have been applied: check the order's status before a retry.
    ├── Throttled           The quota is used up: repeat after `retry_at`.
    ├── Unavailable         Walmart, or something in front of it, has trouble: repeat later. It may have
    │                       been applied all the same.
    ├── CredentialsRefused  Check the credentials and the clock.
    ├── OrderRejected       Walmart's order service refuses this order: check its status. Repeating alone does
    │                       not help.
    └── Misconfigured       A header, the host or the path is wrong: repeating does not help.
"""

from datetime import datetime

from .messages import CallInfo, ErrorEntry
from .models import OrderPage


class WalmartError(Exception):
    """A call that did not lead to an order.

    Its text, and what it prints as, is free of secrets, signatures and the buyer's data.

    Attributes:
        call: What is known of the call.
        entries: Walmart's error list; empty when there was none or it could not be read.
        reason: One word for logs and metrics: Walmart's first error code, or what this client saw
            (`connect_timeout`, `connection_lost`, `foreign_order`, ...).
        status: HTTP status, or None when there was none.
        correlation_id: `WM_QOS.CORRELATION_ID` of the call.
    """

    remedy = ""

    def __init__(self, reason: str, call: CallInfo, entries: tuple[ErrorEntry, ...] = ()) -> None:
        """Describe the failed `call` in one word, with Walmart's error list where there was one."""
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
        """Say what happened, what to do, and what Walmart's support would ask for."""
        what = f"{self.reason} (HTTP {self.status})" if self.status else self.reason
        blamed = ", ".join(sorted({entry.field for entry in self.entries if entry.field}))
        return (
            f"{what}{f', field {blamed}' if blamed else ''}: {self.remedy}"
            f" [{self.call.method} {self.call.url}, correlation id {self.correlation_id}]"
        )


class NotSent(WalmartError):
    """The host was not found, did not answer, showed no trustworthy certificate, or issued no token in time.

    Or the call's time was over before it could begin (`no_time_left`), the client is closed (`closed`), or it
    cannot be used in this process (`other_process`). Nothing was sent of the call itself. Where the reason
    begins with `token_`, `call` is the one for a token.
    """

    remedy = "nothing was sent; repeat, and check the host and the network if this lasts"


class OutcomeUnknown(WalmartError):
    """The call was sent, and no usable response came: it may or may not have been applied.

    Attributes:
        names_order: For a call about one order: a success came whose text names this order, and something in
            that text cannot be read.
        unread: For a page of a list that came and cannot be read: the page without its orders, with the
            cursor to the next one if its text shows one. Ask for fewer orders, so that an odd one costs
            itself only. None for everything else.
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
        """Describe the failed `call`, and what is known of a response that could not be read."""
        super().__init__(reason, call, entries)
        self.names_order = names_order
        self.unread = unread


class Throttled(WalmartError):
    """The quota is used up, or the resource is locked (429, 420, 423)."""

    remedy = "repeat after the quota is replenished"

    @property
    def retry_at(self) -> datetime | None:
        """When Walmart said that its quota is replenished, aware; None when it did not say."""
        return self.call.retry_at


class Unavailable(WalmartError):
    """Walmart, or something in front of it, has trouble.

    That is 408, 5xx, an outage dressed as 400 `INVALID_REQUEST`, a 4xx that no order service wrote, and a 403
    that Walmart did not write (`blocked_by_firewall`).
    """

    remedy = "Walmart or a proxy before it has trouble; repeat later, it may have been applied all the same"


class CredentialsRefused(WalmartError):
    """Walmart does not accept who is calling.

    That is 401, a 403 in Walmart's words, 400 `INVALID_TOKEN` or with a header blamed that carries the
    credentials, and any 400 in response to the client id and secret.
    """

    remedy = "check the credentials and this machine's clock"


class OrderRejected(WalmartError):
    """Walmart's order service refuses this very order: not found (404), in a higher status (400)."""

    remedy = "check the order's status; a retry alone does not help"


class Misconfigured(WalmartError):
    """A header, the host or the path is wrong.

    That is 400 with a header blamed, a 404 that the order service did not write, 405, 406, 415, and any 3xx.
    """

    remedy = "correct the header, the host or the path; a redirect is never followed"
