"""A request, and the record of a call; neither shows a secret when printed."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One authenticated request, ready to send.

    Attributes:
        method: The HTTP method in upper case, as it is signed.
        url: Scheme, host, path and query, byte for byte as they are signed and sent.
        headers: Every header of the request. They contain the signature or the token, so `repr` omits them.
        correlation_id: `WM_QOS.CORRELATION_ID`, unique to this request. Walmart's support asks for it.
        body: The body; `repr` omits it.
    """

    method: str
    url: str
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    correlation_id: str
    body: bytes = dataclasses.field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class CallInfo:
    """The record of one finished call.

    Attributes:
        method: The HTTP method in upper case.
        url: The URL of the request.
        correlation_id: `WM_QOS.CORRELATION_ID` of the request.
        status: HTTP status, or None when no response was read.
        latency_s: Seconds from the start of the call to the end of the response, or to the failure.
        retry_at: The aware time at which Walmart said that the quota is replenished, or None.
        tokens_left: How many more calls the quota allows, as Walmart said, or None.
        answered_at: The aware time of the response by Walmart's clock (its `Date` header), or None.
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
    """One entry of Walmart's error list. Missing members are empty.

    Attributes:
        code: The code without the suffix that names Walmart's service: `INVALID_REQUEST_CONTENT`, not
            `INVALID_REQUEST_CONTENT.GMP_ORDER_API`. The suffix varies for the same error.
        service: That suffix, `GMP_ORDER_API` in the example, or empty.
        field: What Walmart names as the cause: a header's name, `data`, or empty.
        description: Walmart's text, shortened to 300 characters. It may quote the request, so `repr` omits
            it, and it does not belong in a log.
        severity: `INFO`, `WARN`, `ERROR`, or empty.
        causes: How many causes the entry lists.
    """

    code: str
    service: str = ""
    field: str = ""
    description: str = dataclasses.field(default="", repr=False)
    severity: str = ""
    causes: int = 0
