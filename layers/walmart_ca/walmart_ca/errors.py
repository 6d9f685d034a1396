"""What can go wrong, sorted by what the caller can do about it.

A bad argument is a `ValueError` before anything is sent; everything else is a `WalmartError`::

    WalmartError
    ├── NotSent             Nothing was sent of the call: repeat at once.
    ├── OutcomeUnknown      It was sent and may have been applied: look at the order before repeating.
    ├── Throttled           The quota is used up: repeat after `retry_at`.
    ├── Unavailable         Walmart has trouble: repeat later. It may have been applied all the same.
    ├── CredentialsRefused  Check the credentials and the clock.
    ├── OrderRejected       Walmart refuses this order: look at its state. Repeating alone does not help.
    └── Misconfigured       A header, the host or the path is wrong: repeating does not help.
"""

from datetime import datetime

from .calls import Call, ErrorEntry


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

    def __init__(self, reason: str, call: Call, entries: tuple[ErrorEntry, ...] = ()) -> None:
        """Describe the failed `call` in one word, with Walmart's error list where there was one."""
        super().__init__(reason, call, entries)
        self.reason = reason
        self.call = call
        self.entries = entries

    @property
    def status(self) -> int | None:
        """HTTP status, or None when no answer was read."""
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

    Nothing was sent of the call itself. Where the reason begins with `token_`, `call` is the one for a token.
    """

    remedy = "nothing was sent; repeat, and check the host and the network if this lasts"


class OutcomeUnknown(WalmartError):
    """The call was sent, and no usable answer came: it may or may not have been applied."""

    remedy = "it may have been applied; look at the order before repeating"


class Throttled(WalmartError):
    """The quota is used up, or the resource is locked (429, 420, 423)."""

    remedy = "repeat after the quota is replenished"

    @property
    def retry_at(self) -> datetime | None:
        """When Walmart said that its quota is replenished, aware; None when it did not say."""
        return self.call.retry_at


class Unavailable(WalmartError):
    """Walmart has trouble of its own (408, 5xx, or an outage dressed as 400 `INVALID_REQUEST`)."""

    remedy = "Walmart has trouble; repeat later, it may have been applied all the same"


class CredentialsRefused(WalmartError):
    """Walmart does not accept who is calling (401, 403, or 400 `INVALID_TOKEN`)."""

    remedy = "check the credentials, whichever door they open, and this machine's clock"


class OrderRejected(WalmartError):
    """Walmart refuses this very order: not found (404), in a higher status (400), and the like."""

    remedy = "look at the order's state; repeating alone does not help"


class Misconfigured(WalmartError):
    """A header, the host or the path is wrong (400 with a header blamed, 405, 406, 415, any 3xx)."""

    remedy = "correct the header, the host or the path; a redirect is never followed"
