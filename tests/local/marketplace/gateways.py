"""The gateways in front of the services, which check every call.

``SignatureGateway`` is the Canadian API's. The Global API has ``ClientGateway`` for requests for a token and
``TokenGateway`` for calls with a token.
"""

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from . import problems
from .calls import Call
from .problems import Problem
from .sellers import Seller, Sellers
from .signature import Signed, signature_refusal, timestamp_refusal
from .tokens import Tokens

CHANNEL_TYPE = "WM_CONSUMER.CHANNEL.TYPE"
CONSUMER_ID = "WM_CONSUMER.ID"
TIMESTAMP = "WM_SEC.TIMESTAMP"
SIGNATURE = "WM_SEC.AUTH_SIGNATURE"
AUTHORIZATION = "Authorization"
ACCESS_TOKEN = "WM_SEC.ACCESS_TOKEN"
MARKET = "WM_MARKET"
GLOBAL_VERSION = "WM_GLOBAL_VERSION"
CONTENT_TYPE = "Content-Type"
_COMMON_HEADERS = ("WM_SVC.NAME", "WM_QOS.CORRELATION_ID")
_CANADA = "ca"
_OTHER_MARKETS = frozenset({"cl", "mx", "us"})
_MARKET_WITHOUT_HEADER = "us"
_FORM = "application/x-www-form-urlencoded"
_GRANT = b"grant_type=client_credentials"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The problem that the caller gets, and the reason, which only the call log has."""

    problem: Problem
    reason: str


class Gateway(Protocol):
    def check(self, call: Call) -> Refusal | None:
        """Return why a call is refused, or None if it may go on."""


@dataclass(frozen=True, slots=True)
class SignatureGateway:
    """Accepts the signed calls of registered sellers; ``url_scheme`` is http or https."""

    sellers: Sellers
    url_scheme: str
    timestamp_tolerance: timedelta

    def check(self, call: Call) -> Refusal | None:
        """Check a call in Walmart's order: channel type, other headers, signature, content type."""
        return (
            self._check_channel_type(call)
            or _check_never_blank(call, CONSUMER_ID, *_COMMON_HEADERS, TIMESTAMP, SIGNATURE)
            or self._check_authenticity(call)
            or _check_content_type(call)
        )

    def _check_channel_type(self, call: Call) -> Refusal | None:
        if self.sellers.know_channel_type(call.headers.get(CHANNEL_TYPE, "")):
            return None
        return _invalid(CHANNEL_TYPE, "is missing or no registered seller's")

    def _check_authenticity(self, call: Call) -> Refusal | None:
        headers = call.headers
        seller = self.sellers.find(headers[CONSUMER_ID])
        if seller is None:
            return Refusal(problems.UNAUTHORIZED, "consumer id is unknown")
        if seller.channel_type != headers[CHANNEL_TYPE]:
            return Refusal(problems.UNAUTHORIZED, "channel type is another seller's")
        signed = Signed(
            consumer_id=seller.consumer_id,
            url=f"{self.url_scheme}://{headers.get('Host', '')}{call.path}",
            method=call.method,
            timestamp=headers[TIMESTAMP],
        )
        reason = timestamp_refusal(
            signed.timestamp, now=call.received_at, tolerance=self.timestamp_tolerance
        ) or signature_refusal(headers[SIGNATURE], signed, *self.sellers.keys(seller.consumer_id))
        return Refusal(problems.UNAUTHORIZED, reason) if reason else None


