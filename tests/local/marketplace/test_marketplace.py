"""The local marketplace, called over real sockets by a caller that is nobody's client."""

import base64
import contextlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local.marketplace import Fault, Marketplace, Seller, issue_certificate
from tests.local.marketplace.caller import (
    ACKNOWLEDGE,
    GET,
    NOW,
    ORDER,
    SPLIT,
    Caller,
    Clock,
    TokenCaller,
    control,
    milliseconds,
    sign,
    statuses,
    told,
)
from tests.local.marketplace.problems import Severity
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def another_private_key() -> str:
    return Marketplace().register_seller().private_key


@pytest.fixture
def marketplace(marketplace: Marketplace) -> Marketplace:
    marketplace.add_order(ORDER, statuses=["Created", "Created"])
    return marketplace


@pytest.fixture
def caller(marketplace: Marketplace, private_key: str) -> Caller:
    return Caller(marketplace.url, marketplace.register_seller(private_key))


# --- Signatures -------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL's command line is not installed")
def test_a_signature_made_by_openssl_is_accepted(caller: Caller, tmp_path: Path) -> None:
    key_file = tmp_path / "key.der"
    key_file.write_bytes(base64.b64decode(caller.seller.private_key))
    timestamp = str(int(time.time() * 1000))
    text = f"{caller.seller.consumer_id}\n{caller.url}{ACKNOWLEDGE}\nPOST\n{timestamp}\n"
    command = [shutil.which("openssl") or "", "dgst", "-sha256", "-keyform", "DER", "-sign", str(key_file)]
    signature = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout

    answer = caller.acknowledge(
        {"WM_SEC.TIMESTAMP": timestamp, "WM_SEC.AUTH_SIGNATURE": base64.b64encode(signature).decode()}
    )

    assert answer.status == 200


@dataclass(frozen=True)
class Parts:
    """What goes into a signature over a GET with an encoded query."""

    consumer: str
    base: str
    target: str
    timestamp: str

    def text(self, method: str = "GET", target: str | None = None, end: str = "\n") -> str:
        return f"{self.consumer}\n{self.base}{target or self.target}\n{method}\n{self.timestamp}{end}"


@pytest.mark.parametrize(
    ("mistake", "reason"),
    [
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
def test_a_signature_over_another_string_is_refused_and_the_mistake_is_named(
    marketplace: Marketplace, caller: Caller, mistake: Callable[[Parts], str], reason: str
) -> None:
    target = f"{GET}?after=a%3Ab"
    parts = Parts(caller.seller.consumer_id, caller.url, target, str(int(time.time() * 1000)))
    signature = sign(caller.seller.private_key, mistake(parts))

    answer = caller.call(
        "GET", target, {"WM_SEC.TIMESTAMP": parts.timestamp, "WM_SEC.AUTH_SIGNATURE": signature}
    )

    assert answer.status == 401
    assert reason in str(marketplace.calls[0].refusal)


def test_an_encoded_query_signed_as_it_is_sent_is_accepted(caller: Caller) -> None:
    assert caller.call("GET", f"{GET}?after=a%3Ab").status == 200


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        pytest.param(lambda now: str(int(now)), "not milliseconds", id="seconds"),
        pytest.param(lambda now: str(int(now * 1000) - 901_000), "901 s behind", id="stale"),
        pytest.param(lambda now: str(int(now * 1000) + 901_000), "901 s ahead", id="from the future"),
        pytest.param(lambda now: f"{now * 1000:.6e}", "not a decimal", id="scientific notation"),
        pytest.param(lambda now: f"-{int(now)}", "not a decimal", id="negative"),
        pytest.param(lambda _: "9" * 5000, "not a decimal", id="endless"),
    ],
)
def test_a_timestamp_that_is_no_recent_time_in_milliseconds_is_refused(
    private_key: str, timestamp: Callable[[float], str], reason: str
) -> None:
    with Marketplace(clock=lambda: NOW) as marketplace:
        caller = Caller(marketplace.url, marketplace.register_seller(private_key), now=lambda: NOW)
        stamp = timestamp(NOW)
        text = f"{caller.seller.consumer_id}\n{caller.url}{GET}\nGET\n{stamp}\n"

        answer = caller.get(
            {"WM_SEC.TIMESTAMP": stamp, "WM_SEC.AUTH_SIGNATURE": sign(caller.seller.private_key, text)}
        )

        assert answer.status == 401
        assert reason in str(marketplace.calls[0].refusal)


