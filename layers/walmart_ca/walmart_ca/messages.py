"""What goes over the wire and what is known of it afterwards; none of it shows a secret when printed."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One authorised call, ready to send.

    Attributes:
        method: Upper case, as signed.
        url: Scheme, host, path and query: byte for byte what was signed and what is sent.
        headers: Every header of the call. They hold the signature, or the token, and are left out when this
            is printed.
        correlation_id: `WM_QOS.CORRELATION_ID`, fresh for this call. Walmart's support asks for it.
        body: What is sent along; left out when this is printed.
    """

    method: str
    url: str
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    correlation_id: str
    body: bytes = dataclasses.field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What is known of one call once it is over.

    Attributes:
        method: Upper case.
        url: The URL that was called.
        correlation_id: `WM_QOS.CORRELATION_ID` of this call.
        status: HTTP status, or None when no status line was read.
        latency_s: Seconds from the first byte prepared to the response read, or to the failure.
        retry_at: When Walmart said its quota is replenished, or None when it did not say.
        tokens_left: How many more calls Walmart said its quota allows, or None when it did not say.
        answered_at: When Walmart answered, by its own clock (`Date`), aware; None when it did not say.
    """

    method: str
    url: str
    correlation_id: str
    status: int | None
    latency_s: float
    retry_at: datetime | None = None
    tokens_left: int | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One entry of Walmart's error list. Members that Walmart left out are empty.

    Attributes:
        code: The code without the suffix that names Walmart's service: `INVALID_REQUEST_CONTENT`, not
            `INVALID_REQUEST_CONTENT.GMP_ORDER_API`. The suffix varies for the same error.
        service: That suffix, `GMP_ORDER_API` in the example, or empty.
        field: What Walmart blames: a header's name, `data`, or empty.
        description: Walmart's sentence, shortened to 300 characters. It may quote what was sent, so it is
            left out when this is printed, and does not belong in a log.
        severity: `INFO`, `WARN` or `ERROR` as far as known.
        causes: How many causes the entry lists.
    """

    code: str
    service: str = ""
    field: str = ""
    description: str = dataclasses.field(default="", repr=False)
    severity: str = ""
    causes: int = 0
