"""Simple callers of the local marketplace, one for each authentication scheme."""

import base64
import contextlib
import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.local.marketplace import Call, Marketplace, Seller

ORDER = "7400123456789"
GET = f"/v3/ca/orders/{ORDER}"
ACKNOWLEDGE = f"{GET}/acknowledge"
NOW = 1_790_000_000.25
SINCE = "?createdStartDate=2026-01-01"
COMMON = {
    "WM_SVC.NAME": "Walmart Marketplace",
    "WM_QOS.CORRELATION_ID": "c0ffee",
    "Content-Type": "application/json",
    "Accept": "application/json",
}

type Changes = Mapping[str, str | None]
"""Headers of a call that a test changes; None leaves one out."""
UNCHANGED: Changes = MappingProxyType({})


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def form(self) -> str:
        return self.headers.get_content_subtype()

    def json(self) -> Any:  # noqa: ANN401 - JSON can be anything
        return json.loads(self.body)

    def xml(self) -> ET.Element:
        return ET.fromstring(self.body)  # noqa: S314 - the marketplace's own answer

    def texts(self, name: str) -> list[str | None]:
        return [element.text for element in self.xml().iter() if element.tag.rpartition("}")[2] == name]

    def refusal(self) -> tuple[int, str, str | None]:
        """The status, and the code and field of the only error, in any shape."""
        if self.form == "xml":
            [code], field = self.texts("code")[:1], self.texts("field")
            return self.status, str(code), field[0] if field else None
        document = self.json()
        [error] = document["error"] if "error" in document else document["errors"]["error"]
        return self.status, error["code"], error.get("field")


@dataclass
class Caller:
    """Makes signed calls, with the changes that a test asks for."""

    orders: ClassVar = "/v3/ca/orders"
    bad_credentials: ClassVar = {"WM_CONSUMER.ID": "unknown"}
    """The header that makes the gateway refuse a call."""

    url: str
    seller: Seller
    now: Callable[[], float] = time.time

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)

    def signed(self, text: str, timestamp: str) -> dict[str, str]:
        """The headers of a signature over any text."""
        key = serialization.load_der_private_key(base64.b64decode(self.seller.private_key), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        encoded = base64.b64encode(signature).decode()
        return {"WM_SEC.TIMESTAMP": timestamp, "WM_SEC.AUTH_SIGNATURE": encoded}

    def headers(self, method: str, target: str) -> dict[str, str]:
        timestamp, consumer = str(int(self.now() * 1000)), self.seller.consumer_id
        return {
            "WM_CONSUMER.ID": consumer,
            "WM_CONSUMER.CHANNEL.TYPE": self.seller.channel_type,
            **self.signed(f"{consumer}\n{self.url}{target}\n{method}\n{timestamp}\n", timestamp),
            **COMMON,
        }

    def call(self, method: str, target: str, changed: Changes = UNCHANGED) -> Response:
        return self.send(method, target, {**self.headers(method, target), **changed})

    def send(self, method: str, target: str, headers: Changes, body: str | None = None) -> Response:
        sent = {name: value for name, value in headers.items() if value is not None}
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())

    def acknowledge(self, changed: Changes = UNCHANGED, *, order: str = ORDER) -> Response:
        return self.call("POST", f"{self.orders}/{order}/acknowledge", changed)

    def begin_acknowledging(self, connection: http.client.HTTPConnection) -> None:
        target = f"{self.orders}/{ORDER}/acknowledge"
        connection.request("POST", target, headers=self.headers("POST", target))

    def get(self, changed: Changes = UNCHANGED, *, order: str = ORDER) -> Response:
        return self.call("GET", f"{self.orders}/{order}", changed)

    def list(self, query: str = SINCE, form: str = "json", path: str = "/released") -> Response:
        return self.call("GET", f"{self.orders}{path}{query}", {"Accept": f"application/{form}"})


@dataclass
class TokenCaller(Caller):
    """Requests a token before its first call and keeps it."""

    orders: ClassVar = "/v3/orders"
    bad_credentials: ClassVar = {"WM_SEC.ACCESS_TOKEN": "unknown"}

    token: str = ""

    def headers(self, method: str, target: str) -> dict[str, str]:  # noqa: ARG002 - a token covers no call
        self.token = self.token or self.request_token().json()["access_token"]
        return {
            "WM_SEC.ACCESS_TOKEN": self.token,
            "WM_MARKET": self.seller.market,
            "WM_GLOBAL_VERSION": "3.1",
            **COMMON,
        }

    def request_token(
        self, changed: Changes = UNCHANGED, body: str = "grant_type=client_credentials"
    ) -> Response:
        headers = {
            **COMMON,
            "Authorization": basic(self.seller.client_id, self.seller.client_secret),
            "WM_MARKET": self.seller.market,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.send("POST", "/v3/token", {**headers, **changed}, body)


def basic(client_id: str, client_secret: str) -> str:
    return f"Basic {base64.b64encode(f'{client_id}:{client_secret}'.encode()).decode()}"


def order_calls(marketplace: Marketplace) -> list[Call]:
    """Every call except requests for a token."""
    return [call for call in marketplace.calls if call.action != "token"]


def statuses(marketplace: Marketplace, order: str = ORDER) -> list[str]:
    return [status for line in marketplace.order(order).lines for status in line.statuses]
