"""Decides what to do after an attempt. Pure: it knows no clock, no randomness and no I/O.

The rules are the table in `docs/decision-table.md`. The tests read that table and check every row.
"""

import math
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final, NamedTuple

from shared.orders.event import InvalidEventError, OrderEvent
from shared.orders.outcome import Outcome, outcome_of
from shared.orders.status import OrderState, awaits_acknowledgement, state_of
from shared.orders.sweep_note import SweepNote
from shared.walmart.caller import Deferred, NotCalled
from shared.walmart.client_provider import NoClient
from walmart_ca import CallInfo, Order, OrderRejected, OutcomeUnknown, Request, WalmartError

FETCH_FIRST_AFTER: Final = timedelta(minutes=15)
"""An older event may be a replay or a redrive: the order's status is checked before it is acknowledged."""
REJECTED_GRACE: Final = timedelta(hours=1)
"""The age of an event up to which an order is retried although Walmart refuses it: Walmart's services are
eventually consistent."""
NOT_FOUND_GRACE: Final = timedelta(minutes=30)
"""The age of an order, or of its event, up to which the service that acknowledges may not know it yet."""
NOTE_VALID_FOR: Final = timedelta(days=1)
"""How long a sweep's note is valid after the next sweep was due. One sweep a day sees every order of the
last month, so an order that is left to the sweep now will be seen."""
STUCK_AFTER: Final = timedelta(minutes=5)
"""An order from the sweep that was tried for so long must not slow other orders."""
FIRST_SWEPT_WITHIN: Final = timedelta(minutes=30)
"""By this age a sweep has published an order, and an attempt has tried it."""
STUCK_MAX_WAIT_S: Final = 10.0
"""Seconds that a call about a stuck order waits for the rate limiter at most: an invocation that waits long
cannot take new orders."""
CORRECTED_WITHIN: Final = timedelta(hours=1)
"""How long after its first receive a message is held because a person must correct what keeps its final
outcome from being published. Each retry costs a call to Walmart."""
MAX_RECEIVES: Final = 90
"""A message with so many receives is parked, before the queue's redrive policy moves it without a reason."""


class Disposition(StrEnum):
    """What happened to the message, or to the event of a direct invocation."""

    DONE = "done"
    """Nothing is left to do; the message is deleted."""
    RETRY = "retry"
    """The message stays in the queue and is retried after a delay."""
    PARKED = "parked"
    """The message went to the dead-letter queue with outcome and reason, and is deleted."""
    LEFT_TO_SWEEP = "left_to_sweep"
    """The message is deleted, because the next sweep publishes the order again."""
    RETURNED = "returned"
    """A direct invocation has no queue: the caller gets the record and decides."""


class Action(StrEnum):
    """What an outcome asks for."""

    DONE = "done"
    BACK_OFF = "back-off"
    WAIT_FOR_QUOTA = "wait for quota"
    HOLD = "hold"
    PARK = "park"


class CallResults(NamedTuple):
    """The results of the calls of an attempt; at least one was made.

    Attributes:
        acknowledgement: The result of the last call to acknowledge, or None.
        fetched: The result of the last call to fetch the order, or None.
        call: The last call.
        secret_version_id: The version of the secret that authenticated it.
    """

    acknowledgement: Order | WalmartError | None
    fetched: Order | WalmartError | None
    call: CallInfo | None
    secret_version_id: str | None


class DryRun(NamedTuple):
    """The result of a dry run.

    Attributes:
        request: The request that would have been sent.
        secret_version_id: The version of the secret that authenticated it.
    """

    request: Request
    secret_version_id: str


class Refusal(NamedTuple):
    """Why the event of a final outcome was not published.

    Attributes:
        code: One word.
        needs_person: Whether only a correction by a person helps, such as a permission.
    """

    code: str
    needs_person: bool = False

    @property
    def reason(self) -> str:
        """The reason in the outcome record."""
        return f"event_bus: {self.code}"


type AttemptResult = CallResults | DryRun | Deferred | InvalidEventError | NoClient
"""The result of an attempt."""


class BackoffSettings(NamedTuple):
    """How long a message waits, in seconds; `acknowledge_orders.settings` describes each setting."""

    base_s: float
    cap_s: float
    hold_s: float