def test_the_tolerance_for_timestamps_can_be_chosen(private_key: str) -> None:
    with Marketplace(clock=lambda: NOW, timestamp_tolerance=timedelta(hours=1)) as marketplace:
        marketplace.add_order(ORDER)
        seller = marketplace.register_seller(private_key)

        assert Caller(marketplace.url, seller, now=lambda: NOW - 3599).get().status == 200
        assert Caller(marketplace.url, seller, now=lambda: NOW - 3601).get().status == 401


def test_a_timestamp_other_than_the_signed_one_is_refused(marketplace: Marketplace, caller: Caller) -> None:
    assert caller.get({"WM_SEC.TIMESTAMP": str(int(time.time() * 1000) + 7)}).status == 401
    assert marketplace.calls[0].refusal == "signature does not match the signed string"


def test_another_key_is_refused(marketplace: Marketplace, caller: Caller, another_private_key: str) -> None:
    impostor = marketplace.register_seller(another_private_key)
    caller.seller = replace(caller.seller, private_key=impostor.private_key)

    answer = caller.acknowledge()

    assert answer.status == 401
    assert answer.json()["error"][0]["code"] == "UNAUTHORIZED.GMP_GATEWAY_API"
    assert statuses(marketplace) == ["Created", "Created"]


def test_registering_a_consumer_again_retires_its_old_key(
    marketplace: Marketplace, caller: Caller, another_private_key: str
) -> None:
    old = caller.seller
    new = marketplace.register_seller(
        another_private_key, consumer_id=old.consumer_id, channel_type=old.channel_type
    )

    assert caller.get().status == 401
    assert Caller(marketplace.url, new).get().status == 200


def test_a_second_key_is_accepted_beside_the_first_until_one_is_revoked(
    marketplace: Marketplace, caller: Caller, another_private_key: str
) -> None:
    old = caller.seller
    new = marketplace.add_key(old.consumer_id, another_private_key)
    both = [Caller(marketplace.url, seller).get().status for seller in (old, new)]

    marketplace.revoke_key(old.consumer_id, old.private_key)
    after = [Caller(marketplace.url, seller).get().status for seller in (old, new)]

    assert (both, after) == ([200, 200], [401, 200])
    assert json.loads(new.secret()) == {**json.loads(old.secret()), "privateKey": another_private_key}


def test_a_mistake_is_named_whichever_key_signed(
    marketplace: Marketplace, caller: Caller, another_private_key: str
) -> None:
    caller.seller = marketplace.add_key(caller.seller.consumer_id, another_private_key)
    timestamp = str(int(time.time() * 1000))
    text = f"{caller.seller.consumer_id}\n{caller.url}{GET}\nGET\n{timestamp}"

    caller.get({"WM_SEC.TIMESTAMP": timestamp, "WM_SEC.AUTH_SIGNATURE": sign(another_private_key, text)})

    assert "newline at the end is missing" in str(marketplace.calls[0].refusal)


def test_a_seller_whose_last_key_is_revoked_is_refused(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.revoke_key(caller.seller.consumer_id, caller.seller.private_key)

    assert caller.get().status == 401


def test_a_key_that_is_added_twice_is_revoked_once(
    marketplace: Marketplace, caller: Caller, another_private_key: str
) -> None:
    for _ in range(2):
        marketplace.add_key(caller.seller.consumer_id, another_private_key)
    marketplace.revoke_key(caller.seller.consumer_id, another_private_key)

    with pytest.raises(ValueError, match="not the seller's"):
        marketplace.revoke_key(caller.seller.consumer_id, another_private_key)


@pytest.mark.parametrize("change", [Marketplace.add_key, Marketplace.revoke_key])
def test_keys_belong_to_a_registered_seller(
    marketplace: Marketplace, private_key: str, change: Callable[[Marketplace, str, str], object]
) -> None:
    with pytest.raises(KeyError):
        change(marketplace, "nobody", private_key)


def test_the_reason_of_a_refusal_is_kept_and_never_answered(marketplace: Marketplace, caller: Caller) -> None:
    answer = caller.get({"WM_SEC.AUTH_SIGNATURE": "not/base64!"})

    assert answer.status == 401
    assert marketplace.calls[0].refusal == "signature is not base64 on one line"
    assert b"base64 on" not in answer.body


def test_an_unknown_consumer_is_refused(marketplace: Marketplace, caller: Caller) -> None:
    assert caller.get({"WM_CONSUMER.ID": str(uuid.uuid4())}).status == 401
    assert marketplace.calls[0].refusal == "consumer id is unknown"


def test_another_sellers_channel_type_is_refused(
    marketplace: Marketplace, caller: Caller, another_private_key: str
) -> None:
    other = marketplace.register_seller(another_private_key)

    assert caller.get({"WM_CONSUMER.CHANNEL.TYPE": other.channel_type}).status == 401


# --- Headers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["WM_CONSUMER.ID", "WM_SVC.NAME", "WM_QOS.CORRELATION_ID", "WM_SEC.TIMESTAMP", "WM_SEC.AUTH_SIGNATURE"],
)
def test_a_missing_header_is_named(caller: Caller, header: str) -> None:
    answer = caller.acknowledge(without=header)

    assert answer.status == 400
    [error] = answer.json()["errors"]["error"]
    assert (error["code"], error["field"]) == ("INVALID_REQUEST_HEADER.GMP_ORDER_API", header)
    assert "set blank or null" in error["description"]


