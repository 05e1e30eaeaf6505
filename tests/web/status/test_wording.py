"""Spans, times and numbers in words, in both languages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.alerting.chinese import CHINESE
from exporter.web.status.wording import (
    TEXTS,
    format_iso,
    format_relative,
    format_span,
    format_utc,
    format_window,
    texts_in,
)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (0.0004, "0 s"),
        (0.0334, "33 ms"),
        (0.0994, "99 ms"),
        (0.0996, "0.1 s"),
        (-3, "0 s"),
        (0.04, "40 ms"),
        (0.42, "0.4 s"),
        (2, "2 s"),
        (9.99, "10 s"),
        (42.9, "42 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (7260, "2 h 1 min"),
        (6 * 86400 + 23 * 3600 + 59, "6 d 23 h"),
        (86400, "1 d"),
        (400 * 86400, "400 d"),
    ],
)
def test_spans_have_their_two_largest_units(seconds: float, expected: str) -> None:
    """A span has as much detail as a reader needs."""
    assert format_span(seconds) == expected


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [(100, "now"), (100.9, "now"), (58, "42 s ago"), (118, "in 18 s"), (95.4, "5 s ago")],
)
def test_times_are_relative_to_now(timestamp: float, expected: str) -> None:
    """The past is ago, the future is in."""
    assert format_relative(timestamp, 100) == expected


def test_times_are_shown_in_utc() -> None:
    """A timestamp is shown to the second, and one beyond the calendar as a number."""
    assert format_utc(1_700_000_000.9) == "2023-11-14 22:13:20 UTC"
    assert format_utc(-1) == "1969-12-31 23:59:59 UTC"
    assert format_utc(1e15) == "1000000000000000"


def test_timestamps_for_programs_are_iso_8601() -> None:
    """In UTC to the second; beyond the calendar there is none."""
    assert format_iso(1_700_000_000.9) == "2023-11-14T22:13:20Z"
    assert format_iso(1e15) == ""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0334, "33 毫秒"),
        (0.42, "0.4 秒"),
        (185, "3 分钟 5 秒"),
        (6 * 86400 + 23 * 3600, "6 天 23 小时"),
    ],
)
def test_spans_in_chinese(seconds: float, expected: str) -> None:
    """The units are those that people write."""
    assert format_span(seconds, "zh") == expected


def test_times_from_now_in_chinese() -> None:
    """The word follows the span."""
    assert format_relative(58, 100, "zh") == "42 秒前"
    assert format_relative(118, 100, "zh") == "18 秒后"
    assert format_relative(100, 100, "zh") == "现在"


@pytest.mark.parametrize(
    ("label", "expected"),
    [("1d", "1 天"), ("1h30m", "1 小时 30 分钟"), ("1y", "1 年"), ("500ms", "500 毫秒")],
)
def test_windows_in_chinese(label: str, expected: str) -> None:
    """Labels of expiry windows are durations of the configuration."""
    assert (format_window(label), format_window(label, "zh")) == (label, expected)


@pytest.mark.parametrize(("unit", "seconds"), [("s", 2), ("m", 120), ("h", 7200), ("d", 172_800)])
def test_the_page_and_the_alerts_have_the_same_chinese_units(unit: str, seconds: int) -> None:
    """A span of minutes is 分钟; 分 alone is for points and the time of day."""
    span = CHINESE.durations[unit][1].format(n=2)
    assert span == f"2{CHINESE.units[unit]}"
    assert format_window(f"2{unit}", "zh") == span
    assert format_span(seconds, "zh") == span


def test_every_text_has_its_translation_and_every_placeholder_survives() -> None:
    """The same placeholders in both languages, for one and for many."""
    for key, (english, chinese) in TEXTS.items():
        assert english, key
        assert chinese, key
        for one in english.split("|"):
            names = set(re.findall(r"{(\w+)}", one))
            if key == "bad_parameter":  # the problem itself is English: people search for it
                continue
            assert names == set(re.findall(r"{(\w+)}", chinese)), key


def test_numbers_are_one_or_many() -> None:
    """English has a form for one; thousands are separated."""
    text = texts_in("en")
    assert text("tasks", n=1) == "1 task"
    assert text("tasks", n=1234) == "1,234 tasks"
    assert texts_in("zh")("tasks", n=1234) == "1,234 个任务"


@settings(deadline=None, max_examples=60)
@given(st.floats(-1e18, 1e18), st.floats(-1e18, 1e18))
def test_no_timestamp_breaks_the_page(timestamp: float, now: float) -> None:
    """Every timestamp of the API has a text."""
    assert format_relative(timestamp, now)
    assert format_utc(timestamp)