class DecisionContext(NamedTuple):
    """What else a decision depends on.

    Attributes:
        now: Aware.
        event_time: When the event was published, aware; None when unknown.
        deadline_from: The order's date, or else the event's time, aware.
        first_received_at: When the message was first received, aware.
        receive_count: How often the message was received, including this time.
        note: The note of the sweep that published the event; None for any other event, or when no sweeps run.
    """

    now: datetime
    event_time: datetime | None
    deadline_from: datetime | None
    first_received_at: datetime
    receive_count: int
    note: SweepNote | None = None


class Delay(NamedTuple):
    """The bounds, in seconds, between which the delay of a retry is drawn."""

    at_least_s: float
    at_most_s: float


class Decision(NamedTuple):
    """What to do.

    Attributes:
        outcome: How the attempt ended.
        reason: One word or sentence that says more, or None.
        disposition: What happens to the message.
        delay: When the message is retried; None for every other disposition.
    """

    outcome: Outcome
    reason: str | None
    disposition: Disposition
    delay: Delay | None = None


type Evaluation = tuple[Outcome, str | None, Action]


def must_fetch_first(event: OrderEvent, now: datetime, *, tried_before: bool) -> bool:
    """Return whether the order's status must be checked before the order is acknowledged.

    Args:
        event: The order event. An order from the sweep is old, and may have lines that can no longer be
            acknowledged. A producer that claims to be the sweep only causes one more call.
        now: Aware.
        tried_before: An earlier attempt was made, and its result is unknown.
    """
    old = event.event_time is None or now - event.event_time > FETCH_FIRST_AFTER
    return tried_before or event.swept or old


def max_wait_s(context: DecisionContext) -> float:
    """Return how many seconds each call about an order may wait for the rate limiter."""
    is_stuck = context.note is not None and _tried_for(context) > STUCK_AFTER
    return STUCK_MAX_WAIT_S if is_stuck else math.inf


def may_acknowledge(fetched: Order) -> bool:
    """Return whether an order may be acknowledged: never with a line that is shipped or cancelled."""
    return state_of(fetched) is OrderState.CREATED


def must_fetch_after(acknowledgement: Order | WalmartError) -> bool:
    """Return whether the order's status is open after a call to acknowledge it."""
    if isinstance(acknowledgement, OrderRejected):
        # After a 403 Walmart does not show us this order: fetching it would get another 403.
        return acknowledgement.status != HTTPStatus.FORBIDDEN
    return isinstance(acknowledgement, OutcomeUnknown)


def decide(result: AttemptResult, context: DecisionContext, backoff: BackoffSettings) -> Decision:
    """Decide what to do with a message from the queue.

    Args:
        result: The result of the attempt.
        context: The times and counts of the event and the message.
        backoff: How long messages wait.
    """
    outcome, reason, action = evaluate(result, context)
    if action is Action.DONE:
        return Decision(outcome, reason, Disposition.DONE)
    note = context.note if _will_be_swept(result, context) else None
    if action is Action.PARK and note and not note.may_park:
        # One dead letter a day is enough for a person to act on; the sweep says in which event.
        return Decision(outcome, reason, Disposition.LEFT_TO_SWEEP)
    if action is Action.PARK or context.receive_count >= MAX_RECEIVES:
        return Decision(outcome, reason, Disposition.PARKED)
    delay = _delay(result, action, context, backoff)
    retry_at = context.now + timedelta(seconds=delay.at_most_s)
    if note and retry_at >= note.next_sweep_at and not _must_find_out(result, context, note):
        # The next sweep publishes the order again: two messages for one order would make two calls.
        return Decision(outcome, reason, Disposition.LEFT_TO_SWEEP)
    return Decision(outcome, reason, Disposition.RETRY, delay)


def _will_be_swept(result: AttemptResult, context: DecisionContext) -> bool:
    """Return whether a sweep will publish the order again: one did lately, and the order still needs it."""
    note = context.note
    fetched = result.fetched if isinstance(result, CallResults) else None
    is_listed = not isinstance(fetched, Order) or awaits_acknowledgement(fetched)
    return note is not None and is_listed and context.now - note.next_sweep_at < NOTE_VALID_FOR


def _must_find_out(result: AttemptResult, context: DecisionContext, note: SweepNote) -> bool:
    """Return whether an attempt after the next sweep must find out if the order was acknowledged.

    If it was, no sweep lists it, and without that one attempt its outcome would never be published.
    """
    is_open = isinstance(result, CallResults) and isinstance(result.acknowledgement, OutcomeUnknown)
    return is_open and context.now < note.next_sweep_at


