"""The digital signature, compared with OpenSSL and verified by `cryptography`."""

import base64
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.keys import CONSUMER_ID, credentials, pkcs8_pem, rsa_key
from tests.unit.walmart_ca.scripted_transport import ScriptedTransport
from walmart_ca import Client

URL = "https://marketplace.walmartapis.com/v3/ca/orders/2575193093772/acknowledge"
TIMESTAMP = "1443748249449"
MILLISECOND = 0.001


@pytest.mark.parametrize(("bits", "characters"), [(1024, 172), (2048, 344)])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_signature_is_the_same_as_openssls(bits: int, characters: int, method: str, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl, "the openssl command is needed: it is the reference for the signature"
    key_file = tmp_path / "key.pem"
    key_file.write_text(pkcs8_pem(rsa_key(bits)))
    command = [openssl, "dgst", "-sha256", "-sign", str(key_file)]
    text = f"{CONSUMER_ID}\n{URL}\n{method}\n{TIMESTAMP}\n"
    expected = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout

    signature = credentials(bits).sign(method, URL, TIMESTAMP)

    assert signature == base64.b64encode(expected).decode()
    assert len(signature) == characters


def client(clock: Callable[[], float] = time.time) -> Client:
    return Client(credentials(), transport=ScriptedTransport(), clock=clock)


@settings(deadline=None, max_examples=30)
@given(purchase_order_id=st.from_regex(r"[A-Za-z0-9_-]{0,31}[0-9][A-Za-z0-9_-]{0,32}", fullmatch=True))
def test_the_public_key_verifies_the_signature_of_a_request(purchase_order_id: str) -> None:
    request = client().orders.build_acknowledgement(purchase_order_id)

    carried = request.headers
    signed = f"{carried['WM_CONSUMER.ID']}\n{request.url}\nPOST\n{carried['WM_SEC.TIMESTAMP']}\n"
    signature = base64.b64decode(carried["WM_SEC.AUTH_SIGNATURE"], validate=True)
    rsa_key().public_key().verify(signature, signed.encode(), PKCS1v15(), SHA256())
    assert request.url == f"https://marketplace.walmartapis.com/v3/ca/orders/{purchase_order_id}/acknowledge"


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(1_443_748_249.449, id="Walmart's example"),
        pytest.param(2_147_483_648.5, id="beyond 32 bits of seconds"),
        pytest.param(1.0, id="a clock that was never set"),
    ],
)
def test_the_timestamp_is_decimal_milliseconds(seconds: float) -> None:
    timestamp = client(lambda: seconds).orders.build_acknowledgement("1").headers["WM_SEC.TIMESTAMP"]

    assert timestamp.isascii()
    assert timestamp.isdecimal()
    assert abs(int(timestamp) / 1000 - seconds) <= MILLISECOND


def test_every_call_has_a_new_correlation_id_and_timestamp() -> None:
    ticks = iter([1_795_392_000.0, 1_795_392_001.5])
    orders = client(lambda: next(ticks)).orders

    first, second = (orders.build_acknowledgement("1").headers for _ in range(2))

    assert first["WM_QOS.CORRELATION_ID"] != second["WM_QOS.CORRELATION_ID"]
    assert (first["WM_SEC.TIMESTAMP"], second["WM_SEC.TIMESTAMP"]) == ("1795392000000", "1795392001500")
    assert first["WM_SEC.AUTH_SIGNATURE"] != second["WM_SEC.AUTH_SIGNATURE"]
