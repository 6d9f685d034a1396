"""The policy does what every row of `docs/decision-table.md` says."""

import inspect
import json
import math
import re
from copy import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

import walmart_ca
from acknowledge_orders.policy import (
    AttemptResult,
    BackoffSettings,
    CallResults,
    Decision,
    DecisionContext,
    Delay,
    Disposition,
    DryRun,
    Refusal,
    decide,
    decide_direct,
    decide_unpublished,
    evaluate,
    max_wait_s,
    may_acknowledge,
    must_fetch_after,
    must_fetch_first,
)
from shared.orders.event import InvalidEventError, OrderEvent
from shared.orders.outcome import NEEDS_A_PERSON, Outcome
from shared.orders.sweep_note import SweepNote
from shared.walmart.caller import Deferred
from shared.walmart.client_provider import CredentialsPaused
from shared.walmart.credentials import SecretsUnavailableError, SetupError
from tests.support.paths import ROOT
from walmart_ca import CallInfo, Order, OrderLine, OrderLineStatus, OutcomeUnknown, Request, WalmartError
from walmart_ca.classification import order_or_error
from walmart_ca.responses import Response

PAGE = (ROOT / "docs" / "decision-table.md").read_text()
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
BACKOFF = BackoffSettings(base_s=30, cap_s=600, hold_s=300)
ERRORS = {
    name: kind
    for name, kind in inspect.getmembers(walmart_ca, inspect.isclass)
    if issubclass(kind, WalmartError) and kind is not WalmartError
}


def table(heading: str) -> list[list[str]]:
    """Return the rows of the table whose header begins with `heading`, without their backticks."""
    lines = PAGE.partition(f"| {heading} |")[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")])
    return rows


def expanded(rows: list[list[str]]) -> list[list[str]]:
    """The rows of a table, one for each combination of the results that a semicolon separates."""
    return [list(each) for row in rows for each in product(*(cell.split("; ") for cell in row))]


CALLS = expanded(table("Acknowledging"))
RESPONSES = [
    [status, "" if code == "none" else code, *rest]
    for status, codes, *rest in table("Response")
    for code in codes.split("; ")
]
NO_CALLS = expanded(table("Result"))
LEFT = expanded(table("Event"))


def call(status: int | None, retry_at: datetime | None = None) -> CallInfo:
    return CallInfo("POST", "https://walmart.invalid/x", "c-1", status, 0.1, retry_at)


def order(statuses: str) -> Order:
    """Return an order with one line for each status."""
    if statuses == "WFSFulfilled":
        return Order("1", ship_node_type="WFSFulfilled", lines=order("Created").lines)
    names = statuses.split(", ")
    parts = [() if name == "no status" else (OrderLineStatus(name, 1),) for name in names]
    lines = [OrderLine(str(number), statuses=part) for number, part in enumerate(parts)]
    return Order("1", lines=tuple(lines), call=call(200))


def result(cell: str) -> Order | WalmartError | None:
    """Return the result of a call, as a cell of the table names it."""
    if cell == "none":
        return None
    if cell == "Order":
        return order("Created")
    name, _, status = cell.partition(" ")
    if status == "naming the order":
        return OutcomeUnknown("Walmart's code", call(200), names_order=True)
    if name in ERRORS:
        return ERRORS[name]("Walmart's code", call(int(status) if status else 400))
    return order(cell)


def context(
    event_age: timedelta = timedelta(0),
    order_age: timedelta = timedelta(0),
    waited: timedelta = timedelta(0),
    receive_count: int = 1,
    *,
    note: SweepNote | None = None,
) -> DecisionContext:
    return DecisionContext(
        now=NOW,
        event_time=NOW - event_age,
        deadline_from=NOW - order_age,
        first_received_at=NOW - waited,
        receive_count=receive_count,
        note=note,
    )


def undated(waited: timedelta) -> DecisionContext:
    """Return the context of an event without a usable time, for an order of yesterday."""
    return replace(context(order_age=timedelta(days=1), waited=waited), event_time=None)


HOUR, HALF_AN_HOUR, SECOND = timedelta(hours=1), timedelta(minutes=30), timedelta(seconds=1)
CONTEXTS = {
    "new": context(),
    "event of 1 h": context(event_age=HOUR),
    "event of more than 1 h": context(event_age=HOUR + SECOND),
    "event of 30 min for an old order": context(HALF_AN_HOUR, timedelta(days=1)),
    "order of 30 min with an old event": context(timedelta(days=1), HALF_AN_HOUR),
    "order and event of more than 30 min": context(HALF_AN_HOUR + SECOND, HALF_AN_HOUR + SECOND),
    "no time, received 30 min ago": undated(HALF_AN_HOUR),
    "no time, received more than 30 min ago": undated(HALF_AN_HOUR + SECOND),
    "no time, received 1 h ago": undated(HOUR),
    "no time, received more than 1 h ago": undated(HOUR + SECOND),
}
OLD = {
    "after 1 h": {
        "event of more than 1 h",
        "order of 30 min with an old event",
        "no time, received more than 1 h ago",
    },
    "after 30 min": {
        "order and event of more than 30 min",
        "no time, received more than 30 min ago",
        "no time, received 1 h ago",
        "no time, received more than 1 h ago",
    },
}
"""The contexts in which the time of an action has passed; in all others it has not."""


def action_in(action: str, of_event: str) -> str:
    """Return what an action of the table, such as "back-off, after 1 h park", means in a context."""
    first, _, later = action.partition(", ")
    if not later:
        return first
    when, _, then = later.rpartition(" ")
    return then if of_event in OLD[when] else first


def results_of(acknowledging: str, fetching: str) -> CallResults:
    acknowledgement, fetched = result(acknowledging), result(fetching)
    last = fetched or acknowledgement
    assert last is not None
    return CallResults(acknowledgement, fetched, last.call, "v1")


def test_the_page_has_its_tables() -> None:
    assert len(CALLS) == 107
    assert len(RESPONSES) == 22
    assert len(NO_CALLS) == 9
    assert len(LEFT) == 28


@pytest.mark.parametrize("of_event", CONTEXTS)
@pytest.mark.parametrize("row", CALLS, ids=" / ".join)
def test_call_results_lead_to_the_outcome_and_the_action_of_the_table(row: list[str], of_event: str) -> None:
    acknowledging, fetching, outcome, action = row

    found, reason, action_name = evaluate(results_of(acknowledging, fetching), CONTEXTS[of_event])

    named, _, because = outcome.partition(": ")
    assert (found, action_name) == (named, action_in(action, of_event))
    assert not because or reason == because


def test_an_order_without_a_readable_line_is_unclear() -> None:
    found, reason, _ = evaluate(CallResults(None, Order("1"), None, "v1"), context())

    assert (found, reason) == (Outcome.REJECTED, "unclear_status")


STATUSES = {status: [int(each) for each in re.findall(r"\d{3}", status)] for status, *_ in RESPONSES}


def name_of(status: int, code: str = "", **members: object) -> str:
    """Return the class of the client's result for a response with this error code."""
    full_code = code if "." in code else f"{code}.GMP_ORDER_API"
    body = {"errors": {"error": [{"code": full_code}]}} if code else members
    answer = Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
    return type(order_or_error(answer, call(status), "1")).__name__


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(status, row[1], row[2]) for row in RESPONSES for status in STATUSES[row[0]]]
)
def test_a_response_becomes(status: int, code: str, kind: str) -> None:
    if kind == "Order":
        assert name_of(status, order={"purchaseOrderId": "1"}) == kind
    else:
        assert name_of(status, code) == kind


