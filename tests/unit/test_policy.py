"""The policy: from what an attempt saw to what becomes of the message."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import walmart_ca
from acknowledge_orders.policy import (
    Deferred,
    Delay,
    Disposition,
    Outcome,
    Sight,
    Waiting,
    decide,
    decide_bare,
    outcome_of,
)
from shared.credentials import SecretsUnavailableError, SetupError
from shared.order_event import InvalidEventError
from walmart_ca import (
    Call,
    CredentialsRefused,
    ErrorEntry,
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

WAITING = Waiting(base_s=30, cap_s=600, hold_s=300)


def call(status: int | None = None) -> Call:
    return Call("POST", "https://walmart.invalid/x", "c-1", status, 0.1)


HEADER_BLAMED = (ErrorEntry("INVALID_REQUEST_HEADER", field="WM_CONSUMER.CHANNEL.TYPE"),)
REFUSED = CredentialsRefused("UNAUTHORIZED", call(401))
UNKNOWN = OrderRejected("CONTENT_NOT_FOUND", call(404))

ROWS: list[tuple[Sight, Outcome, str | None, Disposition]] = [
    (Order("1"), Outcome.ACKNOWLEDGED, None, Disposition.DONE),
    (Request("POST", "https://walmart.invalid/x", {}, "c-1"), Outcome.DRY_RUN, None, Disposition.PARKED),
    (InvalidEventError("detail: missing"), Outcome.INVALID_EVENT, "detail: missing", Disposition.PARKED),
    (Deferred("out_of_time"), Outcome.DEFERRED, "out_of_time", Disposition.LATER),
    (SetupError("secret: must be JSON"), Outcome.MISCONFIGURED, "secret: must be JSON", Disposition.LATER),
    (
        SecretsUnavailableError("ThrottlingException"),
        Outcome.UNAVAILABLE,
        "secrets_manager: ThrottlingException",
        Disposition.LATER,
    ),
    (NotSent("connect", call()), Outcome.UNAVAILABLE, "connect", Disposition.LATER),
    (Unavailable("http_503", call(503)), Outcome.UNAVAILABLE, "http_503", Disposition.LATER),
    (OutcomeUnknown("empty_answer", call(200)), Outcome.OUTCOME_UNKNOWN, "empty_answer", Disposition.LATER),
    (Throttled("http_429", call(429)), Outcome.THROTTLED, "http_429", Disposition.LATER),
    (
        CredentialsRefused("UNAUTHORIZED", call(401)),
        Outcome.CREDENTIALS_REFUSED,
        "UNAUTHORIZED",
        Disposition.LATER,
    ),
    (Misconfigured("http_307", call(307)), Outcome.MISCONFIGURED, "http_307", Disposition.LATER),
    (
        Misconfigured("INVALID_REQUEST_HEADER", call(400), HEADER_BLAMED),
        Outcome.MISCONFIGURED,
        "INVALID_REQUEST_HEADER: WM_CONSUMER.CHANNEL.TYPE",
        Disposition.LATER,
    ),
    (
        OrderRejected("CONTENT_NOT_FOUND", call(404)),
        Outcome.NOT_FOUND,
        "CONTENT_NOT_FOUND",
        Disposition.LATER,
    ),
    (
        OrderRejected("INVALID_REQUEST_CONTENT", call(400)),
        Outcome.REJECTED,
        "INVALID_REQUEST_CONTENT",
        Disposition.LATER,
    ),
]


@pytest.mark.parametrize(("sight", "outcome", "reason", "disposition"), ROWS)
def test_each_sight_has_one_outcome_and_one_consequence(
    sight: Sight, outcome: Outcome, reason: str | None, disposition: Disposition
) -> None:
    decision = decide(sight, waited_s=0, waiting=WAITING)

    assert (decision.outcome, decision.reason, decision.disposition) == (outcome, reason, disposition)


@pytest.mark.parametrize(("sight", "outcome"), [(sight, outcome) for sight, outcome, _, _ in ROWS])
def test_a_message_that_comes_again_has_a_delay_and_no_other_has(sight: Sight, outcome: Outcome) -> None:
    decision = decide(sight, waited_s=0, waiting=WAITING)

    assert decision.outcome is outcome
    assert (decision.delay is not None) == (decision.disposition is Disposition.LATER)


@pytest.mark.parametrize("sight", [sight for sight, _, _, _ in ROWS])
def test_a_bare_event_is_done_or_answered_and_never_waits(sight: Sight) -> None:
    decision = decide_bare(sight)

    done = decision.outcome in {Outcome.ACKNOWLEDGED, Outcome.DRY_RUN}
    assert decision.disposition is (Disposition.DONE if done else Disposition.ANSWERED)
    assert decision.delay is None


def test_every_error_of_the_client_has_an_outcome() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(walmart_ca, inspect.isclass)
        if issubclass(kind, WalmartError) and kind is not WalmartError
    ]

    assert len(kinds) == 7
    for kind in kinds:
        assert outcome_of(kind("reason", call(400)))[0] in Outcome


@pytest.mark.parametrize(
    ("waited_s", "at_most_s"), [(0, 30), (10, 40), (300, 330), (570, 600), (10_000, 600), (-5, 30)]
)
def test_back_off_grows_with_the_time_waited_up_to_its_cap(waited_s: float, at_most_s: float) -> None:
    delay = decide(Unavailable("http_503", call(503)), waited_s, WAITING).delay

    assert delay == Delay(1, at_most_s)


@pytest.mark.parametrize(
    "sight",
    [
        CredentialsRefused("UNAUTHORIZED", call(401)),
        Misconfigured("http_307", call(307)),
        SetupError("secret"),
    ],
)
def test_what_only_a_person_can_mend_is_held(sight: Sight) -> None:
    assert decide(sight, waited_s=0, waiting=WAITING).delay == Delay(300, 330)


@given(
    waited_s=st.floats(-1e6, 1e6),
    base_s=st.floats(0.01, 43200),
    cap_s=st.floats(0.01, 43200),
    hold_s=st.floats(0.01, 43200),
    row=st.sampled_from(ROWS),
)
def test_no_delay_is_below_what_sqs_takes_or_upside_down(
    waited_s: float, base_s: float, cap_s: float, hold_s: float, row: tuple[Sight, object, object, object]
) -> None:
    delay = decide(row[0], waited_s, Waiting(base_s, cap_s, hold_s)).delay

    assert delay is None or 0 < delay.at_least_s <= delay.at_most_s
