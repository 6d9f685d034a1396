"""Settings, quota headers and private keys of any content are usable, or refused without being shown."""

import base64
import math
import re
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from acknowledge_orders.policy import BackoffSettings, CallResults, DecisionContext, decide
from acknowledge_orders.settings import AcknowledgeSettings
from shared.runtime import Runtime
from shared.settings import SettingsError
from shared.walmart.client_provider import CredentialsPaused
from shared.walmart.credentials import SetupError
from shared.walmart.rate_limiter import RateLimiter
from sweep_orders.settings import SweepSettings
from tests.support.keys import CHANNEL_TYPE, CONSUMER_ID, pkcs1_pem, pkcs8_der, rsa_key
from tests.support.settings import ACKNOWLEDGE, SWEEP
from walmart_ca import CallInfo, SignatureCredentials, Throttled
from walmart_ca.quota_headers import replenished_at, tokens_left

NOW_S = 1_795_532_400.0
ENVIRONMENT = ACKNOWLEDGE | SWEEP
TEXTS = st.text(max_size=12) | st.integers().map(str) | st.floats().map(str) | st.floats(0, 50_000).map(str)
DATES = st.datetimes().map(lambda date: date.strftime("%a, %d %b %Y %H:%M:%S GMT"))


def longest_delay_s(settings: AcknowledgeSettings) -> float:
    """Return the longest delay that the policy asks for, of a held and of a throttled message."""
    backoff = BackoffSettings(
        base_s=settings.backoff_base_seconds,
        cap_s=settings.backoff_cap_seconds,
        hold_s=settings.credentials_hold_seconds,
    )
    now = datetime.fromtimestamp(NOW_S, UTC)
    call = CallInfo("POST", "https://walmart.invalid/x", "c", 429, 0.1, now + timedelta(days=1))
    context = DecisionContext(
        now=now,
        event_time=None,
        deadline_from=None,
        first_received_at=now - timedelta(days=4),
        receive_count=1,
    )
    longest_s = 0.0
    for result in (SetupError("x"), CallResults(Throttled("x", call), None, call, None), CredentialsPaused()):
        delay = decide(result, context, backoff).delay
        assert delay
        assert 0 < delay.at_least_s <= delay.at_most_s
        longest_s = max(longest_s, delay.at_most_s)
    return longest_s


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
            # SQS hides a message for twelve hours, counted from its receive up to six minutes ago.
            assert math.ceil(longest_delay_s(read)) + 6 * 60 <= 12 * 60 * 60
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
    # The policy subtracts the current time.
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
        message = str(refused)
        assert message.startswith("private_key must ")
        pieces = {text[at : at + 12] for at in range(0, max(1, len(text) - 12), 12)}
        assert not any(piece in message for piece in pieces if re.search(r"[A-Za-z0-9+/]{12}", piece))