@pytest.mark.parametrize("code", sorted({code for _, code, *_ in RESPONSES if code}))
def test_a_code_has_a_meaning_with_its_own_status_alone(code: str) -> None:
    own = {status for row in RESPONSES if row[1] == code for status in STATUSES[row[0]]}

    _, _, service = code.partition(".")
    for status in {status for statuses in STATUSES.values() for status in statuses} - own:
        assert name_of(status, code) == name_of(status, f"NEVER_SEEN.{service or 'GMP_ORDER_API'}")


def refused(value: object) -> InvalidEventError:
    with pytest.raises(InvalidEventError) as caught:
        OrderEvent.read(value, NOW)
    return caught.value


RESULTS: dict[str, AttemptResult] = {
    "an event without a usable purchase order id": refused({"detail": {}}),
    "an envelope of another service, such as SNS": refused({"Type": "Notification", "Message": "{}"}),
    "a self-check from the queue": refused({"detail": {"purchaseOrderId": "1", "selfCheck": True}}),
    "a dry run from the queue": DryRun(Request("POST", "https://walmart.invalid/x", {}, "c-1"), "v1"),
    "a secret or a setting that cannot be used": SetupError("secret: must be JSON"),
    "Secrets Manager does not answer": SecretsUnavailableError("ThrottlingException"),
    "all credentials were refused a moment ago": CredentialsPaused(),
    "less than 15 s left of the invocation": Deferred("out_of_time"),
    "its slot would come too late": Deferred("rate_limited"),
}


