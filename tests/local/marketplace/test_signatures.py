"""The Canadian API: only a correctly signed call is accepted."""

import base64
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.local.marketplace import Marketplace, Seller
from tests.local.marketplace.caller import ACKNOWLEDGE, GET, NOW, Caller, TokenCaller


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL's command line is not installed")
def test_a_signature_made_by_openssl_is_accepted(signer: Caller, tmp_path: Path) -> None:
    key_file = tmp_path / "key.der"
    key_file.write_bytes(base64.b64decode(signer.seller.private_key))
    timestamp = str(int(time.time() * 1000))
    text = f"{signer.seller.consumer_id}\n{signer.url}{ACKNOWLEDGE}\nPOST\n{timestamp}\n"
    command = [shutil.which("openssl") or "", "dgst", "-sha256", "-keyform", "DER", "-sign", str(key_file)]
    signature = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout

    response = signer.acknowledge(
        {"WM_SEC.TIMESTAMP": timestamp, "WM_SEC.AUTH_SIGNATURE": base64.b64encode(signature).decode()}
    )

    assert response.status == 200


QUERY = "?after=a%3Ab"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("\nEND", ""),
        ("\n", "\r\n"),
        ("GET", "get"),
        ("http://HOST", ""),
        (QUERY, ""),
        (QUERY, "?after=a:b"),  # decoded
        (QUERY, "?after=a%253Ab"),  # encoded again
        (QUERY, "?after=a%3ab"),  # encoded otherwise
        ("GET", "POST"),
        ("HOST", "other"),
    ],
)
def test_only_a_signature_over_the_call_as_sent_is_accepted(
    marketplace: Marketplace, signer: Caller, right: str, wrong: str
) -> None:
    timestamp, host = str(int(time.time() * 1000)), signer.url.removeprefix("http://")
    pattern = f"{signer.seller.consumer_id}\nhttp://HOST{GET}{QUERY}\nGET\n{timestamp}\nEND"

    good, bad = (
        signer.call("GET", f"{GET}{QUERY}", signer.signed(text.replace("HOST", host), timestamp))
        for text in (pattern.removesuffix("END"), pattern.replace(right, wrong).removesuffix("END"))
    )

    assert (good.status, bad.status) == (200, 401)
    assert marketplace.calls[1].refusal == "signature does not match the signed string"
    assert b"signed string" not in bad.body


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (str(int(NOW * 1000) - 899_000), "None"),
        (str(int(NOW)), "not milliseconds"),
        (str(int(NOW * 1000) - 901_000), "901 s behind"),
        (str(int(NOW * 1000) + 901_000), "901 s ahead"),
        (f"{NOW * 1000:.6e}", "not a decimal"),
        (f"-{int(NOW)}", "not a decimal"),
        ("9" * 5000, "not a decimal"),
    ],
)
def test_only_a_recent_time_in_milliseconds_is_accepted(
    private_key: str, timestamp: str, reason: str
) -> None:
    with Marketplace(clock=lambda: NOW) as marketplace:
        caller = Caller(marketplace.url, marketplace.register_seller(private_key))
        text = f"{caller.seller.consumer_id}\n{caller.url}{GET}\nGET\n{timestamp}\n"

        response = caller.get(caller.signed(text, timestamp))

        assert response.status == (404 if reason == "None" else 401)
        assert reason in str(marketplace.calls[0].refusal)


def accepted(marketplace: Marketplace, *sellers: Seller) -> list[int]:
    return [Caller(marketplace.url, seller).get().status for seller in sellers]


def test_another_sellers_key_is_refused(
    marketplace: Marketplace, seller: Seller, another_private_key: str
) -> None:
    other = marketplace.register_seller(another_private_key)

    assert accepted(marketplace, other, replace(seller, private_key=another_private_key)) == [200, 401]


def test_registering_again_replaces_the_key_and_the_client(
    marketplace: Marketplace, seller: Seller, another_private_key: str
) -> None:
    new = marketplace.register_seller(
        another_private_key, consumer_id=seller.consumer_id, channel_type=seller.channel_type
    )

    assert accepted(marketplace, seller, new) == [401, 200]
    assert [TokenCaller(marketplace.url, each).request_token().status for each in (seller, new)] == [401, 200]


def test_two_keys_are_accepted_until_each_is_revoked(
    marketplace: Marketplace, seller: Seller, another_private_key: str
) -> None:
    for _ in range(2):
        new = marketplace.add_key(seller.consumer_id, another_private_key)
    both = accepted(marketplace, seller, new)
    marketplace.revoke_key(seller.consumer_id, seller.private_key)
    one = accepted(marketplace, seller, new)
    marketplace.revoke_key(seller.consumer_id, another_private_key)

    assert (both, one, accepted(marketplace, seller, new)) == ([200, 200], [401, 200], [401, 401])
    with pytest.raises(ValueError, match="not the seller's"):
        marketplace.revoke_key(seller.consumer_id, another_private_key)
