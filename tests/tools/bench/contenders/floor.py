"""The floor: one signature with a loaded key, one POST on a connection that is kept; no care taken."""

import base64
import http.client
import json
import time
import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        seller = json.loads(secret)
        key = load_der_private_key(
            base64.b64decode(seller["privateKey"]), None, unsafe_skip_rsa_key_validation=True
        )
        assert isinstance(key, RSAPrivateKey)
        self._key = key
        self._url = url
        self._consumer_id, self._channel_type = seller["consumerId"], seller["channelType"]
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def one_by_one(self, purchase_order_ids: Sequence[str]) -> list[str]:
        return [self._acknowledge(each) for each in purchase_order_ids]

    side_by_side = one_by_one

    def _acknowledge(self, purchase_order_id: str) -> str:
        target = f"/v3/ca/orders/{purchase_order_id}/acknowledge"
        timestamp = str(int(time.time() * 1000))
        signed = f"{self._consumer_id}\n{self._url}{target}\nPOST\n{timestamp}\n".encode()
        signature = base64.b64encode(self._key.sign(signed, PKCS1v15(), SHA256())).decode()
        headers = {
            "WM_CONSUMER.ID": self._consumer_id,
            "WM_CONSUMER.CHANNEL.TYPE": self._channel_type,
            "WM_SEC.TIMESTAMP": timestamp,
            "WM_SEC.AUTH_SIGNATURE": signature,
            "WM_SVC.NAME": "Walmart Marketplace",
            "WM_QOS.CORRELATION_ID": str(uuid.uuid4()),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "floor",
        }
        self._connection.request("POST", target, b"", headers)
        order: str = json.loads(self._connection.getresponse().read())["order"]["purchaseOrderId"]
        return order