def decide_direct(result: AttemptResult, context: DecisionContext) -> Decision:
    """Decide about the event of a direct invocation: it is done, or its record says why not."""
    outcome, reason, action = evaluate(result, context)
    done = action is Action.DONE or outcome is Outcome.DRY_RUN
    return Decision(outcome, reason, Disposition.DONE if done else Disposition.RETURNED)


def decide_unpublished(
    decision: Decision, refusal: Refusal, context: DecisionContext, backoff: BackoffSettings
) -> Decision:
    """Decide what to do with a message whose final outcome could not be published.

    It is retried: then its order is usually already handled, or parked, and that outcome is published. When
    that does not end, it is parked, so that the outcome is not lost.

    Args:
        decision: What was decided about the message: it is done, or parked.
        refusal: Why its outcome could not be published.
        context: The times and counts of the event and the message.
        backoff: How long messages wait.
    """
    waited = context.now - context.first_received_at
    waits_in_vain = refusal.needs_person and waited > CORRECTED_WITHIN
    if not waits_in_vain and context.receive_count < MAX_RECEIVES:
        delay = _hold(backoff) if refusal.needs_person else _back_off(waited, backoff)
        return Decision(decision.outcome, refusal.reason, Disposition.RETRY, delay)
    if decision.disposition is Disposition.PARKED:
        return decision
    return Decision(decision.outcome, refusal.reason, Disposition.PARKED)


def evaluate(result: AttemptResult, context: DecisionContext) -> Evaluation:
    """Return the outcome of an attempt, a reason where the outcome needs one, and the action."""
    match result:
        case CallResults():
            return _evaluate_calls(result, context)
        case DryRun():
            # A dry run is for a direct invocation. One from the queue must not lose the order.
            return Outcome.DRY_RUN, None, Action.PARK
        case InvalidEventError():
            return Outcome.INVALID_EVENT, str(result), Action.PARK
        case _:
            return _evaluate_failure(result)


def _evaluate_calls(results: CallResults, context: DecisionContext) -> Evaluation:
    acknowledgement, fetched = results.acknowledgement, results.fetched
    if isinstance(acknowledgement, Order):
        return Outcome.ACKNOWLEDGED, None, Action.DONE
    if acknowledgement is not None and not isinstance(acknowledgement, OutcomeUnknown | OrderRejected):
        return _evaluate_failure(acknowledgement)
    if isinstance(fetched, Order):
        return _evaluate_state(fetched, acknowledgement, context)
    if isinstance(acknowledgement, OutcomeUnknown):
        if acknowledgement.names_order and _names_order(fetched):
            # Walmart confirmed this order, and returned it, in texts that cannot be read. The confirmation
            # counts: a retry would get the same text, and cause alarms for an order that is done.
            return Outcome.ACKNOWLEDGED, None, Action.DONE
        # The acknowledgement may have been applied, even if the fetch failed or was not made.
        return _evaluate_failure(acknowledgement)
    if fetched is None:
        reason = acknowledgement.reason if acknowledgement else ""
        if acknowledgement and must_fetch_after(acknowledgement):
            return Outcome.REJECTED, reason, Action.BACK_OFF  # it could not be fetched
        return _rejected(reason, context)
    return _evaluate_failed_fetch(fetched, context)


def _evaluate_failed_fetch(fetched: WalmartError, context: DecisionContext) -> Evaluation:
    """Evaluate a fetch that failed: nothing was acknowledged, or Walmart refused the acknowledgement."""
    match fetched:
        case OrderRejected():
            return _evaluate_rejected_fetch(fetched, context)
        case OutcomeUnknown() if fetched.names_order:
            # A retry gets the same text: after the grace period a person must read it.
            return _rejected(fetched.reason, context)
        case OutcomeUnknown():
            return Outcome.UNAVAILABLE, fetched.reason, Action.BACK_OFF
        case _:
            return _evaluate_failure(fetched)


def _names_order(fetched: WalmartError | None) -> bool:
    return isinstance(fetched, OutcomeUnknown) and fetched.names_order


