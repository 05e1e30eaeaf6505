"""The texts and colours that a panel shows now, after Grafana's mappings.

Follows Grafana as far as these dashboards need: value mappings, overrides by query and by field,
fixed colours, thresholds, the no-value text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.grafana.boards import panels
from tests.grafana.prometheus import Prometheus
from tests.grafana.queries import panel_queries

NOW_IS_WITHIN = 60
"""Seconds before the end in which the last point of a graph counts as now."""

Look = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One text on a panel, its colour ("" for that of plain text), and the labels it is about.

    `column` is the name of a table's column, "" elsewhere.
    """

    text: str
    colour: str
    labels: tuple[tuple[str, str], ...] = ()
    column: str = ""

    def about(self, label: str) -> str:
        """Return the value of a label."""
        return dict(self.labels).get(label, "")


def render(
    board: dict[str, Any], prometheus: Prometheus, *, now: float, job: str, task: str = ""
) -> dict[str, list[Shown]]:
    """Return what each panel shows at `now`, by its title; an empty panel shows one text."""
    results: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for query in panel_queries(board, apps=["-", "-"], task=task, job=job, time_range="1h"):
        if query.choice == "all":
            if query.instant:
                found = prometheus.query(query.expr, now=now)
            else:
                found = last_points(prometheus, query.expr, now)
            results[query.panel, query.ref_id] = found
    return {
        panel["title"]: list(
            shown(
                panel, {t["refId"]: results[panel["title"], t["refId"]] for t in panel["targets"]}
            )
        )
        for panel in panels(board)
    }


def last_points(prometheus: Prometheus, expr: str, now: float) -> list[dict[str, Any]]:
    """Return the last point of each series of a graph, unless the line has ended before now."""
    found = prometheus.query_range(expr, start=now - 3600, end=now, step=NOW_IS_WITHIN)
    ends = ({"metric": series["metric"], "value": series["values"][-1]} for series in found)
    return [series for series in ends if float(series["value"][0]) >= now - NOW_IS_WITHIN]


def shown(panel: dict[str, Any], results: dict[str, list[dict[str, Any]]]) -> Iterator[Shown]:
    """Yield the texts of a panel, or its no-value text."""
    judged = panel["type"] in {"stat", "bargauge"}
    if not any(results.values()):
        defaults = panel["fieldConfig"]["defaults"]
        base = defaults["thresholds"]["steps"][0]["color"] if judged else ""
        yield Shown(defaults["noValue"], base)
        return
    for ref_id, series in results.items():
        for one in series:
            labels = tuple(sorted(one["metric"].items()))
            if panel["type"] == "table":
                if left_out(panel, results, one["metric"]):
                    continue
                yield from cells(panel, ref_id, one)
            elif fields := panel["options"].get("reduceOptions", {}).get("fields"):
                yield Shown(one["metric"].get(fields.strip("/^$"), ""), "text", labels)
            else:
                look = looks_of(panel, "byFrameRefID", ref_id)
                yield formatted(one["value"][1], look, labels, "", by_threshold=judged)


def left_out(
    panel: dict[str, Any], results: dict[str, list[dict[str, Any]]], row: dict[str, str]
) -> bool:
    """Return whether a table leaves out a task's row because it lacks a value."""
    for entry in panel["transformations"]:
        if entry["id"] == "filterByValue":
            (wanted,) = entry["options"]["filters"]
            assert wanted["config"]["id"] == "isNotNull"
            there = results[wanted["fieldName"].removeprefix("Value #")]
            task = ("zego_app", "upload_task_id")
            if all(any(row[k] != kept["metric"][k] for k in task) for kept in there):
                return True
    return False


def cells(panel: dict[str, Any], ref_id: str, series: dict[str, Any]) -> Iterator[Shown]:
    """Yield the cells of a table that a series fills: its labels' and its value's."""
    labels = tuple(sorted(series["metric"].items()))
    value = "Value" if len(panel["targets"]) == 1 else f"Value #{ref_id}"
    for column, text in ((value, series["value"][1]), *series["metric"].items()):
        look = looks_of(panel, "byName", column)
        if "displayName" in look:
            coloured = "color" in look.get("custom.cellOptions", {}).get("type", "")
            yield formatted(text, look, labels, look["displayName"], by_threshold=coloured)


def looks_of(panel: dict[str, Any], matcher: str, name: str) -> Look:
    """Return the defaults of a panel with the overrides of one query or field."""
    look: Look = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"] == {"id": matcher, "options": name}:
            look |= {entry["id"]: entry.get("value") for entry in override["properties"]}
    return look


def formatted(
    raw: str, look: Look, labels: tuple[tuple[str, str], ...], column: str, *, by_threshold: bool
) -> Shown:
    """Return a value formatted by its look."""
    for mapping in look.get("mappings", []):
        if result := mapping["options"].get(raw):
            return Shown(result["text"], result.get("color", ""), labels, column)
    text = raw + look.get("unit", "").removeprefix("suffix:") * look.get("unit", "").startswith(
        "suffix:"
    )
    fixed = look.get("color", {}).get("fixedColor")
    if fixed or not by_threshold:
        return Shown(text, fixed or "", labels, column)
    return Shown(text, threshold(raw, look), labels, column)


def threshold(raw: str, look: Look) -> str:
    """Return the colour of a number by the thresholds of its look."""
    colour = "text"
    try:
        number = float(raw)
    except ValueError:
        return colour
    for step in look.get("thresholds", {"steps": []})["steps"]:
        if step["value"] is None or (not math.isnan(number) and number >= step["value"]):
            colour = step["color"]
    return colour


def all_texts(rendered: dict[str, list[Shown]]) -> str:
    """Return everything that is shown, for the message of a failing test."""
    return json.dumps(
        {
            title: [(one.text, one.colour) for one in all_shown]
            for title, all_shown in rendered.items()
        },
        ensure_ascii=False,
        indent=1,
    )
