"""The gateway of the Canadian API: it checks the headers and the signature of every call."""

from dataclasses import dataclass
from datetime import timedelta

from . import problems
from .calls import Call
from .gateway import Refusal, check_content_type, check_never_blank
from .sellers import Sellers
from .signature import Signed, signature_refusal, timestamp_refusal

CHANNEL_TYPE = "WM_CONSUMER.CHANNEL.TYPE"
CONSUMER_ID = "WM_CONSUMER.ID"
TIMESTAMP = "WM_SEC.TIMESTAMP"
SIGNATURE = "WM_SEC.AUTH_SIGNATURE"
_NEVER_BLANK = (CONSUMER_ID, "WM_SVC.NAME", "WM_QOS.CORRELATION_ID", TIMESTAMP, SIGNATURE)


@dataclass(frozen=True, slots=True)
class SignatureGateway:
    """Lets registered sellers' calls through. ``scheme`` is the one this server is reached by."""

    sellers: Sellers
    scheme: str
    timestamp_tolerance: timedelta

    def check(self, call: Call) -> Refusal | None:
        """Check a call in the order Walmart does: channel type, other headers, signature, content type."""
        return (
            self._check_channel_type(call)
            or check_never_blank(call, *_NEVER_BLANK)
            or self._check_authenticity(call)
            or check_content_type(call)
        )

    def _check_channel_type(self, call: Call) -> Refusal | None:
        if self.sellers.know_channel_type(call.headers.get(CHANNEL_TYPE, "")):
            return None
        return Refusal(
            problems.header_invalid(CHANNEL_TYPE), f"{CHANNEL_TYPE} is missing or no registered seller's"
        )

    def _check_authenticity(self, call: Call) -> Refusal | None:
        reason = self._doubt(call)
        return Refusal(problems.UNAUTHORIZED, reason) if reason else None

    def _doubt(self, call: Call) -> str | None:
        headers = call.headers
        seller = self.sellers.find(headers[CONSUMER_ID])
        if seller is None:
            return "consumer id is unknown"
        if seller.channel_type != headers[CHANNEL_TYPE]:
            return "channel type is another seller's"
        signed = Signed(
            consumer_id=seller.consumer_id,
            url=f"{self.scheme}://{headers.get('Host', '')}{call.path}",
            method=call.method,
            timestamp=headers[TIMESTAMP],
        )
        return timestamp_refusal(
            signed.timestamp, now=call.received_at, tolerance=self.timestamp_tolerance
        ) or signature_refusal(headers[SIGNATURE], signed, *self.sellers.keys(seller.consumer_id))
