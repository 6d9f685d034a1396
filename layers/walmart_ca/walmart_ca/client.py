"""The client: builds calls, sends each once, and says what is known of it."""

import re
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

from .answers import Answer
from .calls import Call, Request
from .clocks import elapsed
from .dates import parse_http_date
from .doors import Credentials
from .errors import NotSent, OutcomeUnknown
from .forks import call_after_fork
from .hosts import check_base_url
from .order_calls import Orders
from .transport import ONE_ORDER, Limits, NoAnswerError, NothingSentError, Sender, Transport
from .verdicts import replenished_at, tokens_left

PRODUCTION_URL: Final = "https://marketplace.walmartapis.com"
"""Walmart's production host (the `servers` of its Canadian OpenAPI)."""
DEFAULT_SERVICE_NAME: Final = "Walmart Marketplace"
"""`WM_SVC.NAME`: free text in practice; this one was seen to work."""
DEFAULT_TIMEOUT: Final = 15.0
LONGEST_TIMEOUT: Final = 86_400.0
"""Seconds: a day. A socket cannot wait for more than some weeks."""

_PRINTABLE: Final = re.compile(r"(?! )[\x20-\x7e]{1,128}(?<! )")


class Client:
    """Walmart Canada's order API, one call at a time. Threads may share it.

    A call is never repeated by itself: what a failed one calls for depends on more than the call. In a
    process that was forked from this one, the client has connections of its own.
    """

    orders: Orders

    def __init__(  # noqa: PLR0913 - settings, each with a default, and by keyword alone
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
        monotonic: Callable[[], float] = elapsed,
        new_correlation_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """Prepare a client; nothing is opened before the first call.

        Args:
            credentials: Who calls, and through which door.
            base_url: Scheme and host; https, or http for a loopback host. No path.
            service_name: `WM_SVC.NAME`.
            timeout: Seconds for each call, from connecting to the last byte of the answer; a day at most.
                Connecting takes three of them at most, and a token, where one is needed, 15.
            max_connections: How many connections are kept open. With more calls than that at a time, those
                beyond it have connections for themselves, which are closed after them.
            ssl_context: What to trust; the system's authorities when None.
            transport: What to send the calls by, and to close with the client; when None, a pool of
                connections to `base_url`, for which the two settings before are. In a process that was
                forked later, a client with one sends nothing (`NotSent`, reason `other_process`).
            clock: Epoch seconds, for the timestamp that is signed, and for times that Walmart names.
            monotonic: Seconds since some moment, for how long something took or stands: a clock that nobody
                can set.
            new_correlation_id: Makes `WM_QOS.CORRELATION_ID`, new for each call: 1 to 128 printable ASCII
                characters, blanks inside only. A call for which it makes anything else is a `ValueError`.

        Raises:
            ValueError: `base_url`, `service_name` or `timeout` is unusable; the text names which.
        """
        _check_printable("service_name", service_name)
        self._timeout = timeout
        if not self.seconds(timeout) > 0:
            raise ValueError("timeout must be a number of seconds above 0")
        self.base_url = check_base_url(base_url)
        self.orders = Orders(self)
        self._service_name = service_name
        self._clock = clock
        self._monotonic = monotonic
        self._new_correlation_id = new_correlation_id
        self._door = credentials.open_door(self)
        self._is_of_other_process = False
        if transport is None:
            transport = Transport(
                self.base_url, max_connections=max_connections, ssl_context=ssl_context, monotonic=monotonic
            )
        else:
            call_after_fork(self._remember_fork)
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
        headers = self._door.headers(method, url, self.seconds(timeout))
        # A POST without a content type died with 500 or 520 and no hint, though it has no content
        # (partnerapi_sdk_dotnet #11, #16).
        return self.build(method, url, headers, content_type="application/json" if method == "POST" else None)

    def build(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        content_type: str | None,
        body: bytes = b"",
    ) -> Request:
        """Build a call from what authorises it and what every call has."""
        correlation_id = self._correlation_id()
        return Request(
            method=method,
            url=url,
            headers={
                **headers,
                "WM_SVC.NAME": self._service_name,
                "WM_QOS.CORRELATION_ID": correlation_id,
                "Accept": "application/json",
                **({"Content-Type": content_type} if content_type else {}),
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

    def monotonic(self) -> float:
        """Return seconds since some moment, by a clock that nobody can set."""
        return self._monotonic()

    def seconds(self, timeout: float | None) -> float:
        """Return the time-out of a call; the client's own when None.

        Raises:
            ValueError: It is not a number of seconds up to a day.
        """
        timeout = self._timeout if timeout is None else timeout
        if not isinstance(timeout, int | float) or not timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"timeout must be a number of seconds up to {LONGEST_TIMEOUT:.0f}")
        return timeout

    def not_sent(self, reason: str, method: str, path: str, latency_s: float) -> NotSent:
        """Describe a call below the orders' path that was given up before it was built."""
        url = self.url(f"{self._door.orders_path}{path}")
        return NotSent(reason, Call(method, url, self._correlation_id(), None, latency_s))

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
        timeout = self.seconds(timeout)
        started = self._monotonic()

        def call(answer: Answer | None = None) -> Call:
            return Call(
                method=request.method,
                url=request.url,
                correlation_id=request.correlation_id,
                status=answer.status if answer else None,
                latency_s=self._monotonic() - started,
                retry_at=replenished_at(answer.headers, self._clock()) if answer else None,
                tokens_left=tokens_left(answer.headers) if answer else None,
                answered_at=parse_http_date(answer.headers.get("Date")) if answer else None,
            )

        try:
            if self._is_of_other_process:
                raise NothingSentError("other_process")  # noqa: TRY301 - one of the reasons below
            answer = self._transport.send(request, timeout, limits)
        except NothingSentError as error:
            raise NotSent(str(error), call()) from error
        except NoAnswerError as error:
            raise OutcomeUnknown(str(error), call()) from error
        return answer, call(answer)

    def _correlation_id(self) -> str:
        correlation_id = self._new_correlation_id()
        _check_printable("new_correlation_id", correlation_id)
        return correlation_id

    def _remember_fork(self) -> None:
        self._is_of_other_process = True


def _check_printable(name: str, value: object) -> None:
    if not isinstance(value, str) or not _PRINTABLE.fullmatch(value):
        raise ValueError(f"{name} must be 1 to 128 printable ASCII characters, blanks inside only")
