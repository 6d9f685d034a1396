"""One attempt at one order, with failures that no local service can produce."""

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from acknowledge_orders.application import AcknowledgeOrders
from acknowledge_orders.attempt import Attempts
from acknowledge_orders.outcome_events import DETAIL_TYPES, OutcomeEvent
from acknowledge_orders.outcome_publisher import OutcomePublisher
from acknowledge_orders.policy import BackoffSettings, Refusal
from acknowledge_orders.ports import NotificationLimitError, QueueError, QueueMessage
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


BODY = json.dumps(EVENT)


class Recorder:
    """Keeps the records and warnings."""

    def __init__(self) -> None:
        self.records: list[OutcomeRecord] = []
        self.warnings: list[tuple[str, dict[str, object]]] = []
        self.errors: list[tuple[str, Exception]] = []

    def record(self, record: OutcomeRecord) -> None:
        self.records.append(record)

    def warn(self, message: str, **fields: object) -> None:
        self.warnings.append((message, fields))

    def unexpected_error(self, message_id: str, error: Exception) -> None:
        self.errors.append((message_id, error))


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


class Bus:
    """A bus that keeps what it was asked to publish, refuses it, or fails."""

    def __init__(self, refusal: Refusal | None = None, failure: Exception | None = None) -> None:
        self.calls: list[list[OutcomeEvent]] = []
        self._refusal = refusal
        self._failure = failure

    def publish(self, events: Sequence[OutcomeEvent]) -> list[Refusal | None]:
        if self._failure:
            raise self._failure
        self.calls.append(list(events))
        return [self._refusal] * len(events)


class Limit:
    """A limit that admits one notification for an order, or fails."""

    def __init__(self, failure: NotificationLimitError | None = None) -> None:
        self._seen: set[str] = set()
        self._failure = failure

    def admit(self, order: str) -> bool:
        if self._failure:
            raise self._failure
        admitted = order not in self._seen
        self._seen.add(order)
        return admitted


SETUP = SetupError("secret: must be JSON")


def build(
    queue: Queue,
    recorder: Recorder,
    no_client: NoClient = SETUP,
    uniform: Callable[[float, float], float] = max,
    *,
    bus: Bus | None = None,
    limit: Limit | None = None,
    published: str = "all",
) -> AcknowledgeOrders:
    executor = ThreadPoolExecutor(1)
    clients, rate_limiter = FixedClients(otherwise=no_client), unlimited_rate_limiter(NOW.timestamp)
    return AcknowledgeOrders(
        attempts=Attempts(clients, acknowledge_limiter=rate_limiter, fetch_limiter=rate_limiter),
        queue=queue,
        publisher=OutcomePublisher(
            bus=bus or Bus(),
            limit=limit or Limit(),
            detail_types=DETAIL_TYPES[published],
            stack="orders",
            recorder=recorder,
            executor=executor,
        ),
        recorder=recorder,
        backoff=BackoffSettings(base_s=30, cap_s=600, hold_s=300),
        mark_keys=tuple,
        now=lambda: NOW,
        uniform=uniform,
        executor=executor,
    )


def handle(
    application: AcknowledgeOrders,
    *bodies: str,
    first_received_at: datetime = NOW,
    receive_count: int = 3,
    time_left_s: float = 60.0,
) -> list[bool]:
    messages = [
        QueueMessage(
            body=body,
            message_id=f"m-{number}",
            receipt=f"r-{number}",
            receive_count=receive_count,
            first_received_at=first_received_at,
        )
        for number, body in enumerate(bodies, start=1)
    ]
    return asyncio.run(application.handle_batch(messages, lambda: time_left_s))


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

    done = handle(build(queue, recorder, no_client), BODY)

    assert done == [False]
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
    handle(application, BODY, first_received_at=NOW - timedelta(minutes=2))

    assert drawn == [(1, 150)]
    assert queue.calls == [("postpone", "m-1", 13)]


@pytest.mark.parametrize("body", ["", "not json", "[" * 100_000, '"\\ud800"', "\x00"])
def test_a_body_that_is_not_an_order_event_is_parked_unchanged(body: str) -> None:
    queue, recorder = Queue(), Recorder()

    assert handle(build(queue, recorder), body) == [True]
    assert [call[:3] for call in queue.calls] == [("park", body, "invalid_event")]
    assert recorder.records[0].outcome == "invalid_event"


