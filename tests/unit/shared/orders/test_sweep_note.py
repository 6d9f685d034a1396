"""The sweep's mark: without the seller's secret, a note can be neither written nor changed."""

from collections.abc import Mapping
from copy import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.orders.event import OrderEvent
from shared.orders.sweep_note import SweepNote
from shared.walmart.credentials import Secret

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
KEY, OTHER_KEY = Secret("a secret", "v1").mark_key, Secret("another secret", "v2").mark_key
NOTE = SweepNote(
    purchase_order_id="7400000000001",
    ordered_at=NOW - timedelta(minutes=31),
    next_sweep_at=NOW + timedelta(minutes=15),
    may_park=False,
)


def read(detail: Mapping[str, object], *keys: bytes) -> SweepNote | None:
    return OrderEvent.read({"detail": detail}, NOW).note_by_sweep(keys)


@settings(deadline=None, max_examples=30)
@given(
    ordered_at=st.none() | st.timedeltas(timedelta(0), timedelta(days=30)).map(lambda age: NOW - age),
    park=st.booleans(),
)
def test_a_signed_note_is_read_as_it_was_written(ordered_at: datetime | None, park: bool) -> None:
    note = replace(NOTE, ordered_at=ordered_at, may_park=park)

    assert read(note.as_detail(KEY), OTHER_KEY, KEY) == note


@pytest.mark.parametrize(("key", "keys"), [(KEY, ()), (KEY, (OTHER_KEY,)), (None, (KEY,))])
def test_a_note_without_a_mark_by_a_known_key_does_not_count(
    key: bytes | None, keys: tuple[bytes, ...]
) -> None:
    assert NOTE.as_detail(key)["purchaseOrderId"] == "7400000000001"
    assert read(NOTE.as_detail(key), *keys) is None


@pytest.mark.parametrize(
    "change",
    [
        {"purchaseOrderId": "7400000000002"},
        {"orderDate": NOW.isoformat()},
        {"orderDate": None},
        {"nextSweepAt": (NOW + timedelta(days=300)).isoformat()},
        {"nextSweepAt": "soon"},
        {"mayPark": True},
        {"origin": "producer"},
        {"dryRun": False},
        {"lines": [{"deep": [[[]]]}]},
        {"mark": None},
        {"mark": ""},
        {"mark": "0" * 64},
        {"mark": "\ud800"},
        {"mark": [1]},
    ],
    ids=str,
)
def test_a_note_that_was_changed_does_not_count(change: dict[str, object]) -> None:
    assert read({**NOTE.as_detail(KEY), **change}, KEY) is None


def test_neither_the_key_nor_a_mark_shows_the_secret() -> None:
    assert "secret" not in repr(NOTE.as_detail(Secret("secret", "v1").mark_key))
    assert Secret("a secret", "v1").mark_key != Secret("a secret ", "v1").mark_key
