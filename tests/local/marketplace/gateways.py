"""The gateways in front of the services, which check every call.

The Canadian API has one for signed calls. The Global API has one for requests for a token and one for calls
with a token.
"""

import base64
from dataclasses import dataclass
from datetime import timedelta

from . import problems
from .calls import Call
from .problems import Problem
from .sellers import Sellers
from .signature import Signed, signature_refusal, timestamp_refusal
from .tokens import TOKEN_ACTION, Tokens
from .variants import Variants

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
_MARKETS = frozenset({"ca", "cl", "mx", "us"})
_MARKET_WITHOUT_HEADER = "us"
_FORM = "application/x-www-form-urlencoded"
_GRANT = b"grant_type=client_credentials"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The problem that the caller gets, and the reason, which only the call log has."""

    problem: Problem
    reason: str


@dataclass(frozen=True, slots=True)
class Gateways:
    """Accept the calls of registered sellers; ``url_scheme`` is http or https."""

    sellers: Sellers
    tokens: Tokens
    variants: Variants
    url_scheme: str
    timestamp_tolerance: timedelta

    def check(self, call: Call) -> Refusal | None:
        """Return why a call is refused, or None if it may go on. The checks are in Walmart's order."""
        if call.action == TOKEN_ACTION:
            return (
                self._check_client(call)
                or self._check_market_of_client(call)
                or _check_never_blank(call, *_COMMON_HEADERS)
                or _check_grant(call)
            )
        if call.scheme == "token":
            return (
                self._check_token(call)
                or self._check_market_and_version(call)
                or _check_never_blank(call, *_COMMON_HEADERS)
                or _check_content_type(call)
            )
        return (
            self._check_channel_type(call)
            or _check_never_blank(call, CONSUMER_ID, *_COMMON_HEADERS, TIMESTAMP, SIGNATURE)
            or self._check_signature(call)
            or _check_content_type(call)
        )

    def _check_channel_type(self, call: Call) -> Refusal | None:
        canadian = self.sellers.all() if self.variants.market == "ca" else ()
        if call.headers.get(CHANNEL_TYPE) in {seller.channel_type for seller in canadian}:
            return None
        return _invalid(CHANNEL_TYPE, "is missing or no registered seller's")

    def _check_signature(self, call: Call) -> Refusal | None:
        headers = call.headers
        seller = self.sellers.find(headers[CONSUMER_ID])
        if seller is None:
            return _unauthorized("consumer id is unknown")
        if seller.channel_type != headers[CHANNEL_TYPE]:
            return _unauthorized("channel type is another seller's")
        signed = Signed(
            consumer_id=seller.consumer_id,
            url=f"{self.url_scheme}://{headers.get('Host', '')}{call.path}",
            method=call.method,
            timestamp=headers[TIMESTAMP],
        )
        reason = timestamp_refusal(
            signed.timestamp, now=call.received_at, tolerance=self.timestamp_tolerance
        ) or signature_refusal(headers[SIGNATURE], signed, *self.sellers.keys(seller.consumer_id))
        return _unauthorized(reason) if reason else None

    def _check_client(self, call: Call) -> Refusal | None:
        kind, _, credentials = call.headers.get(AUTHORIZATION, "").partition(" ")
        if kind.lower() != "basic":
            return _unauthorized(f"{AUTHORIZATION} is missing or not Basic")
        try:
            client_id, secret = base64.b64decode(credentials, validate=True).decode().split(":", 1)
        except ValueError:  # no base64, no text, or no colon in it
            return _unauthorized(f"{AUTHORIZATION} is not base64 of a client's id and secret")
        client_secrets = {seller.client_id: seller.client_secret for seller in self.sellers.all()}
        if client_id not in client_secrets:
            return _unauthorized("client id is unknown")
        return None if secret == client_secrets[client_id] else _unauthorized("client secret is wrong")

    def _check_token(self, call: Call) -> Refusal | None:
        token = call.headers.get(ACCESS_TOKEN, "").strip()
        if not token:
            return _unauthorized(f"{ACCESS_TOKEN} is missing{_common_mistake(call)}")
        valid_until = self.tokens.valid_until(token)
        if valid_until is None:
            return _unauthorized("token is unknown")
        if call.received_at < valid_until:
            return None
        if self.variants.expired_token_status == 400:
            return Refusal(problems.INVALID_TOKEN, "token has expired")
        return _unauthorized("token has expired")

    def _check_market_of_client(self, call: Call) -> Refusal | None:
        own, market = self.variants.market, _market(call)
        if market == own:
            return None
        if market in _MARKETS:
            return _invalid(AUTHORIZATION, f"is that of a client of the market {own}, not {market}")
        return _invalid(MARKET, "is no market")

    def _check_market_and_version(self, call: Call) -> Refusal | None:
        """Check what the Global API requires.

        The United States may also be called as before, without both headers (Walmart's migration FAQ;
        get-all-orders in its American documentation).
        """
        market = _market(call)
        if market != self.variants.market:
            return _invalid(MARKET, "is missing or not the seller's")
        if market == "us" or call.headers.get(GLOBAL_VERSION, "").strip():
            return None
        return _invalid(GLOBAL_VERSION, "is missing or blank")


def _unauthorized(reason: str) -> Refusal:
    return Refusal(problems.UNAUTHORIZED, reason)


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


def _market(call: Call) -> str:
    return call.headers.get(MARKET, "").strip() or _MARKET_WITHOUT_HEADER


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
