"""Authentication by access token, for Walmart's Global API, which serves Canada as the market `ca`."""

import base64
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from typing import Final

from .auth import Auth
from .classification import token_or_error
from .errors import NotSent, OutcomeUnknown, WalmartError
from .forks import call_after_fork
from .messages import Request
from .session import Session
from .validation import InvalidArgument, header_value, opaque_value

_TOKEN_PATH: Final = "/v3/token"  # noqa: S105 - a path, not a token
_REFRESH_BEFORE_S: Final = 60.0
"""A token is no longer used this many seconds before its end: a call takes time, and clocks differ."""
_TIMEOUT_S: Final = 15.0
"""The most seconds that the request for a token may take."""
_TIMED_OUT: Final = frozenset({"token_no_time_left", "token_connect_timeout", "token_response_timeout"})
"""The reasons of a request for a token that failed for lack of time."""

_ACCESS_TOKEN: Final = "WM_SEC.ACCESS_TOKEN"  # noqa: S105 - a header's name


class TokenCredentials:
    """Client id and client secret, for an access token.

    Walmart's current reference for Canada has the path `/v3/orders/{purchaseOrderId}/acknowledge` without a
    body. It requires `WM_MARKET` (the default is the United States) and `WM_GLOBAL_VERSION`, which must be
    3.1. `market="us"` supports US sellers. Mexico and Chile need another call (`acknowledgeLines`) and are
    not supported.
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        channel_type: str | None = None,
        market: str = "ca",
        global_version: str = "3.1",
    ) -> None:
        """Check and store the values; nothing is sent.

        Args:
            client_id: The client id from Walmart's Developer Portal, which differs from the consumer id.
            client_secret: The client secret from the same page.
            channel_type: `WM_CONSUMER.CHANNEL.TYPE`. Walmart's reference does not name it for these calls;
                one client got 403 `FORBIDDEN` without it. None omits the header.
            market: `WM_MARKET`, such as `ca` or `us`.
            global_version: `WM_GLOBAL_VERSION`.

        Raises:
            InvalidArgument: A value is missing or cannot be used.
        """
        self.client_id = header_value("client_id", client_id)
        self._client_secret = opaque_value("client_secret", client_secret)
        if ":" in self.client_id:
            raise InvalidArgument(
                "client_id", "must not contain a colon, which ends it in the Authorization header"
            )
        self._market = {"WM_MARKET": header_value("market", market)}
        self._global = {**self._market, "WM_GLOBAL_VERSION": header_value("global_version", global_version)}
        self.channel_type = None if channel_type is None else header_value("channel_type", channel_type)
        if self.channel_type is not None:
            self._global["WM_CONSUMER.CHANNEL.TYPE"] = self.channel_type

    def auth(self, session: Session) -> Auth:
        """Return the authentication that fetches one session's tokens. See `Credentials.auth`."""
        return TokenAuth(self, session)

    def check(self) -> None:
        """Do nothing: only Walmart can check them."""

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers that authenticate a call about orders."""
        return {_ACCESS_TOKEN: token, **self._global}

    def token_headers(self) -> dict[str, str]:
        """Return the headers that authenticate the request for a token."""
        pair = base64.b64encode(f"{self.client_id}:{self._client_secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}", **self._market}

    def __repr__(self) -> str:
        """Return the client id without the secret."""
        return f"{type(self).__name__}(client_id={self.client_id!r})"


class _Token:
    def __init__(self, value: str, good_until: float) -> None:
        self.value = value
        self.good_until = good_until


class TokenAuth:
    """Caches one access token for all threads; one thread at a time fetches a new one."""

    orders_path = "/v3/orders"

    def __init__(self, credentials: TokenCredentials, session: Session) -> None:
        self._credentials = credentials
        self._session = session
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._asked: Future[_Token] | None = None
        call_after_fork(self._start_anew)

    def headers(self, method: str, url: str, timeout: float) -> Mapping[str, str]:
        """Return the headers of one request, with a token that is valid for at least a minute."""
        del method, url
        return self._credentials.headers(self._good_token(timeout).value)

    def refresh(self, refused: Request) -> bool:
        """Discard the token of a refused request unless it was replaced already; return True."""
        with self._lock:
            if self._token and self._token.value == refused.headers.get(_ACCESS_TOKEN):
                self._token = None
        return True

    def _start_anew(self) -> None:
        """Keep the token, and forget a request whose response only the parent process receives."""
        self._lock = threading.Lock()
        self._asked = None

    def _good_token(self, timeout: float) -> _Token:
        with self._lock:
            now = self._session.monotonic()
            if self._token and now < self._token.good_until:
                return self._token
            waited_for = self._asked
            if waited_for is None:
                self._asked = mine = Future[_Token]()
        if waited_for is None:
            return self._ask_for_all(mine, timeout)
        try:
            return self._wait(waited_for, timeout)
        except NotSent as error:
            # The other call may have had little time. With more time left than its request took, ask again.
            time_left = timeout - (self._session.monotonic() - now)
            if error.reason in _TIMED_OUT and time_left > error.call.latency_s:
                return self._good_token(time_left)
            raise

    def _ask_for_all(self, mine: Future[_Token], timeout: float) -> _Token:
        """Request a token, and pass the result to the threads that wait for `mine`."""
        try:
            token = self._ask(timeout)
        except WalmartError as error:
            # Waiting threads get the same error; a later call requests a token again.
            self._settle(None)
            mine.set_exception(error)
            raise
        except BaseException:
            # Ctrl-C ends this thread; the waiting threads must not hang.
            self._settle(None)
            mine.cancel()
            raise
        self._settle(token)
        mine.set_result(token)
        return token

    def _settle(self, token: _Token | None) -> None:
        with self._lock:
            self._token, self._asked = token, None

    def _wait(self, asked: Future[_Token], timeout: float) -> _Token:
        started = self._session.monotonic()
        try:
            return asked.result(max(0.0, timeout))
        except (TimeoutError, CancelledError) as error:
            reason = "token_timeout" if isinstance(error, TimeoutError) else "token_interrupted"
            latency_s = self._session.monotonic() - started
            raise self._session.not_sent(reason, "POST", _TOKEN_PATH, latency_s) from error

    def _ask(self, timeout: float) -> _Token:
        now = self._session.monotonic()
        request = self._session.build(
            "POST",
            self._session.url(_TOKEN_PATH),
            self._credentials.token_headers(),
            content_type="application/x-www-form-urlencoded",
            body=b"grant_type=client_credentials",
        )
        try:
            response, call = self._session.send(request, timeout=min(timeout, _TIMEOUT_S))
        except (NotSent, OutcomeUnknown) as error:
            # The call that needs the token was not sent.
            raise NotSent(f"token_{error.reason}", error.call) from error
        result = token_or_error(response, call)
        if isinstance(result, WalmartError):
            raise result
        value, seconds = result
        return _Token(value, now + seconds - _REFRESH_BEFORE_S)
