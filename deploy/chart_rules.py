"""The alert rules as the Helm chart needs them: with places for the values that users may change.

Helm cannot run `zego-upload-exporter export rules`, so the chart holds its output in parts. Each
alert is rendered with a value that occurs nowhere else in the place of each threshold, and whatever
these values have become is replaced by a mark, which the chart's template fills in:

    «name»          the value as it is, in an expression
    «name:seconds»  a duration in seconds
    «name:words»    a duration or share as people say it
    «name:printf»   a pattern inside the format of a `printf`

`name` is the name of a threshold, or `for`. The rules for an objective have marks of their own:

    «objective:words»  the share of uploads that succeed, as a percentage
    «minimum»          finished uploads that an alert needs
    «budget»           the share that may fail
    «limit:WINDOW»     the share of failures above which the budget burns too fast
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from exporter.alerting.catalog import ALERTS, LANGUAGES
from exporter.alerting.model import BUDGET_ALERT, MEMORY, Alert, Kind, Range, Threshold
from exporter.alerting.rules import annotations_of, expression
from exporter.alerting.slo import BURNS, Objective, slo_groups
from exporter.alerting.tuning import Tuning, words

_FIRST = 7_340_021
"""A number of seconds, or a count, that no rule uses; the next ones are used as well."""
_RATIO = "0.61803"
_PATTERN = "PATTERN61803"
_OBJECTIVE = Objective(ratio=0.38197, minimum=_FIRST)


def chart_rules(language: str) -> str:
    """Return the alerts in one language as JSON; raises ValueError if a value left no trace."""
    texts = LANGUAGES[language]
    runbooks = f"?lang={language}" if language != "en" else ""
    whole = {
        "units": texts.durations,
        "runbookSuffix": runbooks,
        "alerts": [_alert(alert, language) for alert in ALERTS],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def chart_objective(language: str) -> str:
    """Return the rules for an objective in one language as JSON.

    Raises ValueError if a value left no trace.
    """
    text = slo_groups(_OBJECTIVE, Tuning(language=language))
    budget = _OBJECTIVE.budget
    marks = {f"{burn.rate * budget:.10g}": f"«limit:{burn.long}»" for burn in BURNS}
    marks |= {
        f"{_OBJECTIVE.ratio * 100:.10g}%": "«objective:words»",
        str(_OBJECTIVE.minimum): "«minimum»",
        f"{budget:.10g}": "«budget»",
    }
    for value, mark in marks.items():
        if value not in text:
            raise ValueError(f"{BUDGET_ALERT}: {mark} ({value}) left no trace")
        text = text.replace(value, mark)
    whole = {
        "runbookSuffix": f"?lang={language}" if language != "en" else "",
        "burnRates": {burn.long: burn.rate for burn in BURNS},
        "groups": yaml.safe_load(text),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def chart_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the chart's schema with the ranges of all thresholds that are numbers.

    What is written as text is checked by the chart's template, which says what is allowed.
    """
    ranges = {
        alert.name: {
            "properties": {
                "thresholds": {
                    "properties": {
                        name: _schema_of(threshold) for name, threshold in alert.thresholds.items()
                    }
                }
            }
        }
        for alert in ALERTS
        if alert.thresholds
    }
    # Draft 7 ignores what is beside a `$ref`; in `allOf` the ranges add to what holds for all.
    alerts = schema["properties"]["prometheusRule"]["properties"]["alerts"]
    alerts["allOf"] = [{"properties": ranges}]
    return schema


def _schema_of(threshold: Threshold) -> dict[str, Any]:
    """Return the JSON Schema of a threshold."""
    schema: dict[str, Any] = {"description": threshold.meaning}
    if threshold.range is None:
        return schema
    if threshold.kind is Kind.DURATION:
        return schema | {"type": "string"}
    if threshold.kind is Kind.COUNT:
        schema["multipleOf"] = 1
    schema["exclusiveMinimum"] = threshold.range.above
    upper = "maximum" if threshold.range.included else "exclusiveMaximum"
    return schema | {upper: threshold.range.limit}


def _alert(alert: Alert, language: str) -> dict[str, Any]:
    marked = {name: _sentinel(alert, index) for index, name in enumerate(alert.thresholds)}
    hold = f"{_FIRST + len(marked)}s"
    tuning = Tuning(
        language=language,
        holds={alert.name: hold} if alert.hold else {},
        thresholds={(alert.name, name): value for name, value in marked.items()},
    )
    annotations = annotations_of(alert, tuning)
    parts = {"expr": expression(alert, tuning), **annotations}
    marks = list(_marks(alert, marked, tuning))
    if alert.hold:
        marks.append((words(hold, tuning.texts), "«for:words»"))
    for value, mark in marks:
        parts = {key: text.replace(value, mark) for key, text in parts.items()}
    for name, threshold in alert.thresholds.items():
        if threshold.kind is Kind.PATTERN:  # listings are the only place in a text
            parts["description"] = parts["description"].replace(f"«{name}»", f"«{name}:printf»")
    for name, value in marked.items():
        if not any(f"«{name}" in text for text in parts.values()):
            raise ValueError(f"{alert.name}: {name} ({value}) left no trace")
    return {
        "alert": alert.name,
        "component": alert.component,
        "severity": alert.severity,
        "for": alert.hold,
        "keepFiringFor": alert.keep,
        "thresholds": {
            name: {
                "default": threshold.default,
                "kind": threshold.kind.name,
                "meaning": threshold.meaning,
                "range": _bounds(threshold.range),
            }
            for name, threshold in alert.thresholds.items()
        },
        "expr": parts.pop("expr"),
        "annotations": parts,
    }


def _bounds(allowed: Range | None) -> dict[str, Any] | None:
    """Return the bounds that the template compares with; `plusFor`: `for` adds to the lower one."""
    if allowed is None:
        return None
    return {
        "above": allowed.above,
        "limit": allowed.limit,
        "included": allowed.included,
        "plusFor": allowed is MEMORY,
    }


def _sentinel(alert: Alert, index: int) -> str:
    match list(alert.thresholds.values())[index].kind:
        case Kind.COUNT:
            return str(_FIRST + index)
        case Kind.RATIO:
            return f"{_RATIO}{index}"
        case Kind.DURATION:
            return f"{_FIRST + index}s"
        case Kind.PATTERN:
            return f"{_PATTERN}{index}"


def _marks(alert: Alert, values: dict[str, str], tuning: Tuning) -> Iterator[tuple[str, str]]:
    """Yield what a value becomes and its mark, longer forms first."""
    for name, threshold in alert.thresholds.items():
        value = values[name]
        match threshold.kind:
            case Kind.DURATION:
                yield words(value, tuning.texts), f"«{name}:words»"
                yield value, f"«{name}»"
                yield value.removesuffix("s"), f"«{name}:seconds»"
            case Kind.RATIO:
                yield value, f"«{name}»"
                yield f"{float(value):.0%}", f"«{name}:words»"
            case Kind.PATTERN | Kind.COUNT:
                yield value, f"«{name}»"
