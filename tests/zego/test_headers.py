"""The header fields with an instant in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.zego.headers import (
    MAX_RETRY_AFTER_SECONDS,
    parse_http_date,
    parse_retry_after,
)

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
INSTANT = 784111777.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DATE, INSTANT),
        ("", None),
        ("yesterday", None),
        ("Sun, 99 Nov 99999999999 08:49:37 GMT", None),
    ],
)
def test_http_dates(value: str, expected: float | None) -> None:
    """The example of RFC 9110, section 5.6.7, and garbage."""
    assert parse_http_date(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120),
        (" 0 ", 0),
        (DATE, 10),
        ("999999999", MAX_RETRY_AFTER_SECONDS),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value: str, expected: float | None) -> None:
    """Seconds or a date; capped; garbage is as good as none."""
    assert parse_retry_after(value, now=INSTANT - 10) == expected


def test_a_date_that_is_past_asks_for_no_wait() -> None:
    """It is never negative."""
    assert parse_retry_after(DATE, now=INSTANT + 10) == 0


@settings(deadline=None, max_examples=25)
@given(
    st.one_of(
        st.text(), st.from_regex(r"[a-z]{3}, [0-9]+ Nov [0-9]+ [0-9]+:[0-9]+:[0-9]+ [+-]?[0-9]+")
    )
)
def test_garbage_raises_nothing(value: str) -> None:
    """Any text gives seconds within the cap, or None."""
    seconds = parse_retry_after(value, now=INSTANT)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_SECONDS