@dataclass(frozen=True, slots=True)
class ClientGateway:
    """Accepts requests for a token by registered sellers' clients."""

    sellers: Sellers

    def check(self, call: Call) -> Refusal | None:
        return (
            self._check_client(call)
            or _check_market_of_client(call)
            or _check_never_blank(call, *_COMMON_HEADERS)
            or _check_grant(call)
        )

    def _check_client(self, call: Call) -> Refusal | None:
        kind, _, credentials = call.headers.get(AUTHORIZATION, "").partition(" ")
        reason = None
        if kind.lower() != "basic":
            reason = f"{AUTHORIZATION} is missing or not Basic"
        else:
            try:
                client_id, secret = base64.b64decode(credentials, validate=True).decode().split(":", 1)
            except ValueError:  # no base64, no text, or no colon in it
                reason = f"{AUTHORIZATION} is not base64 of a client's id and secret"
            else:
                reason = _client_refusal(self.sellers.find_client(client_id), secret)
        return Refusal(problems.UNAUTHORIZED, reason) if reason else None


@dataclass(slots=True)
class TokenGateway:
    """Accepts calls with a valid token; ``expired`` is the problem for an expired one."""

    tokens: Tokens
    expired: Problem = problems.UNAUTHORIZED

    def check(self, call: Call) -> Refusal | None:
        return (
            self._check_token(call)
            or _check_market(call)
            or _check_version(call)
            or _check_never_blank(call, *_COMMON_HEADERS)
            or _check_content_type(call)
        )

    def _check_token(self, call: Call) -> Refusal | None:
        token = call.headers.get(ACCESS_TOKEN, "").strip()
        if not token:
            return Refusal(problems.UNAUTHORIZED, f"{ACCESS_TOKEN} is missing{_common_mistake(call)}")
        valid_until = self.tokens.valid_until(token)
        if valid_until is None:
            return Refusal(problems.UNAUTHORIZED, "token is unknown")
        return None if call.received_at < valid_until else Refusal(self.expired, "token has expired")


def _invalid(header: str, reason: str) -> Refusal:
    return Refusal(problems.header_invalid(header), f"{header} {reason}")


def _check_never_blank(call: Call, *headers: str) -> Refusal | None:
    for header in headers:
        if not call.headers.get(header, "").strip():
            return Refusal(problems.header_blank(header), f"{header} is missing or blank")
    return None


def _check_content_type(call: Call) -> Refusal | None:
    if call.method == "POST" and not call.headers.get(CONTENT_TYPE, "").strip():
        return Refusal(problems.SYSTEM_ERROR, "a POST needs a Content-Type, even without a body")
    return None


def _client_refusal(seller: Seller | None, secret: str) -> str | None:
    if seller is None:
        return "client id is unknown"
    return None if secret == seller.client_secret else "client secret is wrong"


def _market(call: Call) -> str:
    return call.headers.get(MARKET, "").strip() or _MARKET_WITHOUT_HEADER


def _check_market_of_client(call: Call) -> Refusal | None:
    market = _market(call)
    if market in _OTHER_MARKETS:
        return _invalid(AUTHORIZATION, f"is that of a client of the market {_CANADA}, not {market}")
    return None if market == _CANADA else _invalid(MARKET, "is no market")


def _check_market(call: Call) -> Refusal | None:
    return None if _market(call) == _CANADA else _invalid(MARKET, "is missing or not the seller's")


def _check_version(call: Call) -> Refusal | None:
    present = call.headers.get(GLOBAL_VERSION, "").strip()
    return None if present else _invalid(GLOBAL_VERSION, "is missing or blank")


def _check_grant(call: Call) -> Refusal | None:
    media_type = call.headers.get(CONTENT_TYPE, "").partition(";")[0]
    if media_type.strip().lower() != _FORM:
        return _invalid(CONTENT_TYPE, f"is not {_FORM}")
    if call.body != _GRANT:
        return Refusal(problems.GRANT_TYPE_INVALID, f"the body is not {_GRANT.decode()}")
    return None


def _common_mistake(call: Call) -> str:
    """Name what was sent instead of a token, if it is a common mistake."""
    if AUTHORIZATION in call.headers:
        return f": {AUTHORIZATION} is the wrong header for a token"
    return ": a signature is not accepted here" if SIGNATURE in call.headers else ""
