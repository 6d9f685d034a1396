"""Builds one request and sends it once. It knows nothing of authentication or of orders."""

import ssl
import uuid
from collections.abc import Callable, Mapping
from typing import Final

from .dates import parse_http_date
from .errors import NotSent, OutcomeUnknown
from .forks import call_after_fork
from .messages import CallInfo, Request
from .quota_headers import replenished_at, tokens_left
from .responses import Response
from .transport import ONE_ORDER, NoResponseError, NothingSentError, Sender, Transport
from .validation import InvalidArgument, check_base_url, printable_value
from .version import VERSION

PRODUCTION_URL: Final = "https://marketplace.walmartapis.com"
"""Walmart's production host (`servers` in Walmart's Canadian OpenAPI)."""
DEFAULT_SERVICE_NAME: Final = "Walmart Marketplace"
"""`WM_SVC.NAME`. Walmart does not check the text; clients in production use this one."""
DEFAULT_TIMEOUT: Final = 15.0
"""Seconds for one call."""
_LONGEST_TIMEOUT: Final = 86_400.0
"""One day in seconds. A socket's time-out is limited to some weeks."""


def new_uuid() -> str:
    """Return a random UUID."""
    return str(uuid.uuid4())


class Session:
    """The host, time-out, headers and connections of one client. Threads may share it."""

    def __init__(
        self,
        *,
        base_url: str,
        service_name: str,
        timeout: float,
        max_connections: int,
        ssl_context: ssl.SSLContext | None,
        transport: Sender | None,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        new_correlation_id: Callable[[], str],
    ) -> None:
        """Prepare a session; nothing is opened. `Client` describes the arguments and the errors."""
        self._service_name = printable_value("service_name", service_name)
        self._timeout = timeout
        if not self.timeout_of(timeout) > 0:
            raise InvalidArgument("timeout", "must be a number of seconds above 0")
        self._base_url = check_base_url(base_url)
        self.now = clock
        self.monotonic = monotonic
        self._new_correlation_id = new_correlation_id
        self._is_of_other_process = False
        if transport is None:
            transport = Transport(
                self._base_url, max_connections=max_connections, ssl_context=ssl_context, monotonic=monotonic
            )
        else:
            call_after_fork(self._remember_fork)
        self._transport = transport

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def url(self, path: str) -> str:
        """Return the URL of a path on this session's host."""
        return f"{self._base_url}{path}"

    def timeout_of(self, timeout: float | None) -> float:
        """Return the time-out of a call in seconds; the session's default when `timeout` is None.

        Raises:
            InvalidArgument: `timeout` is not a number of seconds up to one day.
        """
        timeout = self._timeout if timeout is None else timeout
        if not isinstance(timeout, int | float) or not timeout <= _LONGEST_TIMEOUT:
            raise InvalidArgument("timeout", f"must be a number of seconds up to {_LONGEST_TIMEOUT:.0f}")
        return timeout

    def build(
        self,
        method: str,
        url: str,
        auth_headers: Mapping[str, str],
        *,
        content_type: str | None,
        body: bytes = b"",
    ) -> Request:
        """Build a request with a new correlation id.

        Args:
            method: The HTTP method in upper case.
            url: The full URL, byte for byte as it is sent.
            auth_headers: The headers that authenticate the request.
            content_type: `Content-Type`; None omits the header.
            body: The body.

        Raises:
            InvalidArgument: `new_correlation_id` returned a value that cannot be a header.
        """
        correlation_id = self._correlation_id()
        headers = {
            **auth_headers,
            "WM_SVC.NAME": self._service_name,
            "WM_QOS.CORRELATION_ID": correlation_id,
            "Accept": "application/json",
            "User-Agent": f"walmart-ca/{VERSION}",
        }
        if content_type:
            headers["Content-Type"] = content_type
        return Request(method=method, url=url, headers=headers, correlation_id=correlation_id, body=body)

    def send(
        self, request: Request, *, timeout: float, max_bytes: int = ONE_ORDER
    ) -> tuple[Response, CallInfo]:
        """Send a request, once.

        Args:
            request: From `build`.
            timeout: Seconds to the last byte of the response. Nothing is sent unless it is above 0.
            max_bytes: The maximum size of the response's body.

        Returns:
            Walmart's response, of any status, and the record of the call.

        Raises:
            NotSent: The request was not sent.
            OutcomeUnknown: The request was sent, and no complete response came.
        """
        started = self.monotonic()

        def call_info(response: Response | None = None) -> CallInfo:
            return CallInfo(
                method=request.method,
                url=request.url,
                correlation_id=request.correlation_id,
                status=response.status if response else None,
                latency_s=self.monotonic() - started,
                retry_at=replenished_at(response.headers, self.now()) if response else None,
                tokens_left=tokens_left(response.headers) if response else None,
                answered_at=parse_http_date(response.headers.get("Date")) if response else None,
            )

        try:
            if self._is_of_other_process:
                raise NothingSentError("other_process")  # noqa: TRY301 - one of the reasons below
            response = self._transport.send(request, timeout, max_bytes)
        except NothingSentError as error:
            raise NotSent(str(error), call_info()) from error
        except NoResponseError as error:
            raise OutcomeUnknown(str(error), call_info()) from error
        return response, call_info(response)

    def not_sent(self, reason: str, method: str, path: str, latency_s: float) -> NotSent:
        """Return the error of a call that ended before its request was built."""
        return NotSent(reason, CallInfo(method, self.url(path), self._correlation_id(), None, latency_s))

    def _correlation_id(self) -> str:
        return printable_value("new_correlation_id", self._new_correlation_id())

    def _remember_fork(self) -> None:
        self._is_of_other_process = True
