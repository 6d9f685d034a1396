"""The order event: what is taken from it, and what is refused, with the member named."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.order_event import InvalidEventError, OrderEvent


def event(**detail: object) -> dict[str, object]:
    return {
        "id": "e-1",
        "time": "2026-11-24T14:03:07Z",
        "detail": {"purchaseOrderId": "7400000000001", **detail},
    }


def test_an_order_event_gives_the_order_its_date_and_its_own_time() -> None:
    read = OrderEvent.read(event(orderDate="2026-11-24T09:01:52-05:00"))

    assert read.purchase_order_id == "7400000000001"
    assert read.order_date == datetime(2026, 11, 24, 14, 1, 52, tzinfo=UTC)
    assert read.event_time == datetime(2026, 11, 24, 14, 3, 7, tzinfo=UTC)
    assert read.event_id == "e-1"
    assert read.dry_run is False


def test_the_deadline_runs_from_the_order_date() -> None:
    assert OrderEvent.read(event(orderDate="2026-11-24T14:01:52Z")).deadline_from == datetime(
        2026, 11, 24, 14, 1, 52, tzinfo=UTC
    )


def test_without_an_order_date_the_deadline_runs_from_the_events_time() -> None:
    read = OrderEvent.read(event())

    assert read.deadline_from == datetime(2026, 11, 24, 14, 3, 7, tzinfo=UTC)
    assert not read.order_date_unreadable


@pytest.mark.parametrize("order_date", ["yesterday", "", [], {}, True, "2026-13-45", 1e300])
def test_an_unreadable_order_date_is_told_and_costs_nothing_else(order_date: object) -> None:
    read = OrderEvent.read(event(orderDate=order_date))

    assert read.order_date is None
    assert read.order_date_unreadable
    assert read.deadline_from == read.event_time


@pytest.mark.parametrize(
    "order_date", [1795528912000, 1795528912, "1795528912000", "2026-11-24T14:01:52Z", "2026-11-24T14:01:52"]
)
def test_an_order_date_may_be_text_or_epoch_in_seconds_or_milliseconds(order_date: object) -> None:
    assert OrderEvent.read(event(orderDate=order_date)).order_date == datetime(
        2026, 11, 24, 14, 1, 52, tzinfo=UTC
    )


def test_a_dry_run_is_asked_for_in_the_detail() -> None:
    assert OrderEvent.read(event(dryRun=True)).dry_run is True


@pytest.mark.parametrize(
    ("unusable", "member"),
    [
        (None, "event"),
        ([], "event"),
        ("text", "event"),
        ({}, "detail"),
        ({"detail": None}, "detail"),
        ({"detail": "7400000000001"}, "detail"),
        ({"detail": {}}, "detail.purchaseOrderId"),
        ({"detail": {"purchaseOrderId": None}}, "detail.purchaseOrderId"),
        ({"detail": {"purchaseOrderId": 7400000000001}}, "detail.purchaseOrderId"),
        ({"detail": {"purchaseOrderId": ["7400000000001"]}}, "detail.purchaseOrderId"),
        ({"detail": {"purchaseOrderId": ""}}, "detail.purchaseOrderId"),
        ({"detail": {"purchaseOrderId": "1/../x"}}, "detail.purchaseOrderId"),
        ({"detail": {"purchaseOrderId": "7400000000001\n"}}, "detail.purchaseOrderId"),
        ({"detail": {"purchaseOrderId": "7400000000001", "dryRun": "true"}}, "detail.dryRun"),
        ({"detail": {"purchaseOrderId": "7400000000001", "dryRun": 1}}, "detail.dryRun"),
    ],
)
def test_an_unusable_event_is_refused_with_its_member_named(unusable: object, member: str) -> None:
    with pytest.raises(InvalidEventError, match=rf"^{member}[: ]"):
        OrderEvent.read(unusable)


def test_a_refusal_shows_no_value_and_keeps_the_events_id() -> None:
    with pytest.raises(InvalidEventError) as refused:
        OrderEvent.read({"id": "e-7", "detail": {"purchaseOrderId": "hunter2 <script>"}})

    assert "hunter2" not in str(refused.value)
    assert refused.value.event_id == "e-7"


@pytest.mark.parametrize("detail", [{"purchaseOrderId": "7400000000001"}, {}])
def test_an_id_that_no_log_could_print_is_told_as_far_as_it_can_be(detail: dict[str, str]) -> None:
    # JSON can write half of a surrogate pair, and the line with it would be lost.
    event = json.loads(json.dumps({"id": "e-\ud800-7", "detail": detail}))

    try:
        event_id = OrderEvent.read(event).event_id
    except InvalidEventError as error:
        event_id = error.event_id

    assert event_id == "e-?-7"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


details = st.fixed_dictionaries({}, optional={"purchaseOrderId": json_values, "orderDate": json_values})
events = st.fixed_dictionaries({"detail": details}, optional={"id": json_values, "time": json_values})


@given(json_values | events)
def test_whatever_comes_is_read_or_refused(anything: object) -> None:
    try:
        read = OrderEvent.read(anything)
    except InvalidEventError:
        return
    assert read.purchase_order_id.isascii()
    assert read.deadline_from is None or read.deadline_from.tzinfo is not None


@pytest.mark.parametrize(
    ("origin", "swept"), [("sweep", True), ("Sweep", False), ("", False), (None, False), (["sweep"], False)]
)
def test_only_the_sweeps_own_mark_makes_an_event_a_swept_one(origin: object, swept: bool) -> None:
    event = OrderEvent.read({"detail": {"purchaseOrderId": "1", "origin": origin}})

    assert event.swept is swept


@pytest.mark.parametrize(
    ("detail", "swept_since"),
    [
        ({"origin": "sweep", "orderDate": "2026-11-24T14:00:00Z"}, datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
        # The event's time is that of the last sweep, and says nothing of how many may come yet.
        ({"origin": "sweep"}, None),
        ({"orderDate": "2026-11-24T14:00:00Z"}, None),
    ],
)
def test_since_when_an_order_is_swept_is_told_by_its_own_date_alone(
    detail: dict[str, str], swept_since: datetime | None
) -> None:
    assert OrderEvent.read(event(**detail)).swept_since == swept_since
