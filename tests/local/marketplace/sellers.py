"""Sellers and their credentials."""

import base64
import json
import secrets
import threading
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .variants import Market


@dataclass(frozen=True, slots=True)
class Seller:
    """One seller as Walmart's Developer Center describes it.

    ``private_key`` is in Walmart's form: PKCS#8, DER, base64 on one line, without armor. The marketplace
    itself uses only the public half. ``client_id`` and ``client_secret`` are for access tokens.
    """

    consumer_id: str
    channel_type: str
    private_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    market: Market = "ca"

    def secret(self) -> str:
        """Return the credentials for the signature as the JSON text that is stored in Secrets Manager."""
        stored = {"consumerId": self.consumer_id, "channelType": self.channel_type}
        return json.dumps({**stored, "privateKey": self.private_key})

    def token_secret(self) -> str:
        """Return the credentials for access tokens, as well."""
        stored = {"clientId": self.client_id, "clientSecret": self.client_secret}
        return json.dumps(stored if self.market == "ca" else {**stored, "market": self.market})

    def store(self, secret_file: Path) -> Path:
        """Write both secrets to private files, and return that of the token, which is beside the other."""
        token_secret_file = secret_file.with_name(f"token-{secret_file.name}")
        for file, text in ((secret_file, self.secret()), (token_secret_file, self.token_secret())):
            # A new file: an existing one could be readable by others, or a link.
            file.unlink(missing_ok=True)
            file.touch(mode=0o600, exist_ok=False)
            file.write_text(text + "\n", encoding="utf-8")
        return token_secret_file


class Sellers:
    """The registered sellers of one market by consumer id, and the keys that each may sign with."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._lock = threading.Lock()
        self._sellers: dict[str, Seller] = {}
        self._keys: dict[str, tuple[rsa.RSAPublicKey, ...]] = {}

    def register(
        self,
        private_key: str | None = None,
        *,
        consumer_id: str | None = None,
        channel_type: str | None = None,
    ) -> Seller:
        """Register a seller with a key in Walmart's form or with a new key, and with a new client.

        Registering a consumer id again replaces its keys and its client: the old ones are refused.
        """
        key = rsa.generate_private_key(65537, 2048) if private_key is None else _load(private_key)
        seller = Seller(
            consumer_id=consumer_id or str(uuid.uuid4()),
            channel_type=channel_type or str(uuid.uuid4()),
            private_key=_walmart_form(key),
            client_id=str(uuid.uuid4()),
            client_secret=_new_client_secret(),
            market=self._market,
        )
        with self._lock:
            self._sellers[seller.consumer_id] = seller
            self._keys[seller.consumer_id] = (key.public_key(),)
        return seller

    def add_key(self, consumer_id: str, private_key: str) -> Seller:
        """Accept one more key of a registered seller, and return the seller with this key."""
        key = _load(private_key)
        with self._lock:
            if key.public_key() not in self._keys[consumer_id]:
                self._keys[consumer_id] += (key.public_key(),)
            return replace(self._sellers[consumer_id], private_key=_walmart_form(key))

    def revoke_key(self, consumer_id: str, private_key: str) -> None:
        """Refuse one of a seller's keys from now on."""
        revoked = _load(private_key).public_key()
        with self._lock:
            kept = tuple(key for key in self._keys[consumer_id] if key != revoked)
            if kept == self._keys[consumer_id]:
                raise ValueError("this key is not the seller's")
            self._keys[consumer_id] = kept

    def change_client_secret(self, consumer_id: str) -> Seller:
        """Replace a seller's client secret. The old one is refused from now on; its tokens stay valid."""
        with self._lock:
            seller = replace(self._sellers[consumer_id], client_secret=_new_client_secret())
            self._sellers[consumer_id] = seller
        return seller

    def all(self) -> tuple[Seller, ...]:
        with self._lock:
            return tuple(self._sellers.values())

    def find(self, consumer_id: str) -> Seller | None:
        return self._sellers.get(consumer_id)

    def keys(self, consumer_id: str) -> tuple[rsa.RSAPublicKey, ...]:
        return self._keys[consumer_id]


def _new_client_secret() -> str:
    return secrets.token_urlsafe(64)


def _load(private_key: str) -> rsa.RSAPrivateKey:
    # Checking the primes would take longer than a whole test, and only the public half is used here.
    key = serialization.load_der_private_key(
        base64.b64decode(private_key), password=None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _walmart_form(key: rsa.RSAPrivateKey) -> str:
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return base64.b64encode(der).decode("ascii")
