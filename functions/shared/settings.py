"""The settings of both functions, and how settings are read from the environment."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self

MAX_NUMBER: Final = 43200.0
"""The largest number of a setting: twelve hours in seconds, for which SQS can hide a message at most."""
_MIN_NUMBER: Final = 0.01
"""The smallest number. A smaller rate limit would let no call through for hours."""


class SettingsError(Exception):
    """An environment variable is missing or unusable. The text names it and does not show its value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Settings:
    """The settings of both functions. Each is the environment variable of its name, in upper case.

    Attributes:
        powertools_service_name: The stack's name, which every log line and every metric carries as `service`.
        credentials_secret_arn: The secret that holds the seller's credentials.
        marketplace_url: Walmart's host. Never taken from an event.
        marketplace_service_name: `WM_SVC.NAME`.
        order_queue_url: The order queue.
        requests_per_minute: Walmart's rate limit for the seller, for each kind of call.
    """

    powertools_service_name: str
    credentials_secret_arn: str
    marketplace_url: str
    marketplace_service_name: str
    order_queue_url: str
    requests_per_minute: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            SettingsError: One is missing or has a wrong type, or the function's own settings refuse a value.
        """
        values: dict[str, str | float | bool] = {}
        for setting in fields(cls):
            variable = setting.name.upper()
            text = environment.get(variable, "")
            if not text:
                raise SettingsError(f"{variable} is missing from the function's environment")
            if setting.type is str:
                values[setting.name] = text
            elif setting.type is bool:
                values[setting.name] = _boolean(variable, text)
            else:
                number = _number(variable, text, whole=setting.type is int)
                values[setting.name] = int(number) if setting.type is int else number
        return cls(**values)  # type: ignore[arg-type]  # each value was read by its own field's type

    @classmethod
    def variables(cls) -> frozenset[str]:
        """Return the names of the environment variables that are read."""
        return frozenset(setting.name.upper() for setting in fields(cls))


def _number(variable: str, text: str, *, whole: bool) -> float:
    least = 1 if whole else _MIN_NUMBER
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= MAX_NUMBER or (whole and not number.is_integer()):
        kind = "whole number" if whole else "number"
        raise SettingsError(f"{variable} must be a {kind} between {least} and {MAX_NUMBER:.0f}")
    return number


def _boolean(variable: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise SettingsError(f"{variable} must be true or false")
    return text == "true"
