"""What each thing that an attempt saw leads to. Pure: no clock, no chance, no I/O.

The table is `docs/consequences.md`; the tests read it there and hold this module to every row.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from shared.calling import Deferred, NotTried
from shared.credentials import NoAccess
from shared.order_event import InvalidEventError, OrderEvent
from shared.order_state import OrderState, state_of, waits
from shared.outcomes import Outcome, outcome_of
from shared.sweep_mark import SweepNote
from walmart_ca import CallInfo, Order, OrderRejected, OutcomeUnknown, Request, WalmartError

LOOK_FIRST_AFTER: Final = timedelta(minutes=15)
"""An older event may be a replay or a redrive: the order is looked at before anything is posted."""
GIVE_UP_AFTER: Final = timedelta(hours=1)
"""An order that Walmart refuses although its lines are Created may be caught up with until then."""
UNKNOWN_UNTIL: Final = timedelta(minutes=30)
"""So long after its date, or its event, an order may still be unknown to the service that acknowledges."""
NOTE_STANDS_FOR: Final = timedelta(days=1)
"""So long after the next sweep was due, what a sweep said still counts: one sweep a day sees every order of
the last month, so that an order that is left now will be seen."""
STUCK_AFTER: Final = timedelta(minutes=5)
"""An order of the sweep that was tried for so long makes way for the others."""
FIRST_SWEPT_WITHIN: Final = timedelta(minutes=30)
"""An order that is older was published by a sweep before, and tried."""
STUCK_WAITS_S: Final = 10.0
"""So long a call about it waits for its turn: an invocation that waits for many such turns is one less for
new orders."""
LAST_RECEIVE: Final = 90
"""A message received so often is parked, before the queue's own redrive takes it without a reason."""


class Disposition(StrEnum):
    """What becomes of the message, or of the bare event."""

    DONE = "done"
    """Nothing is left to do; the message is deleted."""
    LATER = "later"
    """The message is hidden for a while and comes again."""
    PARKED = "parked"
    """The message went to the dead-letter queue with its reason, and is deleted."""
    LEFT = "left"
    """The message is deleted, and the order left to the next sweep, which sees it again."""
    ANSWERED = "answered"
    """A bare event has no queue to wait in: whoever invoked the function has the record and decides."""


