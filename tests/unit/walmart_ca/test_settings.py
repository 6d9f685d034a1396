"""A client's settings: what is accepted, and that a refusal names the setting and does not show it."""

import asyncio
import dataclasses
import itertools
import math
from typing import Any

import pytest

from tests.support.keys import credentials
from walmart_ca import (
    PRODUCTION_URL,
    AsyncClient,
    Client,
    Credentials,
    Request,
    TokenCredentials,
    check_base_url,
)
from walmart_ca.answers import Answer
from walmart_ca.transport import Limits

ACCEPTED_URLS = {
    "https://marketplace.walmartapis.com": "https://marketplace.walmartapis.com",
    "https://marketplace.walmartapis.com/": "https://marketplace.walmartapis.com",
    "HTTPS://Marketplace.WalmartAPIs.com": "https://marketplace.walmartapis.com",
    "  https://marketplace.walmartapis.com\n": "https://marketplace.walmartapis.com",
    "https://marketplace.walmartapis.com:443": "https://marketplace.walmartapis.com",
    "https://marketplace.walmartapis.com:0443/": "https://marketplace.walmartapis.com",
    "https://marketplace.walmartapis.com:8443": "https://marketplace.walmartapis.com:8443",
    "https://localhost:80": "https://localhost:80",
    "https://192.0.2.7": "https://192.0.2.7",
    "https://[2001:DB8::7]:8443": "https://[2001:db8::7]:8443",
    "http://localhost": "http://localhost",
    "http://localhost:80": "http://localhost",
    "http://localhost:443": "http://localhost:443",
    "http://LocalHost:8080/": "http://localhost:8080",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://127.9.9.9": "http://127.9.9.9",
    "http://[::1]:8080": "http://[::1]:8080",
}


@pytest.mark.parametrize(("given", "taken"), ACCEPTED_URLS.items())
def test_a_base_url_is_taken_as_it_will_be_signed_and_sent(given: str, taken: str) -> None:
    assert Client(credentials(), base_url=given).base_url == taken


def test_the_default_is_walmarts_production_host() -> None:
    assert Client(credentials()).base_url == PRODUCTION_URL == "https://marketplace.walmartapis.com"


REFUSED_URLS = {
    "empty": "",
    "no scheme": "s3cr3t.example",
    "another scheme": "ftp://s3cr3t.example",
    "http in the open": "http://s3cr3t.example",
    "http to an address in the open": "http://192.0.2.7",
    "http to any address": "http://0.0.0.0",
    "http to a name that begins like loopback": "http://localhost.s3cr3t.example",
    "http to a short form of loopback": "http://127.1",
    "http to a number": "http://2130706433",
    "a path": "https://s3cr3t.example/v3",
    "two slashes": "https://s3cr3t.example//",
    "a query": "https://s3cr3t.example?x=1",
    "a fragment": "https://s3cr3t.example#x",
    "a user": "https://user@s3cr3t.example",
    "a password": "https://user:s3cr3t@host.example",
    "a user before loopback": "http://localhost@s3cr3t.example",
    "a backslash": "http://localhost\\@s3cr3t.example",
    "no host": "https://",
    "only a port": "https://:443",
    "port 0": "https://s3cr3t.example:0",
    "a port too high": "https://s3cr3t.example:65536",
    "a port of letters": "https://s3cr3t.example:https",
    "an empty port": "https://s3cr3t.example:",
    "digits of another script": "https://s3cr3t.example:٤٤٣",
    "a line break": "https://s3cr3t\n.example",
    "CR LF": "https://s3cr3t.example\r\nX-Injected: 1",
    "a space": "https://s3cr3t .example",
    "NUL": "https://s3cr3t\x00.example",
    "Unicode": "https://s3cr3t.exämple",
    "a percent sign": "https://s3cr3t%2eexample",
    "a wildcard": "https://*.s3cr3t.example",
    "a zone": "https://[fe80::1%25eth0]",
    "two URLs": "https://s3cr3t.example,https://other.example",
}


