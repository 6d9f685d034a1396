"""The order event: what is read from it, and which EVENTS are refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.orders.event import CLOCKS_APART, IgnoredDate, InvalidEventError, OrderEvent

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
AHEAD = "more than five minutes ahead of the clock"


def event(**detail: object) -> dict[str, object]:
    return {
        "id": "e-1",
        "time": "2026-11-24T14:03:07Z",
        "detail": {"purchaseOrderId": "7400000000001", **detail},
    }


def read(value: object) -> OrderEvent:
    return OrderEvent.read(value, NOW)


def test_an_order_event_has_an_order_a_date_and_a_time() -> None:
    order = read(event(orderDate="2026-11-24T09:01:52-05:00", dryRun=True))

    assert order.purchase_order_id == "7400000000001"
    assert order.order_date == order.deadline_from == datetime(2026, 11, 24, 14, 1, 52, tzinfo=UTC)
    assert order.event_time == datetime(2026, 11, 24, 14, 3, 7, tzinfo=UTC)
    assert (order.event_id, order.dry_run, order.ignored_dates) == ("e-1", True, ())
    assert not read(event()).dry_run


UNREADABLE = ["yesterday", "", [], {}, True, "2026-13-45", 1e300, 0, "1970-01-01T00:00:00Z", "202611241401"]


@pytest.mark.parametrize("date", UNREADABLE)
def test_an_unreadable_date_is_ignored_and_named(date: object) -> None:
    dated = read(event(orderDate=date))
    timed = read({**event(orderDate="2026-11-24T14:01:52Z"), "time": date})

    assert dated.ignored_dates == (IgnoredDate("detail.orderDate", "unreadable"),)
    assert dated.order_date is None
    assert dated.deadline_from == dated.event_time
    assert timed.ignored_dates == (IgnoredDate("time", "unreadable"),)
    assert timed.event_time is None
    assert timed.deadline_from == timed.order_date


@pytest.mark.parametrize(
    ("ahead", "ignored"),
    [(CLOCKS_APART, False), (CLOCKS_APART + timedelta(seconds=1), True), (timedelta(days=7000), True)],
)
def test_a_date_too_far_ahead_is_ignored_and_named(ahead: timedelta, ignored: bool) -> None:
    date = NOW + ahead
    order = read({**event(orderDate=date.isoformat()), "time": date.isoformat()})

    assert (order.order_date, order.event_time) == ((None, None) if ignored else (date, date))
    assert order.ignored_dates == (
        (IgnoredDate("detail.orderDate", AHEAD), IgnoredDate("time", AHEAD)) if ignored else ()
    )


NOT_EVENTS: list[object] = [None, [], "text"]
NOT_DETAILS: list[object] = [{}, {"detail": None}, {"detail": "7400000000001"}]
NOT_IDS = [*(None, 0, -7, 7.0, True, 2**53, " ", "released", ["7400000000001"], "1/../x", "7400000000001\n2")]


@pytest.mark.parametrize(
    ("unusable", "member"),
    [
        *((value, "event") for value in NOT_EVENTS),
        *((value, "detail") for value in NOT_DETAILS),
        ({"detail": {}}, "detail.purchaseOrderId"),
        *(({"detail": {"purchaseOrderId": value}}, "detail.purchaseOrderId") for value in NOT_IDS),
        (event(dryRun="true"), "detail.dryRun"),
        (event(dryRun=1), "detail.dryRun"),
        (event(selfCheck="true"), "detail.selfCheck"),
        ({"detail": {"selfCheck": 0}}, "detail.selfCheck"),
        ({"detail": {"selfCheck": True}}, "detail.selfCheck: is for a direct invocation"),
        (event(selfCheck=True), "detail.selfCheck: is for a direct invocation"),
    ],
)
def test_the_error_of_an_unusable_event_names_the_member(unusable: object, member: str) -> None:
    with pytest.raises(InvalidEventError, match=rf"^{member}[: ]"):
        read(unusable)


@pytest.mark.parametrize(
    ("value", "purchase_order_id"),
    [
        (7400000000001, "7400000000001"),
        (" 7400000000001", "7400000000001"),
        ("\t7400000000001\u00a0\n", "7400000000001"),
        (2**53 - 1, "9007199254740991"),
    ],
)
def test_an_id_may_be_a_number_or_have_white_space_around_it(value: object, purchase_order_id: str) -> None:
    assert read({"detail": {"purchaseOrderId": value}}).purchase_order_id == purchase_order_id


def test_an_optional_member_may_be_null() -> None:
    absent = read({"detail": {"purchaseOrderId": "7"}})
    optional = ("dryRun", "selfCheck", "origin", "orderDate")

    null = read({"time": None, "detail": {"purchaseOrderId": "7", **dict.fromkeys(optional)}})

    assert null._replace(detail=absent.detail) == absent


def test_the_reserved_seller_id_is_ignored() -> None:
    reserved, without = read(event(sellerId="seller-1")), read(event())

    assert reserved._replace(detail=without.detail) == without


ORDER = {"purchaseOrderId": "7400000000001"}
FOREIGN: dict[str, tuple[Any, str]] = {
    "SNS": ({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": "{}"}, "an SNS notification"),
    "CloudEvents": ({"specversion": "1.0", "id": "e-7", "source": "/x", "data": ORDER}, "a CloudEvent"),
    "webhook": ({"source": {"eventType": "PO_CREATED"}, "payload": ORDER}, "a webhook notification"),
    "webhook with an order": ({"payload": {"order": ORDER}}, "a webhook notification"),
    "function URL": ({"requestContext": {"http": {}}, "body": "{}"}, "an HTTP request"),
    "S3": ({"Records": [{"eventSource": "aws:s3"}]}, "a batch of records"),
    "PutEvents": ({"Source": "x", "DetailType": "y", "Detail": "{}"}, "an entry for PutEvents"),
    "Walmart's list": ({"list": {"elements": {"order": [ORDER]}}}, "a list of orders"),
    "Walmart's order": ({"order": ORDER}, "an order, not an order event"),
    "an order": (ORDER, "an order, not an order event"),
    "JSON text": (json.dumps(ORDER), "JSON text"),
    "a list as text": ("  [7]", "JSON text"),
}


@pytest.mark.parametrize(("foreign", "name"), FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("place", ["event", "detail"])
def test_another_format_is_refused_by_its_name(place: str, foreign: object, name: str) -> None:
    if place == "detail" and foreign is ORDER:
        return  # it is a valid detail
    with pytest.raises(InvalidEventError, match=f"^{place}: is {name}.*: [a-z]") as refused:
        read({"detail": foreign} if place == "detail" else foreign)

    assert "7400000000001" not in str(refused.value)


@pytest.mark.parametrize("foreign", [foreign for foreign, _ in FOREIGN.values() if isinstance(foreign, dict)])
def test_an_order_event_may_have_members_of_other_formats(foreign: dict[str, object]) -> None:
    assert read({**foreign, "detail": {**foreign, **ORDER}}).purchase_order_id == "7400000000001"


@pytest.mark.parametrize("detail", [{"purchaseOrderId": "7400000000001"}, {"purchaseOrderId": "hunter2 <x>"}])
def test_an_unprintable_event_id_is_made_printable(detail: dict[str, str]) -> None:
    # JSON can hold half of a surrogate pair, and a log line with it would be lost.
    odd = json.loads(json.dumps({"id": "e-\ud800-7", "detail": detail}))

    try:
        event_id, message = read(odd).event_id, ""
    except InvalidEventError as error:
        event_id, message = error.event_id, str(error)

    assert event_id == "e-?-7"
    assert "hunter2" not in message


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DETAILS = st.fixed_dictionaries(
    {"purchaseOrderId": JSON_VALUES | st.integers(min_value=1).map(str)},
    optional=dict.fromkeys(("orderDate", "dryRun", "selfCheck", "origin"), JSON_VALUES | st.none()),
)
EVENTS = st.fixed_dictionaries({"detail": DETAILS}, optional={"id": JSON_VALUES, "time": JSON_VALUES})


@settings(deadline=None, max_examples=50)
@given(JSON_VALUES | EVENTS | st.sampled_from([foreign for foreign, _ in FOREIGN.values()]))
def test_any_value_is_read_or_refused(value: object) -> None:
    try:
        order = read(value)
    except InvalidEventError:
        return
    assert order.purchase_order_id.isascii()
    for date in (order.order_date, order.event_time):
        assert date is None or date <= NOW + CLOCKS_APART


@pytest.mark.parametrize(
    ("origin", "swept"), [("sweep", True), ("Sweep", False), ("", False), (None, False), (["sweep"], False)]
)
def test_only_the_origin_sweep_makes_a_swept_event(origin: object, swept: bool) -> None:
    assert read({"detail": {"purchaseOrderId": "1", "origin": origin}}).swept is swept
