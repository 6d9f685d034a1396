"""The settings and credentials of a client; a refusal names the argument and does not show its value."""

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.keys import CHANNEL_TYPE, CONSUMER_ID, credentials, rsa_key, walmart_form
from tests.unit.walmart_ca.scripted_transport import ScriptedTransport, call
from walmart_ca import (
    PRODUCTION_URL,
    AsyncClient,
    Client,
    OutcomeUnknown,
    SignatureCredentials,
    TokenCredentials,
    check_purchase_order_id,
)
from walmart_ca.validation import check_base_url

ACCEPTED_URLS = {
    "HTTPS://Marketplace.WalmartAPIs.com": PRODUCTION_URL,
    "  https://marketplace.walmartapis.com\n": PRODUCTION_URL,
    "https://marketplace.walmartapis.com:443": PRODUCTION_URL,
    "https://marketplace.walmartapis.com:0443/": PRODUCTION_URL,
    "https://marketplace.walmartapis.com:8443": "https://marketplace.walmartapis.com:8443",
    "https://localhost:80": "https://localhost:80",
    "https://[2001:DB8::7]:8443": "https://[2001:db8::7]:8443",
    "http://localhost:80": "http://localhost",
    "http://localhost:443": "http://localhost:443",
    "http://LocalHost:8080/": "http://localhost:8080",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://[::1]:8080": "http://[::1]:8080",
}


@pytest.mark.parametrize(("given", "taken"), ACCEPTED_URLS.items())
def test_a_base_url_is_normalized(given: str, taken: str) -> None:
    assert check_base_url(given) == taken


REFUSED_URLS = [
    *("", None, b"https://s3cr3t.example", "s3cr3t.example", "ftp://s3cr3t.example"),
    # No TLS, and not a loopback host.
    *("http://s3cr3t.example", "http://192.0.2.7", "http://0.0.0.0", "http://127.1", "http://2130706433"),
    *("http://localhost.s3cr3t.example", "http://localhost@s3cr3t.example"),
    # More than a host.
    *("https://s3cr3t.example/v3", "https://s3cr3t.example//", "https://s3cr3t.example?x=1"),
    *("https://s3cr3t.example#x", "https://user@s3cr3t.example", "https://user:s3cr3t@host.example"),
    "https://s3cr3t.example,https://other.example",
    # No port.
    *("https://s3cr3t.example:0", "https://s3cr3t.example:65536", "https://s3cr3t.example:https"),
    *("https://s3cr3t.example:", "https://s3cr3t.example:٤٤٣"),
    # No name.
    *("https://", "https://:443", "https://.", "https://-", "https://a..s3cr3t", "https://.s3cr3t.example"),
    *("https://s3cr3t.example.", "https://*.s3cr3t.example", "https://s3cr3t%2eexample"),
    *("https://s3cr3t.exämple", "https://s3cr3t\n.example", "https://s3cr3t.example\r\nX-Injected: 1"),
    *("https://s3cr3t .example", "https://s3cr3t\x00.example"),
    # No address.
    *("https://[dead]", "https://[::::]:443", "https://[1.2.3.4]", "https://[.]", "https://[fe80::1%25eth0]"),
]


@pytest.mark.parametrize("base_url", REFUSED_URLS, ids=repr)
def test_an_unusable_base_url_is_refused_and_not_shown(base_url: Any) -> None:  # noqa: ANN401 - of any type
    with pytest.raises(ValueError, match=r"^base_url must ") as refused:
        Client(credentials(), base_url=base_url)

    assert "s3cr3t" not in str(refused.value)
    assert "[" not in str(refused.value)


UNPRINTABLE = [
    *("", " ", " x", "x ", "x\n", "\tx", "x\r\nX: s3cr3t", "s3cr3t\x00", "s3cr3t-é", "x" * 129, b"x", None)
]
REFUSED_SETTINGS: list[tuple[str, Any]] = [
    *(("service_name", value) for value in UNPRINTABLE),
    *(("timeout", value) for value in (0, 0.0, -1, -0.001, math.nan, math.inf, -math.inf, 86_401, "5", None)),
]


