"""The settings: each is named when it is missing or unusable, and no value is shown."""

import pytest

from shared.settings import AcknowledgeSettings, Settings, SettingsError, SweepSettings

SHARED = {
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


def test_settings_come_from_the_environment() -> None:
    settings = AcknowledgeSettings.from_environment(ACKNOWLEDGE)

    assert settings.marketplace_url == "https://marketplace.walmartapis.com"
    assert settings.backoff_base_seconds == 30.0
    assert settings.maximum_concurrency == 2


@pytest.mark.parametrize(("kind", "environment", "variable"), EACH)
def test_a_missing_variable_is_named(
    kind: type[Settings], environment: dict[str, str], variable: str
) -> None:
    with pytest.raises(SettingsError, match=variable):
        kind.from_environment({name: value for name, value in environment.items() if name != variable})


@pytest.mark.parametrize(("kind", "environment", "variable"), EACH)
def test_an_empty_variable_is_missing(
    kind: type[Settings], environment: dict[str, str], variable: str
) -> None:
    with pytest.raises(SettingsError, match=variable):
        kind.from_environment({**environment, variable: ""})


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "43201", "1e9", "0.009", "5e-324"])
@pytest.mark.parametrize(
    ("kind", "environment", "variable"),
    [row for row in EACH if row[1][row[2]].isdecimal()],
)
def test_a_number_out_of_bounds_is_refused(
    kind: type[Settings], environment: dict[str, str], variable: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=variable):
        kind.from_environment({**environment, variable: value})


@pytest.mark.parametrize("value", ["0.5", "0.999", "1.5"])
def test_the_number_of_those_who_share_a_limit_is_a_whole_one(value: str) -> None:
    # Half an environment would be none, and a share of the limit be divided by it.
    with pytest.raises(SettingsError, match="MAXIMUM_CONCURRENCY must be a whole number between 1 and 43200"):
        AcknowledgeSettings.from_environment({**ACKNOWLEDGE, "MAXIMUM_CONCURRENCY": value})


def test_a_refusal_shows_no_value() -> None:
    with pytest.raises(SettingsError) as refused:
        AcknowledgeSettings.from_environment({**ACKNOWLEDGE, "BACKOFF_BASE_SECONDS": "hunter2"})

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(("kind", "environment"), KINDS)
def test_the_variables_read_are_the_variables_named(
    kind: type[Settings], environment: dict[str, str]
) -> None:
    assert kind.variables() == set(environment)
