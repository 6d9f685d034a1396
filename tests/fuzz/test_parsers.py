"""Settings, headers, keys and responses of any content are usable, or refused without being shown."""

import base64
import gzip
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from acknowledge_orders.policy import BackoffSettings, CallResults, DecisionContext, decide
from acknowledge_orders.settings import AcknowledgeSettings
from shared.settings import SettingsError
from shared.walmart.client_provider import CredentialsPaused
from shared.walmart.credentials import SetupError
from sweep_orders.settings import SweepSettings
from tests.support.keys import CHANNEL_TYPE, CONSUMER_ID, credentials, pkcs1_pem, pkcs8_der, rsa_key
from tests.support.rate_limiters import Time, rested_rate_limiter
from tests.support.raw_server import ORDER, RawServer, acknowledged, respond_and_close
from tests.support.settings import ACKNOWLEDGE, SWEEP
from walmart_ca import CallInfo, Client, Order, SignatureCredentials, Throttled, WalmartError
from walmart_ca.quota_headers import replenished_at, tokens_left

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
ENVIRONMENT = ACKNOWLEDGE | SWEEP
TEXTS = st.text(max_size=12) | st.integers().map(str) | st.floats().map(str) | st.floats(0, 50_000).map(str)
DATES = st.datetimes().map(lambda date: date.strftime("%a, %d %b %Y %H:%M:%S GMT"))
CALL = CallInfo("POST", "https://walmart.invalid/x", "c", 429, 0.1, NOW + timedelta(days=1))
CONTEXT = DecisionContext(
    now=NOW, event_time=None, deadline_from=None, first_received_at=NOW - timedelta(days=4), receive_count=1
)
RETRIED = (SetupError("x"), CallResults(Throttled("x", CALL), None, CALL, None), CredentialsPaused())
"""The results of attempts with the longest delays: a held and a throttled message."""


def check_delays(settings: AcknowledgeSettings) -> None:
    backoff = BackoffSettings(
        base_s=settings.backoff_base_seconds,
        cap_s=settings.backoff_cap_seconds,
        hold_s=settings.credentials_hold_seconds,
    )
    for result in RETRIED:
        delay = decide(result, CONTEXT, backoff).delay
        assert delay
        assert 0 < delay.at_least_s <= delay.at_most_s
        # SQS hides a message for twelve hours, counted from its receive up to six minutes ago.
        assert math.ceil(delay.at_most_s) + 6 * 60 <= 12 * 60 * 60


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(ENVIRONMENT)), TEXTS))
@example({"REQUESTS_PER_MINUTE": "5e-324"})
@example({"MAXIMUM_CONCURRENCY": "0.5"})
@example({"BACKOFF_BASE_SECONDS": "43200", "CREDENTIALS_HOLD_SECONDS": "43200"})
@example({"CREDENTIALS_HOLD_SECONDS": "42810"})
@example({"BACKOFF_CAP_SECONDS": "42810"})
def test_any_settings_work_or_are_refused(changed: dict[str, str]) -> None:
    for kind in (AcknowledgeSettings, SweepSettings):
        try:
            read = kind.from_environment({**ENVIRONMENT, **changed})
        except SettingsError:
            continue
        environments = 1
        if isinstance(read, AcknowledgeSettings):
            environments = read.maximum_concurrency
            check_delays(read)
        rested_rate_limiter(Time(), read.requests_per_minute, environments=environments)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["x-next-replenishment-time", "x-next-replenish-time", "Retry-After", "x-current-token-count"]
        ),
        TEXTS | DATES | st.integers(0, 10**16).map(str) | st.from_regex(r"[0-9]{1,500}", fullmatch=True),
    )
)
def test_any_quota_headers_are_used_or_ignored(headers: dict[str, str]) -> None:
    retry_at = replenished_at(headers, NOW.timestamp())
    left = tokens_left(headers)

    assert retry_at is None or retry_at.utcoffset() == timedelta(0)
    assert left is None or 0 <= left < 10**9


def armored(der: bytes) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(der).decode()}-----END PRIVATE KEY-----\n"


PKCS8 = pkcs8_der(rsa_key())
PKCS1 = base64.b64decode("".join(pkcs1_pem(rsa_key()).splitlines()[1:-1]))
EDITS = st.lists(
    st.tuples(st.integers(0, len(PKCS8)), st.integers(0, 40), st.binary(max_size=40)), max_size=4
)
WRITES: list[Callable[[bytes], str | bytes]] = [armored, base64.encodebytes, bytes]


@settings(deadline=None)
@given(der=st.sampled_from([PKCS8, PKCS1]), edits=EDITS, write=st.sampled_from(WRITES))
def test_any_private_key_signs_or_is_refused_and_not_shown(
    der: bytes, edits: list[tuple[int, int, bytes]], write: Callable[[bytes], str | bytes]
) -> None:
    for at, removed, inserted in edits:
        der = der[:at] + inserted + der[at + removed :]
    written = write(der)
    text = written if isinstance(written, str) else written.decode("utf-8", "replace")

    try:
        key = SignatureCredentials(consumer_id=CONSUMER_ID, channel_type=CHANNEL_TYPE, private_key=text)
        key.sign("GET", "https://marketplace.example/", "1795532400000")
        key.check()
    except ValueError as refused:
        message = str(refused)
        assert message.startswith("private_key must ")
        pieces = {text[at : at + 12] for at in range(0, max(1, len(text) - 12), 12)}
        assert not any(piece in message for piece in pieces if re.search(r"[A-Za-z0-9+/]{12}", piece))


PIECES = [
    *(b"HTTP/1.1 ", b"200 OK", b"\r\n", b"\r\n\r\n", b"100 Continue", b"204 X", b": ", b"\x00", b"\xff"),
    *(b"Content-Length: ", b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Content-Type: application/json\r\n", b"0", b"7", b"ff"),
    *(acknowledged(), gzip.compress(acknowledged())),
]


@settings(max_examples=100)
@given(raw=st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_any_bytes_from_a_server_are_an_order_or_an_error(raw: bytes) -> None:
    with RawServer(respond_and_close(raw)) as server, Client(credentials(), base_url=server.url) as client:
        outcome: Order | WalmartError
        try:
            outcome = client.orders.acknowledge(ORDER)
        except WalmartError as error:
            outcome = error
    assert outcome.call is not None
