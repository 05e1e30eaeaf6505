"""Durations as Prometheus writes them: `90s`, `5m`, `1h30m`.

In the program a duration is a float of seconds, always a whole number of milliseconds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from exporter.config.fields import DECIMAL, Reader, from_environment

YEAR_SECONDS = 365 * 86_400.0

_UNITS_MS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_FORM = re.compile("".join(rf"(?:([0-9]{{1,12}}){unit})?" for unit in _UNITS_MS))

_PATTERN = "^" + "".join(f"([0-9]+{unit})?" for unit in _UNITS_MS) + "$"
"""The form as a pattern for JSON Schema."""


def parse_duration(text: str) -> float:
    """Return the seconds of `text`, units from `y` down to `ms`, each at most once.

    Raises ValueError for anything else, plain numbers and the empty text included.
    """
    match = _FORM.fullmatch(text)
    if not text or match is None:
        raise ValueError("not a duration")
    parts = zip(match.groups(), _UNITS_MS.values(), strict=True)
    return sum(int(count) * unit for count, unit in parts if count) / 1000


def format_duration(seconds: float) -> str:
    """Return `seconds` as Prometheus would print it: `90s` is `1m30s`, and 0 is `0s`.

    Years and weeks are used only where nothing is left over, as in Prometheus.
    """
    rest = round(seconds * 1000)
    text = ""
    for unit, size in _UNITS_MS.items():
        if unit in ("y", "w") and rest % size:
            continue
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


@dataclass(frozen=True)
class Duration(Reader):
    """A duration as text with units or as plain seconds, from `low` to a year; seconds inside."""

    low: float = 0.001
    reason: str = ""

    def __str__(self) -> str:
        least = f"at least {format_duration(self.low)}{self.reason and ': '}{self.reason}"
        return f"such as 90s, 5m, 1h30m or plain seconds, {least}"

    def _read(self, value: Any) -> Any:
        return self._seconds(value)

    def _seconds(self, value: Any) -> float:
        """Return the seconds of `value`, to the millisecond."""
        seconds = from_environment(value, DECIMAL, float)
        if isinstance(seconds, str):
            seconds = self._parsed(seconds)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise self._wrong_type(value, "a duration")
        if not math.isfinite(seconds) or (rounded := round(seconds, 3)) > YEAR_SECONDS:
            raise self._wrong(value, "not a duration of up to a year")
        if rounded < self.low:
            raise self._wrong(value, "too short")
        return float(rounded)

    def _parsed(self, text: str) -> float:
        try:
            return parse_duration(text)
        except ValueError:
            raise self._wrong(text, "not a duration") from None

    def _schema(self) -> dict[str, Any]:
        text = {"type": "string", "pattern": _PATTERN, "minLength": 2}
        return {"anyOf": [text, {"type": "number", "minimum": self.low, "maximum": YEAR_SECONDS}]}


@dataclass(frozen=True)
class Window(Duration):
    """A duration that becomes a label: (label as written, seconds)."""

    low: float = 1.0

    def _read(self, value: Any) -> tuple[str, float]:
        if isinstance(value, tuple):  # the file has lists only: this was read before
            label, seconds = value
            return str(label), self._seconds(seconds)
        seconds = self._seconds(value)
        written = isinstance(value, str) and not re.fullmatch(DECIMAL, value)
        return (str(value) if written else format_duration(seconds)), seconds
