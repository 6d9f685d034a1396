"""A caller of the local marketplace that signs as Walmart wants it and is nobody's client."""

import base64
import contextlib
import functools
import http.client
import json
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.local_marketplace import Marketplace, Seller

ORDER = "7400123456789"
SPLIT = "7400000000004"
ACKNOWLEDGE = f"/v3/ca/orders/{ORDER}/acknowledge"
GET = f"/v3/ca/orders/{ORDER}"
NOW = 1_790_000_000.25
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON can be anything
        return json.loads(self.body)

    def xml(self) -> ET.Element:
        return ET.fromstring(self.body)  # noqa: S314 - the marketplace's own answer

    def texts(self, name: str) -> list[str | None]:
        return [element.text for element in self.xml().iter() if element.tag.rpartition("}")[2] == name]


@functools.cache
def load(private_key: str) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(private_key), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def sign(private_key: str, text: str) -> str:
    signature = load(private_key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


@dataclass
class Caller:
    """Calls as Walmart wants it, unless told to do otherwise."""

    url: str
    seller: Seller
    trust: ssl.SSLContext | None = None
    now: Callable[[], float] = time.time

    def connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.netloc, timeout=20, context=self.trust)
        return http.client.HTTPConnection(parts.netloc, timeout=20)

    def headers(self, method: str, target: str) -> dict[str, str]:
        timestamp = str(int(self.now() * 1000))
        text = f"{self.seller.consumer_id}\n{self.url}{target}\n{method}\n{timestamp}\n"
        return {
            "WM_CONSUMER.ID": self.seller.consumer_id,
            "WM_CONSUMER.CHANNEL.TYPE": self.seller.channel_type,
            "WM_SVC.NAME": "Walmart Marketplace",
            "WM_QOS.CORRELATION_ID": str(uuid.uuid4()),
            "WM_SEC.TIMESTAMP": timestamp,
            "WM_SEC.AUTH_SIGNATURE": sign(self.seller.private_key, text),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def call(
        self,
        method: str,
        target: str,
        changed: Mapping[str, str] = NOTHING,
        *,
        without: str | None = None,
        over: http.client.HTTPConnection | None = None,
    ) -> Answer:
        headers = {**self.headers(method, target), **changed}
        headers.pop(without or "", None)
        with contextlib.nullcontext(over) if over else contextlib.closing(self.connect()) as connection:
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def acknowledge(self, changed: Mapping[str, str] = NOTHING) -> Answer:
        return self.call("POST", ACKNOWLEDGE, changed)

    def get(self, changed: Mapping[str, str] = NOTHING) -> Answer:
        return self.call("GET", GET, changed)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def statuses(marketplace: Marketplace) -> list[str]:
    return [line.status for line in marketplace.order(ORDER).lines]


def told(answer: Answer) -> tuple[int, str | None, str | None]:
    headers = answer.headers
    return answer.status, headers["x-current-token-count"], headers["x-next-replenishment-time"]


def milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def control(url: str, method: str, path: str, document: object = None) -> tuple[int, Any]:
    with contextlib.closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        connection.request(method, path, body=json.dumps(document))
        response = connection.getresponse()
        return response.status, json.load(response)