@pytest.mark.parametrize(("setting", "value"), REFUSED_SETTINGS)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_unusable_setting_is_refused_and_not_shown(
    kind: type[Client | AsyncClient],
    setting: str,
    value: Any,  # noqa: ANN401 - of any type
) -> None:
    with pytest.raises(ValueError, match=f"^{setting} must ") as refused:
        kind(credentials(), **{setting: value})

    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("max_concurrency", [0, -1])
def test_an_async_client_runs_at_least_one_call(max_concurrency: int) -> None:
    with pytest.raises(ValueError, match="max_concurrency"):
        AsyncClient(credentials(), max_concurrency=max_concurrency)


@pytest.mark.parametrize("service_name", ["Walmart Marketplace", "x", "~" * 128])
def test_a_service_name_is_sent_as_given(service_name: str) -> None:
    client = Client(credentials(), service_name=service_name, transport=ScriptedTransport())

    assert client.orders.build_acknowledgement("1").headers["WM_SVC.NAME"] == service_name


@pytest.mark.parametrize("correlation_id", [*UNPRINTABLE, 7])
def test_an_unusable_correlation_id_is_refused_and_not_sent(correlation_id: Any) -> None:  # noqa: ANN401 - of any type
    for secrets in (credentials(), TokenCredentials(**OF_A_TOKEN)):
        scripted = ScriptedTransport()
        client = Client(secrets, transport=scripted, new_correlation_id=lambda: correlation_id)

        with pytest.raises(ValueError, match=r"^new_correlation_id must ") as refused:
            client.orders.acknowledge("1")

        assert "s3cr3t" not in str(refused.value)
        assert scripted.sent == []


REFUSED_ARGUMENTS: list[tuple[str, Any, dict[str, Any]]] = [
    *(("purchase_order_id", hostile, {}) for hostile in ("1/../x", "released", None)),
    *(("timeout", "1", {"timeout": value}) for value in (math.nan, math.inf, 86_401, "5")),
]


