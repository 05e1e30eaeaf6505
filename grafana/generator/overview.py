"""The overview, zego-uploads: is anything wrong, with which app, which file."""

from __future__ import annotations

from collections.abc import Sequence

from grafana.generator import palette, promql
from grafana.generator.attention import alerts_panel, apps_panel, slots_panel
from grafana.generator.exporterpanels import exporter_rows
from grafana.generator.finish import Board, Row, Section
from grafana.generator.panels import (
    EVENTS,
    SLOW_RATES,
    Query,
    bar_panel,
    by_reason,
    by_status,
    colour,
    event_panel,
    graph_panel,
    properties,
    with_last,
)
from grafana.generator.promql import equals, quantile, series, value
from grafana.generator.sdk import bargauge, timeseries
from grafana.generator.situation import right_now
from grafana.generator.tasklists import (
    OVERVIEW_UID,
    attention_panel,
    duplicates_panel,
    expiring_panel,
)
from grafana.generator.texts import Texts
from grafana.generator.where import phases_panel, sources_panel

FINAL = ("succeeded", "failed", "cancelled", "expired")
ATTENDED = ("waiting", "uploading", "waiting_retry", "failed")
"""Statuses of uploads that somebody waits for; in one graph with stored files they are a line."""
STORED = ("succeeded", "cancelled", "expired", "unknown")
WINDOWS = ("1h", "6h", "1d", "3d", "7d")
"""Default windows of zego_upload_expiring_tasks; Prometheus cannot order them."""


def overview(texts: Texts) -> Board:
    """Return the dashboard, row by row."""
    return Board(
        uid=OVERVIEW_UID,
        key="overview",
        sections=[
            Section("right_now", [right_now(texts)]),
            Section(
                "needs_attention",
                [
                    [(attention_panel(texts), 24, 9)],
                    [(apps_panel(texts), 15, 8), (alerts_panel(texts), 9, 8)],
                ],
            ),
            Section("uploads", _uploads(texts)),
            Section("api_and_exporter", exporter_rows(texts)),
        ],
    )


def _uploads(texts: Texts) -> list[Row]:
    counts = (
        slots_panel(texts),
        _listed(texts, "attended", ATTENDED),
        _listed(texts, "stored", STORED),
        finished_panel(texts),
    )
    trends = (_retries(texts), _longest(texts), _durations(texts), _reasons(texts))
    return [
        [(panel, 6, 9) for panel in counts],
        [
            (expiring_panel(texts), 10, 8),
            (_expiring(texts), 4, 8),
            (duplicates_panel(texts), 10, 8),
        ],
        [(panel, 6, 7) for panel in trends],
        [(phases_panel(texts), 13, 8), (sources_panel(texts), 11, 8)],
    ]


def _listed(texts: Texts, key: str, statuses: Sequence[str]) -> timeseries.Panel:
    """Return the lines of listed tasks in these statuses, with their present numbers."""
    tasks = value("zego_upload_tasks", "status", where=f'status=~"{"|".join(statuses)}"')
    panel = graph_panel(texts, key, Query(f"sum by (status) ({tasks})", "{{status}}"))
    return by_status(with_last(panel).decimals(0).axis_soft_max(4), texts, statuses)


def finished_panel(texts: Texts, only: str = "") -> timeseries.Panel:
    """Return the bars of uploads that came to an end, by how.

    `only` is an expression for the apps to count, "" for all.
    """
    where = f'to=~"{"|".join(FINAL)}"'
    counted = promql.happened(promql.TRANSITIONS, "to", where=where, drop="from")
    if only:
        counted = f"({counted}) and on ({', '.join(promql.APP)}) {only}"
    query = Query(f"sum by (to) ({counted})", "{{to}}", EVENTS)
    return by_status(event_panel(texts, "finished", query), texts, FINAL)


def _expiring(texts: Texts) -> bargauge.Panel:
    """Return the bars of files that expire within each window, the default windows in order."""
    windows = [equals("within", window) for window in WINDOWS]
    others = f'within!~"{"|".join(WINDOWS)}"'
    queries = [
        Query(
            f"sort(sum by (within) ({value('zego_upload_expiring_tasks', 'within', where=where)}))",
            "{{within}}",
        )
        for where in (*windows, others)
    ]
    colours = palette.steps(palette.STATUS_COLOURS["expired"])
    return bar_panel(texts, "expiring_within", *queries, unit="short", colours=colours)


def _retries(texts: Texts) -> timeseries.Panel:
    retries = value("zego_upload_retries", "status", where=promql.UNFINISHED)
    highest = f"max({series('zego_upload_max_retries', promql.UNFINISHED)})"
    queries = [
        Query(f"sum by (status) ({retries})", "{{status}}"),
        Query(highest, texts.words["highest"]),
    ]
    panel = graph_panel(texts, "retries", *queries).decimals(0)
    panel.override_by_query("B", properties({**colour(palette.BAD), "custom.lineStyle": _DASHED}))
    return by_status(panel, texts, ("waiting", "uploading", "waiting_retry"))


_DASHED = {"fill": "dash", "dash": [6, 6]}


def _longest(texts: Texts) -> timeseries.Panel:
    since = series("zego_upload_oldest_status_since_timestamp_seconds")
    query = Query(f"time() - min by (status) ({since})", "{{status}}")
    panel = graph_panel(texts, "longest", query, unit="s").decimals(1)
    return by_status(panel, texts, ("waiting", "uploading", "waiting_retry"))


def _durations(texts: Texts) -> timeseries.Panel:
    histogram, which = "zego_upload_task_duration_seconds", 'status="succeeded"'
    queries = [
        Query(quantile(share, histogram, where=which), legend, SLOW_RATES)
        for share, legend in ((0.5, "p50"), (0.9, "p90"))
    ]
    return graph_panel(texts, "durations", *queries, unit="s").decimals(1).span_nulls(True)


def _reasons(texts: Texts) -> timeseries.Panel:
    counted = promql.happened("zego_upload_failures_total", "reason")
    query = Query(f"sum by (reason) ({counted}) > 0", "{{reason}}", EVENTS)
    return by_reason(event_panel(texts, "reasons", query), texts)
