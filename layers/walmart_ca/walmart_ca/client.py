"""The client: builds calls, sends each once, and says what is known of it."""

import math
import re
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

from .answers import Answer
from .calls import Call, Request
from .dates import parse_http_date
from .doors import Credentials
from .errors import NotSent, OutcomeUnknown
from .hosts import check_base_url
from .order_calls import Orders
from .transport import ONE_ORDER, Limits, NoAnswerError, NothingSentError, Sender, Transport
from .verdicts import replenished_at, tokens_left

PRODUCTION_URL: Final = "https://marketplace.walmartapis.com"
"""Walmart's production host (the `servers` of its Canadian OpenAPI)."""
DEFAULT_SERVICE_NAME: Final = "Walmart Marketplace"
"""`WM_SVC.NAME`: free text in practice; this one was seen to work."""
DEFAULT_TIMEOUT: Final = 15.0


_SERVICE_NAME: Final = re.compile(r"(?! )[\x20-\x7e]{1,128}(?<! )")


class Client:
    """Walmart Canada's order API, one call at a time. Threads may share it.

    A call is never repeated by itself: what a failed one calls for depends on more than the call.
    """

    orders: Orders

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str = PRODUCTION_URL,
        service_name: str = DEFAULT_SERVICE_NAME,
        timeout: float = DEFAULT_TIMEOUT,
        max_connections: int = 10,
        ssl_context: ssl.SSLContext | None = None,
        transport: Sender | None = None,
        clock: Callable[[], float] = time.time,
        new_correlation_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """Prepare a client; nothing is opened before the first call.

        Args:
            credentials: Who calls, and through which door.
            base_url: Scheme and host; https, or http for a loopback host. No path.
            service_name: `WM_SVC.NAME`.
            timeout: Seconds for each call, from connecting to the last byte of the answer.
            max_connections: How many connections are kept open.
            ssl_context: What to trust; the system's authorities when None.
            transport: What to send the calls by, and to close with the client; when None, a pool of
                connections to `base_url`, for which the two settings before are.
            clock: Epoch seconds, for the timestamp that is signed.
            new_correlation_id: Makes `WM_QOS.CORRELATION_ID`, new for each call.

        Raises:
            ValueError: `base_url`, `service_name` or `timeout` is unusable; the text names which.
        """
        if not isinstance(service_name, str) or not _SERVICE_NAME.fullmatch(service_name):
            raise ValueError("service_name must be 1 to 128 printable ASCII characters, blanks inside only")
        if not isinstance(timeout, int | float) or not 0 < timeout < math.inf:
            raise ValueError("timeout must be a number of seconds above 0")
        self.base_url = check_base_url(base_url)
        self.orders = Orders(self)
        self._service_name = service_name
        self.timeout = timeout
        self._clock = clock
        self._new_correlation_id = new_correlation_id
        self._door = credentials.open_door(self)
        if transport is None:
            transport = Transport(self.base_url, max_connections=max_connections, ssl_context=ssl_context)
        self._transport = transport

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        self.close()

    def build_request(self, method: str, path: str, *, timeout: float | None = None) -> Request:
        """Build and authorise a call below the orders' path, with a fresh correlation id.

        A signature is bound to its timestamp: send it at once, and build a new one for every attempt.

        Args:
            method: Upper case.
            path: Begins with a slash.
            timeout: Seconds that getting a token may take, where one is needed; the client's own when None.

        Raises:
            WalmartError: A token was needed and could not be got.
        """
        url = self.url(f"{self._door.orders_path}{path}")
        headers = self._door.headers(method, url, self.timeout if timeout is None else timeout)
        # A POST without a content type died with 500 or 520 and no hint (partnerapi_sdk_dotnet #11, #16).
        return self.build(method, url, headers, content_type="application/json")

    def build(
        self, method: str, url: str, headers: Mapping[str, str], *, content_type: str, body: bytes = b""
    ) -> Request:
        """Build a call from what authorises it and what every call has."""
        correlation_id = self._new_correlation_id()
        return Request(
            method=method,
            url=url,
            headers={
                **headers,
                "WM_SVC.NAME": self._service_name,
                "WM_QOS.CORRELATION_ID": correlation_id,
                "Accept": "application/json",
                "Content-Type": content_type,
                "User-Agent": "walmart-ca",
            },
            correlation_id=correlation_id,
            body=body,
        )

    def url(self, path: str) -> str:
        """Return the URL of a path on this client's host."""
        return f"{self.base_url}{path}"

    def now(self) -> float:
        """Return the time, in epoch seconds."""
        return self._clock()

    def renew(self, refused: Request) -> bool:
        """Tell whether a call that was refused may pass when it is built anew."""
        return self._door.renew(refused)

    def send(
        self, request: Request, *, timeout: float | None = None, limits: Limits = ONE_ORDER
    ) -> tuple[Answer, Call]:
        """Send a call, once.

        Args:
            request: From `build_request`.
            timeout: Seconds for this call, to the last byte of its answer; the client's own when None.
                With nothing left of it, nothing is sent.
            limits: What its answer may take.

        Returns:
            Walmart's answer, whatever its status, and what is known of the call.

        Raises:
            NotSent: Nothing of it was sent.
            OutcomeUnknown: It was sent, and no whole answer came.
        """
        started = time.monotonic()

        def call(answer: Answer | None = None) -> Call:
            return Call(
                method=request.method,
                url=request.url,
                correlation_id=request.correlation_id,
                status=answer.status if answer else None,
                latency_s=time.monotonic() - started,
                retry_at=replenished_at(answer.headers, self._clock()) if answer else None,
                tokens_left=tokens_left(answer.headers) if answer else None,
                answered_at=parse_http_date(answer.headers.get("Date")) if answer else None,
            )

        try:
            answer = self._transport.send(request, self.timeout if timeout is None else timeout, limits)
        except NothingSentError as error:
            raise NotSent(str(error), call()) from error
        except NoAnswerError as error:
            raise OutcomeUnknown(str(error), call()) from error
        return answer, call(answer)
