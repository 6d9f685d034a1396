"""What keeps a sweep from completing, by the words of the outcome records."""

from dataclasses import dataclass
from typing import Final, Self

from shared.calling import Deferred, NotTried
from shared.credentials import CredentialsPaused, SecretsUnavailableError, SetupError
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

_WORDS: Final[dict[type[WalmartError], str]] = {
    NotSent: "unavailable",
    OutcomeUnknown: "unavailable",
    Throttled: "throttled",
    Unavailable: "unavailable",
    CredentialsRefused: "credentials_refused",
    OrderRejected: "rejected",
    Misconfigured: "misconfigured",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What came between a sweep and its end.

    Attributes:
        outcome: A word of the outcome records.
        reason: One word or sentence that says more.
    """

    outcome: str
    reason: str

    @classmethod
    def of(cls, result: WalmartError | NotTried) -> Self:
        """Say why a page was not read."""
        match result:
            case WalmartError():
                return cls(_WORDS[type(result)], result.reason)
            case SetupError():
                return cls("misconfigured", str(result))
            case SecretsUnavailableError():
                return cls("unavailable", f"secrets_manager: {result}")
            case CredentialsPaused():
                return cls("deferred", "credentials_paused")
            case Deferred():
                return cls("deferred", result.reason)
