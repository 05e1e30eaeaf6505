"""Times as people read them, for the status page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

FAILURES: Mapping[str, str] = {
    "source_download": "the source could not be downloaded",
    "upload": "the upload failed for good, or its checksum is wrong",
    "file_too_large": "the file is too large",
    "other": "for a reason that this version does not know",
}
"""Why a task failed, by the words of the label `reason`."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SHORTEST, _SHOWN_TO_MILLISECONDS = 0.0005, 0.0995  # seconds between which milliseconds are said
_SHOWN_TO_TENTHS = 10  # seconds below which a tenth matters
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_span(seconds: float) -> str:
    """Return a span in its two largest units: `33 ms`, `0.4 s`, `42 s`, `3 min 5 s`, `6 d 23 h`."""
    if _SHORTEST <= seconds < _SHOWN_TO_MILLISECONDS:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _SHOWN_TO_TENTHS:
        return f"{max(seconds, 0):.1f}".removesuffix(".0") + " s"
    rest = int(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part)


def format_relative(instant: float, now: float) -> str:
    """Return how far an instant is from now: `3 min 5 s ago`, `in 42 s`, `now`."""
    if abs(instant - now) < 1:
        return "now"
    span = format_span(float(round(abs(instant - now))))
    return f"{span} ago" if instant < now else f"in {span}"


def format_instant(instant: float) -> str:
    """Return an instant in UTC to the second; far outside the calendar, the plain number."""
    try:
        return f"{_EPOCH + timedelta(seconds=int(instant)):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return f"{instant:.0f}"


def format_iso(instant: float) -> str:
    """Return an instant as HTML and programs read it, empty far outside the calendar."""
    try:
        return (_EPOCH + timedelta(seconds=int(instant))).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return ""