@pytest.mark.parametrize(("body", "outcome"), [("not json", "invalid_event"), (BODY, "misconfigured")])
def test_a_failed_update_of_a_message_is_warned_about_and_retried(body: str, outcome: str) -> None:
    recorder = Recorder()

    done = handle(build(Queue(QueueError("AccessDenied")), recorder), body)

    assert done == [False]
    assert (recorder.records[0].outcome, recorder.records[0].disposition) == (outcome, "retry")
    ((_, fields),) = recorder.warnings
    assert fields["error"] == "AccessDenied"


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


def test_the_outcomes_of_a_batch_are_published_in_one_call() -> None:
    bus = Bus()

    done = handle(build(Queue(), Recorder(), bus=bus), "[]", BODY, "{}")

    assert done == [True, False, True]
    ((first, second),) = bus.calls
    assert [json.loads(event.detail)["message_id"] for event in (first, second)] == ["m-1", "m-3"]
    assert {first.detail_type, second.detail_type} == {"Order Parked"}


def test_nothing_is_published_for_an_order_that_is_retried() -> None:
    bus = Bus()

    handle(build(Queue(), Recorder(), bus=bus), BODY)

    assert bus.calls == []


@pytest.mark.parametrize(("published", "calls"), [("all", 1), ("parked", 1), ("none", 0)])
def test_only_the_configured_outcomes_are_published(published: str, calls: int) -> None:
    bus = Bus()

    handle(build(Queue(), Recorder(), bus=bus, published=published), "{}")

    assert len(bus.calls) == calls


@pytest.mark.parametrize(
    ("bus", "reason", "delay_s"),
    [
        (Bus(Refusal("ThrottlingException")), "ThrottlingException", 30),
        (Bus(Refusal("AccessDeniedException", needs_person=True)), "AccessDeniedException", 330),
        (Bus(failure=KeyError("Entries")), "KeyError", 30),
    ],
)
def test_a_message_whose_outcome_is_not_published_is_retried(bus: Bus, reason: str, delay_s: int) -> None:
    queue, recorder = Queue(), Recorder()

    done = handle(build(queue, recorder, bus=bus), "{}")

    assert done == [False]
    assert queue.calls == [("postpone", "m-1", delay_s)]
    (record,) = recorder.records
    assert (record.outcome, record.disposition) == ("invalid_event", "retry")
    assert record.reason == f"event_bus: {reason}"


def test_no_order_waits_for_the_event_of_a_parked_one() -> None:
    queue, recorder = Queue(), Recorder()
    bus = Bus(Refusal("ThrottlingException"))

    done = handle(build(queue, recorder, bus=bus, published="parked"), "{}")

    assert done == [True]
    assert queue.calls == [("park", "{}", "invalid_event", "detail: must be a JSON object")]
    assert recorder.warnings == [("parked order not published", {"error": "ThrottlingException"})]


def test_outcomes_are_not_published_without_time_to_update_the_messages() -> None:
    bus, recorder = Bus(), Recorder()

    done = handle(build(Queue(), recorder, bus=bus), "{}", time_left_s=7.9)

    assert done == [False]
    assert bus.calls == []
    assert recorder.records[0].reason == "event_bus: out_of_time"


def test_a_parked_order_asks_for_one_notification() -> None:
    bus, event = Bus(), json.dumps({"detail": {"purchaseOrderId": "7400000000001", "dryRun": "yes"}})

    application = build(Queue(), Recorder(), bus=bus)
    handle(application, event)
    handle(application, event)

    assert [json.loads(call[0].detail)["notify"] for call in bus.calls] == [True, False]


def test_a_parked_order_is_published_although_the_limit_is_unknown() -> None:
    bus, recorder = Bus(), Recorder()
    limit = Limit(NotificationLimitError("ReadTimeoutError"))

    assert handle(build(Queue(), recorder, bus=bus, limit=limit), "{}") == [True]

    assert json.loads(bus.calls[0][0].detail)["notify"] is False
    fields = {"purchase_order_id": None, "message_id": "m-1", "error": "ReadTimeoutError"}
    assert recorder.warnings == [("notification left out", fields)]


def test_events_without_an_order_share_one_notification() -> None:
    bus = Bus()

    handle(build(Queue(), Recorder(), bus=bus), "[]", "{}", "not json")

    assert [json.loads(event.detail)["notify"] for event in bus.calls[0]] == [True, False, False]
