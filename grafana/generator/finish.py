"""From panels to a dashboard's JSON: layout, variables, annotations, links, and what the SDK lacks.

What is corrected after `build()`, and why:

- ids for panels (those without one get lost in conversions), no row of id 0;
- schemaVersion 39: Grafana migrates up, never down, and 9.5 to 13 know this one;
- `id: null` and a constant `version`, so that an import neither overwrites nor conflicts;
- `__inputs` empty, as the data source is a variable, and `__requires` as it is;
- links and annotations not put into a menu; fields that belong to other kinds of variables out;
- no table footers, whose form changed between the versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grafana.generator.panels import Panel
from grafana.generator.sdk import JSONEncoder, dashboard, models
from grafana.generator.texts import Texts
from grafana.generator.variables import links, marks, variables

SCHEMA_VERSION = 39
GRAFANA_VERSION = "9.5.0"
"""The oldest Grafana that these dashboards are for."""

Row = Sequence[tuple[Panel, int, int]]
"""Panels side by side, each with its width (24 is all) and height in units of the grid."""

PANEL_NAMES: Mapping[str, str] = {
    "bargauge": "Bar gauge",
    "stat": "Stat",
    "state-timeline": "State timeline",
    "table": "Table",
    "timeseries": "Time series",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (a word) and the rows of panels below it."""

    word: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard; `key` names its texts, `uid` is that of the English one.

    `time_range` is how far back it looks at first, `refresh` how often it looks again ("" for
    never).
    """

    uid: str
    key: str
    sections: Sequence[Section]
    time_range: str = "6h"
    refresh: str = "1m"


def to_json(board: Board, texts: Texts) -> str:
    """Return the dashboard as the text of its JSON file."""
    return json.dumps(to_model(board, texts), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def to_model(board: Board, texts: Texts) -> dict[str, Any]:
    """Return the dashboard as Grafana's classic JSON model."""
    text = texts.panels[board.key]
    built = (
        dashboard.Dashboard(text.title)
        .uid(board.uid + texts.uid_suffix)
        .description(text.description)
        .tags(["zego", "zego-upload-exporter"])
        .timezone("browser")
        .time(f"now-{board.time_range}", "now")
        .refresh(board.refresh)
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .version(1)
        .variables(variables(board.key, texts))
        .annotations(marks(board.key, texts))
        .links(links(board.key, texts))
        .build()
    )
    model = plain(built)
    model["panels"] = list(_laid_out(board.sections, texts))
    return corrected(model)


def plain(built: object) -> Any:
    """Return what the SDK built as dicts and lists."""
    return json.loads(json.dumps(built, cls=JSONEncoder))


def _laid_out(sections: Sequence[Section], texts: Texts) -> Iterator[dict[str, Any]]:
    top, number = 0, 0
    for section in sections:
        number += 1
        yield _heading(texts.words[section.word], number, top)
        top += 1
        for row in section.rows:
            left = 0
            for panel, width, height in row:
                number += 1
                position = models.GridPos(h=height, w=width, x=left, y=top)
                yield plain(panel.id(number).grid_pos(position).build())
                left += width
            top += max(height for _, _, height in row)


def _heading(title: str, number: int, top: int) -> dict[str, Any]:
    position = models.GridPos(h=1, w=24, x=0, y=top)
    row = dashboard.Row(title).id(number).grid_pos(position).collapsed(False)
    return {**plain(row.build()), "panels": []}


def corrected(model: dict[str, Any]) -> dict[str, Any]:
    """Return the dashboard with the SDK's defaults corrected (see above)."""
    kinds = sorted({panel["type"] for panel in model["panels"]} - {"row"})
    for panel in model["panels"]:
        _mend_panel(panel)
    for entry in (*model["links"], *model["annotations"]["list"]):
        entry.pop("placement", None)
    for variable in model["templating"]["list"]:
        _mend_variable(variable)
    return {
        **model,
        "__inputs": [],
        "__requires": _requires(kinds),
        "id": None,
        "schemaVersion": SCHEMA_VERSION,
    }


def _mend_panel(panel: dict[str, Any]) -> None:
    if panel["type"] == "row":
        return
    panel["pluginVersion"] = GRAFANA_VERSION
    for unused in ("repeatDirection", "transparent"):
        panel.pop(unused, None)
    panel["options"].pop("footer", None)


def _mend_variable(variable: dict[str, Any]) -> None:
    for other_kinds in ("auto", "auto_min", "auto_count", "allowCustomValue"):
        variable.pop(other_kinds, None)
    variable.update(current={}, hide=0, options=[], regex="")
    if variable["type"] == "query":
        variable["definition"] = variable["query"]


def _requires(kinds: Sequence[str]) -> list[dict[str, str]]:
    product = {"type": "grafana", "id": "grafana", "name": "Grafana", "version": GRAFANA_VERSION}
    source = {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"}
    panels = [
        {"type": "panel", "id": kind, "name": PANEL_NAMES[kind], "version": ""} for kind in kinds
    ]
    return [product, source, *panels]
