"""The settings of AcknowledgeFunction."""

import math
from dataclasses import dataclass
from typing import Final

from acknowledge_orders.outcome_events import DETAIL_TYPES
from shared.settings import MAX_NUMBER, Settings, SettingsError

VISIBILITY_TIMEOUT_S: Final = 360.0
"""The order queue's. A message may have been hidden for so long when the function decides on its delay."""
_MAX_DELAY_S: Final = MAX_NUMBER - VISIBILITY_TIMEOUT_S


@dataclass(frozen=True, kw_only=True, eq=False)
class AcknowledgeSettings(Settings):
    """The settings of AcknowledgeFunction.

    Attributes:
        dead_letter_queue_url: The queue for parked messages.
        maximum_concurrency: How many execution environments share Walmart's rate limit.
        backoff_base_seconds: The longest back-off after a first failure.
        backoff_cap_seconds: The longest back-off after later failures.
        credentials_hold_seconds: How long an order waits for credentials or settings to be corrected.
        sweep_enabled: Whether the schedule runs sweeps.
        outcome_events: Which final outcomes are published: `all`, `parked` or `none`.
        event_bus_name: The event bus on which they are published.
        notifications_table: The table that limits the notifications about parked orders.
    """

    dead_letter_queue_url: str
    maximum_concurrency: int
    backoff_base_seconds: float
    backoff_cap_seconds: float
    credentials_hold_seconds: float
    sweep_enabled: bool
    outcome_events: str
    event_bus_name: str
    notifications_table: str

    def __post_init__(self) -> None:
        """Check what the types do not.

        Raises:
            SettingsError: `outcome_events` has another value, or two settings allow a longer delay than SQS
                can hide a message for.
        """
        if self.outcome_events not in DETAIL_TYPES:
            raise SettingsError(f"OUTCOME_EVENTS must be one of {', '.join(DETAIL_TYPES)}")
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
