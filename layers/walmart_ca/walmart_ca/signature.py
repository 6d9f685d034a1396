"""Authentication by digital signature, for Walmart Canada's `/v3/ca` API."""

import base64

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from .auth import Auth
from .messages import Request
from .private_key import read_private_key
from .session import Session
from .validation import InvalidArgument, header_value


class SignatureCredentials:
    """Consumer id, channel type and private key, for the digital signature.

    The signature is RSA PKCS#1 v1.5 with SHA-256 over the consumer id, the full URL, the method and the
    timestamp in epoch milliseconds, each followed by a line feed, including the last one (Walmart's own
    `partnerapi_sdk_dotnet`; developer.walmart.com/ca-marketplace/docs/digital-signature).
    """

    def __init__(self, *, consumer_id: str, channel_type: str, private_key: str) -> None:
        """Check and store the three values, and parse the key.

        Args:
            consumer_id: The GUID from Walmart's Developer Center.
            channel_type: The GUID that Walmart assigned to the seller's channel. Walmart refuses every
                `/v3/ca` call without it (fillup #73, highsidelabs #5).
            private_key: Base64 of PKCS#8 without BEGIN and END lines, as Walmart issues it; or PEM, PKCS#8
                or PKCS#1. Typical damage from pasting is repaired; see `private_key`.

        Raises:
            InvalidArgument: A value is missing or cannot be used.
        """
        key = read_private_key(private_key)
        # An error keeps the variables of the frames that it passed through.
        del private_key
        self.consumer_id = header_value("consumer_id", consumer_id)
        self.channel_type = header_value("channel_type", channel_type)
        if isinstance(key, str):
            raise InvalidArgument("private_key", key)
        self._key = key

    def auth(self, session: Session) -> Auth:
        """Return the authentication that signs one session's requests. See `Credentials.auth`."""
        return SignatureAuth(self, session)

    def headers(self, method: str, url: str, at: float) -> dict[str, str]:
        """Return the headers that authenticate one request.

        Args:
            method: The HTTP method in upper case.
            url: The full URL, byte for byte as it will be sent.
            at: The current time in epoch seconds.
        """
        timestamp = str(int(at * 1000))
        return {
            "WM_CONSUMER.ID": self.consumer_id,
            "WM_CONSUMER.CHANNEL.TYPE": self.channel_type,
            "WM_SEC.TIMESTAMP": timestamp,
            "WM_SEC.AUTH_SIGNATURE": self.sign(method, url, timestamp),
        }

    def sign(self, method: str, url: str, timestamp: str) -> str:
        """Return the value of `WM_SEC.AUTH_SIGNATURE`.

        Args:
            method: The HTTP method in upper case.
            url: The full URL, byte for byte as it will be sent.
            timestamp: Epoch milliseconds in decimal, the same text as `WM_SEC.TIMESTAMP`.

        Returns:
            Standard base64 with padding, on one line.
        """
        signed = f"{self.consumer_id}\n{url}\n{method}\n{timestamp}\n".encode()
        return base64.b64encode(self._key.sign(signed, PKCS1v15(), SHA256())).decode()

    def check(self) -> None:
        """Validate the private key fully, which takes tens of milliseconds. See `Credentials.check`."""
        if not _is_consistent(self._key):
            raise InvalidArgument("private_key", "must be an RSA private key whose numbers match each other")

    def __repr__(self) -> str:
        """Return the consumer id without the key."""
        return f"{type(self).__name__}(consumer_id={self.consumer_id!r})"


class SignatureAuth:
    """Signs each request."""

    orders_path = "/v3/ca/orders"

    def __init__(self, credentials: SignatureCredentials, session: Session) -> None:
        self._credentials = credentials
        self._session = session

    def headers(self, method: str, url: str, timeout: float) -> dict[str, str]:
        """Sign one request, now."""
        del timeout
        return self._credentials.headers(method, url, self._session.now())

    def refresh(self, refused: Request) -> bool:
        """Return False: every request has a new signature already."""
        del refused
        return False


def _is_consistent(key: RSAPrivateKey) -> bool:
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    try:
        load_der_private_key(der, password=None)
    except ValueError:
        return False
    return True