@pytest.mark.parametrize("row", NO_CALLS, ids=lambda row: row[0])
def test_a_result_without_a_call_leads_to_its_row(row: list[str]) -> None:
    what, outcome, action_name = row

    found, reason, action = evaluate(RESULTS[what], context())

    named, _, because = outcome.partition(": ")
    assert (found, action) == (named, action_name)
    assert not because or reason == because


ACKNOWLEDGINGS = sorted({row[0] for row in CALLS})
FETCHINGS = sorted({row[1] for row in CALLS})


@pytest.mark.parametrize("acknowledging", ACKNOWLEDGINGS)
def test_every_combination_has_one_action(acknowledging: str) -> None:
    for fetching, of_event in product(FETCHINGS, CONTEXTS.values()):
        if acknowledging != "none" or fetching != "none":
            decision = decide(results_of(acknowledging, fetching), of_event, BACKOFF)

            assert (decision.delay is not None) == (decision.disposition is Disposition.RETRY)


def test_dispositions_have_these_words_in_logs() -> None:
    assert set(Disposition) == {"done", "retry", "parked", "left_to_sweep", "returned"}


@pytest.mark.parametrize("fetching", [name for name in FETCHINGS if isinstance(result(name), Order)])
def test_only_created_and_acknowledged_lines_may_be_acknowledged(fetching: str) -> None:
    seen = result(fetching)

    assert isinstance(seen, Order)
    assert may_acknowledge(seen) == (fetching in {"Created", "Created, Acknowledged"})


@pytest.mark.parametrize("name", ERRORS)
def test_the_order_is_fetched_after_an_open_result(name: str) -> None:
    fetches = must_fetch_after(ERRORS[name]("reason", call(400)))

    assert fetches == (name in {"OutcomeUnknown", "OrderRejected"})


DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("age", "origin", "tried_before", "fetch_first"),
    [
        (timedelta(0), None, False, False),
        (15 * MINUTE, None, False, False),
        (15 * MINUTE + SECOND, None, False, True),
        (3 * DAY, None, False, True),
        # An event from the future.
        (-5 * MINUTE, None, False, False),
        (-5 * MINUTE - SECOND, None, False, True),
        (-300 * DAY, None, False, True),
        # An event without a time, one that was tried before, and one of the sweep.
        (None, None, False, True),
        (timedelta(0), None, True, True),
        (timedelta(0), "sweep", False, True),
    ],
)
def test_an_order_is_fetched_first_unless_its_event_is_new(
    age: timedelta | None, origin: str | None, tried_before: bool, fetch_first: bool
) -> None:
    detail = {"purchaseOrderId": "1", "origin": origin}
    time = None if age is None else (NOW - age).isoformat()

    event = OrderEvent.read({"time": time, "detail": detail}, NOW)

    assert must_fetch_first(event, NOW, tried_before=tried_before) == fetch_first


EVENTS = {
    "of the sweep": (timedelta(minutes=15), False),
    "of the sweep, to park": (timedelta(minutes=15), True),
    "of the sweep, the next is due in 601 s": (timedelta(seconds=601), False),
    "of the sweep, the next is due in 600 s": (timedelta(seconds=600), False),
    "of the sweep, to park, the next is due in 20 s": (timedelta(seconds=20), True),
    "of a sweep, the next was due 1439 min ago": (timedelta(minutes=-1439), False),
    "of a sweep, the next was due 1440 min ago": (timedelta(minutes=-1440), False),
}
"""When the next sweep is due, and whether this event parks the order."""


def note(event: str, order_age: timedelta | None = timedelta(hours=2)) -> SweepNote | None:
    """Return the sweep's note in an event, as the table names it."""
    if event == "of any other source":
        return None
    next_sweep_in, may_park = EVENTS[event]
    return SweepNote(
        purchase_order_id="1",
        ordered_at=None if order_age is None else NOW - order_age,
        next_sweep_at=NOW + next_sweep_in,
        may_park=may_park,
    )


@pytest.mark.parametrize("row", LEFT, ids=" / ".join)
def test_only_an_event_of_the_sweep_is_left_to_the_sweep(row: list[str]) -> None:
    event, acknowledging, fetching, action_name = row
    of_event = context(timedelta(hours=2), timedelta(hours=2), note=note(event))

    decision = decide(results_of(acknowledging, fetching), of_event, BACKOFF)

    expected = {
        "left to the sweep": Disposition.LEFT_TO_SWEEP,
        "park": Disposition.PARKED,
        "back-off": Disposition.RETRY,
    }
    assert decision.disposition is expected[action_name]


