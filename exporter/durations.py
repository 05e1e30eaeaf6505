"""Durations as Prometheus writes them: `90s`, `5m`, `1h30m`.

In the program a duration is a float of seconds, always a whole number of milliseconds.
"""

from __future__ import annotations

import re

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
# Not `float` alone, which also reads "1_000", " 1" and "nan".
_PLAIN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")

EXAMPLES = "such as 90s, 5m, 1h30m or plain seconds"
"""The correct form, for messages."""

JSON_SCHEMA_PATTERN = "^" + "".join(f"([0-9]+{unit})?" for unit in _UNITS_MS) + "$"
"""The same form as a regular expression for JSON Schema."""


def split_duration(text: str) -> list[tuple[int, str]]:
    """Return the numbers of `text` with their units, from `y` down to `ms`, each at most once.

    Raises ValueError for anything else, plain numbers and the empty text included.
    """
    match = _FORM.fullmatch(text)
    if not text or match is None:
        raise ValueError("not a duration")
    parts = zip(match.groups(), _UNITS_MS, strict=True)
    return [(int(count), unit) for count, unit in parts if count]


def parse_duration(text: str, *, plain: bool = False) -> float:
    """Return the seconds of `text`; with `plain`, a number without a unit is seconds.

    Raises ValueError as `split_duration` does.
    """
    if plain and _PLAIN.fullmatch(text):
        return round(float(text), 3)
    return sum(count * _UNITS_MS[unit] for count, unit in split_duration(text)) / 1000


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
