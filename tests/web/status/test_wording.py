from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.status.wording import (
    FAILURES,
    format_instant,
    format_iso,
    format_relative,
    format_span,
)
from exporter.zego.callbacks import FAILURE_WORDS


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
    """A span is said in as much detail as a person wants."""
    assert format_span(seconds) == expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [(100, "now"), (100.9, "now"), (58, "42 s ago"), (118, "in 18 s"), (95.4, "5 s ago")],
)
def test_instants_are_told_from_now(instant: float, expected: str) -> None:
    """The past is ago, the future is in."""
    assert format_relative(instant, 100) == expected


def test_instants_are_told_in_utc() -> None:
    """An instant is shown to the second, and one beyond the calendar as a number."""
    assert format_instant(1_700_000_000.9) == "2023-11-14 22:13:20 UTC"
    assert format_instant(-1) == "1969-12-31 23:59:59 UTC"
    assert format_instant(1e15) == "1000000000000000"


def test_instants_for_programs_are_iso_8601() -> None:
    """In UTC to the second; beyond the calendar there is none."""
    assert format_iso(1_700_000_000.9) == "2023-11-14T22:13:20Z"
    assert format_iso(1e15) == ""


def test_every_failure_has_its_words() -> None:
    """Whatever the label `reason` can be, the page says it in words."""
    assert set(FAILURES) == set(FAILURE_WORDS)


@settings(deadline=None, max_examples=60)
@given(st.floats(-1e18, 1e18), st.floats(-1e18, 1e18))
def test_no_instant_breaks_the_page(instant: float, now: float) -> None:
    """Whatever instant the API gave, there are words for it."""
    assert format_relative(instant, now)
    assert format_instant(instant)
