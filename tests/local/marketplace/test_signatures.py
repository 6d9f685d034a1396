"""The Canadian API: only a correctly signed call is accepted."""

import base64
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.local.marketplace import Marketplace, Seller
from tests.local.marketplace.caller import ACKNOWLEDGE, GET, NOW, Caller, TokenCaller, statuses


@pytest.fixture(scope="module")
def another_private_key() -> str:
    return Marketplace().register_seller().private_key


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


@dataclass(frozen=True)
class Parts:
    """The parts of a signature over a GET with an encoded query."""

    consumer: str
    base: str
    target: str
    timestamp: str

    def text(self, method: str = "GET", target: str | None = None, end: str = "\n") -> str:
        return f"{self.consumer}\n{self.base}{target or self.target}\n{method}\n{self.timestamp}{end}"


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        pytest.param(lambda p: p.text(), None, id="as it is sent"),
        pytest.param(lambda p: p.text(end=""), "newline at the end is missing", id="no trailing newline"),
        pytest.param(lambda p: p.text().replace("\n", "\r\n"), "CR LF", id="CRLF"),
        pytest.param(lambda p: p.text(method="get"), "not in upper case", id="lower-case method"),
        pytest.param(lambda p: p.text().replace(p.base, ""), "path, not the full URL", id="path only"),
        pytest.param(lambda p: p.text(target=GET), "without its query", id="no query"),
        pytest.param(lambda p: p.text(target=f"{GET}?after=a:b"), "URL decoded", id="decoded query"),
        pytest.param(lambda p: p.text(target=f"{GET}?after=a%253Ab"), "signed string", id="encoded again"),
        pytest.param(lambda p: p.text(target=f"{GET}?after=a%3ab"), "signed string", id="encoded otherwise"),
        pytest.param(lambda p: p.text(method="POST"), "signed string", id="another method"),
        pytest.param(lambda p: p.text().replace(p.base, "http://other"), "signed string", id="another host"),
    ],
)
@pytest.mark.parametrize("keys", [1, 2])
def test_only_a_signature_over_the_call_as_sent_is_accepted(
    marketplace: Marketplace,
    signer: Caller,
    another_private_key: str,
    signed: Callable[[Parts], str],
    reason: str | None,
    keys: int,
) -> None:
    if keys == 2:
        signer.seller = marketplace.add_key(signer.seller.consumer_id, another_private_key)
    target = f"{GET}?after=a%3Ab"
    parts = Parts(signer.seller.consumer_id, signer.url, target, str(int(time.time() * 1000)))

    response = signer.call("GET", target, signer.signed(signed(parts), parts.timestamp))

    stated = str(marketplace.calls[0].refusal)
    assert (response.status, (reason or "None") in stated) == (401 if reason else 200, True)
    assert b"signed string" not in response.body


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        pytest.param(lambda now: str(int(now * 1000) - 899_000), None, id="minutes old"),
        pytest.param(lambda now: str(int(now)), "not milliseconds", id="seconds"),
        pytest.param(lambda now: str(int(now * 1000) - 901_000), "901 s behind", id="stale"),
        pytest.param(lambda now: str(int(now * 1000) + 901_000), "901 s ahead", id="from the future"),
        pytest.param(lambda now: f"{now * 1000:.6e}", "not a decimal", id="scientific notation"),
        pytest.param(lambda now: f"-{int(now)}", "not a decimal", id="negative"),
        pytest.param(lambda _: "9" * 5000, "not a decimal", id="endless"),
    ],
)
def test_only_a_recent_time_in_milliseconds_is_accepted(
    private_key: str, timestamp: Callable[[float], str], reason: str | None
) -> None:
    with Marketplace(clock=lambda: NOW) as marketplace:
        caller = Caller(marketplace.url, marketplace.register_seller(private_key))
        stamp = timestamp(NOW)
        text = f"{caller.seller.consumer_id}\n{caller.url}{GET}\nGET\n{stamp}\n"

        response = caller.get(caller.signed(text, stamp))

        assert response.status == (401 if reason else 404)
        assert (reason or "None") in str(marketplace.calls[0].refusal)


def test_the_tolerance_for_timestamps_can_be_chosen(private_key: str) -> None:
    with Marketplace(clock=lambda: NOW, timestamp_tolerance=timedelta(hours=1)) as marketplace:
        seller = marketplace.register_seller(private_key)
        younger = Caller(marketplace.url, seller, now=lambda: NOW - 3599)
        older = Caller(marketplace.url, seller, now=lambda: NOW - 3601)

        assert [caller.get().status for caller in (younger, older)] == [404, 401]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"WM_SEC.TIMESTAMP": str(int(time.time() * 1000) + 7)}, "does not match the signed string"),
        ({"WM_SEC.AUTH_SIGNATURE": "not/base64!"}, "not base64 on one line"),
        ({"WM_CONSUMER.ID": "0f3e4dd4-0514-4346-b39d-000000000000"}, "consumer id is unknown"),
    ],
)
def test_a_header_other_than_the_signed_one_is_refused(
    marketplace: Marketplace, signer: Caller, changed: dict[str, str], reason: str
) -> None:
    refused = (401, "UNAUTHORIZED.GMP_GATEWAY_API", "UNAUTHORIZED")

    assert signer.acknowledge(changed).refusal() == refused
    assert reason in str(marketplace.calls[0].refusal)
    assert statuses(marketplace) == ["Created", "Created"]


def test_another_sellers_key_or_channel_type_is_refused(
    marketplace: Marketplace, signer: Caller, another_private_key: str
) -> None:
    other = marketplace.register_seller(another_private_key)
    impostor = Caller(signer.url, replace(signer.seller, private_key=another_private_key))

    assert impostor.get().status == 401
    assert signer.get({"WM_CONSUMER.CHANNEL.TYPE": other.channel_type}).status == 401


# --- Keys -------------------------------------------------------------------------------------------------


def accepted(marketplace: Marketplace, *sellers: Seller) -> list[int]:
    return [Caller(marketplace.url, seller).get().status for seller in sellers]


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


# --- Headers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["WM_CONSUMER.ID", "WM_SVC.NAME", "WM_QOS.CORRELATION_ID", "WM_SEC.TIMESTAMP", "WM_SEC.AUTH_SIGNATURE"],
)
def test_a_missing_or_blank_header_is_named(signer: Caller, header: str) -> None:
    refused = (400, "INVALID_REQUEST_HEADER.GMP_ORDER_API", header)

    assert signer.acknowledge(without=header).refusal() == refused
    assert signer.acknowledge({header: " "}).refusal() == refused


@pytest.mark.parametrize("channel_type", ["", "0f3e4dd4-0514-4346-b39d-000000000000"])
def test_the_channel_type_is_checked_first(signer: Caller, channel_type: str) -> None:
    response = signer.acknowledge({"WM_CONSUMER.CHANNEL.TYPE": channel_type, "WM_SVC.NAME": ""})

    assert response.refusal() == (400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", "WM_CONSUMER.CHANNEL.TYPE")


def test_a_post_needs_a_content_type_and_a_get_does_not(marketplace: Marketplace, caller: Caller) -> None:
    assert caller.acknowledge(without="Content-Type").refusal()[:2] == (500, "SYSTEM_ERROR.GMP_GATEWAY_API")
    assert statuses(marketplace) == ["Created", "Created"]
    assert caller.get(without="Content-Type").status == 200