class Consequence(StrEnum):
    """What an outcome calls for."""

    DONE = "done"
    BACK_OFF = "back-off"
    REPLENISH = "replenish"
    HOLD = "hold"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class Tried:
    """What the calls of an attempt brought; at least one was made.

    Attributes:
        posted: What posting the acknowledgement last brought, or None when nothing was posted.
        looked: What looking at the order last brought, or None when nobody looked.
        call: What is known of the last call.
        secret_version_id: The version of the secret that signed it.
    """

    posted: Order | WalmartError | None
    looked: Order | WalmartError | None
    call: CallInfo | None
    secret_version_id: str | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run signed.

    Attributes:
        request: What would have been sent.
        secret_version_id: The version of the secret that signed it.
    """

    request: Request
    secret_version_id: str


type Sight = Tried | DryRun | Deferred | InvalidEventError | NoAccess
"""What an attempt saw."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a message waits, in seconds; each setting is described in `shared.settings`."""

    base_s: float
    cap_s: float
    hold_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else a decision depends on.

    Attributes:
        now: Aware.
        event_time: When the event was published, if it says so.
        ordered_at: When the buyer ordered, as far as is known.
        first_received_at: When the message was first received.
        receive_count: How often it was received, this time included.
        note: What the sweep that published the event says in it; None when it came from anybody else, or when
            no sweeps are made.
    """

    now: datetime
    event_time: datetime | None
    ordered_at: datetime | None
    first_received_at: datetime
    receive_count: int
    note: SweepNote | None = None


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


type Verdict = tuple[Outcome, str | None, Consequence]


def must_look_first(event: OrderEvent, now: datetime, *, tried_before: bool = False) -> bool:
    """Tell whether the order is to be looked at before anything is posted.

    `tried_before` says that there was an attempt: what it saw, or whether it applied, is not known any more.
    A swept order is an old one, and the list that it was on may have shown lines beyond acknowledging. That
    an event is the sweep's is only a claim, and being careful because of it harms nobody.
    """
    old = event.event_time is None or now - event.event_time > LOOK_FIRST_AFTER
    return tried_before or event.swept or old


def turn_within_s(circumstances: Circumstances) -> float:
    """Return how long each call about an order may wait for its turn, in seconds."""
    is_stuck = circumstances.note is not None and _tried_for(circumstances) > STUCK_AFTER
    return STUCK_WAITS_S if is_stuck else math.inf


def may_post(seen: Order) -> bool:
    """Tell whether an order that was looked at may be posted: never with a line beyond acknowledging."""
    return state_of(seen) is OrderState.CREATED


def must_look_after(posted: Order | WalmartError) -> bool:
    """Tell whether what posting brought leaves open where the order stands."""
    if isinstance(posted, OrderRejected):
        # With 403 Walmart does not let us near this order, so a look would bring another one.
        return posted.status != HTTPStatus.FORBIDDEN
    return isinstance(posted, OutcomeUnknown)


def decide(sight: Sight, circumstances: Circumstances, waiting: Waiting) -> Decision:
    """Decide about a message from the queue.

    Args:
        sight: What the attempt saw.
        circumstances: Its and the message's times and counts.
        waiting: How long messages wait.
    """
    outcome, reason, consequence = judge(sight, circumstances)
    if consequence is Consequence.DONE:
        return Decision(outcome, reason, Disposition.DONE)
    note = circumstances.note if _is_seen_again(sight, circumstances) else None
    if consequence is Consequence.PARK and note and not note.park_if_stuck:
        # One dead letter a day is enough for a person to act on; the sweep says which event it comes of.
        return Decision(outcome, reason, Disposition.LEFT)
    if consequence is Consequence.PARK or circumstances.receive_count >= LAST_RECEIVE:
        return Decision(outcome, reason, Disposition.PARKED)
    delay = _delay(sight, consequence, circumstances, waiting)
    if note and circumstances.now + timedelta(seconds=delay.at_most_s) >= note.next_sweep_at:
        # The next sweep publishes the order anew: it must not wait twice, and be called for twice.
        return Decision(outcome, reason, Disposition.LEFT)
    return Decision(outcome, reason, Disposition.LATER, delay)


def _is_seen_again(sight: Sight, circumstances: Circumstances) -> bool:
    """Tell whether a sweep will see the order again: it is of late that one did, and it still waits."""
    note = circumstances.note
    seen = sight.looked if isinstance(sight, Tried) else None
    is_listed = not isinstance(seen, Order) or waits(seen)
    return note is not None and is_listed and circumstances.now - note.next_sweep_at < NOTE_STANDS_FOR


def decide_bare(sight: Sight, circumstances: Circumstances) -> Decision:
    """Decide about a bare event: it is done, or its answer says why not."""
    outcome, reason, consequence = judge(sight, circumstances)
    done = consequence is Consequence.DONE or outcome is Outcome.DRY_RUN
    return Decision(outcome, reason, Disposition.DONE if done else Disposition.ANSWERED)


def judge(sight: Sight, circumstances: Circumstances) -> Verdict:
    """Name what an attempt saw, with a reason where the name leaves one open, and what it calls for."""
    match sight:
        case Tried():
            return _judge_calls(sight, circumstances)
        case DryRun():
            # For invoking by hand: an order must not be lost to a rehearsal that came over the bus.
            return Outcome.DRY_RUN, None, Consequence.PARK
        case InvalidEventError():
            return Outcome.INVALID_EVENT, str(sight), Consequence.PARK
        case _:
            return _judge_failure(sight)


def _judge_calls(tried: Tried, circumstances: Circumstances) -> Verdict:
    posted, looked = tried.posted, tried.looked
    if isinstance(posted, Order):
        return Outcome.ACKNOWLEDGED, None, Consequence.DONE
    if posted is not None and not isinstance(posted, OutcomeUnknown | OrderRejected):
        return _judge_failure(posted)
    if isinstance(looked, Order):
        return _judge_state(looked, posted, circumstances)
    if isinstance(posted, OutcomeUnknown):
        if posted.names_order and _names_order(looked):
            # Walmart confirmed this very order, and shows it with something that nobody can read. The
            # confirmation counts: a repeat would bring the same text, and alarms for an order that is done.
            return Outcome.ACKNOWLEDGED, None, Consequence.DONE
        # Whatever the look ran into: the post may have been applied, and that is what matters.
        return _judge_failure(posted)
    if looked is None:
        reason = posted.reason if posted else ""
        if posted and must_look_after(posted):
            return Outcome.REJECTED, reason, Consequence.BACK_OFF  # no time was left for the look
        return _caught_up_with(reason, circumstances)
    return _judge_look(looked, circumstances)


def _judge_look(looked: WalmartError, circumstances: Circumstances) -> Verdict:
    """Judge by a look that failed: nothing was posted, or what was posted is known to be refused."""
    match looked:
        case OrderRejected():
            return _judge_rejected(looked, circumstances)
        case OutcomeUnknown() if looked.names_order:
            # The same text comes again: after a while a person is to read it.
            return _caught_up_with(looked.reason, circumstances)
        case OutcomeUnknown():
            return Outcome.UNAVAILABLE, looked.reason, Consequence.BACK_OFF
        case _:
            return _judge_failure(looked)


def _names_order(looked: WalmartError | None) -> bool:
    return isinstance(looked, OutcomeUnknown) and looked.names_order


def _judge_state(seen: Order, posted: WalmartError | None, circumstances: Circumstances) -> Verdict:
    """Judge by where the order stands, after a post that left it open or before any."""
    match state_of(seen):
        case OrderState.ACKNOWLEDGED:
            applied = isinstance(posted, OutcomeUnknown)
            outcome = Outcome.ACKNOWLEDGED if applied else Outcome.ALREADY_ACKNOWLEDGED
            return outcome, None, Consequence.DONE
        case OrderState.SHIPPED:
            return Outcome.ALREADY_SHIPPED, None, Consequence.DONE
        case OrderState.CANCELLED:
            return Outcome.CANCELLED, None, Consequence.DONE
        case OrderState.MIXED:
            return Outcome.REJECTED, "mixed_lines", Consequence.PARK
        case OrderState.WALMART_FULFILLED:
            return Outcome.REJECTED, "walmart_fulfilled", Consequence.PARK
        case OrderState.CREATED | OrderState.UNCLEAR:
            if isinstance(posted, OutcomeUnknown):
                return _judge_failure(posted)
            return _caught_up_with(posted.reason if posted else "unclear_status", circumstances)


def _judge_rejected(looked: OrderRejected, circumstances: Circumstances) -> Verdict:
    """Judge a look that found no such order, or that was refused."""
    if looked.status != HTTPStatus.NOT_FOUND:
        return _caught_up_with(looked.reason, circumstances)
    # An order may be released some time after its date, and a redriven message may be young in the queue.
    published = _published(circumstances)
    known_since = max(published, circumstances.ordered_at or published)
    young = circumstances.now - known_since <= UNKNOWN_UNTIL
    return Outcome.NOT_FOUND, looked.reason, Consequence.BACK_OFF if young else Consequence.PARK


def _caught_up_with(reason: str, circumstances: Circumstances) -> Verdict:
    """Give Walmart's own services until the event is an hour old to agree about an order."""
    young = circumstances.now - _published(circumstances) <= GIVE_UP_AFTER
    return Outcome.REJECTED, reason, Consequence.BACK_OFF if young else Consequence.PARK


