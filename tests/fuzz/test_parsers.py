"""Settings, quota headers and private keys of any content are usable, or refused without being shown."""

import base64
import re
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from acknowledge_orders.settings import AcknowledgeSettings
from shared.runtime import Runtime
from shared.settings import Settings, SettingsError
from shared.walmart.rate_limiter import RateLimiter
from sweep_orders.settings import SweepSettings
from tests.fuzz.function import ENVIRONMENT
from tests.support.keys import CHANNEL_TYPE, CONSUMER_ID, pkcs1_pem, pkcs8_der, rsa_key
from walmart_ca import SignatureCredentials
from walmart_ca.quota_headers import replenished_at, tokens_left

NOW_S = 1_795_532_400.0
KINDS: list[type[Settings]] = [AcknowledgeSettings, SweepSettings]
TEXTS = st.text(max_size=12) | st.integers().map(str) | st.floats().map(str) | st.floats(0, 50_000).map(str)
DATES = st.datetimes().map(lambda date: date.strftime("%a, %d %b %Y %H:%M:%S GMT"))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(ENVIRONMENT)), TEXTS))
@example({"REQUESTS_PER_MINUTE": "5e-324"})
@example({"MAXIMUM_CONCURRENCY": "0.5"})
@example({"BACKOFF_BASE_SECONDS": "43200", "CREDENTIALS_HOLD_SECONDS": "43200"})
def test_any_settings_work_or_are_refused(changed: dict[str, str]) -> None:
    environment = {**ENVIRONMENT, **changed}
    for kind in KINDS:
        try:
            read = kind.from_environment(environment)
        except SettingsError:
            continue
        environments = 1
        if isinstance(read, AcknowledgeSettings):
            environments = read.maximum_concurrency
            # SQS hides a message for twelve hours, counted from its receive up to six minutes ago.
            longest_s = max(read.backoff_cap_seconds, read.credentials_hold_seconds)
            assert longest_s + read.backoff_base_seconds + 6 * 60 <= 12 * 60 * 60
        runtime = Runtime()
        RateLimiter(
            requests_per_minute=read.requests_per_minute,
            environments=environments,
            clock=runtime.clock,
            monotonic=runtime.monotonic,
            sleep=runtime.sleep,
        )


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
    retry_at = replenished_at(headers, NOW_S)
    left = tokens_left(headers)

    assert retry_at is None or retry_at.utcoffset() == timedelta(0)
    # The policy subtracts the time of now.
    assert retry_at is None or isinstance(retry_at - datetime.fromtimestamp(NOW_S, UTC), timedelta)
    assert left is None or 0 <= left < 10**9


def armored(der: bytes) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(der).decode()}-----END PRIVATE KEY-----\n"


PKCS8 = pkcs8_der(rsa_key())
PKCS1 = base64.b64decode("".join(pkcs1_pem(rsa_key()).splitlines()[1:-1]))
EDITS = st.lists(
    st.tuples(st.integers(0, len(PKCS8)), st.integers(0, 40), st.binary(max_size=40)), max_size=4
)


@settings(deadline=None)
@given(
    der=st.sampled_from([PKCS8, PKCS1]),
    edits=EDITS,
    write=st.sampled_from([armored, base64.encodebytes, bytes]),
)
def test_any_private_key_signs_or_is_refused_and_not_shown(
    der: bytes, edits: list[tuple[int, int, bytes]], write: object
) -> None:
    assert callable(write)
    for at, removed, inserted in edits:
        der = der[:at] + inserted + der[at + removed :]
    written = write(der)
    text = written if isinstance(written, str) else written.decode("utf-8", "replace")

    try:
        credentials = SignatureCredentials(
            consumer_id=CONSUMER_ID, channel_type=CHANNEL_TYPE, private_key=text
        )
        credentials.sign("GET", "https://marketplace.example/", "1795532400000")
        credentials.check()
    except ValueError as refused:
        said = str(refused)
        assert said.startswith("private_key must ")
        pieces = {text[at : at + 12] for at in range(0, max(1, len(text) - 12), 12)}
        assert not any(piece in said for piece in pieces if re.search(r"[A-Za-z0-9+/]{12}", piece))
