"""Rules and configuration in which a minute passes in a second, for tests against real servers.

Rules that this file keeps:

- Every duration is scaled alike, so that what holds among them (a window outlasts a failed scrape)
  still holds. Plain numbers, such as thresholds in seconds, are unchanged.
- Durations are in fields of their own (DURATION_FIELDS), in PromQL, and in the PromQL within the
  `{{ }}` of a text. What a text says to people ("within 30 minutes") is no duration.
"""

from __future__ import annotations

import re
from typing import Any

DURATION_FIELDS = frozenset(
    {
        "for",
        "keep_firing_for",
        "interval",
        "scrape_interval",
        "evaluation_interval",
        "group_wait",
        "group_interval",
        "repeat_interval",
    }
)
QUERY_FIELDS = frozenset({"expr"})

_UNIT_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "y": 365 * 86_400_000,
}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_DURATION = re.compile(rf"(?<![\w.%])(?:{_PART.pattern})+(?!\w)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def scale_document(document: Any, divisor: int) -> Any:
    """Return a parsed YAML document in which every duration is divided by `divisor`.

    A duration that is no whole number of milliseconds then is a ValueError.
    """
    if isinstance(document, list):
        return [scale_document(entry, divisor) for entry in document]
    if not isinstance(document, dict):
        return document
    return {key: _scale_field(key, value, divisor) for key, value in document.items()}


def _scale_field(key: str, value: Any, divisor: int) -> Any:
    if not isinstance(value, str):
        return scale_document(value, divisor)
    if key in DURATION_FIELDS:
        return scale_duration(value, divisor)
    if key in QUERY_FIELDS:
        return scale_query(value, divisor)
    return _ACTION.sub(lambda found: scale_durations(found[0], divisor), value)


def scale_query(query: str, divisor: int) -> str:
    """Return PromQL with scaled durations; text between quotes is unchanged."""
    parts: list[str] = []
    end = 0
    for quoted in _QUOTED.finditer(query):
        parts += [scale_durations(query[end : quoted.start()], divisor), quoted[0]]
        end = quoted.end()
    return "".join([*parts, scale_durations(query[end:], divisor)])


def scale_durations(text: str, divisor: int) -> str:
    """Return `text` with every Prometheus duration in it scaled."""
    return _DURATION.sub(lambda found: scale_duration(found[0], divisor), text)


def scale_duration(duration: str, divisor: int) -> str:
    """Return one Prometheus duration divided, in milliseconds."""
    milliseconds = sum(int(number) * _UNIT_MS[unit] for number, unit in _PART.findall(duration))
    whole, rest = divmod(milliseconds, divisor)
    if rest or not whole:
        raise ValueError(f"{duration} cannot be divided by {divisor}")
    return f"{whole}ms"