def _published(circumstances: Circumstances) -> datetime:
    """Return when the event was published, or else when its message was first received.

    Every sweep publishes an order anew, so for its events the order's own date counts, if it has one.
    """
    swept_since = circumstances.note.ordered_at if circumstances.note else None
    return swept_since or circumstances.event_time or circumstances.first_received_at


_CALLED_FOR: Final = {
    Outcome.UNAVAILABLE: Consequence.BACK_OFF,
    Outcome.OUTCOME_UNKNOWN: Consequence.BACK_OFF,
    Outcome.THROTTLED: Consequence.REPLENISH,
    Outcome.CREDENTIALS_REFUSED: Consequence.HOLD,
    Outcome.MISCONFIGURED: Consequence.HOLD,
    # Not held: a pause may be over in half a minute, and other orders' refusals are not this one's.
    Outcome.DEFERRED: Consequence.BACK_OFF,
}
"""What leaves nothing to look at. `OrderRejected` is not among them: the order's state decides."""


def _judge_failure(failure: WalmartError | NotTried) -> Verdict:
    outcome, reason = outcome_of(failure)
    return outcome, reason, _CALLED_FOR[outcome]


def _delay(sight: Sight, consequence: Consequence, circumstances: Circumstances, waiting: Waiting) -> Delay:
    if consequence is Consequence.HOLD:
        # Only a person or a rotation can help: trying again at once helps nobody.
        return Delay(waiting.hold_s, waiting.hold_s + waiting.base_s)
    if consequence is Consequence.REPLENISH and isinstance(sight, Tried) and sight.call:
        retry_at = sight.call.retry_at
        if retry_at is not None:
            replenished_s = min(max(1.0, (retry_at - circumstances.now).total_seconds()), waiting.cap_s)
            return Delay(replenished_s, replenished_s + waiting.base_s)
    # Grows with the time already waited, and needs no stored state: receive counts would be inflated by
    # messages that were handed back untried.
    waited_s = max(0.0, _tried_for(circumstances).total_seconds())
    return Delay(1, max(1, min(waiting.cap_s, waiting.base_s + waited_s)))


def _tried_for(circumstances: Circumstances) -> timedelta:
    """Return for how long an order has been tried: since its message came, or longer if it is still swept."""
    since = circumstances.first_received_at
    if circumstances.note and circumstances.note.ordered_at:
        # Messages that are gone tried it before this one.
        since = min(since, circumstances.note.ordered_at + FIRST_SWEPT_WITHIN)
    return circumstances.now - since
