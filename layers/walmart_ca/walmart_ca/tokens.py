"""Authentication by access token, for Walmart's Global API, which serves Canada as the market `ca`."""

import base64
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Final

from .auth import Auth
from .classification import token_or_error
from .errors import NotSent, OutcomeUnknown, WalmartError
from .forks import call_after_fork
from .messages import CallInfo, Request
from .session import Session
from .validation import InvalidArgument, header_value, opaque_value

TOKEN_PATH: Final = "/v3/token"  # noqa: S105 - where one is asked for, not one
REFRESH_BEFORE_S: Final = 60.0
"""Seconds before its end from which a token is not used any more: a call takes time, and clocks differ."""
TIMEOUT_S: Final = 15.0
"""Getting a token takes no more than this."""

_ACCESS_TOKEN: Final = "WM_SEC.ACCESS_TOKEN"  # noqa: S105 - a header's name


class TokenCredentials:
    """Client id and client secret, for a token.

    Walmart's current reference for Canada has the path `/v3/orders/{purchaseOrderId}/acknowledge`, without a
    body, and requires `WM_MARKET` (without it the United States are assumed) and `WM_GLOBAL_VERSION`, which
    must be 3.1. US sellers are served with `market="us"`. Mexico and Chile need another call
    (`acknowledgeLines`) and are not served.
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
        """Check and keep the values; nothing is sent.

        Args:
            client_id: From Walmart's Developer Portal. It is not the consumer id.
            client_secret: What belongs to it.
            channel_type: `WM_CONSUMER.CHANNEL.TYPE`. Walmart's reference does not name it for these calls;
                one client got 403 `FORBIDDEN` without it.
            market: `WM_MARKET`, such as `ca` or `us`.
            global_version: `WM_GLOBAL_VERSION`.

        Raises:
            InvalidArgument: A value is missing or cannot be used.
        """
        self.client_id = header_value("client_id", client_id)
        self._client_secret = opaque_value("client_secret", client_secret)
        if ":" in self.client_id:
            raise InvalidArgument(
                "client_id", "must be without a colon, which ends it in the header it goes into"
            )
        self._market = {"WM_MARKET": header_value("market", market)}
        self._global = {**self._market, "WM_GLOBAL_VERSION": header_value("global_version", global_version)}
        self.channel_type = None if channel_type is None else header_value("channel_type", channel_type)
        if self.channel_type is not None:
            self._global["WM_CONSUMER.CHANNEL.TYPE"] = self.channel_type

    def auth(self, session: Session) -> Auth:
        """Return what gets access tokens for one session. See `Credentials.auth`."""
        return TokenAuth(self, session)

    def check(self) -> None:
        """Do nothing: only Walmart knows whether they are good."""

    def headers(self, token: str) -> dict[str, str]:
        """Make the headers of a call about orders."""
        return {_ACCESS_TOKEN: token, **self._global}

    def token_headers(self) -> dict[str, str]:
        """Make the headers that ask for a token."""
        pair = base64.b64encode(f"{self.client_id}:{self._client_secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}", **self._market}

    def __repr__(self) -> str:
        """Show whose credentials these are, without the secret."""
        return f"{type(self).__name__}(client_id={self.client_id!r})"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    good_until: float


class TokenAuth:
    """Keeps one access token for all threads, and gets a new one when needed, in one thread alone."""

    orders_path = "/v3/orders"

    def __init__(self, credentials: TokenCredentials, session: Session) -> None:
        self._credentials = credentials
        self._session = session
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._asked: Future[_Token] | None = None
        call_after_fork(self._start_anew)

    def headers(self, method: str, url: str, timeout: float) -> Mapping[str, str]:
        """Make the headers of one request, with a token that is good for a while."""
        del method, url
        return self._credentials.headers(self._good_token(timeout).value)

    def refresh(self, refused: Request) -> bool:
        """Forget the token of a refused request, unless another thread has done so already; return True."""
        with self._lock:
            if self._token and self._token.value == refused.headers.get(_ACCESS_TOKEN):
                self._token = None
        return True

    def _start_anew(self) -> None:
        """Keep the token, and wait for no response that comes to the process before the fork alone."""
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
        if waited_for is not None:
            return self._wait(waited_for, timeout)
        try:
            token = self._ask(timeout)
        except WalmartError as error:
            # Threads that wait get the same error; a later call asks again.
            self._settle(None)
            mine.set_exception(error)
            raise
        except BaseException:
            # Ctrl-C ends this thread; the threads that wait must not end with it.
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
            call = CallInfo(
                "POST", self._session.url(TOKEN_PATH), "", None, self._session.monotonic() - started
            )
            raise NotSent(reason, call) from error

    def _ask(self, timeout: float) -> _Token:
        now = self._session.monotonic()
        request = self._session.build(
            "POST",
            self._session.url(TOKEN_PATH),
            self._credentials.token_headers(),
            content_type="application/x-www-form-urlencoded",
            body=b"grant_type=client_credentials",
        )
        try:
            response, call = self._session.send(request, timeout=min(timeout, TIMEOUT_S))
        except (NotSent, OutcomeUnknown) as error:
            # Nothing was sent of the call that needs the token.
            raise NotSent(f"token_{error.reason}", error.call) from error
        result = token_or_error(response, call)
        if isinstance(result, WalmartError):
            raise result
        value, seconds = result
        return _Token(value, now + seconds - REFRESH_BEFORE_S)
