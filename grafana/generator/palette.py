"""Colours and value mappings: one colour per status, one for good, one for bad, everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from grafana.generator.sdk import dashboard, models
from grafana.generator.texts import Texts

STATUS_COLOURS: Mapping[str, str] = {
    "waiting": "#8AB8FF",
    "uploading": "#3274D9",
    "waiting_retry": "#FF9830",
    "succeeded": "#73BF69",
    "failed": "#F2495C",
    "cancelled": "#8E8E8E",
    "expired": "#B877D9",
    "unknown": "#C4A000",
}
"""By value of the label `status`, in the order of a task's life."""

GOOD = STATUS_COLOURS["succeeded"]
WARN = STATUS_COLOURS["waiting_retry"]
BAD = STATUS_COLOURS["failed"]
CALM = STATUS_COLOURS["uploading"]
NOTHING = STATUS_COLOURS["cancelled"]
"""No data is neither good nor bad; Grafana draws its text in the thresholds' base colour."""

STATUS_CODES: Mapping[str, int] = {status: code for code, status in enumerate(STATUS_COLOURS, 1)}
"""Numbers that stand for statuses where a panel wants numbers; ours, not the API's."""


def value_map(entries: Mapping[str, tuple[str, str]]) -> models.ValueMap:
    """Return the mapping of values to (text, colour)."""
    return models.ValueMap(
        options={
            value: models.ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(entries.items())
        }
    )


def reason_map(texts: Texts) -> models.ValueMap:
    """Return the mapping of the label `reason` to its words."""
    return models.ValueMap(
        options={
            reason: models.ValueMappingResult(text=text, index=index)
            for index, (reason, text) in enumerate(texts.reasons.items())
        }
    )


def status_map(texts: Texts) -> models.ValueMap:
    """Return the mapping of the label `status` to its name and colour."""
    return value_map({s: (texts.statuses[s], colour) for s, colour in STATUS_COLOURS.items()})


def status_code_map(texts: Texts) -> models.ValueMap:
    """Return the mapping of `STATUS_CODES` to the statuses' names and colours."""
    return value_map(
        {
            str(STATUS_CODES[status]): (texts.statuses[status], colour)
            for status, colour in STATUS_COLOURS.items()
        }
    )


def seen_status_map(texts: Texts) -> models.ValueMap:
    """Return the mapping of `STATUS_CODES` to names of statuses that may be over, all in grey."""
    return value_map(
        {
            str(code): (f"{texts.words['last_seen']}{texts.statuses[status]}", NOTHING)
            for status, code in STATUS_CODES.items()
        }
    )


def steps(base: str, *further: tuple[float, str]) -> dashboard.ThresholdsConfig:
    """Return absolute thresholds: `base` from minus infinity, then (value, colour) ascending."""
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps(
            [models.Threshold(value=None, color=base)]
            + [models.Threshold(value=value, color=colour) for value, colour in further]
        )
    )


def shades(colour: str) -> dashboard.FieldColor:
    """Return the scheme that gives each series a shade of one colour."""
    return dashboard.FieldColor().mode(models.FieldColorModeId.SHADES).fixed_color(colour)
