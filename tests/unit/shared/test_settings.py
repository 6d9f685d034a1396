"""The settings: an error names the missing or unusable variable, and shows no value."""

import math
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from acknowledge_orders.policy import AttemptResult, BackoffSettings, CallResults, DecisionContext, decide
from acknowledge_orders.settings import AcknowledgeSettings
from shared.settings import Settings, SettingsError
from shared.walmart.client_provider import CredentialsPaused
from shared.walmart.credentials import SetupError
from sweep_orders.settings import SweepSettings
from walmart_ca import CallInfo, Throttled

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
SECONDS = st.floats(0.01, 42_840) | st.floats(15_000, 22_840)
SHARED = {
    "POWERTOOLS_SERVICE_NAME": "orders",
    "CREDENTIALS_SECRET_ARN": "arn:aws:secretsmanager:ca-central-1:123456789012:secret:walmart-AbCdEf",
    "MARKETPLACE_URL": "https://marketplace.walmartapis.com",
    "MARKETPLACE_SERVICE_NAME": "Walmart Marketplace",
    "ORDER_QUEUE_URL": "https://sqs.ca-central-1.amazonaws.com/123456789012/orders",
    "REQUESTS_PER_MINUTE": "60",
}
ACKNOWLEDGE = {
    **SHARED,
    "DEAD_LETTER_QUEUE_URL": "https://sqs.ca-central-1.amazonaws.com/123456789012/dead",
    "MAXIMUM_CONCURRENCY": "2",
    "BACKOFF_BASE_SECONDS": "30",
    "BACKOFF_CAP_SECONDS": "600",
    "CREDENTIALS_HOLD_SECONDS": "300",
    "SWEEP_ENABLED": "true",
}
SWEEP = {
    **SHARED,
    "EVENT_BUS_NAME": "default",
    "ORDER_EVENT_SOURCE": "walmart.ca.orders",
    "ORDER_EVENT_DETAIL_TYPE": "Order Created",
    "SWEEP_INTERVAL_MINUTES": "15",
}
KINDS: list[tuple[type[Settings], dict[str, str]]] = [
    (AcknowledgeSettings, ACKNOWLEDGE),
    (SweepSettings, SWEEP),
]
EACH = [(kind, environment, variable) for kind, environment in KINDS for variable in sorted(environment)]


def throttled(replenished_in_s: int) -> CallResults:
    """Return the result of an attempt that Walmart throttled."""
    call = CallInfo(
        "POST", "https://walmart.invalid/x", "c", 429, 0.1, NOW + timedelta(seconds=replenished_in_s)
    )
    return CallResults(Throttled("http_429", call), None, call, None)


def test_settings_come_from_the_environment() -> None:
    read = AcknowledgeSettings.from_environment(ACKNOWLEDGE)

    assert read.marketplace_url == "https://marketplace.walmartapis.com"
    assert (read.backoff_base_seconds, read.maximum_concurrency) == (30.0, 2)


@pytest.mark.parametrize("without", [None, ""])
@pytest.mark.parametrize(("kind", "environment", "variable"), EACH)
def test_a_missing_variable_is_named(
    kind: type[Settings], environment: dict[str, str], variable: str, without: str | None
) -> None:
    left = {name: value for name, value in environment.items() if name != variable}

    with pytest.raises(SettingsError, match=variable):
        kind.from_environment(left if without is None else {**left, variable: without})


NOT_NUMBERS = ["soon", "0", "-1", "nan", "inf", "43201", "1e9", "0.009", "5e-324", "hunter2"]


@pytest.mark.parametrize(
    ("kind", "environment", "variable", "value"),
    [
        *((*row, value) for row in EACH if row[1][row[2]].isdecimal() for value in NOT_NUMBERS),
        # The limit is divided by it, and half an environment would count as none.
        *(
            (AcknowledgeSettings, ACKNOWLEDGE, "MAXIMUM_CONCURRENCY", value)
            for value in ("0.5", "0.999", "1.5")
        ),
    ],
)
def test_a_number_out_of_bounds_is_refused_and_not_shown(
    kind: type[Settings], environment: dict[str, str], variable: str, value: str
) -> None:
    bounds = "a whole number between 1" if variable == "MAXIMUM_CONCURRENCY" else "a number between 0.01"

    with pytest.raises(SettingsError, match=rf"^{variable} must be {bounds} and 43200$"):
        kind.from_environment({**environment, variable: value})


@pytest.mark.parametrize(
    ("base", "cap", "hold", "named"),
    [
        ("30", "42810", "300", None),
        ("30", "42811", "300", "BACKOFF_CAP_SECONDS and BACKOFF_BASE_SECONDS must be at most 42840 together"),
        ("30", "600", "42810", None),
        ("30", "600", "42810.5", "CREDENTIALS_HOLD_SECONDS and BACKOFF_BASE_SECONDS must be at most 42840"),
        ("43200", "1", "1", "BACKOFF_CAP_SECONDS and BACKOFF_BASE_SECONDS must be at most 42840 together"),
        ("43200", "43200", "43200", "lower one of them"),
    ],
)
def test_settings_that_allow_too_long_a_delay_are_refused(
    base: str, cap: str, hold: str, named: str | None
) -> None:
    delays = {"BACKOFF_BASE_SECONDS": base, "BACKOFF_CAP_SECONDS": cap, "CREDENTIALS_HOLD_SECONDS": hold}

    with pytest.raises(SettingsError, match=named) if named else nullcontext():
        AcknowledgeSettings.from_environment({**ACKNOWLEDGE, **delays})


@settings(deadline=None, max_examples=50)
@given(
    base=st.floats(0.01, 600) | st.floats(18_000, 20_000),
    cap=SECONDS,
    hold=SECONDS,
    result=st.sampled_from([SetupError("x"), CredentialsPaused()])
    | st.integers(-86_400, 86_400).map(throttled),
    waited_s=st.floats(-60, 96 * 3600),
)
def test_no_accepted_settings_lead_to_too_long_a_delay(
    base: float, cap: float, hold: float, result: AttemptResult, waited_s: float
) -> None:
    delays = {"BACKOFF_BASE_SECONDS": base, "BACKOFF_CAP_SECONDS": cap, "CREDENTIALS_HOLD_SECONDS": hold}
    try:
        AcknowledgeSettings.from_environment(
            {**ACKNOWLEDGE, **{name: str(value) for name, value in delays.items()}}
        )
    except SettingsError:
        assume(False)  # noqa: FBT003 - Hypothesis wants it
    received_at = NOW - timedelta(seconds=waited_s)
    context = DecisionContext(
        now=NOW, event_time=None, ordered_at=None, first_received_at=received_at, receive_count=1
    )

    delay = decide(result, context, BackoffSettings(base_s=base, cap_s=cap, hold_s=hold)).delay

    assert delay
    assert 0 < delay.at_least_s <= delay.at_most_s
    # SQS counts twelve hours from the receive, which may be six minutes ago.
    assert math.ceil(delay.at_most_s) + 6 * 60 <= 12 * 60 * 60


@pytest.mark.parametrize(("kind", "environment"), KINDS)
def test_the_names_of_the_variables_are_complete(kind: type[Settings], environment: dict[str, str]) -> None:
    assert kind.variables() == set(environment)
