"""The gateways of the Global API: one for whoever asks for a token, one for whoever brings it."""

import base64
from dataclasses import dataclass

from . import problems
from .calls import Call
from .gateway import Refusal, check_content_type, check_never_blank
from .problems import Problem
from .sellers import Sellers
from .signature_gateway import SIGNATURE
from .tokens import Tokens

AUTHORIZATION = "Authorization"
ACCESS_TOKEN = "WM_SEC.ACCESS_TOKEN"
MARKET = "WM_MARKET"
GLOBAL_VERSION = "WM_GLOBAL_VERSION"
CONTENT_TYPE = "Content-Type"
_CANADA = "ca"
_NEVER_BLANK = ("WM_SVC.NAME", "WM_QOS.CORRELATION_ID")
_FORM = "application/x-www-form-urlencoded"
_GRANT = b"grant_type=client_credentials"


@dataclass(slots=True)
class ClientGateway:
    """Lets registered sellers' clients ask for a token; ``wrong_client`` is what all others are told."""

    sellers: Sellers
    wrong_client: Problem = problems.UNAUTHORIZED

    def check(self, call: Call) -> Refusal | None:
        """Check who asks, for which market, the other headers, and what is asked for."""
        return (
            self._check_client(call)
            or _check_market(call)
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


@dataclass(slots=True)
class TokenGateway:
    """Lets through whoever has a token; ``expired`` is what a caller is told whose token is so."""

    tokens: Tokens
    expired: Problem = problems.UNAUTHORIZED

    def check(self, call: Call) -> Refusal | None:
        """Check the token, the market, the version, the other headers and the content type."""
        return (
            self._check_token(call)
            or _check_market(call)
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


def _mistake(call: Call) -> str:
    """Name what was sent instead of a token, if it is one of the things that people send by mistake."""
    if AUTHORIZATION in call.headers:
        return f": {AUTHORIZATION} is no place for a token"
    if SIGNATURE in call.headers:
        return ": a signature is no credential here"
    return ""


def _check_market(call: Call) -> Refusal | None:
    if call.headers.get(MARKET) == _CANADA:
        return None
    return Refusal(problems.header_invalid(MARKET), f"{MARKET} is missing or not {_CANADA}")


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
