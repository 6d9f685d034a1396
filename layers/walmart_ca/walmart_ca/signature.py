"""The digital signature, which goes with Walmart Canada's `/v3/ca` API."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from .calls import Request
from .doors import Channel, Door
from .headers import header_value

_ARMOUR: Final = re.compile(r"-----(?:BEGIN|END) ([A-Z0-9 ]+)-----")
_PRIVATE_ARMOUR: Final = {"PRIVATE KEY", "RSA PRIVATE KEY"}
_MAX_BITS: Final = 8192
"""Walmart hands out 1024. With the largest that a secret can hold, one signature takes over half a minute."""


class SignatureCredentials:
    """Consumer id and private key, for the digital signature.

    The signature is RSA PKCS#1 v1.5 with SHA-256 over the consumer id, the full URL, the method and the
    timestamp in epoch milliseconds, each followed by a line feed, the last one too (Walmart's own
    `partnerapi_sdk_dotnet`; developer.walmart.com/ca-marketplace/docs/digital-signature).
    """

    def __init__(self, *, consumer_id: str, channel_type: str, private_key: str) -> None:
        r"""Check and keep the three values; the key is parsed once, here.

        Args:
            consumer_id: The GUID from Walmart's Developer Center.
            channel_type: The GUID that Walmart assigned to the seller's channel. Every `/v3/ca` call
                without it is refused.
            private_key: Base64 of PKCS#8 without armour, which is how Walmart hands it out, with any
                white space; or PEM, PKCS#8 or PKCS#1, also with `\n` written out.

        Raises:
            ValueError: A value is missing or unusable. The text names it and does not show it.
        """
        self.consumer_id = header_value("consumer_id", consumer_id)
        self.channel_type = header_value("channel_type", channel_type)
        self._key = _load_private_key(private_key)

    def open_door(self, channel: Channel) -> Door:
        """Open the door for one client. See `Credentials.open_door`."""
        return _SigningDoor(self, channel)

    def headers(self, method: str, url: str, at: float) -> dict[str, str]:
        """Sign one call.

        Args:
            method: Upper case.
            url: The full URL, byte for byte as it will be sent.
            at: Now, in epoch seconds.
        """
        timestamp = str(int(at * 1000))
        return {
            "WM_CONSUMER.ID": self.consumer_id,
            "WM_CONSUMER.CHANNEL.TYPE": self.channel_type,
            "WM_SEC.TIMESTAMP": timestamp,
            "WM_SEC.AUTH_SIGNATURE": self.sign(method, url, timestamp),
        }

    def sign(self, method: str, url: str, timestamp: str) -> str:
        """Make the value of `WM_SEC.AUTH_SIGNATURE`.

        Args:
            method: Upper case.
            url: The full URL, byte for byte as it will be sent.
            timestamp: Epoch milliseconds in decimal, the very text sent as `WM_SEC.TIMESTAMP`.

        Returns:
            Standard base64 with padding, on one line.
        """
        signed = f"{self.consumer_id}\n{url}\n{method}\n{timestamp}\n".encode()
        return base64.b64encode(self._key.sign(signed, PKCS1v15(), SHA256())).decode()

    def check(self) -> None:
        """Validate the private key fully. See `Credentials.check`."""
        der = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        try:
            load_der_private_key(der, password=None)
        except ValueError:
            raise ValueError("private_key must be an RSA private key whose numbers are one") from None

    def __repr__(self) -> str:
        """Show whose credentials these are, and nothing that signs."""
        return f"{type(self).__name__}(consumer_id={self.consumer_id!r})"


@dataclass(frozen=True, slots=True)
class _SigningDoor:
    """Signs every call by itself."""

    credentials: SignatureCredentials
    channel: Channel
    orders_path: str = "/v3/ca/orders"

    def headers(self, method: str, url: str, timeout: float) -> dict[str, str]:
        """Sign one call, now. It takes no time worth counting."""
        del timeout
        return self.credentials.headers(method, url, self.channel.now())

    def renew(self, refused: Request) -> bool:
        """Refuse: a signature is made anew for every call as it is."""
        del refused
        return False


def _load_private_key(text: str) -> RSAPrivateKey:
    """Parse a private key in any of the forms in which sellers hold it.

    The key is not fully validated, which costs tens of milliseconds at every cold start and several
    times that on a small Lambda; one signature made and verified proves that its parts belong together.
    """
    problem = "private_key must be an RSA private key: base64 of PKCS#8 as Walmart hands it out, or PEM"
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{problem}; it is empty")
    text = text.replace("\\r", "").replace("\\n", "\n")
    if not _PRIVATE_ARMOUR.issuperset(_ARMOUR.findall(text)):
        raise ValueError(f"{problem}; this PEM is something else, or encrypted")
    try:
        der = base64.b64decode("".join(_ARMOUR.sub("", text).split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{problem}; this is not base64") from None
    try:
        key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # `from None`: a parser's message may quote what it read.
        raise ValueError(f"{problem}; this is base64 of something else, or encrypted") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{problem}; this is a private key of another kind")
    if key.key_size > _MAX_BITS:
        raise ValueError(f"{problem}; this one has more than {_MAX_BITS} bits")
    try:
        key.public_key().verify(key.sign(b"proof", PKCS1v15(), SHA256()), b"proof", PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        raise ValueError(f"{problem}; the parts of this one do not belong together") from None
    return key
