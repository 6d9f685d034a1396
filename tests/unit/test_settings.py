"""The settings: each is named when it is missing or unusable, and no value is shown."""

import pytest

from shared.settings import Settings, SettingsError

ENVIRONMENT = {
    "CREDENTIALS_SECRET_ARN": "arn:aws:secretsmanager:ca-central-1:123456789012:secret:walmart-AbCdEf",
    "MARKETPLACE_URL": "https://marketplace.walmartapis.com",
    "MARKETPLACE_SERVICE_NAME": "Walmart Marketplace",
    "ORDER_QUEUE_URL": "https://sqs.ca-central-1.amazonaws.com/123456789012/orders",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.ca-central-1.amazonaws.com/123456789012/dead",
    "REQUESTS_PER_MINUTE": "60",
    "MAXIMUM_CONCURRENCY": "2",
    "BACKOFF_BASE_SECONDS": "30",
    "BACKOFF_CAP_SECONDS": "600",
    "CREDENTIALS_HOLD_SECONDS": "300",
}


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environment(ENVIRONMENT)

    assert settings.marketplace_url == "https://marketplace.walmartapis.com"
    assert settings.backoff_base_seconds == 30.0


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named(variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({name: value for name, value in ENVIRONMENT.items() if name != variable})


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_an_empty_variable_is_missing(variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({**ENVIRONMENT, variable: ""})


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "43201", "1e9"])
@pytest.mark.parametrize(
    "variable",
    ["REQUESTS_PER_MINUTE", "BACKOFF_BASE_SECONDS", "BACKOFF_CAP_SECONDS", "CREDENTIALS_HOLD_SECONDS"],
)
def test_a_number_out_of_bounds_is_refused(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({**ENVIRONMENT, variable: value})


def test_a_refusal_shows_no_value() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**ENVIRONMENT, "BACKOFF_BASE_SECONDS": "hunter2"})

    assert "hunter2" not in str(refused.value)


def test_the_variables_read_are_the_variables_named() -> None:
    assert Settings.variables() == set(ENVIRONMENT)
