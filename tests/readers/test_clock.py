"""Columns of time in every form, with all their digits."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from harken.core.errors import FormatError
from harken.readers.cells import parse_table
from harken.readers.clock import Clock, read_clock, utc


def clock_of(*times: str, name: str = "time") -> Clock:
    rows = "\n".join(f"{time};1" for time in times)
    return read_clock(parse_table(f"{name};x\n{rows}\n".encode(), "a.csv"), 0)


def test_nanoseconds_since_1970_keep_every_digit() -> None:
    clock = clock_of("1700000000123456789", "1700000000123456790", "1700000000143456789")
    assert clock.epoch_ns == 1_700_000_000_123_456_789
    np.testing.assert_array_equal(clock.time_s, [0, 1e-9, 0.02])
    assert utc(clock.epoch_ns) == datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)


@pytest.mark.parametrize(
    "times",
    [
        ("1700000000.123456789", "1700000000.123456790"),
        ("1700000000123,456789", "1700000000123,456790"),
        ("1700000000123456.789", "1700000000123456.790"),
        ("1.700000000123456789E18", "1.700000000123456790E18"),
    ],
)
def test_fractions_of_any_unit_do_too(times: tuple[str, ...]) -> None:
    clock = clock_of(*times)
    assert clock.epoch_ns == 1_700_000_000_123_456_789
    np.testing.assert_allclose(clock.time_s, [0, 1e-9], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "times", "unit"),
    [
        ("time", ("0", "0.02", "0.04"), "seconds"),
        ("time", ("0", "20", "40"), "milliseconds"),
        ("time", ("0", "20000", "40000"), "microseconds"),
        ("time", ("5000000000", "5020000000", "5040000000"), "nanoseconds"),
        ("time (ms)", ("0", "0.5", "1"), "milliseconds"),
        ("time_us", ("0", "500", "1000"), "microseconds"),
    ],
)
def test_other_units_are_told_by_name_or_step(name: str, times: tuple[str, ...], unit: str) -> None:
    clock = clock_of(*times, name=name)
    assert clock.note == f"time taken as {unit}"
    assert clock.epoch_ns is None


def test_times_of_day_run_on_over_midnight() -> None:
    clock = clock_of("23:59:59:990", "00:00:00:010", "00:00:00:5", "", "00:00:01.5")
    np.testing.assert_allclose(clock.time_s, [0, 0.02, 0.015, np.nan, 1.51], atol=1e-9)


def test_dates_with_a_zone_give_the_start() -> None:
    clock = clock_of("2023-11-14T23:13:20.100+01:00", "2023-11-14T22:13:20.120Z")
    np.testing.assert_allclose(clock.time_s, [0, 0.02])
    assert utc(clock.epoch_ns) == datetime(2023, 11, 14, 22, 13, 20, 100_000, UTC)
    assert clock_of("2023-11-14 22:13:20", "2023-11-14 22:13:21").epoch_ns is None


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (("12:00:00", "noon"), "line 3, column 'time': found 'noon'; expected a time of day"),
        (("2023-11-14T22:13:20Z", "later"), "line 3, column 'time': found 'later'"),
        (("0", "soon"), "line 3, column 'time': found 'soon'; expected a number"),
        (("", ""), "holds no time"),
    ],
)
def test_what_is_no_time(times: tuple[str, ...], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        clock_of(*times)
