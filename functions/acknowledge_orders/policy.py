"""What each thing that an attempt saw leads to. Pure: no clock, no chance, no I/O."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from shared.credentials import SecretsUnavailableError, SetupError
from shared.order_event import InvalidEventError
from walmart_ca import (
    CredentialsRefused,
    Misconfigured,
    NotSent,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Request,
    Throttled,
    Unavailable,
    WalmartError,
)

DEADLINE: Final = timedelta(hours=4)
"""Walmart wants an order acknowledged within four hours of its date."""


class Outcome(StrEnum):
    """How an attempt ended. The value is the word in logs and answers, the CamelCase of it the metric."""

    ACKNOWLEDGED = "acknowledged"
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


class Disposition(StrEnum):
    """What becomes of the message, or of the bare event."""

    DONE = "done"
    """Nothing is left to do; the message is deleted."""
    LATER = "later"
    """The message is hidden for a while and comes again."""
    PARKED = "parked"
    """The message went to the dead-letter queue with its reason, and is deleted."""
    ANSWERED = "answered"
    """A bare event has no queue to wait in: whoever invoked the function has the record and decides."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The message was received and nothing was tried; `reason` says why."""

    reason: str


type Sight = (
    Order | Request | WalmartError | SetupError | SecretsUnavailableError | InvalidEventError | Deferred
)
"""What an attempt saw: the order acknowledged, the request of a dry run, or what was in the way."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a message waits, in seconds; each setting is described in `shared.settings`."""

    base_s: float
    cap_s: float
    hold_s: float


@dataclass(frozen=True, slots=True)
class Delay:
    """The bounds, in seconds, between which a message's delay is drawn."""

    at_least_s: float
    at_most_s: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done.

    Attributes:
        outcome: How the attempt ended.
        reason: One word or sentence that says more, or None.
        disposition: What becomes of the message.
        delay: For how long it is hidden, if it is to come later.
    """

    outcome: Outcome
    reason: str | None
    disposition: Disposition
    delay: Delay | None = None


_FINAL: Final = {
    Outcome.ACKNOWLEDGED: Disposition.DONE,
    Outcome.INVALID_EVENT: Disposition.PARKED,
    # A dry run is for invoking by hand: an order must not be lost to one that came over the bus.
    Outcome.DRY_RUN: Disposition.PARKED,
}
_HELD: Final = frozenset({Outcome.CREDENTIALS_REFUSED, Outcome.MISCONFIGURED})
"""Only a person or a rotation can help: trying again at once helps nobody."""

_OF_ERROR: Final[dict[type[WalmartError], Outcome]] = {
    NotSent: Outcome.UNAVAILABLE,
    OutcomeUnknown: Outcome.OUTCOME_UNKNOWN,
    Throttled: Outcome.THROTTLED,
    Unavailable: Outcome.UNAVAILABLE,
    CredentialsRefused: Outcome.CREDENTIALS_REFUSED,
    OrderRejected: Outcome.REJECTED,
}


def decide(sight: Sight, waited_s: float, waiting: Waiting) -> Decision:
    """Decide about a message from the queue.

    Args:
        sight: What the attempt saw.
        waited_s: Seconds since the message was first received.
        waiting: How long messages wait.
    """
    outcome, reason = outcome_of(sight)
    if outcome in _FINAL:
        return Decision(outcome, reason, _FINAL[outcome])
    if outcome in _HELD:
        delay = Delay(waiting.hold_s, waiting.hold_s + waiting.base_s)
    else:
        # Grows with the time already waited, and needs no stored state: receive counts would be
        # inflated by messages that were handed back untried.
        delay = Delay(1, max(1, min(waiting.cap_s, waiting.base_s + max(0, waited_s))))
    return Decision(outcome, reason, Disposition.LATER, delay)


def decide_bare(sight: Sight) -> Decision:
    """Decide about a bare event: it is done, or its answer says why not."""
    outcome, reason = outcome_of(sight)
    done = outcome in {Outcome.ACKNOWLEDGED, Outcome.DRY_RUN}
    return Decision(outcome, reason, Disposition.DONE if done else Disposition.ANSWERED)


def outcome_of(sight: Sight) -> tuple[Outcome, str | None]:  # noqa: PLR0911 - a row for each kind of sight
    """Name what an attempt saw, with a reason where the name leaves one open."""
    match sight:
        case Order():
            return Outcome.ACKNOWLEDGED, None
        case Request():
            return Outcome.DRY_RUN, None
        case Deferred():
            return Outcome.DEFERRED, sight.reason
        case InvalidEventError():
            return Outcome.INVALID_EVENT, str(sight)
        case SetupError():
            return Outcome.MISCONFIGURED, str(sight)
        case SecretsUnavailableError():
            return Outcome.UNAVAILABLE, f"secrets_manager: {sight}"
        case OrderRejected() if sight.status == HTTPStatus.NOT_FOUND:
            return Outcome.NOT_FOUND, sight.reason
        case Misconfigured():
            blamed = next((entry.field for entry in sight.entries if entry.field), "")
            return Outcome.MISCONFIGURED, f"{sight.reason}: {blamed}" if blamed else sight.reason
        case _:
            return _OF_ERROR[type(sight)], sight.reason
