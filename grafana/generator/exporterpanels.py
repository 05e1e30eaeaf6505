"""The panels on the way from the API to Prometheus: collections, requests, the exporter itself."""

from __future__ import annotations

from collections.abc import Mapping

from grafana.generator import palette, promql
from grafana.generator.finish import Row
from grafana.generator.panels import (
    EVENTS,
    RATES,
    Query,
    by_reason,
    colour,
    event_panel,
    graph_panel,
    properties,
    stat_panel,
    timeline_panel,
)
from grafana.generator.promql import INSTANCES, at_end, equals, leading, quantile, value
from grafana.generator.sdk import common, common_models, stat, statetimeline, table, timeseries
from grafana.generator.tables import COLOURED_CELL, Column, table_panel
from grafana.generator.texts import Texts

REQUESTS = "zego_upload_api_requests_total"
EVENT_STATUSES: Mapping[str, str] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "status_changed": "uploading",
    "cancel_refused": "cancelled",
    "retrying": "waiting_retry",
    "expired": "expired",
    "other": "unknown",
}
"""By value of the label `event`: the status whose colour it has."""
REPLICA = ("cluster", "namespace", "job", "instance")
BUSIEST = 5
SHOWN_APPS = 10


def exporter_rows(texts: Texts) -> list[Row]:
    """Return the rows of the section on API and exporter."""
    return [
        [(_requests(texts), 8, 8), (_latency(texts), 8, 8), (_rate_limit(texts), 8, 8)],
        [(collections_panel(texts), 10, 8), (_failures(texts), 7, 8), (_durations(texts), 7, 8)],
        [(_instances(texts), 12, 7), (_callbacks(texts), 5, 7), (_quality(texts), 7, 7)],
    ]


def _requests(texts: Texts) -> timeseries.Panel:
    errors = promql.rate("zego_upload_api_errors_total", "code")
    queries = [
        Query(f"sum({promql.rate(REQUESTS)})", texts.words["requests"], RATES),
        Query(f"sum by (code) ({errors}) > 0", texts.words["error_code"], RATES),
    ]
    panel = graph_panel(texts, "requests", *queries, unit="reqps")
    errors_look = {"color": {"mode": "shades", "fixedColor": palette.BAD}}
    points = {**errors_look, "custom.showPoints": "always", "custom.pointSize": 5}
    panel.override_by_query("A", properties(colour(palette.CALM)))
    return panel.override_by_query("B", properties(points))


def _latency(texts: Texts) -> timeseries.Panel:
    histogram = "zego_upload_api_request_duration_seconds"
    queries = [
        Query(quantile(share, histogram), legend, RATES)
        for share, legend in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))
    ]
    return graph_panel(texts, "latency", *queries, unit="s")


def _rate_limit(texts: Texts) -> timeseries.Panel:
    share = f"{promql.rate(REQUESTS)} / {value('zego_upload_api_requests_per_second_limit')}"
    busy = leading(share, f"{at_end('increase', REQUESTS)} > 0", BUSIEST)
    panel = graph_panel(texts, "rate_limit", Query(busy, "{{zego_app}}", RATES), unit="percentunit")
    return panel.axis_soft_max(1)


def collections_panel(texts: Texts, only: str = "") -> statetimeline.Panel:
    """Return the bands of working and failing collections, those apps that failed most.

    `only` is an expression for the apps to choose from, "" for all.
    """
    failing = f"1 - {at_end('avg_over_time', 'zego_upload_up')}"
    if only:
        failing = f"{failing} and on ({', '.join(promql.APP)}) {only}"
    query = Query(leading(value("zego_upload_up"), failing, SHOWN_APPS), "{{zego_app}}")
    words = {
        "1": (texts.words["ok"], palette.GOOD),
        "0": (texts.words["broken"], palette.BAD),
    }
    return timeline_panel(texts, "collections", query, palette.value_map(words))


def _failures(texts: Texts) -> timeseries.Panel:
    counted = promql.happened("zego_upload_collection_failures_total", "reason")
    query = Query(f"sum by (reason) ({counted}) > 0", "{{reason}}", EVENTS)
    return by_reason(event_panel(texts, "failures", query), texts)


