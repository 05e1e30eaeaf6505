"""The dashboard of one upload task, zego-upload-task: what it is, how it came to that."""

from __future__ import annotations

from grafana.generator import palette
from grafana.generator.exporterpanels import collections_panel
from grafana.generator.finish import Board, Row, Section
from grafana.generator.overview import finished_panel
from grafana.generator.panels import (
    Query,
    colour,
    graph_panel,
    last,
    properties,
    stat_panel,
    timeline_panel,
)
from grafana.generator.promql import APP, TITLE, equals, has, series
from grafana.generator.sdk import common_models, stat, table, timeseries
from grafana.generator.tasklists import INFO, TASK_UID, info, titled_panel
from grafana.generator.texts import Texts

THIS = 'upload_task_id="$task"'
STATUS = " or ".join(
    f"{series(INFO, THIS, equals('status', status))} * {code}"
    for status, code in palette.STATUS_CODES.items()
)
"""The task's status as one of `STATUS_CODES`; the later one while two overlap at a scrape."""


SEEN = f"last_over_time({series(INFO, THIS)}[$__range] @ end())"
ITS_APP = f"group by ({', '.join(APP)}) ({SEEN})"
"""The app of the task, also after the task has left the listing."""
EXPIRES = 'status=~"succeeded|expired"'
"""Statuses of tasks that have a file; of others the API's expiry time says nothing."""
TITLE_LENGTH = 100
"""Characters of a title that one line of a tile can show."""


def one(metric: str) -> str:
    """Return the task's value of a metric."""
    return f"max({series(metric, THIS)})"


def task(texts: Texts) -> Board:
    """Return the dashboard, row by row."""
    return Board(
        uid=TASK_UID,
        key="task",
        sections=[
            Section("this_task", [_names(texts), _values(texts)]),
            Section("history", _history(texts)),
            Section("around_it", _around(texts)),
        ],
    )


def _names(texts: Texts) -> Row:
    return [
        (_named(texts, "task_title", "title"), 12, 4),
        (_status(texts), 4, 4),
        (_named(texts, "task_reason", "reason"), 4, 4),
        (_named(texts, "task_app", "zego_app"), 4, 4),
    ]


def _named(texts: Texts, key: str, label: str) -> stat.Panel:
    """Return the panel that shows a label of the task, as it was when the task was last seen."""
    seen = f"max_over_time(timestamp({series(INFO, THIS, has(label))})[$__range:1m])"
    latest = f"topk(1, max by ({label}) ({seen}))"
    cut = f'label_replace({latest}, "{label}", "$1…", "{label}", "(.{{{TITLE_LENGTH}}}).+")'
    panel = stat_panel(texts, key, colours=palette.steps("text"))
    panel.with_target(Query(cut).rows("A"))
    if label == "reason":
        panel.mappings([palette.reason_map(texts)])
    return panel.reduce_options(last(f"/^{label}$/"))


def _status(texts: Texts) -> stat.Panel:
    """Return the present status in its colour; if there is none now, the last one, in grey."""
    word = texts.words["status"]
    before = f"last_over_time((max({STATUS}))[$__range:1m]) unless on () ({NOW})"
    queries = [Query(NOW, word), Query(before, word)]
    colours = palette.steps(palette.NOTHING)
    panel = stat_panel(texts, "task_status", *queries, colours=colours)
    panel.mappings([palette.status_code_map(texts)])
    panel.override_by_query("B", properties({"mappings": [palette.seen_status_map(texts)]}))
    return panel.color_mode(common_models.BigValueColorMode.BACKGROUND)


NOW = f"max({STATUS})"


def _values(texts: Texts) -> Row:
    since = one("zego_upload_task_status_since_timestamp_seconds")
    created = one("zego_upload_task_create_timestamp_seconds")
    panels = (
        _number(texts, "task_retries", one("zego_upload_task_retries"), "short"),
        _number(texts, "task_status_for", f"time() - {since}", "s"),
        _number(texts, "task_age", f"time() - {created}", "s"),
        _number(texts, "task_created", f"{created} * 1000", "dateTimeAsIso"),
        _expires_in(texts),
        _number(
            texts,
            "task_expiry",
            _of_file("zego_upload_task_expiry_timestamp_seconds", " * 1000"),
            "dateTimeAsIso",
        ),
    )
    return [(panel, 4, 4) for panel in panels]


def _number(texts: Texts, key: str, expr: str, unit: str) -> stat.Panel:
    query = Query(expr, texts.panels[key].title)
    panel = stat_panel(texts, key, query, unit=unit, history=True, colours=palette.steps("text"))
    return panel.decimals(1) if unit == "s" else panel


def _of_file(metric: str, factor: str = "") -> str:
    """Return the task's value of a metric while its status is one of a task that has a file."""
    return f"{one(metric)}{factor} and on () {series(INFO, THIS, EXPIRES)}"


def _expires_in(texts: Texts) -> stat.Panel:
    expiry = _of_file("zego_upload_task_time_to_expiry_seconds")
    panel = _number(texts, "task_expires_in", expiry, "s")
    past = (-1e10, palette.STATUS_COLOURS["expired"])
    return panel.thresholds(palette.steps("text", past, (0, palette.WARN), (3600, "text")))


def _history(texts: Texts) -> list[Row]:
    status = Query(f"max({STATUS})", texts.words["status"])
    timeline = timeline_panel(texts, "task_timeline", status, palette.status_code_map(texts))
    timeline.show_value(common_models.VisibilityMode.AUTO)
    return [
        [(timeline, 24, 5)],
        [(_retries(texts), 12, 7), (_time_left(texts), 12, 7)],
    ]


def _retries(texts: Texts) -> timeseries.Panel:
    query = Query(one("zego_upload_task_retries"), texts.words["retries"])
    panel = graph_panel(texts, "task_retry_history", query).decimals(0).axis_soft_max(3)
    panel.override_by_query("A", properties(colour(palette.WARN)))
    return panel.line_interpolation(common_models.LineInterpolation.STEP_AFTER)


def _time_left(texts: Texts) -> timeseries.Panel:
    query = Query(_of_file("zego_upload_task_time_to_expiry_seconds"), texts.words["expires_in"])
    panel = graph_panel(texts, "task_time_left", query, unit="s").decimals(1)
    shade = colour(palette.STATUS_COLOURS["expired"])
    return panel.override_by_query("A", properties(shade))


def _around(texts: Texts) -> list[Row]:
    return [
        [(_namesakes(texts), 10, 8), (finished_panel(texts, ITS_APP), 14, 8)],
        [(collections_panel(texts, ITS_APP), 24, 6)],
    ]


def _namesakes(texts: Texts) -> table.Panel:
    others = info(where='upload_task_id!="$task", title!=""')
    shared = f"{others} and on ({', '.join(TITLE)}) {series(INFO, THIS)}"
    return titled_panel(texts, "namesakes", [Query(f"topk(50, {shared})")])
