"""Durations as text and as seconds."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.durations import format_duration, parse_duration, split_duration

YEAR_MS = 365 * 86_400_000


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=20 * YEAR_MS))
def test_formatted_durations_are_parsed_to_the_same_value(milliseconds: int) -> None:
    """For every whole number of milliseconds."""
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == seconds


@settings(deadline=None)
@given(st.text(alphabet="0123456789ywdhms -.+٣", max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    """Nothing else escapes, and what is accepted is not negative."""
    with contextlib.suppress(ValueError):
        assert parse_duration(text, plain=True) >= 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86_400),
        ("1w", 604_800),
        ("1y", 31_536_000),
        ("500ms", 0.5),
        ("1s1ms", 1.001),
        ("0s", 0),
        ("1y1w1d1h1m1s1ms", 32_230_861.001),
    ],
)
def test_prometheus_forms_are_read(text: str, seconds: float) -> None:
    """Units from years down to milliseconds, each at most once."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("0.25", 0.25), ("1.0006", 1.001), ("0", 0), ("1m30s", 90)]
)
def test_plain_seconds_are_read_where_they_are_wanted(text: str, seconds: float) -> None:
    """To the millisecond; elsewhere a number without a unit is a mistake."""
    assert parse_duration(text, plain=True) == seconds


MISTAKES = ("", "5 m", "1.5h", "-5m", "+5m", "30m1h", "1m1m", "1H", "m", "1ms1s", "٣s", "1s\n")
NO_NUMBERS = ("-1", "+1", "1e3", "1_0", " 1", "nan", "1.", ".5", "٣", "1\n")


@pytest.mark.parametrize(
    ("text", "plain"),
    [("90", False), *((text, plain) for text in MISTAKES + NO_NUMBERS for plain in (False, True))],
)
def test_other_forms_are_refused(text: str, plain: bool) -> None:
    """Wrong order, repetition, signs, spaces and foreign digits are refused in either form."""
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text, plain=plain)


def test_a_duration_is_split_as_it_is_written() -> None:
    """Its parts, not those of its normal form; a zero is one too."""
    assert split_duration("90m") == [(90, "m")]
    assert split_duration("0d1h500ms") == [(0, "d"), (1, "h"), (500, "ms")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (90, "1m30s"),
        (604_800, "1w"),
        (691_200, "8d"),
        (31_536_000, "1y"),
        (0.25, "250ms"),
    ],
)
def test_formatted_as_prometheus_does(seconds: float, text: str) -> None:
    """Weeks and years only where nothing is left over."""
    assert format_duration(seconds) == text
