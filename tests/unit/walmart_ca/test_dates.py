"""Parsing instants (ISO 8601, epoch seconds and milliseconds, `Date` headers) and formatting them."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walmart_ca import parse_instant
from walmart_ca.dates import EARLIEST, LATEST, parse_http_date, write_instant

TEN_O_CLOCK = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECONDS = int(TEN_O_CLOCK.timestamp())
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(
    min_value=datetime(2001, 9, 11),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2099, 12, 30),  # noqa: DTZ001 - the strategy adds the zone
    timezones=OFFSETS,
)


@pytest.mark.parametrize(
    "value",
    [
        *("2026-11-23T10:00:00.000Z", "2026-11-23T10:00:00", "2026-11-23 10:00:00Z"),
        *("2026-11-23T15:30:00.000+05:30", "2026-11-23T05:00:00-05:00", "  2026-11-23T10:00:00Z\n"),
        *(SECONDS, float(SECONDS), SECONDS * 1000, str(SECONDS), f" {SECONDS * 1000} "),
    ],
)
def test_an_instant_is_parsed_in_every_spelling(value: object) -> None:
    read = parse_instant(value)

    assert read == TEN_O_CLOCK
    assert read.tzinfo is UTC


NO_INSTANTS = [
    *("", " ", "yesterday", None, True, [SECONDS], {"date": SECONDS}, b"2026-11-23T10:00:00Z"),
    *("2026-02-30T10:00:00Z", "23/11/2026", "Mon, 23 Nov 2026 10:00:00 GMT", "-5", "١٧٦٣"),
    *(float("nan"), float("inf"), float("-inf"), 10**18, 10**400, "9" * 10_000, "A" * 100_000),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    # The default date of a database, and "never".
    *(0, "1970-01-01T00:00:00Z", "1970-01-01T05:30:00+05:30", "1970-01-01"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    # Too early or too late by a second, or by a millisecond.
    *(999_999_999, "2001-09-09T01:46:39Z", 999_999_999_999),
    *(4_102_444_801, "2100-01-01T00:00:01Z", 4_102_444_800_001),
    # Microseconds and nanoseconds.
    *(SECONDS * 1_000_000, SECONDS * 1_000_000_000),
]


@pytest.mark.parametrize("value", NO_INSTANTS, ids=lambda value: repr(value)[:40])
def test_what_is_no_instant_is_none(value: object) -> None:
    assert parse_instant(value) is None


@pytest.mark.parametrize("bound", [EARLIEST, LATEST])
def test_the_earliest_and_the_latest_instant_are_included(bound: datetime) -> None:
    spellings = (bound.isoformat(), bound.timestamp(), int(bound.timestamp()) * 1000)

    assert [parse_instant(spelling) for spelling in spellings] == [bound] * 3


EDGES = st.builds(
    "{}{:%:z}".format,
    st.sampled_from(["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"]),
    OFFSETS.map(TEN_O_CLOCK.astimezone),
)
SEPARATED = st.datetimes(timezones=st.none() | OFFSETS).map(datetime.isoformat)
NUMBERS = st.integers() | st.integers(10**8, 10**16) | st.floats()


@given(
    st.one_of(st.text(), st.text("0123456789-:TZ+. "), NUMBERS, st.none(), st.booleans(), SEPARATED, EDGES)
)
def test_any_value_is_none_or_an_instant_in_the_range(value: object) -> None:
    read = parse_instant(value)

    assert read is None or (read.tzinfo is UTC and EARLIEST <= read <= LATEST)


@given(INSTANTS, st.sampled_from(["%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"]))
def test_a_date_without_separators_is_no_instant(instant: datetime, form: str) -> None:
    # Epoch seconds have ten digits and milliseconds thirteen; such a date has eight, twelve or fourteen.
    digits = instant.strftime(form)

    assert parse_instant(digits) is None
    assert parse_instant(int(digits)) is None


@pytest.mark.parametrize(
    "value",
    [
        *(" Mon, 23 Nov 2026 10:00:00 GMT ", "mon, 23 nov 2026 10:00:00 gmt", "23 Nov 2026 10:00:00 GMT"),
        *("Mon, 23 Nov 2026 05:00:00 -0500", "Monday, 23-Nov-26 10:00:00 GMT"),
    ],
)
def test_an_http_date_is_read_in_utc(value: str) -> None:
    read = parse_http_date(value)

    assert read == TEN_O_CLOCK
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "now", "2026-11-23T10:00:00Z", str(SECONDS)),
        *("Mon, 23 Nov 2026 10:00:00", "Mon, 23 Nov 2026 10:00:00 -0000", "Mon, 23 Nov 2026 10:00:00 +9900"),
        *("Mon, 30 Feb 2026 10:00:00 GMT", "Mon, 23 Nov 2026 25:00:00 GMT"),
        "Mon, 23 Nov 2026 10:00:00 GMT, Mon, 23 Nov 2026 10:00:01 GMT",
        pytest.param(f"Mon, 23 Nov {'9' * 5000} 10:00:00 GMT", id="a year of many digits"),
        "Fri, 31 Dec 9999 23:59:59 -1400",
    ],
)
def test_what_is_no_http_date_is_none(value: str | None) -> None:
    assert parse_http_date(value) is None


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (TEN_O_CLOCK.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-11-23T10:00:00Z"),
        (TEN_O_CLOCK.replace(microsecond=999_999), "2026-11-23T10:00:00Z"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59Z"),
    ],
)
def test_an_instant_is_formatted_in_utc_and_whole_seconds(instant: datetime, written: str) -> None:
    assert write_instant("start", instant) == written


NOT_WRITTEN: dict[str, Any] = {
    "naive": TEN_O_CLOCK.replace(tzinfo=None),
    "a day": date(2026, 11, 23),
    "a text": "2026-11-23T10:00:00Z",
    "seconds": SECONDS,
    "nothing": None,
    "before the year 1 in UTC": datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
    "after the year 9999 in UTC": datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
}


@pytest.mark.parametrize("instant", NOT_WRITTEN.values(), ids=NOT_WRITTEN.keys())
def test_a_value_that_is_no_aware_datetime_is_refused(instant: Any) -> None:  # noqa: ANN401 - of any type
    with pytest.raises(ValueError, match=r"^start must "):
        write_instant("start", instant)
