"""The overview, zego-uploads: is anything wrong, with which app, which file."""

from __future__ import annotations

from grafana.generator import palette, promql
from grafana.generator.attention import alerts_panel, apps_panel, slot_colours
from grafana.generator.exporterpanels import exporter_rows
from grafana.generator.finish import Board, Row, Section
from grafana.generator.panels import (
    EVENTS,
    Query,
    bar_panel,
    by_status,
    colour,
    event_panel,
    graph_panel,
    properties,
    stacked,
)
from grafana.generator.promql import FULLNESS, quantile, series, value
from grafana.generator.sdk import bargauge, timeseries
from grafana.generator.situation import right_now
from grafana.generator.tasklists import (
    OVERVIEW_UID,
    attention_panel,
    duplicates_panel,
    expiring_panel,
)
from grafana.generator.texts import Texts

FINAL = ("succeeded", "failed", "cancelled", "expired")


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
                    [(apps_panel(texts), 14, 8), (alerts_panel(texts), 10, 8)],
                ],
            ),
            Section("uploads", _uploads(texts)),
            Section("api_and_exporter", exporter_rows(texts)),
        ],
    )


def _uploads(texts: Texts) -> list[Row]:
    trends = (_retries(texts), _longest(texts), _durations(texts), _reasons(texts))
    return [
        [(_slots(texts), 6, 8), (_by_status(texts), 9, 8), (finished_panel(texts), 9, 8)],
        [(expiring_panel(texts), 11, 8), (_expiring(texts), 4, 8), (duplicates_panel(texts), 9, 8)],
        [(panel, 6, 7) for panel in trends],
    ]


def _slots(texts: Texts) -> bargauge.Panel:
    query = Query(f"topk(8, {FULLNESS})", "{{zego_app}}")
    panel = bar_panel(texts, "slots", query, unit="percentunit", colours=slot_colours())
    return panel.max(1).decimals(0)


def _by_status(texts: Texts) -> timeseries.Panel:
    query = Query(f"sum by (status) ({value('zego_upload_tasks', 'status')})", "{{status}}")
    panel = stacked(graph_panel(texts, "by_status", query)).decimals(0)
    return by_status(panel, texts, tuple(palette.STATUS_COLOURS))


def finished_panel(texts: Texts) -> timeseries.Panel:
    """Return the bars of uploads that came to an end, by how."""
    grown = promql.grown(
        promql.TRANSITIONS, promql.RATE, "to", where=f'to=~"{"|".join(FINAL)}"', drop="from"
    )
    query = Query(f"sum by (to) ({grown})", "{{to}}", EVENTS)
    return by_status(event_panel(texts, "finished", query), texts, FINAL)


def _expiring(texts: Texts) -> bargauge.Panel:
    tasks = value("zego_upload_expiring_tasks", "within")
    query = Query(f"sort(sum by (within) ({tasks}))", "{{within}}")
    colours = palette.steps(palette.STATUS_COLOURS["expired"])
    return bar_panel(texts, "expiring_within", query, unit="short", colours=colours)


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
        Query(quantile(share, histogram, where=which), legend, EVENTS)
        for share, legend in ((0.5, "p50"), (0.9, "p90"))
    ]
    return graph_panel(texts, "durations", *queries, unit="s").decimals(1).span_nulls(True)


def _reasons(texts: Texts) -> timeseries.Panel:
    grown = promql.grown("zego_upload_failures_total", promql.RATE, "reason")
    query = Query(f"sum by (reason) ({grown})", "{{reason}}", EVENTS)
    return event_panel(texts, "reasons", query).color_scheme(palette.shades(palette.BAD))