def _durations(texts: Texts) -> timeseries.Panel:
    duration = "zego_upload_collection_duration_seconds"
    share = f"{value(duration)} / {value('zego_upload_collection_interval_seconds')}"
    slow = leading(share, at_end("max_over_time", duration), BUSIEST)
    panel = graph_panel(texts, "collection_time", Query(slow, "{{zego_app}}"), unit="percentunit")
    return panel.axis_soft_max(1)


def _instances(texts: Texts) -> table.Panel:
    keys = ", ".join(REPLICA)
    own = f"group by ({keys}) (zego_upload_exporter_build_info{{{INSTANCES}}})"
    build = f"max by ({keys}, version, python_version)"
    queries = [
        # Every target has `up`; ours had this metric, which one that is down has no longer.
        f"max by ({keys}) (up{{{INSTANCES}}}) and on ({keys}) group by ({keys}) "
        f"(last_over_time(zego_upload_exporter_build_info{{{INSTANCES}}}[7d]))",
        f"{build} (zego_upload_exporter_build_info{{{INSTANCES}}})",
        _process(f"time() - process_start_time_seconds{{{INSTANCES}}}", own),
        _process(f"process_resident_memory_bytes{{{INSTANCES}}}", own),
    ]
    answering = {
        "1": (texts.words["up"], palette.GOOD),
        "0": (texts.words["down"], palette.BAD),
    }
    columns = [
        Column("namespace", "namespace", 90),
        Column("instance", "instance", 0, _status_page(texts)),
        Column(
            "Value #A", "state", 70, {**COLOURED_CELL, "mappings": [palette.value_map(answering)]}
        ),
        Column("version", "version", 75),
        Column("python_version", "python", 75),
        Column("Value #C", "running_for", 95, {"unit": "s", "decimals": 1}),
        Column("Value #D", "memory", 80, {"unit": "bytes", "decimals": 0}),
    ]
    return table_panel(
        texts,
        "instances",
        [Query(expr) for expr in queries],
        columns,
        sort_by="Value #A",
        then_by="instance",
        descending=False,
    )


def _process(expression: str, own: str) -> str:
    return f"max by ({', '.join(REPLICA)}) ({expression}) and {own}"


def _status_page(texts: Texts) -> Mapping[str, object]:
    """Return the looks of a cell that opens the status page of the exporter in its row."""
    url = 'http://${__data.fields["instance"]}/?lang=' + texts.language
    return {"links": [{"title": texts.words["status_page"], "url": url, "targetBlank": True}]}


def _callbacks(texts: Texts) -> timeseries.Panel:
    counted = promql.happened("zego_upload_callback_events_total", "event")
    query = Query(f"sum by (event) ({counted}) > 0", "{{event}}", EVENTS)
    panel = event_panel(texts, "callbacks", query)
    for event, status in EVENT_STATUSES.items():
        shade = colour(palette.STATUS_COLOURS[status])
        panel.override_by_name(event, properties({"displayName": texts.words[event], **shade}))
    return panel


def _quality(texts: Texts) -> stat.Panel:
    malformed = promql.grown("zego_upload_malformed_entries_total", "24h", drop="reason")
    refused = promql.grown("zego_upload_callback_rejections_total", "24h", drop="reason")
    values = {
        "duplicate_titles": f"sum({value('zego_upload_duplicate_titles')})",
        "unknown_status": f"sum({value('zego_upload_tasks', where=equals('status', 'unknown'))})",
        "malformed": f"sum({malformed})",
        "omitted": f"sum({value('zego_upload_task_series_omitted')})",
        "skipped": f"sum({promql.grown('zego_upload_collections_skipped_total', '24h')})",
        "refused": f"sum({refused})",
        "history_errors": f"sum({promql.grown('zego_upload_history_errors_total', '24h')})",
        "clock_skew": f"max(abs({value('zego_upload_api_clock_skew_seconds')}))",
    }
    queries = [Query(expr, texts.words[word]) for word, expr in values.items()]
    colours = palette.steps("text", (0.5, palette.WARN))
    panel = stat_panel(texts, "quality", *queries, colours=colours).decimals(0)
    panel.orientation(common_models.VizOrientation.HORIZONTAL)
    panel.text(common.VizTextDisplayOptions().title_size(13).value_size(16))
    skew = palette.steps("text", (60, palette.WARN), (300, palette.BAD)).build()
    return panel.override_by_query(
        "H", properties({"unit": "s", "decimals": 1, "thresholds": skew})
    )
