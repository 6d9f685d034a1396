"""One attempt at one order, where the world around it fails in ways that no local service can be made to."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from acknowledge_orders.application import AcknowledgeOrders
from acknowledge_orders.attempt import Attempts
from acknowledge_orders.policy import Waiting
from acknowledge_orders.ports import QueueError, QueueMessage
from acknowledge_orders.records import OutcomeRecord
from shared.calling import LEAST_TIME_LEFT_S
from shared.credentials import Access, CredentialsPaused, NoAccess, SecretsUnavailableError, SetupError
from shared.outcomes import Outcome
from shared.pacing import Pacer
from tests.local.marketplace import Marketplace
from walmart_ca import AsyncClient, SignatureCredentials

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

    def hide(self, message: QueueMessage, seconds: int) -> None:
        if self._failure:
            raise self._failure
        self.hidden.append((message.message_id, seconds))

    def park(self, message: QueueMessage, outcome: Outcome, reason: str) -> None:
        if self._failure:
            raise self._failure
        self.parked.append((message.body, outcome, reason))


class NoMarketplace:
    """A marketplace without usable credentials."""

    def __init__(self, reason: Access | NoAccess) -> None:
        self._reason = reason

    def peek(self) -> Access | NoAccess:
        return self._reason

    def current(self) -> Access | NoAccess:
        return self._reason

    def refused(self, access: Access) -> None:
        raise AssertionError(access)

    def another(self, refused: Access) -> Access | None:
        raise AssertionError(refused)

    def accepted(self, access: Access) -> None:
        raise AssertionError(access)

    def forbidden(self, access: Access, purchase_order_id: str | None) -> bool:
        raise AssertionError(access, purchase_order_id)

    def path_unknown(self) -> None:
        raise AssertionError


SETUP = SetupError("secret: must be JSON")


async def no_sleep(_: float) -> None:
    """Wait for nothing."""


def pacer() -> Pacer:
    return Pacer(
        requests_per_minute=1e6, sharers=1, clock=NOW.timestamp, monotonic=NOW.timestamp, sleep=no_sleep
    )


def build(
    queue: Queue,
    recorder: Recorder,
    marketplace: NoMarketplace | None = None,
    uniform: Callable[[float, float], float] = max,
) -> AcknowledgeOrders:
    return AcknowledgeOrders(
        attempts=Attempts(marketplace or NoMarketplace(SETUP), posts=pacer(), looks=pacer()),
        queue=queue,
        recorder=recorder,
        waiting=Waiting(base_s=30, cap_s=600, hold_s=300),
        sweeping=True,
        mark_keys=tuple,
        now=lambda: NOW,
        uniform=uniform,
        executor=ThreadPoolExecutor(1),
    )


def message(body: str, first_received_at: datetime = NOW) -> QueueMessage:
    return QueueMessage(
        body=body, message_id="m-1", receipt="r-1", receive_count=3, first_received_at=first_received_at
    )


def client() -> AsyncClient:
    key = Marketplace().register_seller().private_key
    credentials = SignatureCredentials(consumer_id="c", channel_type="t", private_key=key)
    return AsyncClient(credentials, base_url="http://127.0.0.1:1")


def plenty() -> float:
    return 60.0


def test_an_order_without_usable_credentials_is_held_and_stays_in_the_queue() -> None:
    queue, recorder = Queue(), Recorder()

    done = asyncio.run(build(queue, recorder).handle_message(message(json.dumps(EVENT)), plenty))

    assert not done
    assert queue.hidden == [("m-1", 330)]
    assert [(r.outcome, r.reason, r.disposition) for r in recorder.records] == [
        ("misconfigured", "secret: must be JSON", "later")
    ]


def test_the_record_tells_the_orders_age_and_what_is_left_of_four_hours() -> None:
    recorder = Recorder()

    asyncio.run(build(Queue(), recorder).handle_message(message(json.dumps(EVENT)), plenty))

    (record,) = recorder.records
    assert (record.order_age_s, record.deadline_remaining_s) == (3600.0, 10800.0)
    assert (record.purchase_order_id, record.attempt, record.message_id) == ("7400000000001", 3, "m-1")
    assert (record.event_id, record.origin) == ("e-1", "queue")


def test_the_delay_is_drawn_between_the_policys_bounds_in_whole_seconds() -> None:
    queue = Queue()
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return 12.2

    unavailable = NoMarketplace(SecretsUnavailableError("timeout"))
    application = build(queue, Recorder(), unavailable, uniform)
    waited = message(json.dumps(EVENT), first_received_at=datetime(2026, 11, 24, 14, 58, tzinfo=UTC))
    asyncio.run(application.handle_message(waited, plenty))

    assert drawn == [(1, 150)]
    assert queue.hidden == [("m-1", 13)]


def test_with_too_little_time_left_nothing_is_tried() -> None:
    queue, recorder = Queue(), Recorder()
    # No call is made: nobody listens there.
    marketplace = NoMarketplace(Access(client(), "v1"))

    done = asyncio.run(
        build(queue, recorder, marketplace).handle_message(
            message(json.dumps(EVENT)), lambda: LEAST_TIME_LEFT_S - 0.1
        )
    )

    assert not done
    assert (recorder.records[0].outcome, recorder.records[0].reason) == ("deferred", "out_of_time")


@pytest.mark.parametrize("body", ["", "not json", "[" * 100_000, '"\\ud800"', "\x00"])
def test_a_body_that_is_no_order_event_is_parked_as_it_is(body: str) -> None:
    queue, recorder = Queue(), Recorder()

    done = asyncio.run(build(queue, recorder).handle_message(message(body), plenty))

    assert done
    assert [parked[0] for parked in queue.parked] == [body]
    assert recorder.records[0].outcome == "invalid_event"


def test_what_could_not_be_parked_is_not_done_and_is_recorded_as_coming_again() -> None:
    queue, recorder = Queue(QueueError("AccessDenied")), Recorder()

    done = asyncio.run(build(queue, recorder).handle_message(message("not json"), plenty))

    assert not done
    assert (recorder.records[0].outcome, recorder.records[0].disposition) == ("invalid_event", "later")
    assert recorder.warnings[0][1]["error"] == "AccessDenied"


def test_what_could_not_be_hidden_comes_again_by_the_queues_own_time_out() -> None:
    queue, recorder = Queue(QueueError("ReceiptHandleIsInvalid")), Recorder()

    done = asyncio.run(build(queue, recorder).handle_message(message(json.dumps(EVENT)), plenty))

    assert not done
    assert recorder.records[0].disposition == "later"
    assert len(recorder.warnings) == 1


AHEAD = "2026-11-24T15:05:01Z"


@pytest.mark.parametrize(
    ("time", "order_date", "field", "reason", "age_s"),
    [
        ("2026-11-24T14:03:00Z", "yesterday", "detail.orderDate", "unreadable", 3420.0),
        ("2026-11-24T14:03:00Z", "0001-01-01T00:00:00", "detail.orderDate", "unreadable", 3420.0),
        (
            "2026-11-24T14:03:00Z",
            AHEAD,
            "detail.orderDate",
            "more than five minutes ahead of the clock",
            3420.0,
        ),
        ("now", "2026-11-24T14:00:00Z", "time", "unreadable", 3600.0),
        (AHEAD, "2026-11-24T14:00:00Z", "time", "more than five minutes ahead of the clock", 3600.0),
        (AHEAD, None, "time", "more than five minutes ahead of the clock", None),
    ],
)
def test_a_date_that_cannot_be_believed_is_warned_about_and_the_other_one_serves(
    time: str, order_date: str | None, field: str, reason: str, age_s: float | None
) -> None:
    recorder = Recorder()
    event = {**EVENT, "time": time, "detail": {"purchaseOrderId": "7400000000001", "orderDate": order_date}}

    asyncio.run(build(Queue(), recorder).handle_bare_event(event, plenty))

    warned = {"purchase_order_id": "7400000000001", "event_id": "e-1", "field": field, "reason": reason}
    assert recorder.warnings == [("event date ignored", warned)]
    assert recorder.records[0].order_age_s == age_s


def test_an_event_without_any_date_has_no_age() -> None:
    recorder = Recorder()

    asyncio.run(
        build(Queue(), recorder).handle_bare_event({"detail": {"purchaseOrderId": "7400000000001"}}, plenty)
    )

    assert recorder.records[0].order_age_s is None
    assert recorder.records[0].deadline_remaining_s is None


def test_while_all_credentials_are_refused_nothing_is_tried_and_the_order_comes_again() -> None:
    queue, recorder = Queue(), Recorder()
    paused = NoMarketplace(CredentialsPaused())

    done = asyncio.run(build(queue, recorder, paused).handle_message(message(json.dumps(EVENT)), plenty))

    assert not done
    assert queue.hidden == [("m-1", 30)]
    assert (recorder.records[0].outcome, recorder.records[0].reason) == ("deferred", "credentials_paused")


def test_a_bare_event_always_answers_with_its_record() -> None:
    queue, recorder = Queue(), Recorder()

    answers = [
        asyncio.run(build(queue, recorder).handle_bare_event(event, plenty)) for event in (EVENT, {}, None, 7)
    ]

    assert answers == recorder.records
    assert [answer.disposition for answer in answers] == ["answered"] * 4
    assert {answer.origin for answer in answers} == {"manual"}
    assert queue.hidden == []
    assert queue.parked == []
