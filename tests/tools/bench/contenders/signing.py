"""The signing code that a user of a generated SDK writes, with a key that is loaded once."""

import base64
import json
import time
import uuid

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key


class Signer:
    def __init__(self, secret: str) -> None:
        seller = json.loads(secret)
        key = load_der_private_key(base64.b64decode(seller["privateKey"]), None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key
        self._consumer_id, self._channel_type = seller["consumerId"], seller["channelType"]

    def headers(self, method: str, url: str) -> dict[str, str]:
        timestamp = str(int(time.time() * 1000))
        signed = f"{self._consumer_id}\n{url}\n{method}\n{timestamp}\n".encode()
        return {
            "WM_CONSUMER.ID": self._consumer_id,
            "WM_CONSUMER.CHANNEL.TYPE": self._channel_type,
            "WM_SEC.TIMESTAMP": timestamp,
            "WM_SEC.AUTH_SIGNATURE": base64.b64encode(self._key.sign(signed, PKCS1v15(), SHA256())).decode(),
            "WM_SVC.NAME": "Walmart Marketplace",
            "WM_QOS.CORRELATION_ID": str(uuid.uuid4()),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
