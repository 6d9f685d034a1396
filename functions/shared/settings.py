"""The settings of the functions, read once from the environment that the template gives them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Self

_SQS_HIDES_S = 43200.0
"""SQS hides a message for twelve hours at most, counted from its receive."""
VISIBILITY_TIMEOUT_S: Final = 360.0
"""The order queue's: a message can have been hidden for so long when the function decides about its delay."""
_MAX_DELAY_S = _SQS_HIDES_S - VISIBILITY_TIMEOUT_S
_MAX_NUMBER = _SQS_HIDES_S
"""What no setting is above."""
_MIN_NUMBER = 0.01
"""What no setting is below: by next to nothing a minute, no pace can be reckoned."""


class SettingsError(Exception):
    """An environment variable is missing or unusable. The text names it and does not show its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every function is told. Each one is the environment variable of its name, in upper case.

    Attributes:
        powertools_service_name: The stack's name, which every log line and every metric carries as `service`.
        credentials_secret_arn: The secret that holds the seller's credentials.
        marketplace_url: Walmart's host. Never taken from an event.
        marketplace_service_name: `WM_SVC.NAME`.
        order_queue_url: The queue that order events wait in.
        requests_per_minute: Walmart's limit for the seller, for each kind of call.
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
            SettingsError: One is missing, or is not a number where it must be, or two do not go together.
        """
        values: dict[str, str | float] = {}
        for setting in fields(cls):
            variable = setting.name.upper()
            text = environment.get(variable, "")
            if not text:
                raise SettingsError(f"{variable} is missing from the function's environment")
            if setting.type is str:
                values[setting.name] = text
            else:
                number = _number(variable, text, whole=setting.type is int)
                values[setting.name] = int(number) if setting.type is int else number
        return cls(**values)  # type: ignore[arg-type]  # each value was read by its own field's type

    @classmethod
    def variables(cls) -> frozenset[str]:
        """Return the names of the environment variables that are read."""
        return frozenset(setting.name.upper() for setting in fields(cls))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeSettings(Settings):
    """What AcknowledgeFunction is told beside.

    Attributes:
        dead_letter_queue_url: Where an order event is parked that cannot succeed.
        maximum_concurrency: How many execution environments share Walmart's limit.
        backoff_base_seconds: The back-off of a first failure lies between one second and this.
        backoff_cap_seconds: And that of later ones never above this.
        credentials_hold_seconds: How long an order waits for credentials or settings to be corrected.
        sweep_enabled: `true` while sweeps are made by a schedule.
    """

    dead_letter_queue_url: str
    maximum_concurrency: int
    backoff_base_seconds: float
    backoff_cap_seconds: float
    credentials_hold_seconds: float
    sweep_enabled: str

    def __post_init__(self) -> None:
        """Check that SQS can hide a message for as long as the settings may ask it to.

        Raises:
            SettingsError: Two of them allow a longer delay.
        """
        base_s = self.backoff_base_seconds
        # A delay is at most the back-off's cap or the hold, plus the base, over which delays are spread.
        for variable, seconds in (
            ("BACKOFF_CAP_SECONDS", self.backoff_cap_seconds),
            ("CREDENTIALS_HOLD_SECONDS", self.credentials_hold_seconds),
        ):
            if math.ceil(seconds + base_s) > _MAX_DELAY_S:
                raise SettingsError(
                    f"{variable} and BACKOFF_BASE_SECONDS must be at most {_MAX_DELAY_S:.0f} together,"
                    " because SQS hides no message for more than twelve hours; lower one of them"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings(Settings):
    """What SweepFunction is told beside.

    Attributes:
        event_bus_name: The bus that order events are published on.
        order_event_source: The source they carry.
        order_event_detail_type: And the detail-type.
        sweep_interval_minutes: How far apart the sweeps are.
    """

    event_bus_name: str
    order_event_source: str
    order_event_detail_type: str
    sweep_interval_minutes: float


def _number(variable: str, text: str, *, whole: bool) -> float:
    least = 1 if whole else _MIN_NUMBER
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= _MAX_NUMBER or (whole and not number.is_integer()):
        kind = "whole number" if whole else "number"
        raise SettingsError(f"{variable} must be a {kind} between {least} and {_MAX_NUMBER:.0f}")
    return number