def _evaluate_state(
    fetched: Order, acknowledgement: WalmartError | None, context: DecisionContext
) -> Evaluation:
    """Evaluate an order's state, after an acknowledgement that left it open or before any."""
    match state_of(fetched):
        case OrderState.ACKNOWLEDGED:
            applied = isinstance(acknowledgement, OutcomeUnknown)
            outcome = Outcome.ACKNOWLEDGED if applied else Outcome.ALREADY_ACKNOWLEDGED
            return outcome, None, Action.DONE
        case OrderState.SHIPPED:
            return Outcome.ALREADY_SHIPPED, None, Action.DONE
        case OrderState.CANCELLED:
            return Outcome.CANCELLED, None, Action.DONE
        case OrderState.MIXED:
            return Outcome.REJECTED, "mixed_lines", Action.PARK
        case OrderState.WALMART_FULFILLED:
            return Outcome.REJECTED, "walmart_fulfilled", Action.PARK
        case OrderState.CREATED | OrderState.UNCLEAR:
            if isinstance(acknowledgement, OutcomeUnknown):
                return _evaluate_failure(acknowledgement)
            return _rejected(acknowledgement.reason if acknowledgement else "unclear_status", context)


def _evaluate_rejected_fetch(fetched: OrderRejected, context: DecisionContext) -> Evaluation:
    """Evaluate a fetch that found no such order, or that was refused."""
    if fetched.status != HTTPStatus.NOT_FOUND:
        return _rejected(fetched.reason, context)
    # An order may be released some time after its date, and a redriven message may be young in the queue.
    published = _age_counts_from(context)
    known_since = max(published, context.deadline_from or published)
    young = context.now - known_since <= NOT_FOUND_GRACE
    return Outcome.NOT_FOUND, fetched.reason, Action.BACK_OFF if young else Action.PARK


def _rejected(reason: str, context: DecisionContext) -> Evaluation:
    """Retry a rejected order until its event is an hour old, then park it."""
    young = context.now - _age_counts_from(context) <= REJECTED_GRACE
    return Outcome.REJECTED, reason, Action.BACK_OFF if young else Action.PARK


def _age_counts_from(context: DecisionContext) -> datetime:
    """Return when the event was published, or else when its message was first received.

    Every sweep publishes an order again, so the order's own date counts for its events, if it has one.
    """
    ordered_at = context.note.ordered_at if context.note else None
    return ordered_at or context.event_time or context.first_received_at


_ACTIONS: Final = {
    Outcome.UNAVAILABLE: Action.BACK_OFF,
    Outcome.OUTCOME_UNKNOWN: Action.BACK_OFF,
    Outcome.THROTTLED: Action.WAIT_FOR_QUOTA,
    Outcome.CREDENTIALS_REFUSED: Action.HOLD,
    Outcome.MISCONFIGURED: Action.HOLD,
    # Not held: a pause may end after half a minute, and another order's refusal does not concern this one.
    Outcome.DEFERRED: Action.BACK_OFF,
}
"""The actions for failures that say nothing about the order. After `OrderRejected` its state decides."""


def _evaluate_failure(failure: WalmartError | NotCalled) -> Evaluation:
    outcome, reason = outcome_of(failure)
    return outcome, reason, _ACTIONS[outcome]


def _delay(
    result: AttemptResult, action: Action, context: DecisionContext, backoff: BackoffSettings
) -> Delay:
    if action is Action.HOLD:
        return _hold(backoff)
    if action is Action.WAIT_FOR_QUOTA and isinstance(result, CallResults) and result.call:
        retry_at = result.call.retry_at
        if retry_at is not None:
            wait_s = min(max(1.0, (retry_at - context.now).total_seconds()), backoff.cap_s)
            return Delay(wait_s, wait_s + backoff.base_s)
    return _back_off(_tried_for(context), backoff)


def _hold(backoff: BackoffSettings) -> Delay:
    # Only a person or a rotation can help: a retry at once is useless.
    return Delay(backoff.hold_s, backoff.hold_s + backoff.base_s)


def _back_off(tried_for: timedelta, backoff: BackoffSettings) -> Delay:
    # The delay grows with the time since the first receive, which needs no stored state. Receive counts
    # would be too high: they include messages that were returned without an attempt.
    waited_s = max(0.0, tried_for.total_seconds())
    return Delay(1, max(1, min(backoff.cap_s, backoff.base_s + waited_s)))


def _tried_for(context: DecisionContext) -> timedelta:
    """Return for how long an order has been tried: since the first receive, or longer if it was swept."""
    since = context.first_received_at
    if context.note and context.note.ordered_at:
        # Messages of earlier sweeps tried it before this one.
        since = min(since, context.note.ordered_at + FIRST_SWEPT_WITHIN)
    return context.now - since
