"""One attempt at one order, where the world around it fails in ways that no local service can be made to."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from acknowledge_orders.application import AcknowledgeOrders
from acknowledge_orders.attempt import Attempts
from acknowledge_orders.policy import BackoffSettings
from acknowledge_orders.ports import QueueError, QueueMessage
from acknowledge_orders.records import OutcomeRecord
from shared.orders.outcome import Outcome
from shared.walmart.client_provider import CredentialsPaused, NoClient
from shared.walmart.credentials import SecretsUnavailableError, SetupError
from tests.support.fixed_clients import FixedClients
from tests.support.rate_limiters import unlimited_rate_limiter

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
EVENT = {
    "id": "e-1",
    "time": "2026-11-24T14:03:00Z",
    "detail": {"purchaseOrderId": "7400000000001", "orderDate": "2026-11-24T14:00:00Z"},
}


class Recorder:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[OutcomeRecord] = []
        self.warnings: list[tuple[str, dict[str, object]]] = []

    def record(self, record: OutcomeRecord) -> None:
        self.records.append(record)

    def count(self, metric: str) -> None:
        raise AssertionError(metric)

    def warn(self, message: str, **fields: object) -> None:
        self.warnings.append((message, fields))


class Queue:
    """A queue that does what it is asked to, or fails, and remembers."""

    def __init__(self, failure: QueueError | None = None) -> None:
        self.hidden: list[tuple[str, int]] = []
        self.parked: list[tuple[str, Outcome, str]] = []
        self._failure = failure

    def postpone(self, message: QueueMessage, seconds: int) -> None:
        if self._failure:
            raise self._failure
        self.hidden.append((message.message_id, seconds))

    def park(self, message: QueueMessage, outcome: Outcome, reason: str) -> None:
        if self._failure:
            raise self._failure
        self.parked.append((message.body, outcome, reason))


SETUP = SetupError("secret: must be JSON")


def build(
    queue: Queue,
    recorder: Recorder,
    no_access: NoClient = SETUP,
    uniform: Callable[[float, float], float] = max,
) -> AcknowledgeOrders:
    marketplace, rate_limiter = FixedClients(otherwise=no_access), unlimited_rate_limiter(NOW.timestamp)
    return AcknowledgeOrders(
        attempts=Attempts(marketplace, acknowledge_limiter=rate_limiter, fetch_limiter=rate_limiter),
        queue=queue,
        recorder=recorder,
        backoff=BackoffSettings(base_s=30, cap_s=600, hold_s=300),
        sweep_enabled=True,
        mark_keys=tuple,
        now=lambda: NOW,
        uniform=uniform,
        executor=ThreadPoolExecutor(1),
    )


def handle(
    application: AcknowledgeOrders, body: str = json.dumps(EVENT), first_received_at: datetime = NOW
) -> bool:
    message = QueueMessage(
        body=body, message_id="m-1", receipt="r-1", receive_count=3, first_received_at=first_received_at
    )
    return asyncio.run(application.handle_message(message, lambda: 60.0))


def invoke(application: AcknowledgeOrders, event: object) -> OutcomeRecord:
    return asyncio.run(application.handle_direct_invocation(event, lambda: 60.0))


@pytest.mark.parametrize(
    ("no_access", "outcome", "reason", "delay_s"),
    [
        (SETUP, "misconfigured", "secret: must be JSON", 330),
        (CredentialsPaused(), "deferred", "credentials_paused", 30),
    ],
)
def test_an_order_without_usable_credentials_is_recorded_and_stays_in_the_queue(
    no_access: NoClient, outcome: str, reason: str, delay_s: int
) -> None:
    queue, recorder = Queue(), Recorder()

    done = handle(build(queue, recorder, no_access))

    assert not done
    assert queue.hidden == [("m-1", delay_s)]
    (record,) = recorder.records
    assert (record.outcome, record.reason, record.disposition) == (outcome, reason, "retry")
    assert (record.order_age_s, record.deadline_remaining_s) == (3600.0, 10800.0)
    assert (record.purchase_order_id, record.attempt, record.message_id) == ("7400000000001", 3, "m-1")
    assert (record.event_id, record.origin) == ("e-1", "queue")


def test_the_delay_is_drawn_between_the_policys_bounds_in_whole_seconds() -> None:
    queue = Queue()
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return 12.2

    application = build(queue, Recorder(), SecretsUnavailableError("timeout"), uniform)
    handle(application, first_received_at=datetime(2026, 11, 24, 14, 58, tzinfo=UTC))

    assert drawn == [(1, 150)]
    assert queue.hidden == [("m-1", 13)]


@pytest.mark.parametrize("body", ["", "not json", "[" * 100_000, '"\\ud800"', "\x00"])
def test_a_body_that_is_no_order_event_is_parked_as_it_is(body: str) -> None:
    queue, recorder = Queue(), Recorder()

    assert handle(build(queue, recorder), body)
    assert [parked[0] for parked in queue.parked] == [body]
    assert recorder.records[0].outcome == "invalid_event"


@pytest.mark.parametrize(
    ("body", "outcome"), [("not json", "invalid_event"), (json.dumps(EVENT), "misconfigured")]
)
def test_what_the_queue_did_not_carry_out_is_warned_about_and_recorded_as_coming_again(
    body: str, outcome: str
) -> None:
    recorder = Recorder()

    done = handle(build(Queue(QueueError("AccessDenied")), recorder), body)

    assert not done
    assert (recorder.records[0].outcome, recorder.records[0].disposition) == (outcome, "retry")
    ((_, fields),) = recorder.warnings
    assert fields["error"] == "AccessDenied"


def test_a_date_that_cannot_be_believed_is_warned_about_and_the_order_then_has_no_age() -> None:
    recorder = Recorder()
    detail = {"purchaseOrderId": "7400000000001", "orderDate": "2026-11-24T15:05:01Z"}

    record = invoke(build(Queue(), recorder), {**EVENT, "time": "now", "detail": detail})

    named = {"purchase_order_id": "7400000000001", "event_id": "e-1"}
    ahead = {"field": "detail.orderDate", "reason": "more than five minutes ahead of the clock"}
    unreadable = {"field": "time", "reason": "unreadable"}
    assert recorder.warnings == [("event date ignored", {**named, **why}) for why in (ahead, unreadable)]
    assert (record.order_age_s, record.deadline_remaining_s) == (None, None)


def test_a_bare_event_always_answers_with_its_record() -> None:
    queue, recorder = Queue(), Recorder()

    answers = [invoke(build(queue, recorder), event) for event in (EVENT, {}, None, 7)]

    assert answers == recorder.records
    assert [answer.disposition for answer in answers] == ["returned"] * 4
    assert {answer.origin for answer in answers} == {"manual"}
    assert queue.hidden == []
    assert queue.parked == []