def test_a_blank_header_is_a_missing_one(caller: Caller) -> None:
    answer = caller.acknowledge({"WM_SVC.NAME": " "})

    assert answer.json()["errors"]["error"][0]["field"] == "WM_SVC.NAME"


@pytest.mark.parametrize("channel_type", [None, "", "0f3e4dd4-0514-4346-b39d-000000000000"])
def test_a_channel_type_that_is_nobodys_is_refused_by_the_gateway(
    caller: Caller, channel_type: str | None
) -> None:
    if channel_type is None:
        answer = caller.acknowledge(without="WM_CONSUMER.CHANNEL.TYPE")
    else:
        answer = caller.acknowledge({"WM_CONSUMER.CHANNEL.TYPE": channel_type})

    assert answer.status == 400
    [error] = answer.json()["error"]
    assert error["code"] == "INVALID_REQUEST_HEADER.GMP_GATEWAY_API"
    assert error["field"] == "WM_CONSUMER.CHANNEL.TYPE"


def test_a_post_without_a_content_type_breaks_the_gateway(marketplace: Marketplace, caller: Caller) -> None:
    answer = caller.acknowledge(without="Content-Type")

    assert answer.status == 500
    assert answer.json()["error"][0]["code"] == "SYSTEM_ERROR.GMP_GATEWAY_API"
    assert statuses(marketplace) == ["Created", "Created"]


def test_a_get_needs_no_content_type(caller: Caller) -> None:
    assert caller.call("GET", GET, without="Content-Type").status == 200


# --- Forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "form"), [("application/json", "json"), ("application/xml", "xml"), ("*/*", "xml")]
)
def test_the_form_follows_accept_and_is_xml_otherwise(caller: Caller, accept: str, form: str) -> None:
    assert caller.get({"Accept": accept}).headers.get_content_subtype() == form


def test_without_accept_the_form_is_xml(caller: Caller) -> None:
    assert caller.call("GET", GET, without="Accept").headers.get_content_type() == "application/xml"