@pytest.mark.parametrize("fetching", ["OrderRejected", "OrderRejected 403", "OrderRejected 404"])
@pytest.mark.parametrize(("order_age", "park"), [(timedelta(minutes=20), False), (timedelta(hours=2), True)])
def test_the_age_of_a_swept_order_counts_from_its_own_date(
    fetching: str, order_age: timedelta, *, park: bool
) -> None:
    swept = note("of the sweep, to park", order_age)

    decision = decide(results_of("none", fetching), context(order_age=order_age, note=swept), BACKOFF)

    assert (decision.disposition is Disposition.PARKED) == park


@pytest.mark.parametrize("fetching", ["OrderRejected 404", "Backordered"])
@pytest.mark.parametrize(("minutes", "parked"), [(29, False), (61, True)])
def test_without_a_date_an_order_is_known_since_the_first_receive(
    fetching: str, minutes: int, parked: bool
) -> None:
    without_any_date = replace(undated(timedelta(minutes=minutes)), deadline_from=None)

    decision = decide(results_of("none", fetching), without_any_date, BACKOFF)

    assert (decision.disposition is Disposition.PARKED) == parked


UNAVAILABLE = results_of("Unavailable", "none")
REFUSED = results_of("CredentialsRefused", "none")


def retried(kind: str, replenished_in_s: float | None) -> CallResults:
    """Return a failed acknowledgement whose response says when the quota is replenished."""
    retry_at = None if replenished_in_s is None else NOW + timedelta(seconds=replenished_in_s)
    error = ERRORS[kind]("reason", call(400, retry_at))
    return CallResults(error, None, error.call, "v1")


@pytest.mark.parametrize(
    ("attempt_result", "waited_s", "delay"),
    [
        # Back-off grows with the time waited up to its cap.
        (UNAVAILABLE, 0, Delay(1, 30)),
        (UNAVAILABLE, 10, Delay(1, 40)),
        (UNAVAILABLE, 300, Delay(1, 330)),
        (UNAVAILABLE, 570, Delay(1, 600)),
        (UNAVAILABLE, 10_000, Delay(1, 600)),
        (UNAVAILABLE, -5, Delay(1, 30)),
        # An order that needs a person is held.
        (REFUSED, 0, Delay(300, 330)),
        # Only a throttled order waits for Walmart's quota.
        (retried("Throttled", 60), 0, Delay(60, 90)),
        (retried("Throttled", 0), 0, Delay(1, 31)),
        (retried("Throttled", -60), 0, Delay(1, 31)),
        (retried("Throttled", 86_400), 0, Delay(600, 630)),
        (retried("Throttled", None), 0, Delay(1, 30)),
        (retried("Unavailable", 300), 0, Delay(1, 30)),
    ],
)
def test_a_message_is_retried_after(attempt_result: AttemptResult, waited_s: float, delay: Delay) -> None:
    assert decide(attempt_result, context(waited=timedelta(seconds=waited_s)), BACKOFF).delay == delay


def test_a_message_is_retried_after_a_second_at_least() -> None:
    waiting = BackoffSettings(base_s=0.5, cap_s=600, hold_s=300)

    assert decide(UNAVAILABLE, context(), waiting).delay == Delay(1, 1)


@pytest.mark.parametrize("name", ERRORS)
def test_an_order_is_held_exactly_when_it_needs_a_person(name: str) -> None:
    outcome, _, action = evaluate(results_of(name, "none"), context())

    assert (outcome in NEEDS_A_PERSON) == (action == "hold")


@pytest.mark.parametrize("attempt_result", [UNAVAILABLE, REFUSED, *RESULTS.values()])
def test_a_message_is_parked_at_its_last_receive_with_its_last_reason(attempt_result: AttemptResult) -> None:
    before = decide(attempt_result, context(receive_count=89), BACKOFF)
    last = decide(attempt_result, context(receive_count=90), BACKOFF)

    assert last.disposition is Disposition.PARKED
    assert attempt_result is not UNAVAILABLE or before.disposition is Disposition.RETRY
    assert (last.outcome, last.reason) == (before.outcome, before.reason)


def test_an_order_that_succeeds_at_its_last_receive_is_done() -> None:
    decision = decide(results_of("Order", "none"), context(receive_count=90), BACKOFF)

    assert decision.disposition is Disposition.DONE


@pytest.mark.parametrize(
    "attempt_result", [results_of("Order", "none"), UNAVAILABLE, REFUSED, *RESULTS.values()]
)
def test_a_direct_invocation_is_done_or_returned_and_never_retried(attempt_result: AttemptResult) -> None:
    decision = decide_direct(attempt_result, context(receive_count=1))

    done = decision.outcome in {Outcome.ACKNOWLEDGED, Outcome.DRY_RUN}
    assert decision.disposition is (Disposition.DONE if done else Disposition.RETURNED)
    assert decision.delay is None


