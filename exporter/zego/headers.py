"""Reads the two header fields of an answer that hold an instant; garbage reads as None."""

from __future__ import annotations

import re
from email.utils import mktime_tz, parsedate_tz

MAX_RETRY_AFTER_SECONDS = 3600.0
"""Longer waits are cut to this; a walk's deadline usually ends the wait much sooner."""

_SECONDS = re.compile(r"[0-9]{1,9}")


def parse_http_date(value: str) -> float | None:
    """Return the Unix seconds of an HTTP date, None where it is not one."""
    try:
        parsed = parsedate_tz(value)
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):  # what the parser makes of garbage
        return None


def parse_retry_after(value: str, *, now: float) -> float | None:
    """Return the seconds that a Retry-After asks to wait, from `now` (Unix seconds) on.

    It is a number of seconds or an HTTP date (RFC 9110, section 10.2.3); never negative, at most
    `MAX_RETRY_AFTER_SECONDS`.
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        instant = parse_http_date(value)
        if instant is None:
            return None
        seconds = instant - now
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
