"""The settings: an error names the missing or unusable variable, and shows no value."""

from contextlib import nullcontext

import pytest

from acknowledge_orders.settings import AcknowledgeSettings
from shared.settings import Settings, SettingsError
from sweep_orders.settings import SweepSettings
from tests.support.settings import ACKNOWLEDGE, SWEEP

KINDS: list[tuple[type[Settings], dict[str, str]]] = [
    (AcknowledgeSettings, ACKNOWLEDGE),
    (SweepSettings, SWEEP),
]
EACH = [(kind, environment, variable) for kind, environment in KINDS for variable in sorted(environment)]


def test_settings_come_from_the_environment() -> None:
    read = AcknowledgeSettings.from_environment(ACKNOWLEDGE)

    assert read.marketplace_url == "https://marketplace.example"
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
# The limit is divided by it, and half an environment would count as none.
NOT_WHOLE = [
    (AcknowledgeSettings, ACKNOWLEDGE, "MAXIMUM_CONCURRENCY", value) for value in ("0.5", "0.999", "1.5")
]


@pytest.mark.parametrize(
    ("kind", "environment", "variable", "value"),
    [*((*row, value) for row in EACH if row[1][row[2]].isdecimal() for value in NOT_NUMBERS), *NOT_WHOLE],
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


@pytest.mark.parametrize(("kind", "environment"), KINDS)
def test_the_names_of_the_variables_are_complete(kind: type[Settings], environment: dict[str, str]) -> None:
    assert kind.variables() == set(environment)