@pytest.mark.parametrize(("name", "purchase_order_id", "options"), REFUSED_ARGUMENTS)
@pytest.mark.parametrize("action", ["acknowledge", "get", "build_acknowledgement"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_unusable_argument_of_a_call_is_refused_and_not_sent(
    kind: type[Client | AsyncClient],
    action: str,
    name: str,
    purchase_order_id: Any,  # noqa: ANN401 - of any type
    options: dict[str, Any],
) -> None:
    scripted = ScriptedTransport()

    with pytest.raises(ValueError, match=f"^{name} must "):
        call(kind(credentials(), transport=scripted), action, purchase_order_id, **options)

    assert scripted.sent == []


def test_the_latency_is_measured_by_the_monotonic_clock() -> None:
    elapsed, of_day = itertools.count(100.0, 2.5), itertools.count(1.8e9, -3600.0)
    client = Client(
        credentials(),
        transport=ScriptedTransport(),
        clock=lambda: next(of_day),
        monotonic=lambda: next(elapsed),
    )

    with pytest.raises(OutcomeUnknown) as raised:
        client.orders.get("1")

    assert raised.value.call.latency_s == 2.5


@pytest.mark.parametrize(
    "purchase_order_id",
    # The property below has many more texts.
    ["", "1/../x", "released", "-", "2575193093772\n", "٢٥٧٥", "1" * 65, 2575193093772, None],
    ids=repr,
)
def test_a_hostile_id_is_refused_and_not_shown(purchase_order_id: object) -> None:
    with pytest.raises(ValueError, match=r"^purchase_order_id must ") as refused:
        check_purchase_order_id(purchase_order_id)

    assert len(str(refused.value)) < 100
    assert ".." not in str(refused.value)


@given(
    st.text() | st.text(alphabet="aZ09_-/%.\r\n\x00 ٣", max_size=70) | st.text(alphabet="aZ_-", min_size=1)
)
@example("2575193093772")
@example("a_b-C7")
@example("-0")
@example("0" * 64)
def test_an_accepted_id_is_safe_and_unchanged(text: str) -> None:
    try:
        taken = check_purchase_order_id(text)
    except ValueError:
        taken = ""

    safe = re.fullmatch(r"(?=.*[0-9])[A-Za-z0-9_-]{1,64}", text)
    assert taken == (text if safe else "")


UNUSABLE = [
    *(None, 12345, b"0b1f7c52", "", " \t\r\n", "0b1f7c52 6f0a", "0b1f7c52\n6f0a", "0b1f7c52\r6f0a"),
    *("0b1f7c52\r\nX-Injected: 1", "0b1f7c52\x00", "0b1f7c52-é", "٠١٢٣", "0" * 257),
]
OF_A_SIGNATURE = {
    "consumer_id": CONSUMER_ID,
    "channel_type": CHANNEL_TYPE,
    "private_key": walmart_form(rsa_key()),
}
OF_A_TOKEN = {"client_id": "5f0c", "client_secret": "s"}


def refusal(kind: Callable[..., object], given: dict[str, Any]) -> str:
    with pytest.raises(ValueError, match=" must ") as refused:
        kind(**given)
    return str(refused.value)


@pytest.mark.parametrize("value", UNUSABLE, ids=lambda value: repr(value)[:30])
def test_an_unusable_credential_is_refused_and_not_shown(value: object) -> None:
    for kind, good, names in (
        (SignatureCredentials, OF_A_SIGNATURE, ["consumer_id", "channel_type"]),
        (TokenCredentials, OF_A_TOKEN, [*OF_A_TOKEN, "channel_type", "market", "global_version"]),
    ):
        for name in names:
            if name == "channel_type" and kind is TokenCredentials and value is None:
                continue  # optional

            message = refusal(kind, {**good, name: value})

            assert message == f"{name} must be 1 to 256 visible ASCII characters without spaces"


HALF_QUOTED = "must not have quotes, a comma or a semicolon around it"


@pytest.mark.parametrize(
    ("kind", "good", "name", "value", "problem"),
    [
        *(
            (SignatureCredentials, OF_A_SIGNATURE, "channel_type", value, HALF_QUOTED)
            for value in ('"0b1f7c52', "0b1f7c52'", "0b1f7c52,", '"0b1f"7c52"')
        ),
        *(
            (TokenCredentials, OF_A_TOKEN, "client_secret", value, "must not have quotes around it")
            for value in ('"hunter2"', '"ab$c"', "'ab\"c'", '\\"hunter2\\"', '""')
        ),
        (
            TokenCredentials,
            OF_A_TOKEN,
            "client_id",
            "5f0c:x",
            "must not contain a colon, which ends it in the Authorization header",
        ),
    ],
)
def test_an_ambiguous_credential_is_refused(
    kind: Callable[..., object], good: dict[str, Any], name: str, value: str, problem: str
) -> None:
    assert refusal(kind, {**good, name: value}) == f"{name} {problem}"


PASTED = {
    "white space": "\t {} \r\n",
    "quotes": '"{}"',
    "typographic quotes": "\u201c{}\u201d",
    "escaped quotes": '\\"{}\\"',
    "zero-width and non-breaking spaces": "\u200b\xa0{}\xa0\u200b",
}


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED.keys())
@pytest.mark.parametrize("name", ["consumer_id", "channel_type"])
def test_quotes_and_blanks_around_an_id_are_removed(name: str, pasted: str) -> None:
    taken = SignatureCredentials(**{**OF_A_SIGNATURE, name: pasted.format(OF_A_SIGNATURE[name])})

    assert taken.headers("GET", "https://host/", 1) == credentials().headers("GET", "https://host/", 1)


def test_a_client_and_a_request_print_no_key_and_no_signature() -> None:
    client = Client(credentials(), transport=ScriptedTransport())
    request = client.orders.build_acknowledgement("2575193093772")

    assert repr(credentials()) == str(credentials()) == f"SignatureCredentials(consumer_id='{CONSUMER_ID}')"
    for shown in (f"{client!r} {request!r}", str(request)):
        assert walmart_form(rsa_key())[-40:] not in shown
        assert request.headers["WM_SEC.AUTH_SIGNATURE"] not in shown
        assert request.correlation_id in shown
        assert request.url in shown
