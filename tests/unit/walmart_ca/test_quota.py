"""What the headers of an answer tell of Walmart's quota."""

import pytest

from walmart_ca.verdicts import replenished_at, tokens_left


@pytest.mark.parametrize(
    ("count", "left"),
    [
        ("0", 0),
        ("7", 7),
        ("999999999", 999_999_999),
        ("1000000000", None),
        ("-1", None),
        ("\u0667", None),
        ("many", None),
        ("", None),
    ],
)
def test_a_count_of_calls_left_is_read_up_to_nine_digits(count: str, left: int | None) -> None:
    assert tokens_left({"x-current-token-count": count}) == left


def test_without_a_count_nothing_is_known_of_what_is_left() -> None:
    assert tokens_left({}) is None


def test_seconds_that_are_not_written_in_ascii_are_none() -> None:
    assert replenished_at({"Retry-After": "٩٠"}, 1e9) is None
