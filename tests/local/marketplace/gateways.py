"""The gateways in front of the services, which check every call.

The Canadian API has one for signed calls. The Global API has one for requests for a token and one for calls
with a token.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

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
    """Accept the calls of registered sellers.

    Only the first refusal of a call counts, so each check may rely on those before it.
    """

    sellers: Sellers
    tokens: Tokens
    variants: Variants
    timestamp_tolerance: timedelta

    def check(self, call: Call) -> Refusal | None:
        """Return why a call is refused, or None if it may go on. The checks are in Walmart's order."""
        if call.action == TOKEN_ACTION:
            return next(self._refusals_of_client(call), None)
        refusals = self._refusals_of_token if call.scheme == "token" else self._refusals_of_signature
        return next(chain(refusals(call), _refusals_of_content_type(call)), None)

    def _refusals_of_signature(self, call: Call) -> Iterator[Refusal]:
        headers = call.headers
        canadian = self.sellers.all() if self.variants.market == "ca" else ()
        if headers.get(CHANNEL_TYPE) not in {seller.channel_type for seller in canadian}:
            yield _invalid(CHANNEL_TYPE, "is missing or no registered seller's")
        yield from _refusals_of_blank(call, CONSUMER_ID, *_COMMON_HEADERS, TIMESTAMP, SIGNATURE)
        seller = self.sellers.find(headers[CONSUMER_ID])
        if seller is None:
            yield _unauthorized("consumer id is unknown")
            return
        if seller.channel_type != headers[CHANNEL_TYPE]:
            yield _unauthorized("channel type is another seller's")
        signed = Signed(
            consumer_id=seller.consumer_id,
            url=f"http://{headers.get('Host', '')}{call.path}",
            method=call.method,
            timestamp=headers[TIMESTAMP],
        )
        reason = timestamp_refusal(
            signed.timestamp, now=call.received_at, tolerance=self.timestamp_tolerance
        ) or signature_refusal(headers[SIGNATURE], signed, *self.sellers.keys(seller.consumer_id))
        if reason:
            yield _unauthorized(reason)

    def _refusals_of_client(self, call: Call) -> Iterator[Refusal]:
        kind, _, credentials = call.headers.get(AUTHORIZATION, "").partition(" ")
        if kind.lower() != "basic":
            yield _unauthorized(f"{AUTHORIZATION} is missing or not Basic")
        try:
            client_id, secret = base64.b64decode(credentials, validate=True).decode().split(":", 1)
        except ValueError:  # no base64, no text, or no colon in it
            yield _unauthorized(f"{AUTHORIZATION} is not base64 of a client's id and secret")
            return
        client_secrets = {seller.client_id: seller.client_secret for seller in self.sellers.all()}
        if client_id not in client_secrets:
            yield _unauthorized("client id is unknown")
        if secret != client_secrets[client_id]:
            yield _unauthorized("client secret is wrong")
        own, market = self.variants.market, _market(call)
        if market != own and market in _MARKETS:
            yield _invalid(AUTHORIZATION, f"is that of a client of the market {own}, not {market}")
        if market not in _MARKETS:
            yield _invalid(MARKET, "is no market")
        yield from _refusals_of_blank(call, *_COMMON_HEADERS)
        if call.headers.get(CONTENT_TYPE, "").partition(";")[0].strip().lower() != _FORM:
            yield _invalid(CONTENT_TYPE, f"is not {_FORM}")
        if call.body != _GRANT:
            yield Refusal(problems.GRANT_TYPE_INVALID, f"the body is not {_GRANT.decode()}")

    def _refusals_of_token(self, call: Call) -> Iterator[Refusal]:
        token = call.headers.get(ACCESS_TOKEN, "").strip()
        valid_until = self.tokens.valid_until(token)
        if not token:
            yield _unauthorized(f"{ACCESS_TOKEN} is missing")
        if valid_until is None:
            yield _unauthorized("token is unknown")
        elif call.received_at >= valid_until:
            bad_request = self.variants.expired_token_status == 400
            problem = problems.INVALID_TOKEN if bad_request else problems.UNAUTHORIZED
            yield Refusal(problem, "token has expired")
        market = _market(call)
        if market != self.variants.market:
            yield _invalid(MARKET, "is missing or not the seller's")
        # The United States may also be called as before, without both headers (Walmart's migration FAQ;
        # get-all-orders in its American documentation).
        if market != "us" and not call.headers.get(GLOBAL_VERSION, "").strip():
            yield _invalid(GLOBAL_VERSION, "is missing or blank")
        yield from _refusals_of_blank(call, *_COMMON_HEADERS)


def _unauthorized(reason: str) -> Refusal:
    return Refusal(problems.UNAUTHORIZED, reason)


def _invalid(header: str, reason: str) -> Refusal:
    return Refusal(problems.header_invalid(header), f"{header} {reason}")


def _refusals_of_blank(call: Call, *headers: str) -> Iterator[Refusal]:
    for header in headers:
        if not call.headers.get(header, "").strip():
            yield Refusal(problems.header_blank(header), f"{header} is missing or blank")


def _refusals_of_content_type(call: Call) -> Iterator[Refusal]:
    if call.method == "POST" and not call.headers.get(CONTENT_TYPE, "").strip():
        yield Refusal(problems.SYSTEM_ERROR, "a POST needs a Content-Type, even without a body")


def _market(call: Call) -> str:
    return call.headers.get(MARKET, "").strip() or _MARKET_WITHOUT_HEADER
