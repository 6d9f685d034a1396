"""The policy, held to every row of the tables in `docs/consequences.md`."""

import inspect
import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import walmart_ca
from acknowledge_orders.policy import (
    AttemptResult,
    BackoffSettings,
    CallResults,
    DecisionContext,
    Delay,
    Disposition,
    DryRun,
    decide,
    decide_direct,
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
from walmart_ca import (
    CallInfo,
    Order,
    OrderLine,
    OrderLineStatus,
    OutcomeUnknown,
    Request,
    Status,
    WalmartError,
)
from walmart_ca.classification import order_or_error
from walmart_ca.responses import Response

PAGE = (ROOT / "docs" / "consequences.md").read_text()
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
WAITING = BackoffSettings(base_s=30, cap_s=600, hold_s=300)
ERRORS = {
    name: kind
    for name, kind in inspect.getmembers(walmart_ca, inspect.isclass)
    if issubclass(kind, WalmartError) and kind is not WalmartError
}


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose header begins with `heading`, without their code marks."""
    lines = PAGE.partition(f"| {heading} |")[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")])
    return rows


CALLS = table("Posting")
ANSWERS = table("Response")
NO_CALLS = table("What")
LEFT = table("The event")


def call(status: int | None, retry_at: datetime | None = None) -> CallInfo:
    return CallInfo("POST", "https://walmart.invalid/x", "c-1", status, 0.1, retry_at)


def order(statuses: str) -> Order:
    """An order whose lines have these statuses, one line each."""
    if statuses == "WFSFulfilled":
        return Order("1", ship_node_type="WFSFulfilled", lines=order("Created").lines)
    names = statuses.split(", ")
    parts = [() if name == "no status" else (OrderLineStatus(Status(name), 1),) for name in names]
    lines = [OrderLine(str(number), statuses=part) for number, part in enumerate(parts)]
    return Order("1", lines=tuple(lines), call=call(200))


def result(cell: str) -> Order | WalmartError | None:
    """What a cell of the table says that a call brought."""
    if cell == "-":
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
        ordered_at=NOW - order_age,
        first_received_at=NOW - waited,
        receive_count=receive_count,
        note=note,
    )


def undated(waited: timedelta) -> DecisionContext:
    """Those of an event without a time that can be believed, about an order of yesterday."""
    return replace(context(order_age=timedelta(days=1), waited=waited), event_time=None)


WHILE = {
    "": context(),
    "event ≤ 1 h": context(event_age=timedelta(hours=1)),
    "event > 1 h": context(event_age=timedelta(hours=1, seconds=1)),
    "known ≤ 30 min": context(event_age=timedelta(minutes=30), order_age=timedelta(days=1)),
    "known > 30 min": context(timedelta(minutes=30, seconds=1), timedelta(minutes=30, seconds=1)),
    "no time, received ≤ 30 min ago": undated(timedelta(minutes=30)),
    "no time, received > 30 min ago": undated(timedelta(minutes=30, seconds=1)),
}


def tried(posting: str, looking: str) -> CallResults:
    posted, looked = result(posting), result(looking)
    last = looked or posted
    assert last is not None
    return CallResults(posted, looked, last.call, "v1")


def test_the_page_has_its_tables() -> None:
    assert len(CALLS) > 60
    assert len(ANSWERS) > 14
    assert len(NO_CALLS) == 9
    assert len(LEFT) == 23


@pytest.mark.parametrize("row", CALLS, ids=" / ".join)
def test_what_the_calls_brought_leads_to(row: list[str]) -> None:
    posting, looking, while_, outcome, happens = row

    found, reason, action = evaluate(tried(posting, looking), WHILE[while_])

    named, _, because = outcome.partition(": ")
    assert (found, action) == (named, happens)
    if because:
        assert reason == because


def test_an_order_of_which_no_line_could_be_read_is_unclear() -> None:
    found, reason, _ = evaluate(CallResults(None, Order("1"), None, "v1"), context())

    assert (found, reason) == (Outcome.REJECTED, "unclear_status")


STATUSES = {status: [int(each) for each in re.findall(r"\d{3}", status)] for status, *_ in ANSWERS}


def made_into(status: int, code: str = "", **members: object) -> str:
    """The name of what the client makes of an answer with this code in its error list."""
    spoken = code if "." in code else f"{code}.GMP_ORDER_API"
    body = {"errors": {"error": [{"code": spoken}]}} if code else members
    answer = Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
    return type(order_or_error(answer, call(status), "1")).__name__


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(status, row[1], row[2]) for row in ANSWERS for status in STATUSES[row[0]]],
)
def test_an_answer_is_made_into(status: int, code: str, kind: str) -> None:
    if kind == "Order":
        assert made_into(status, order={"purchaseOrderId": "1"}) == kind
    else:
        assert made_into(status, code) == kind


@pytest.mark.parametrize("code", sorted({code for _, code, *_ in ANSWERS if code}))
def test_a_code_means_something_with_its_own_status_alone(code: str) -> None:
    own = {status for row in ANSWERS if row[1] == code for status in STATUSES[row[0]]}

    _, _, service = code.partition(".")
    for status in {status for statuses in STATUSES.values() for status in statuses} - own:
        assert made_into(status, code) == made_into(status, f"NEVER_SEEN.{service or 'GMP_ORDER_API'}")


def refused(anything: object) -> InvalidEventError:
    with pytest.raises(InvalidEventError) as caught:
        OrderEvent.read(anything, NOW)
    return caught.value


SIGHTS: dict[str, AttemptResult] = {
    "an event without a usable purchase order id": refused({"detail": {}}),
    "an envelope of another service (SNS, CloudEvents, a webhook, HTTP, …), named in the reason": refused(
        {"Type": "Notification", "Message": "{}"}
    ),
    "a self-check from the queue": refused({"detail": {"purchaseOrderId": "1", "selfCheck": True}}),
    "a dry run from the queue": DryRun(Request("POST", "https://walmart.invalid/x", {}, "c-1"), "v1"),
    "a secret or a setting that is unusable": SetupError("secret: must be JSON"),
    "Secrets Manager does not answer": SecretsUnavailableError("ThrottlingException"),
    "every credential at hand was refused a moment ago": CredentialsPaused(),
    "less than 15 s left of the invocation": Deferred("out_of_time"),
    "its turn would come too late": Deferred("rate_limited"),
}


@pytest.mark.parametrize("row", NO_CALLS, ids=lambda row: row[0])
def test_without_a_call(row: list[str]) -> None:
    what, outcome, happens = row

    found, reason, action = evaluate(SIGHTS[what], context())

    named, _, because = outcome.partition(": ")
    assert (found, action) == (named, happens)
    assert not because or reason == because


POSTINGS = sorted({row[0] for row in CALLS})
LOOKINGS = sorted({row[1] for row in CALLS})


@pytest.mark.parametrize("posting", POSTINGS)
def test_every_combination_has_one_consequence(posting: str) -> None:
    for looking, while_ in product(LOOKINGS, WHILE.values()):
        if posting != "-" or looking != "-":
            decision = decide(tried(posting, looking), while_, WAITING)

            assert (decision.delay is not None) == (decision.disposition is Disposition.RETRY)


def test_what_becomes_of_a_message_has_one_word_in_every_log() -> None:
    assert set(Disposition) == {"done", "retry", "parked", "left", "returned"}


@pytest.mark.parametrize("looking", [name for name in LOOKINGS if isinstance(result(name), Order)])
def test_nothing_is_posted_once_a_line_was_seen_beyond_acknowledging(looking: str) -> None:
    seen = result(looking)

    assert isinstance(seen, Order)
    assert may_acknowledge(seen) == (looking in {"Created", "Created, Acknowledged"})


@pytest.mark.parametrize("name", ERRORS)
def test_a_look_follows_what_leaves_the_order_open(name: str) -> None:
    looks = must_fetch_after(ERRORS[name]("reason", call(400)))

    assert looks == (name in {"OutcomeUnknown", "OrderRejected"})


DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "origin", "tried_before", "fetch_first"),
    [
        (timedelta(0), None, False, False),
        (15 * MINUTE, None, False, False),
        (15 * MINUTE + SECOND, None, False, True),
        (3 * DAY, None, False, True),
        # One from the future, beyond what clocks differ by.
        (-5 * MINUTE, None, False, False),
        (-5 * MINUTE - SECOND, None, False, True),
        (-300 * DAY, None, False, True),
        # One without a time, one that was tried before, and a swept one.
        (None, None, False, True),
        (timedelta(0), None, True, True),
        (timedelta(0), "sweep", False, True),
    ],
)
def test_an_order_is_looked_at_first_unless_its_event_is_new(
    age: timedelta | None, origin: str | None, tried_before: bool, fetch_first: bool
) -> None:
    detail = {"purchaseOrderId": "1", "origin": origin}
    time = None if age is None else (NOW - age).isoformat()

    event = OrderEvent.read({"time": time, "detail": detail}, NOW)

    looks = must_fetch_first(event, NOW, tried_before=True) if tried_before else must_fetch_first(event, NOW)
    assert looks == fetch_first


EVENTS = {
    "of the sweep": (timedelta(minutes=15), False),
    "of the sweep, to park": (timedelta(minutes=15), True),
    "of the sweep, the next is due in 601 s": (timedelta(seconds=601), False),
    "of the sweep, the next is due in 600 s": (timedelta(seconds=600), False),
    "of the sweep, to park, the next is due in 20 s": (timedelta(seconds=20), True),
    "of a sweep, the next was due 1439 min ago": (timedelta(minutes=-1439), False),
    "of a sweep, the next was due 1440 min ago": (timedelta(minutes=-1440), False),
}
"""When the next sweep is due, and whether this is the event to park by."""


def note(event: str, order_age: timedelta | None = timedelta(hours=2)) -> SweepNote | None:
    """What the sweep says in an event, as the table names it."""
    if event == "of anybody else":
        return None
    next_sweep_in, park_if_stuck = EVENTS[event]
    return SweepNote(
        purchase_order_id="1",
        ordered_at=None if order_age is None else NOW - order_age,
        next_sweep_at=NOW + next_sweep_in,
        park_if_stuck=park_if_stuck,
    )


@pytest.mark.parametrize("row", LEFT, ids=" / ".join)
def test_an_order_is_left_to_the_next_sweep_only_by_the_sweeps_own_word(row: list[str]) -> None:
    event, posting, looking, happens = row
    of_event = context(timedelta(hours=2), timedelta(hours=2), note=note(event))

    decision = decide(tried(posting, looking), of_event, WAITING)

    expected = {"left": Disposition.LEFT_TO_SWEEP, "park": Disposition.PARKED, "back-off": Disposition.RETRY}
    assert decision.disposition is expected[happens]


@pytest.mark.parametrize("looking", ["OrderRejected", "OrderRejected 403", "OrderRejected 404"])
@pytest.mark.parametrize(("order_age", "park"), [(timedelta(minutes=20), False), (timedelta(hours=2), True)])
def test_a_swept_order_is_given_up_by_its_own_date_however_young_its_event_is(
    looking: str, order_age: timedelta, *, park: bool
) -> None:
    said = note("of the sweep, to park", order_age)

    decision = decide(tried("-", looking), context(order_age=order_age, note=said), WAITING)

    assert (decision.disposition is Disposition.PARKED) == park


AGES = st.timedeltas(timedelta(0), timedelta(hours=1))


@settings(deadline=None, max_examples=30)
@given(event_age=AGES, order_age=AGES)
@example(event_age=timedelta(minutes=30), order_age=timedelta(days=1))
@example(event_age=timedelta(days=1), order_age=timedelta(minutes=30))
@example(event_age=timedelta(minutes=30, seconds=1), order_age=timedelta(days=1))
@example(event_age=timedelta(days=1), order_age=timedelta(minutes=30, seconds=1))
def test_an_order_is_known_since_its_date_or_its_event_whichever_is_later(
    event_age: timedelta, order_age: timedelta
) -> None:
    _, _, action = evaluate(tried("-", "OrderRejected 404"), context(event_age, order_age))

    known_long = min(event_age, order_age) > timedelta(minutes=30)
    assert action == ("park" if known_long else "back-off")


@pytest.mark.parametrize("looking", ["OrderRejected 404", "Backordered"])
@pytest.mark.parametrize(("minutes", "parked"), [(29, False), (61, True)])
def test_without_any_date_an_order_is_known_since_its_message_was_first_received(
    looking: str, minutes: int, parked: bool
) -> None:
    nowhere_dated = replace(undated(timedelta(minutes=minutes)), ordered_at=None)

    decision = decide(tried("-", looking), nowhere_dated, WAITING)

    assert (decision.disposition is Disposition.PARKED) == parked


UNAVAILABLE = tried("Unavailable", "-")
REFUSED = tried("CredentialsRefused", "-")


def retried(kind: str, replenished_in_s: float | None) -> CallResults:
    """A post that failed with an answer that says when the quota is replenished."""
    retry_at = None if replenished_in_s is None else NOW + timedelta(seconds=replenished_in_s)
    error = ERRORS[kind]("reason", call(400, retry_at))
    return CallResults(error, None, error.call, "v1")


@pytest.mark.parametrize(
    ("sight", "waited_s", "delay"),
    [
        # Back-off grows with the time waited up to its cap.
        (UNAVAILABLE, 0, Delay(1, 30)),
        (UNAVAILABLE, 10, Delay(1, 40)),
        (UNAVAILABLE, 300, Delay(1, 330)),
        (UNAVAILABLE, 570, Delay(1, 600)),
        (UNAVAILABLE, 10_000, Delay(1, 600)),
        (UNAVAILABLE, -5, Delay(1, 30)),
        # What only a person can mend is held.
        (REFUSED, 0, Delay(300, 330)),
        # A throttled order waits for Walmart's quota, and no other does.
        (retried("Throttled", 60), 0, Delay(60, 90)),
        (retried("Throttled", 0), 0, Delay(1, 31)),
        (retried("Throttled", -60), 0, Delay(1, 31)),
        (retried("Throttled", 86_400), 0, Delay(600, 630)),
        (retried("Throttled", None), 0, Delay(1, 30)),
        (retried("Unavailable", 300), 0, Delay(1, 30)),
    ],
)
def test_a_message_is_hidden_for(sight: AttemptResult, waited_s: float, delay: Delay) -> None:
    assert decide(sight, context(waited=timedelta(seconds=waited_s)), WAITING).delay == delay


def test_a_message_is_hidden_for_a_second_at_least_and_no_longer_where_the_settings_say_less() -> None:
    waiting = BackoffSettings(base_s=0.5, cap_s=600, hold_s=300)

    assert decide(UNAVAILABLE, context(), waiting).delay == Delay(1, 1)


@pytest.mark.parametrize("name", ERRORS)
def test_what_is_held_needs_a_person_and_nothing_else_does(name: str) -> None:
    outcome, _, action = evaluate(tried(name, "-"), context())

    assert (outcome in NEEDS_A_PERSON) == (action == "hold")


@pytest.mark.parametrize("sight", [UNAVAILABLE, REFUSED, *SIGHTS.values()])
def test_at_its_last_receive_a_message_is_parked_with_its_last_reason(sight: AttemptResult) -> None:
    before = decide(sight, context(receive_count=89), WAITING)
    last = decide(sight, context(receive_count=90), WAITING)

    assert last.disposition is Disposition.PARKED
    assert sight is not UNAVAILABLE or before.disposition is Disposition.RETRY
    assert (last.outcome, last.reason) == (before.outcome, before.reason)


def test_an_order_that_succeeds_at_its_last_receive_is_done() -> None:
    decision = decide(tried("Order", "-"), context(receive_count=90), WAITING)

    assert decision.disposition is Disposition.DONE


@pytest.mark.parametrize("sight", [tried("Order", "-"), UNAVAILABLE, REFUSED, *SIGHTS.values()])
def test_a_bare_event_is_done_or_answered_and_never_waits(sight: AttemptResult) -> None:
    decision = decide_direct(sight, context(receive_count=1))

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
def test_a_header_that_is_blamed_is_named_and_what_is_blamed_in_passing_is_not(
    name: str, field: str, reason: str
) -> None:
    error = ERRORS[name]("CODE", call(400), (walmart_ca.ErrorEntry("CODE", field=field),))

    assert evaluate(CallResults(error, None, error.call, "v1"), context())[1] == reason


def test_a_rejection_needs_a_look_to_be_final() -> None:
    decision = decide(tried("OrderRejected 404", "-"), context(event_age=timedelta(days=1)), WAITING)

    assert decision.disposition is Disposition.RETRY


@pytest.mark.parametrize(
    ("waited", "order_age", "turn_s", "at_most_s"),
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
def test_a_swept_order_that_was_tried_for_long_hardly_waits_for_its_turn_and_is_hidden_for_longer(
    waited: timedelta, order_age: timedelta | None, turn_s: float, at_most_s: float
) -> None:
    said = None if order_age is None else note("of the sweep", order_age)
    of_event = context(waited=waited, note=said)

    assert max_wait_s(of_event) == turn_s
    assert decide(UNAVAILABLE, of_event, WAITING).delay == Delay(1, at_most_s)


def test_the_back_off_of_a_swept_order_without_a_date_grows_with_its_messages_age() -> None:
    said = note("of the sweep", None)

    assert decide(UNAVAILABLE, context(note=said), WAITING).delay == Delay(1, 30)
