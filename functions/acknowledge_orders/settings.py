"""The settings of AcknowledgeFunction."""

import math
from dataclasses import dataclass
from typing import Final

from shared.settings import MAX_NUMBER, Settings, SettingsError

VISIBILITY_TIMEOUT_S: Final = 360.0
"""The order queue's. A message may have been hidden for so long when the function decides on its delay."""
_MAX_DELAY_S: Final = MAX_NUMBER - VISIBILITY_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeSettings(Settings):
    """The settings of AcknowledgeFunction.

    Attributes:
        dead_letter_queue_url: The queue for parked messages.
        maximum_concurrency: How many execution environments share Walmart's rate limit.
        backoff_base_seconds: The longest back-off after a first failure.
        backoff_cap_seconds: The longest back-off after later failures.
        credentials_hold_seconds: How long an order waits for credentials or settings to be corrected.
        sweep_enabled: Whether the schedule runs sweeps.
    """

    dead_letter_queue_url: str
    maximum_concurrency: int
    backoff_base_seconds: float
    backoff_cap_seconds: float
    credentials_hold_seconds: float
    sweep_enabled: bool

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
