"""The gateways of the Global API: one for whoever asks for a token, one for whoever brings it."""

import base64
from dataclasses import dataclass, replace
from typing import Literal

from . import problems
from .calls import Call
from .gateway import Refusal, check_content_type, check_never_blank
from .problems import OAuthError, Problem
from .sellers import Sellers
from .signature_gateway import CHANNEL_TYPE, SIGNATURE
from .tokens import Tokens

AUTHORIZATION = "Authorization"
ACCESS_TOKEN = "WM_SEC.ACCESS_TOKEN"
MARKET = "WM_MARKET"
GLOBAL_VERSION = "WM_GLOBAL_VERSION"
CONTENT_TYPE = "Content-Type"
_MARKETS = frozenset({"ca", "cl", "mx", "us"})
_MARKET_WITHOUT_HEADER = "us"
_NEVER_BLANK = ("WM_SVC.NAME", "WM_QOS.CORRELATION_ID")
_FORM = "application/x-www-form-urlencoded"
_GRANT = b"grant_type=client_credentials"
WRONG_AUTHORIZATION = problems.header_invalid(AUTHORIZATION)
"""What most refused clients are told, and each client that asks for another market than its own."""
WRONG_HEADER = replace(WRONG_AUTHORIZATION, field=None, description="Request header set null or invalid")
"""The same without the name of the header."""


@dataclass(slots=True)
class ClientGateway:
    """Lets registered sellers' clients ask for a token; ``wrong_client`` is what all others are told."""

    sellers: Sellers
    wrong_client: Problem | OAuthError = problems.UNAUTHORIZED

    def check(self, call: Call) -> Refusal | None:
        """Check who asks, for which market, the other headers, and what is asked for."""
        return (
            self._check_client(call)
            or self._check_market(call)
            or check_never_blank(call, *_NEVER_BLANK)
            or _check_grant(call)
        )

    def _check_client(self, call: Call) -> Refusal | None:
        reason = self._doubt(call.headers.get(AUTHORIZATION, ""))
        return Refusal(self.wrong_client, reason) if reason else None

    def _doubt(self, authorization: str) -> str | None:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return f"{AUTHORIZATION} is missing or not Basic"
        try:
            client_id, client_secret = base64.b64decode(credentials, validate=True).decode().split(":", 1)
        except ValueError:  # no base64, no text, or no colon in it
            return f"{AUTHORIZATION} is not base64 of a client's id and secret"
        seller = self.sellers.find_client(client_id)
        if seller is None:
            return "client id is unknown"
        return None if client_secret == seller.client_secret else "client secret is wrong"

    def _check_market(self, call: Call) -> Refusal | None:
        market = _market(call)
        if market not in _MARKETS:
            return Refusal(problems.header_invalid(MARKET), f"{MARKET} is no market")
        client_id = base64.b64decode(call.headers[AUTHORIZATION].partition(" ")[2]).decode().partition(":")[0]
        seller = self.sellers.find_client(client_id)
        if seller is None or seller.market == market:
            return None
        return Refusal(WRONG_AUTHORIZATION, f"client id is of the market {seller.market}, not {market}")


@dataclass(slots=True)
class TokenGateway:
    """Lets through whoever has a token.

    Attributes:
        sellers: Those who are registered.
        tokens: Those that were issued.
        expired: What a caller is told whose token is so.
        without_channel_type: The status that refuses calls without a channel type; None lets them pass.
    """

    sellers: Sellers
    tokens: Tokens
    expired: Problem = problems.UNAUTHORIZED
    without_channel_type: Literal[400, 403] | None = None

    def check(self, call: Call) -> Refusal | None:
        """Check the token, the market, the version, the other headers and the content type."""
        return (
            self._check_token(call)
            or self._check_channel_type(call)
            or self._check_market(call)
            or _check_version(call)
            or check_never_blank(call, *_NEVER_BLANK)
            or check_content_type(call)
        )

    def _check_token(self, call: Call) -> Refusal | None:
        token = call.headers.get(ACCESS_TOKEN, "").strip()
        if not token:
            return Refusal(problems.UNAUTHORIZED, f"{ACCESS_TOKEN} is missing{_mistake(call)}")
        if not self.tokens.know(token):
            return Refusal(problems.UNAUTHORIZED, "token is unknown")
        return Refusal(self.expired, "token has expired") if self.tokens.expired(token) else None

    def _check_channel_type(self, call: Call) -> Refusal | None:
        status = self.without_channel_type
        if status is None or self.sellers.know_channel_type(call.headers.get(CHANNEL_TYPE, "")):
            return None
        problem = problems.FORBIDDEN if status == 403 else problems.header_invalid(CHANNEL_TYPE)
        return Refusal(problem, f"{CHANNEL_TYPE} is missing or no registered seller's")

    def _check_market(self, call: Call) -> Refusal | None:
        # Which seller brings the token is not looked up: one marketplace seldom has sellers of two markets.
        if self.sellers.know_market(_market(call)):
            return None
        return Refusal(problems.header_invalid(MARKET), f"{MARKET} is missing or no registered seller's")


def _mistake(call: Call) -> str:
    """Name what was sent instead of a token, if it is one of the things that people send by mistake."""
    if AUTHORIZATION in call.headers:
        return f": {AUTHORIZATION} is no place for a token"
    if SIGNATURE in call.headers:
        return ": a signature is no credential here"
    return ""


def _market(call: Call) -> str:
    return call.headers.get(MARKET, "").strip() or _MARKET_WITHOUT_HEADER


def _check_version(call: Call) -> Refusal | None:
    if call.headers.get(GLOBAL_VERSION, "").strip():
        return None
    return Refusal(problems.header_invalid(GLOBAL_VERSION), f"{GLOBAL_VERSION} is missing or blank")


def _check_grant(call: Call) -> Refusal | None:
    media_type = call.headers.get(CONTENT_TYPE, "").partition(";")[0]
    if media_type.strip().lower() != _FORM:
        return Refusal(problems.header_invalid(CONTENT_TYPE), f"{CONTENT_TYPE} is not {_FORM}")
    if call.body != _GRANT:
        return Refusal(problems.GRANT_TYPE_INVALID, f"the body is not {_GRANT.decode()}")
    return None