def test_the_form_can_be_forced_upon_a_caller(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.answer_as("xml")

    assert caller.acknowledge().xml().tag == "{http://walmart.com/mp/orders}order"


def test_xml_and_json_tell_the_same_order(marketplace: Marketplace, caller: Caller) -> None:
    placed = datetime(2026, 3, 16, 10, 30, 15, 250_000, tzinfo=UTC)
    marketplace.add_order("7400000000005", statuses=["Created", "Cancelled"], order_date=placed)
    target = "/v3/ca/orders/7400000000005"

    order = caller.call("GET", target).json()["order"]
    as_xml = caller.call("GET", target, {"Accept": "application/xml"})

    lines = order["orderLines"]["orderLine"]
    assert as_xml.texts("purchaseOrderId") == [order["purchaseOrderId"]] == ["7400000000005"]
    assert as_xml.texts("orderDate") == ["2026-03-16T10:30:15.250Z"]
    assert order["orderDate"] == round(placed.timestamp() * 1000)
    assert as_xml.texts("lineNumber") == [line["lineNumber"] for line in lines] == ["1", "2"]
    assert as_xml.texts("productName") == [line["item"]["productName"] for line in lines]
    assert as_xml.texts("status") == ["Created", "Cancelled"]
    assert [line["orderLineStatuses"]["orderLineStatus"][0]["status"] for line in lines] == [
        "Created",
        "Cancelled",
    ]
    assert [line["orderLineQuantity"]["amount"] for line in lines] == ["1", "2"]
    assert as_xml.texts("type") == [order["shipNode"]["type"]]


def test_xml_and_json_tell_the_same_split_quantities(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.add_order(SPLIT, statuses=["Created", ("Shipped", "Created"), ("Shipped", "Lost", "Created")])
    target = f"/v3/ca/orders/{SPLIT}"

    lines = caller.call("GET", target).json()["order"]["orderLines"]["orderLine"]
    as_xml = caller.call("GET", target, {"Accept": "application/xml"})

    parts = [line["orderLineStatuses"]["orderLineStatus"] for line in lines]
    assert [[part["status"] for part in line] for line in parts] == [
        ["Created"],
        ["Shipped", "Created"],
        ["Shipped", "Lost", "Created"],
    ]
    assert [sum(int(part["statusQuantity"]["amount"]) for part in line) for line in parts] == [
        int(line["orderLineQuantity"]["amount"]) for line in lines
    ]
    in_json = [(part["status"], part["statusQuantity"]["amount"]) for line in parts for part in line]
    in_xml = [
        (part.findtext("{*}status"), part.findtext("{*}statusQuantity/{*}amount"))
        for part in as_xml.xml().iter("{http://walmart.com/mp/v3/orders}orderLineStatus")
    ]
    assert in_xml == in_json


def test_the_namespace_differs_from_call_to_call(caller: Caller) -> None:
    acknowledged = caller.acknowledge({"Accept": "application/xml"}).xml()
    shown = caller.get({"Accept": "application/xml"}).xml()

    assert acknowledged.tag == "{http://walmart.com/mp/orders}order"
    assert shown.tag == "{http://walmart.com/mp/v3/orders}order"


def test_an_error_of_the_order_service_can_be_xml(caller: Caller) -> None:
    answer = caller.call("GET", "/v3/ca/orders/7400000000404", {"Accept": "application/xml"})

    assert answer.xml().tag == "{http://walmart.com/}errors"
    assert answer.texts("code") == ["CONTENT_NOT_FOUND.GMP_ORDER_API"]


def test_the_gateway_answers_in_json_whatever_is_asked_for(caller: Caller) -> None:
    answer = caller.get({"Accept": "application/xml", "WM_CONSUMER.ID": "nobody"})

    assert answer.headers.get_content_type() == "application/json"


def test_the_gateway_answers_in_xml_when_told_to(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.answer_as("xml")

    assert caller.get({"WM_CONSUMER.ID": "nobody"}).texts("code") == ["UNAUTHORIZED.GMP_GATEWAY_API"]


def test_errors_can_take_the_shape_of_the_newer_documentation(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.errors_as("flat")
    marketplace.set_status(ORDER, "Shipped")

    [error] = caller.acknowledge().json()["errors"]

    assert set(error) == {"code", "message", "category", "severity", "field"}


def test_every_order_tells_its_buyers_data(marketplace: Marketplace, caller: Caller) -> None:
    text = caller.get().body.decode()

    assert len(marketplace.buyer_data) >= 5
    assert all(data in text for data in marketplace.buyer_data)


def test_the_date_header_tells_the_marketplaces_time(private_key: str) -> None:
    with Marketplace(clock=lambda: NOW) as marketplace:
        answer = Caller(marketplace.url, marketplace.register_seller(private_key), now=lambda: NOW).get()

    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == int(NOW)


# --- Quota ------------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextlib.contextmanager
def metered(
    clock: Clock,
    private_key: str,
    *,
    requests_per_minute: int | None = None,
    burst: int | None = None,
    looks_per_minute: int | None = None,
) -> Iterator[tuple[Marketplace, Caller]]:
    with Marketplace(
        clock=clock,
        requests_per_minute=requests_per_minute,
        burst=burst,
        looks_per_minute=looks_per_minute,
    ) as marketplace:
        marketplace.add_order(ORDER)
        yield marketplace, Caller(marketplace.url, marketplace.register_seller(private_key), now=clock)


def test_an_empty_bucket_refuses_and_every_answer_tells_what_is_left(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=30, burst=2) as (marketplace, caller):
        answers = [caller.acknowledge() for _ in range(3)]

        assert [told(answer) for answer in answers] == [
            (200, "1", milliseconds(NOW + 2)),
            (200, "0", milliseconds(NOW + 2)),
            (429, "0", milliseconds(NOW + 2)),
        ]
        assert answers[-1].json()["error"][0]["code"] == "REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API"
        assert [(call.status, call.applied) for call in marketplace.calls] == [
            (200, True),
            (200, True),
            (429, False),
        ]


@pytest.mark.parametrize("per_minute", [1, 7, 60, 5000])
def test_who_comes_when_told_is_let_through_and_a_millisecond_earlier_is_not(
    clock: Clock, private_key: str, per_minute: int
) -> None:
    with metered(clock, private_key, requests_per_minute=per_minute, burst=1) as (_, caller):
        caller.acknowledge()
        for _ in range(5):
            replenished_at = int(caller.acknowledge().headers["x-next-replenishment-time"])

            clock.now = (replenished_at - 1) / 1000
            early = caller.acknowledge().status
            clock.now = replenished_at / 1000

            assert (early, caller.acknowledge().status) == (429, 200)


def test_the_bucket_holds_a_minutes_calls_and_no_more(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=3) as (_, caller):
        assert [caller.acknowledge().status for _ in range(4)] == [200, 200, 200, 429]
        clock.now += 300
        assert [caller.acknowledge().status for _ in range(4)] == [200, 200, 200, 429]


def test_a_full_bucket_has_nothing_to_wait_for(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=60) as (_, caller):
        caller.acknowledge()
        clock.now += 1.5

        refused = caller.acknowledge({"WM_CONSUMER.ID": "nobody"})

        assert told(refused) == (401, "60", milliseconds(clock.now))


def test_a_call_that_the_gateway_refuses_takes_no_token(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=1) as (_, caller):
        refused = caller.acknowledge({"WM_CONSUMER.ID": "nobody"})

        assert told(refused)[:2] == (401, "1")
        assert told(caller.acknowledge())[:2] == (200, "0")


def test_acknowledgements_and_looks_have_a_bucket_each(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=1, looks_per_minute=2) as (_, caller):
        assert [caller.acknowledge().status for _ in range(2)] == [200, 429]
        assert [told(caller.get())[:2] for _ in range(3)] == [(200, "1"), (200, "0"), (429, "0")]


def test_somebody_else_can_use_up_what_a_bucket_has_and_no_other(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=60, looks_per_minute=2) as (marketplace, caller):
        marketplace.use_up("acknowledge")

        assert told(caller.acknowledge())[:2] == (429, "0")
        assert told(caller.get())[:2] == (200, "1")
        clock.now += 1
        assert told(caller.acknowledge())[:2] == (200, "0")


def test_nobody_can_use_up_what_has_no_limit(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=1) as (marketplace, caller):
        marketplace.use_up("get")

        assert caller.get().status == 200


def test_without_a_quota_nothing_is_told(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=1) as (_, caller):
        assert told(caller.get()) == (200, None, None)
    with metered(clock, private_key, looks_per_minute=1) as (_, caller):
        assert told(caller.acknowledge()) == (200, None, None)


def test_an_empty_bucket_uses_up_no_fault(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=1, burst=1) as (marketplace, caller):
        caller.acknowledge()
        marketplace.fail(ORDER, Fault.GONE)
        during = caller.acknowledge().status
        clock.now += 60

        assert (during, told(caller.acknowledge())[:2]) == (429, (410, "0"))


@pytest.mark.parametrize("header", ["x-next-replenish-time", None])
def test_a_fault_tells_of_the_bucket_in_its_own_way(
    clock: Clock, private_key: str, header: str | None
) -> None:
    with metered(clock, private_key, requests_per_minute=60) as (marketplace, caller):
        marketplace.fail(ORDER, Fault.THROTTLED, header=header)

        answer = caller.acknowledge()

    assert answer.headers.get_all("x-current-token-count") == ["0"]
    assert [name for name in answer.headers if "replenish" in name.lower()] == ([header] if header else [])


@pytest.mark.parametrize(
    ("fault", "details"),
    [(Fault.SLOW_DRIP, {"interval": 0.0}), (Fault.HUGE, {"size": 5000}), (Fault.SERVICE_UNAVAILABLE, {})],
)
def test_an_answer_tells_of_the_bucket_however_it_comes(
    clock: Clock, private_key: str, fault: Fault, details: dict[str, Any]
) -> None:
    with metered(clock, private_key, requests_per_minute=60) as (marketplace, caller):
        marketplace.fail(ORDER, fault, **details)

        assert told(caller.acknowledge())[1] == "59"


def test_calls_side_by_side_share_the_bucket(clock: Clock, private_key: str) -> None:
    with metered(clock, private_key, requests_per_minute=20) as (_, caller), ThreadPoolExecutor(16) as pool:
        answers = [told(answer) for answer in pool.map(lambda _: caller.acknowledge(), range(40))]

    assert sorted(int(str(left)) for status, left, _ in answers if status == 200) == list(range(20))
    assert [left for status, left, _ in answers if status == 429] == ["0"] * 20


@pytest.mark.parametrize(
    "quota",
    [
        {"requests_per_minute": 0},
        {"requests_per_minute": 1, "burst": 0},
        {"burst": 1},
        {"looks_per_minute": 0},
        {"lists_per_minute": 0},
        {"tokens_per_minute": 0},
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(quota: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bucket|burst"):
        Marketplace(**quota)


# --- Connections ------------------------------------------------------------------------------------------


def trusting(authority_pem: bytes) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority_pem.decode())


def test_a_connection_is_kept_for_the_next_call(marketplace: Marketplace, caller: Caller) -> None:
    with contextlib.closing(caller.connect()) as connection:
        caller.call("GET", GET, over=connection)
        caller.acknowledge(over=connection)
    caller.get()

    assert [call.connection for call in marketplace.calls] == [1, 1, 2]


def test_calls_are_kept_as_they_came(marketplace: Marketplace, caller: Caller) -> None:
    caller.call("GET", f"{GET}?productInfo=true")
    caller.call("GET", "/v3/ca/orders/7400000000404")

    [call] = marketplace.calls_for(ORDER)
    assert (call.method, call.path, call.action) == ("GET", f"{GET}?productInfo=true", "get")
    assert call.headers["wm_svc.name"] == "Walmart Marketplace"
    assert (call.body, call.status) == (b"", 200)
    assert len(marketplace.calls) == 2


def test_it_speaks_https(private_key: str) -> None:
    certificate = issue_certificate()
    with Marketplace(tls=certificate.context) as marketplace:
        marketplace.add_order(ORDER)
        seller = marketplace.register_seller(private_key)

        answer = Caller(marketplace.url, seller, trusting(certificate.authority_pem)).acknowledge()

    assert marketplace.calls[0].applied
    assert answer.status == 200


def test_a_reset_under_https_is_a_reset(private_key: str) -> None:
    certificate = issue_certificate()
    with Marketplace(tls=certificate.context) as marketplace:
        marketplace.add_order(ORDER)
        marketplace.fail(ORDER, Fault.RESET_AFTER_APPLYING)
        seller = marketplace.register_seller(private_key)

        with pytest.raises(ConnectionResetError) as raised:
            Caller(marketplace.url, seller, trusting(certificate.authority_pem)).acknowledge()

        assert raised.type is ConnectionResetError  # not RemoteDisconnected, which an orderly close leads to
        assert statuses(marketplace) == ["Acknowledged"]


def test_a_caller_that_speaks_no_tls_disturbs_nobody(private_key: str) -> None:
    certificate = issue_certificate()
    with Marketplace(tls=certificate.context) as marketplace:
        marketplace.add_order(ORDER)
        seller = marketplace.register_seller(private_key)
        address = ("127.0.0.1", urlsplit(marketplace.url).port)
        with socket.create_connection(address) as stranger, socket.create_connection(address):
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")

            answer = Caller(marketplace.url, seller, trusting(certificate.authority_pem)).get()

    assert answer.status == 200


def test_a_request_without_a_plain_length_is_refused(marketplace: Marketplace, caller: Caller) -> None:
    assert caller.call("POST", ACKNOWLEDGE, {"Transfer-Encoding": "chunked"}).status == 411
    assert marketplace.calls == []


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/v3/inventory", 404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API"),
        ("GET", "//v3/ca/orders/1", 404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API"),
        ("POST", "/control/orders", 404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API"),
        ("GET", ACKNOWLEDGE, 405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API"),
        ("DELETE", GET, 405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API"),
        ("POST", "/v3/ca/orders", 405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API"),
        ("POST", "/v3/ca/orders/released", 405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API"),
    ],
)
def test_other_resources_and_methods_are_refused(
    caller: Caller, method: str, target: str, status: int, code: str
) -> None:
    answer = caller.call(method, target)

    assert answer.status == status
    assert answer.json()["error"][0]["code"] == code


@pytest.mark.parametrize(("severity", "told"), [("INFO", "INFO"), ("ERROR", "ERROR"), ("absent", None)])
def test_a_path_that_is_not_served_is_named_with_a_severity_or_without(
    marketplace: Marketplace, caller: Caller, severity: Severity, told: str | None
) -> None:
    marketplace.unknown_paths_as(severity)

    [error] = caller.call("GET", "/v3/ca/items?limit=1").json()["error"]

    assert (error["description"], error["info"]) == (
        "No static resource v3/ca/items.",
        "Requested content could not be found.",
    )
    assert error.get("severity") == told


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    ("fault", "details"),
    [
        (Fault.DELAY, {"seconds": 3600.0}),
        (Fault.TIMEOUT_AFTER_APPLYING, {}),
        (Fault.ENDLESS, {"interval": 0.0}),
        (Fault.ENDLESS, {"interval": 3600.0}),
        (Fault.SLOW_DRIP, {"interval": 3600.0}),
        (Fault.HUGE, {"size": 10**12}),
        (None, {}),
    ],
)
def test_stopping_ends_every_connection_and_thread_whatever_is_going_on(
    private_key: str, fault: Fault | None, details: dict[str, Any], *, tls: bool
) -> None:
    before = threading.active_count()
    certificate = issue_certificate() if tls else None
    marketplace = Marketplace(tls=certificate.context if certificate else None)
    marketplace.start()
    marketplace.add_order(ORDER)
    if fault:
        marketplace.fail(ORDER, fault, **details)
    trust = trusting(certificate.authority_pem) if certificate else None
    caller = Caller(marketplace.url, marketplace.register_seller(private_key), trust)
    with contextlib.closing(caller.connect()) as connection:
        caller.begin_acknowledging(connection)
        if fault in {Fault.ENDLESS, Fault.HUGE, Fault.SLOW_DRIP}:
            connection.getresponse().close()
        while not marketplace.calls:
            time.sleep(0.001)

        marketplace.stop()

    assert threading.active_count() == before


# --- Sellers and orders -----------------------------------------------------------------------------------


def test_a_sellers_secret_is_what_secrets_manager_holds(caller: Caller) -> None:
    seller = caller.seller

    assert json.loads(seller.secret()) == {
        "consumerId": seller.consumer_id,
        "channelType": seller.channel_type,
        "privateKey": seller.private_key,
    }
    assert seller.private_key not in repr(seller)


def test_a_seller_can_have_a_short_key_as_walmart_gives_out() -> None:
    seller = Marketplace().register_seller(key_bits=1024)

    assert len(sign(seller.private_key, "anything")) == 172


def test_an_order_is_added_once(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match=ORDER):
        marketplace.add_order(ORDER)


def test_a_line_needs_a_status(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match="status"):
        marketplace.add_order("7400000000010", statuses=["Created", ()])


def test_an_order_date_needs_a_time_zone(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match="time zone"):
        marketplace.add_order("7400000000010", order_date=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


# --- By itself --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the command and read its introduction."""
    command = [sys.executable, "-m", "tests.local.marketplace", "--port", "0", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            said = dict(
                line.strip().split(": ", 1)
                for line in iter(process.stdout.readline, "Stop: Ctrl-C\n")
                if ": " in line
            )
            yield process, said
        finally:
            process.kill()


def stored_seller(file: Path) -> Seller:
    secret = json.loads(file.read_text(encoding="utf-8"))
    return Marketplace().register_seller(
        secret["privateKey"], consumer_id=secret["consumerId"], channel_type=secret["channelType"]
    )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_by_itself_it_serves_a_signed_call_and_ends_when_told_to(
    tmp_path: Path, stop: signal.Signals
) -> None:
    secret = tmp_path / "secret.json"
    with running("--secret-file", str(secret), "--orders", "2") as (process, said):
        order = said["Created orders"].split()[1]
        caller = Caller(said["Local marketplace"], stored_seller(secret))

        with contextlib.closing(caller.connect()) as one_by_one:
            answer = caller.call("POST", f"/v3/ca/orders/{order}/acknowledge", over=one_by_one)
            caller.call("GET", f"/v3/ca/orders/{order}", {"WM_CONSUMER.ID": "nobody"}, over=one_by_one)
        process.send_signal(stop)
        out, err = process.communicate(timeout=20)

    assert answer.status == 200
    assert out.splitlines()[-2:] == [
        f"POST /v3/ca/orders/{order}/acknowledge 200",
        f"GET /v3/ca/orders/{order} 401, refused: consumer id is unknown",
    ]
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("option", ["--secret-file", "--token-secret-file"])
def test_a_secret_is_for_its_owner_only_even_where_a_file_was_before(tmp_path: Path, option: str) -> None:
    secret = tmp_path / "secret.json"
    secret.touch(mode=0o644)

    with running(option, str(secret)):
        assert secret.stat().st_mode & 0o777 == 0o600


def test_by_itself_it_serves_a_call_with_a_token(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    with running("--secret-file", str(secret)) as (_, said):
        client = json.loads(Path(said["Credentials for a token"]).read_text(encoding="utf-8"))
        seller = replace(
            stored_seller(secret), client_id=client["clientId"], client_secret=client["clientSecret"]
        )

        answer = TokenCaller(said["Local marketplace"], seller).acknowledge(
            order=said["Created orders"].split()[0]
        )

    assert answer.status == 200
    assert (tmp_path / "token-secret.json").exists()


def test_without_a_secret_file_it_says_where_the_secret_is() -> None:
    with running() as (process, said):
        secret = Path(said["Credentials"])
        assert stored_seller(secret).consumer_id
        process.terminate()
        process.communicate(timeout=20)

    assert not secret.exists()


def test_by_itself_it_speaks_https_and_says_whom_to_trust(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    with running("--secret-file", str(secret), "--tls") as (_, said):
        trust = trusting(Path(said["Authority to trust"]).read_bytes())
        caller = Caller(said["Local marketplace"], stored_seller(secret), trust)

        assert caller.call("GET", f"/v3/ca/orders/{said['Created orders'].split()[0]}").status == 200

    assert (tmp_path / "marketplace-ca.pem").exists()


def test_a_taken_port_is_one_line_and_exit_code_1(marketplace: Marketplace, tmp_path: Path) -> None:
    port = str(urlsplit(marketplace.url).port)
    secret = tmp_path / "secret.json"
    command = [sys.executable, "-m", "tests.local.marketplace", "--port", port, "--secret-file", str(secret)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert port in done.stderr
    assert not secret.exists()


@pytest.fixture
def controlled() -> Iterator[Marketplace]:
    with Marketplace(control=True) as marketplace:
        yield marketplace


def test_another_process_can_add_orders(controlled: Marketplace) -> None:
    document = {
        "purchaseOrderId": ORDER,
        "statuses": ["Created", ["Shipped", "Created"]],
        "orderDate": "2026-03-16T10:30:15Z",
    }

    status, _ = control(controlled.url, "POST", "/control/orders", document)

    assert status == 201
    assert [line.statuses for line in controlled.order(ORDER).lines] == [("Created",), ("Shipped", "Created")]
    assert controlled.order(ORDER).order_date == datetime(2026, 3, 16, 10, 30, 15, tzinfo=UTC)


def test_another_process_can_plan_faults_and_read_the_calls(
    controlled: Marketplace, private_key: str
) -> None:
    caller = Caller(controlled.url, controlled.register_seller(private_key))
    controlled.add_order(ORDER)
    document = {"purchaseOrderId": ORDER, "fault": "throttled", "times": 1, "replenish_in": 5}

    status, _ = control(controlled.url, "POST", "/control/faults", document)
    caller.acknowledge()
    caller.acknowledge()
    _, read = control(controlled.url, "GET", "/control/calls")

    assert status == 201
    assert [(call["status"], call["fault"], call["applied"]) for call in read["calls"]] == [
        (429, "throttled", False),
        (200, None, True),
    ]


def test_another_process_can_plan_a_fault_for_every_order(controlled: Marketplace, private_key: str) -> None:
    caller = Caller(controlled.url, controlled.register_seller(private_key))

    status, _ = control(controlled.url, "POST", "/control/faults", {"fault": "throttled", "header": None})

    assert (status, caller.acknowledge().status) == (201, 429)


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/control/orders", {}),
        ("/control/orders", {"purchaseOrderId": "1", "statuses": [1]}),
        ("/control/faults", {}),
        ("/control/orders", []),
        ("/control/orders", {"purchaseOrderId": 1}),
        ("/control/orders", {"purchaseOrderId": "1", "statuses": "Created"}),
        ("/control/faults", {"purchaseOrderId": "1", "fault": "unheard_of"}),
        ("/control/faults", {"purchaseOrderId": "1", "fault": "delay", "seconds": "long"}),
        ("/control/faults", {"purchaseOrderId": "1", "fault": "delay", "action": "ship"}),
        ("/control/faults", {"purchaseOrderId": "1", "fault": "delay", "times": 0}),
    ],
)
def test_a_control_call_that_makes_no_sense_is_told_so(
    controlled: Marketplace, path: str, document: object
) -> None:
    status, told = control(controlled.url, "POST", path, document)

    assert status == 400
    assert told["message"]
