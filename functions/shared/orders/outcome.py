"""How an attempt ended, as logs, records and metrics name it."""

from enum import StrEnum
from typing import Final

from shared.walmart.caller import Deferred, NotCalled
from shared.walmart.client_provider import CredentialsPaused
from shared.walmart.credentials import SecretsUnavailableError, SetupError
from walmart_ca import (
    CredentialsRefused,
    Misconfigured,
    NotSent,
    OrderRejected,
    OutcomeUnknown,
    Throttled,
    Unavailable,
    WalmartError,
)


class Outcome(StrEnum):
    """How an attempt ended. Logs and records have the value; the metric has its name in CamelCase."""

    ACKNOWLEDGED = "acknowledged"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    ALREADY_SHIPPED = "already_shipped"
    CANCELLED = "cancelled"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CREDENTIALS_REFUSED = "credentials_refused"
    MISCONFIGURED = "misconfigured"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    INVALID_EVENT = "invalid_event"
    DEFERRED = "deferred"
    DRY_RUN = "dry_run"


NEEDS_A_PERSON: Final = frozenset({Outcome.CREDENTIALS_REFUSED, Outcome.MISCONFIGURED})
"""Outcomes that only a correction by a person ends. They are logged as errors."""
_OF_ERROR: Final[dict[type[WalmartError], Outcome]] = {
    NotSent: Outcome.UNAVAILABLE,
    OutcomeUnknown: Outcome.OUTCOME_UNKNOWN,
    Throttled: Outcome.THROTTLED,
    Unavailable: Outcome.UNAVAILABLE,
    CredentialsRefused: Outcome.CREDENTIALS_REFUSED,
    OrderRejected: Outcome.REJECTED,
    Misconfigured: Outcome.MISCONFIGURED,
}


def outcome_of(failure: WalmartError | NotCalled) -> tuple[Outcome, str]:
    """Return the outcome of a call that failed or was not made, and a reason that says more."""
    match failure:
        case WalmartError():
            outcome = _OF_ERROR[type(failure)]
            blamed = next((entry.field for entry in failure.entries if entry.field), "")
            named = blamed and outcome is Outcome.MISCONFIGURED
            return outcome, f"{failure.reason}: {blamed}" if named else failure.reason
        case SetupError():
            return Outcome.MISCONFIGURED, str(failure)
        case SecretsUnavailableError():
            return Outcome.UNAVAILABLE, f"secrets_manager: {failure}"
        case CredentialsPaused():
            return Outcome.DEFERRED, "credentials_paused"
        case Deferred():
            return Outcome.DEFERRED, failure.reason