@pytest.mark.parametrize("base_url", REFUSED_URLS.values(), ids=REFUSED_URLS.keys())
def test_an_unusable_base_url_is_refused_by_name_and_not_shown(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as refused:
        Client(credentials(), base_url=base_url)

    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    "base_url", ["https://[dead]", "https://[::::]:443", "https://[1.2.3.4]", "https://[.]"]
)
def test_an_address_that_is_none_is_refused_by_name_and_not_shown(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as refused:
        Client(credentials(), base_url=base_url)

    assert base_url.removeprefix("https://") not in str(refused.value)


@pytest.mark.parametrize("base_url", ["https://.", "https://-", "https://a..b", "https://.example.com"])
def test_a_name_that_cannot_be_one_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Client(credentials(), base_url=base_url)


def test_a_dot_at_the_end_of_the_host_is_not_signed() -> None:
    try:
        taken = check_base_url("https://marketplace.walmartapis.com.")
    except ValueError:
        return
    assert taken == "https://marketplace.walmartapis.com"


@pytest.mark.parametrize("service_name", ["Walmart Marketplace", "x", "Walmart Gateway API", "~" * 128])
def test_a_service_name_is_sent_as_given(service_name: str) -> None:
    request = Client(credentials(), service_name=service_name).orders.build_acknowledgement("1")

    assert request.headers["WM_SVC.NAME"] == service_name


@pytest.mark.parametrize(
    "service_name",
    ["", " ", " x", "x ", "x\n", "x\r\nX-Injected: s3cr3t", "s3cr3t\x00", "s3cr3t-é", "x" * 129, "\tx"],
)
def test_an_unusable_service_name_is_refused_by_name_and_not_shown(service_name: str) -> None:
    with pytest.raises(ValueError, match="service_name") as refused:
        Client(credentials(), service_name=service_name)

    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("timeout", [0, 0.0, -1, -0.001, math.nan, math.inf, -math.inf, 86_401])
def test_an_unusable_timeout_is_refused_by_name(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        Client(credentials(), timeout=timeout)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("base_url", None),
        ("base_url", b"https://host"),
        ("service_name", None),
        ("timeout", None),
        ("timeout", "5"),
    ],
)
def test_a_setting_of_the_wrong_type_is_refused_by_name(setting: str, value: Any) -> None:  # noqa: ANN401 - of any type
    with pytest.raises(ValueError, match=setting):
        Client(credentials(), **{setting: value})  # its type is the point


@pytest.mark.parametrize("max_concurrency", [0, -1])
def test_an_async_client_runs_at_least_one_call(max_concurrency: int) -> None:
    with pytest.raises(ValueError, match="max_concurrency"):
        AsyncClient(credentials(), max_concurrency=max_concurrency)


@pytest.mark.parametrize("correlation_id", ["", " x", "a\nb", "s3cr3t-é", "x" * 129, b"x", None, 7])
@pytest.mark.parametrize("secrets", [credentials(), TokenCredentials(client_id="x", client_secret="y")])  # noqa: S106 - nobody's
def test_a_call_with_an_unusable_correlation_id_is_refused_and_not_sent(
    secrets: Credentials,
    correlation_id: Any,  # noqa: ANN401 - of any type
) -> None:
    sent = Sent()
    client = Client(secrets, transport=sent, new_correlation_id=lambda: correlation_id)

    with pytest.raises(ValueError, match=r"^new_correlation_id must ") as refused:
        client.orders.acknowledge("1")

    assert "s3cr3t" not in str(refused.value)
    assert sent.count == 0


@pytest.mark.parametrize("timeout", [math.nan, math.inf, 86_401, "5"])
def test_an_unusable_timeout_of_a_call_is_refused_and_nothing_is_sent(timeout: Any) -> None:  # noqa: ANN401 - of any type
    sent = Sent()

    async def later() -> None:
        with pytest.raises(ValueError, match="timeout must "):
            await AsyncClient(credentials(), transport=sent).orders.acknowledge("1", timeout=timeout)

    with pytest.raises(ValueError, match="timeout must "):
        Client(credentials(), transport=sent).orders.acknowledge("1", timeout=timeout)
    asyncio.run(later())
    assert sent.count == 0


def test_no_answer_has_a_shorter_time_than_its_call() -> None:
    assert [field.name for field in dataclasses.fields(Limits)] == ["size"]


def test_how_long_a_call_took_is_measured_by_the_clock_that_nobody_can_set() -> None:
    elapsed, of_day = itertools.count(100.0, 2.5), itertools.count(1.8e9, -3600.0)
    client = Client(
        credentials(), transport=Sent(), clock=lambda: next(of_day), monotonic=lambda: next(elapsed)
    )

    _, call = client.send(client.orders.build_acknowledgement("1"))

    assert call.latency_s == 2.5


class Sent:
    """Counts what is sent by it, and answers it with nothing."""

    def __init__(self) -> None:
        self.count = 0

    def send(self, request: Request, timeout: float, limits: Limits) -> Answer:
        del request, timeout, limits
        self.count += 1
        return Answer(200, {}, b"")

    def close(self) -> None:
        """Have nothing to close."""


def test_an_async_client_refuses_the_same_settings() -> None:
    with pytest.raises(ValueError, match="base_url"):
        AsyncClient(credentials(), base_url="http://s3cr3t.example")
