"""One attempt at one order, with failures that no local service can produce."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

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
    """Keeps the records and warnings."""

    def __init__(self) -> None:
        self.records: list[OutcomeRecord] = []
        self.warnings: list[tuple[str, dict[str, object]]] = []

    def record(self, record: OutcomeRecord) -> None:
        self.records.append(record)

    def warn(self, message: str, **fields: object) -> None:
        self.warnings.append((message, fields))


class Queue:
    """A queue that keeps what it was asked to do, or fails."""

    def __init__(self, failure: QueueError | None = None) -> None:
        self.calls: list[tuple[object, ...]] = []
        self._failure = failure

    def postpone(self, message: QueueMessage, seconds: int) -> None:
        self._call("postpone", message.message_id, seconds)

    def park(self, message: QueueMessage, outcome: Outcome, reason: str) -> None:
        self._call("park", message.body, outcome, reason)

    def _call(self, *call: object) -> None:
        if self._failure:
            raise self._failure
        self.calls.append(call)


SETUP = SetupError("secret: must be JSON")


def build(
    queue: Queue,
    recorder: Recorder,
    no_client: NoClient = SETUP,
    uniform: Callable[[float, float], float] = max,
) -> AcknowledgeOrders:
    clients, rate_limiter = FixedClients(otherwise=no_client), unlimited_rate_limiter(NOW.timestamp)
    return AcknowledgeOrders(
        attempts=Attempts(clients, acknowledge_limiter=rate_limiter, fetch_limiter=rate_limiter),
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
    ("no_client", "outcome", "reason", "delay_s"),
    [
        (SETUP, "misconfigured", "secret: must be JSON", 330),
        (CredentialsPaused(), "deferred", "credentials_paused", 30),
    ],
)
def test_an_order_without_usable_credentials_stays_in_the_queue(
    no_client: NoClient, outcome: str, reason: str, delay_s: int
) -> None:
    queue, recorder = Queue(), Recorder()

    done = handle(build(queue, recorder, no_client))

    assert not done
    assert queue.calls == [("postpone", "m-1", delay_s)]
    (record,) = recorder.records
    assert (record.outcome, record.reason, record.disposition) == (outcome, reason, "retry")
    assert (record.order_age_s, record.deadline_remaining_s) == (3600.0, 10800.0)
    assert (record.purchase_order_id, record.attempt, record.message_id) == ("7400000000001", 3, "m-1")
    assert (record.event_id, record.origin) == ("e-1", "queue")


def test_the_delay_is_drawn_in_whole_seconds_between_its_bounds() -> None:
    queue = Queue()
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return 12.2

    application = build(queue, Recorder(), SecretsUnavailableError("timeout"), uniform)
    handle(application, first_received_at=NOW - timedelta(minutes=2))

    assert drawn == [(1, 150)]
    assert queue.calls == [("postpone", "m-1", 13)]


@pytest.mark.parametrize("body", ["", "not json", "[" * 100_000, '"\\ud800"', "\x00"])
def test_a_body_that_is_not_an_order_event_is_parked_unchanged(body: str) -> None:
    queue, recorder = Queue(), Recorder()

    assert handle(build(queue, recorder), body)
    assert [call[:3] for call in queue.calls] == [("park", body, "invalid_event")]
    assert recorder.records[0].outcome == "invalid_event"


@pytest.mark.parametrize("body", ["not json", json.dumps(EVENT)])
def test_a_failed_update_of_a_message_is_warned_about_and_retried(body: str) -> None:
    recorder = Recorder()

    assert not handle(build(Queue(QueueError("AccessDenied")), recorder), body)
    assert recorder.records[0].disposition == "retry"
    assert [fields["error"] for _, fields in recorder.warnings] == ["AccessDenied"]


def test_implausible_dates_are_warned_about_and_give_no_age() -> None:
    recorder = Recorder()
    detail = {"purchaseOrderId": "7400000000001", "orderDate": "2026-11-24T15:05:01Z"}

    record = invoke(build(Queue(), recorder), {**EVENT, "time": "now", "detail": detail})

    ids = {"purchase_order_id": "7400000000001", "event_id": "e-1"}
    ahead = {"field": "detail.orderDate", "reason": "more than five minutes ahead of the clock"}
    unreadable = {"field": "time", "reason": "unreadable"}
    assert recorder.warnings == [("event date ignored", {**ids, **why}) for why in (ahead, unreadable)]
    assert (record.order_age_s, record.deadline_remaining_s) == (None, None)


def test_a_direct_invocation_always_returns_its_record() -> None:
    queue, recorder = Queue(), Recorder()

    records = [invoke(build(queue, recorder), event) for event in (EVENT, {}, None, 7)]

    assert records == recorder.records
    assert {(record.disposition, record.origin) for record in records} == {("returned", "manual")}
    assert queue.calls == []