@pytest.mark.parametrize(
    ("name", "field", "reason"),
    [
        ("Misconfigured", "WM_CONSUMER.CHANNEL.TYPE", "CODE: WM_CONSUMER.CHANNEL.TYPE"),
        ("Unavailable", "purchaseOrderId", "CODE"),
    ],
)
def test_the_reason_names_a_blamed_header_and_no_other_field(name: str, field: str, reason: str) -> None:
    error = ERRORS[name]("CODE", call(400), (walmart_ca.ErrorEntry("CODE", field=field),))

    assert evaluate(CallResults(error, None, error.call, "v1"), context())[1] == reason


def test_a_rejection_is_final_only_after_a_fetch() -> None:
    decision = decide(results_of("OrderRejected 404", "none"), context(event_age=timedelta(days=1)), BACKOFF)

    assert decision.disposition is Disposition.RETRY


@pytest.mark.parametrize(
    ("waited", "order_age", "wait_s", "at_most_s"),
    [
        (timedelta(0), 15 * MINUTE, math.inf, 30),
        (timedelta(0), 30 * MINUTE, math.inf, 30),
        (timedelta(0), 35 * MINUTE, math.inf, 330),
        (timedelta(0), 36 * MINUTE, 10.0, 390),
        (timedelta(0), None, math.inf, 30),
        (5 * MINUTE, 15 * MINUTE, math.inf, 330),
        (5 * MINUTE + SECOND, 15 * MINUTE, 10.0, 331),
        (5 * MINUTE + SECOND, None, math.inf, 331),
    ],
)
def test_a_stuck_order_waits_briefly_for_a_slot_and_longer_to_retry(
    waited: timedelta, order_age: timedelta | None, wait_s: float, at_most_s: float
) -> None:
    swept = None if order_age is None else note("of the sweep", order_age)
    of_event = context(waited=waited, note=swept)

    assert max_wait_s(of_event) == wait_s
    assert decide(UNAVAILABLE, of_event, BACKOFF).delay == Delay(1, at_most_s)


def test_without_a_date_the_back_off_grows_with_the_message_age() -> None:
    swept = note("of the sweep", None)

    assert decide(UNAVAILABLE, context(note=swept), BACKOFF).delay == Delay(1, 30)


HANDLED = Decision(Outcome.ACKNOWLEDGED, None, Disposition.DONE)
SETTLE = Decision(Outcome.REJECTED, "mixed_lines", Disposition.PARKED)
BUSY, DENIED = Refusal("ThrottlingException"), Refusal("AccessDeniedException", needs_person=True)
AN_HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("refusal", "waited", "receive_count", "delay"),
    [
        (BUSY, timedelta(0), 1, Delay(1, 30)),
        (BUSY, timedelta(seconds=100), 2, Delay(1, 130)),
        (BUSY, timedelta(hours=6), 89, Delay(1, 600)),
        (BUSY, timedelta(hours=6), 90, None),
        (DENIED, AN_HOUR, 12, Delay(300, 330)),
        (DENIED, AN_HOUR + SECOND, 12, None),
        (DENIED, timedelta(0), 90, None),
    ],
)
def test_a_message_waits_until_its_outcome_is_published_or_is_parked(
    refusal: Refusal, waited: timedelta, receive_count: int, delay: Delay | None
) -> None:
    of_message = context(waited=waited, receive_count=receive_count)
    reason = f"event_bus: {refusal.code}"

    handled, settled = (decide_unpublished(each, refusal, of_message, BACKOFF) for each in (HANDLED, SETTLE))

    disposition = Disposition.RETRY if delay else Disposition.PARKED
    assert handled == Decision(Outcome.ACKNOWLEDGED, reason, disposition, delay)
    assert settled == (Decision(Outcome.REJECTED, reason, disposition, delay) if delay else SETTLE)


@pytest.mark.parametrize(
    ("result", "due_in", "left"),
    [
        (results_of("OutcomeUnknown", "Unavailable"), SECOND, False),
        (results_of("OutcomeUnknown", "Unavailable"), timedelta(0), True),
        (Deferred("out_of_time"), SECOND, True),
    ],
)
def test_an_open_outcome_gets_one_attempt_after_the_next_sweep(
    result: AttemptResult, due_in: timedelta, *, left: bool
) -> None:
    swept = SweepNote(purchase_order_id="1", ordered_at=NOW, next_sweep_at=NOW + due_in, may_park=False)

    decision = decide(result, context(note=swept), BACKOFF)

    assert (decision.disposition is Disposition.LEFT_TO_SWEEP) == left
