"""The verification of Walmart's digital signature.

It is written from Walmart's rule and shares no code with the client, so it is an independent check.
"""

import base64
import binascii
import contextlib
import re
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# Nineteen digits hold every 64-bit number.
_DECIMAL = re.compile(r"[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature covers."""

    consumer_id: str
    url: str
    method: str
    timestamp: str

    def text(self) -> str:
        return f"{self.consumer_id}\n{self.url}\n{self.method}\n{self.timestamp}\n"


def timestamp_refusal(timestamp: str, *, now: float, tolerance: timedelta) -> str | None:
    """Return why a timestamp is refused at ``now`` (epoch seconds), or None if it is valid."""
    if not _DECIMAL.fullmatch(timestamp):
        return "timestamp is not a decimal number"
    allowed = tolerance.total_seconds()
    age = now - int(timestamp) / 1000
    if abs(age) <= allowed:
        return None
    if abs(now - int(timestamp)) <= allowed:
        return "timestamp is not milliseconds: it is right in seconds"
    side = "behind" if age > 0 else "ahead of"
    return f"timestamp is {abs(age):.0f} s {side} the clock, {allowed:.0f} s are allowed"


def signature_refusal(signature: str, signed: Signed, *keys: rsa.RSAPublicKey) -> str | None:
    """Return why a signature is refused, or None if one of the keys verifies it."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except binascii.Error:
        return "signature is not base64 on one line"
    for key in keys:
        with contextlib.suppress(InvalidSignature):
            key.verify(raw, signed.text().encode(), padding.PKCS1v15(), hashes.SHA256())
            return None
    return "signature does not match the signed string"
