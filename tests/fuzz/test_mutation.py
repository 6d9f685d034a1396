"""The change of JSON as JSON: what comes of it is JSON again, and the same from the same seed."""

import json

import pytest

from tests.fuzz.mutation import mutate

EVENT = b'{"id": "e-1", "detail": {"purchaseOrderId": "7", "lines": [1, {"a": null}]}}'
SEEDS = range(200)


def as_bytes(data: bytes, max_size: int) -> bytes:
    """Stands for the fuzzer's own change, and is told from the other by what comes of it."""
    return (b"bytes" + data)[:max_size]


def changed(data: bytes, max_size: int = 20_000) -> set[bytes]:
    return {mutate(data, as_bytes, max_size, seed) for seed in SEEDS}


def test_json_stays_json_and_changes_in_many_ways() -> None:
    as_json = {data for data in changed(EVENT) if not data.startswith(b"bytes")}

    for data in as_json:
        json.loads(data)
    assert len(as_json) > 50


def test_half_of_the_changes_are_left_to_the_fuzzer() -> None:
    left = sum(mutate(EVENT, as_bytes, 20_000, seed).startswith(b"bytes") for seed in SEEDS)

    assert 60 < left < 140


@pytest.mark.parametrize("data", [b"", b"no json", b"[" * 100_000, b"\xff"])
def test_what_is_no_json_is_left_to_the_fuzzer(data: bytes) -> None:
    assert changed(data) == {b"bytes" + data[: 20_000 - 5]}


def test_what_stands_before_a_blank_line_stays() -> None:
    heads = {data.partition(b"\n\n")[0] for data in changed(b"200\nA: b\n\n" + EVENT)}

    assert heads == {b"200\nA: b", b"bytes200\nA: b"}


def test_of_several_one_changes() -> None:
    for data in changed(b"\x1e".join([b"{}", EVENT, b"x"])) - {b"bytes{}\x1e" + EVENT + b"\x1ex"}:
        assert len(set(data.split(b"\x1e")) & {b"{}", EVENT, b"x"}) == 2


def test_what_grew_too_long_is_left_to_the_fuzzer() -> None:
    assert all(len(data) <= len(EVENT) for data in changed(EVENT, len(EVENT)))


def test_the_same_seed_makes_the_same_change() -> None:
    assert [mutate(EVENT, as_bytes, 999, seed) for seed in SEEDS] == [
        mutate(EVENT, as_bytes, 999, seed) for seed in SEEDS
    ]
