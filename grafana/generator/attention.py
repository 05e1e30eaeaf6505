"""The tables of the overview that say which app needs attention, and why."""

from __future__ import annotations

from collections.abc import Mapping

from grafana.generator import palette, promql
from grafana.generator.panels import Query
from grafana.generator.promql import (
    AGE,
    EXPIRING,
    FULLNESS,
    GONE,
    UNRESOLVED,
    UP,
    equals,
    finished,
)
from grafana.generator.sdk import dashboard, table
from grafana.generator.tables import COLOURED_CELL, COLOURED_TEXT, Column, table_panel
from grafana.generator.tasklists import OVERVIEW_UID, row_link
from grafana.generator.texts import Texts

FIRING = equals("alertstate", "firing")
_OURS = (
    'alertname=~"ZegoUpload.*", cluster=~"$cluster|", namespace=~"$namespace|", job=~"$job|", '
    'zego_app=~"$zego_app|"'
)
"""Alerts on an exporter have no zego_app, one on an absent exporter no job either."""

_SEVERITY: Mapping[str, int] = {
    equals("severity", "critical"): 3,
    equals("severity", "warning"): 2,
    'severity!~"critical|warning"': 1,
}


def apps_panel(texts: Texts) -> table.Panel:
    """Return the table of apps: failing and vanished ones first, then most failed uploads."""
    state_of = f"({UP} or ({GONE}) * 0 - 1)"
    broken, failures = f"(1 - {state_of}) * 1e6", finished("failed", "24h")
    reasons = promql.grown("zego_upload_collection_failures_total", "15m", "reason")
    queries = [
        state_of,
        UNRESOLVED,
        failures,
        FULLNESS,
        EXPIRING,
        AGE,
        f"topk by ({', '.join(promql.APP)}) (1, {reasons} > 0)",
        f"{broken} + {failures} or {broken}",
    ]
    working = {
        "1": (texts.words["ok"], palette.GOOD),
        "0": (texts.words["broken"], palette.BAD),
        "-1": (texts.words["gone"], palette.WARN),
    }
    state = {**COLOURED_CELL, "mappings": [palette.value_map(working)]}
    some_are_bad = palette.steps("text", (0.5, palette.BAD)).build()
    failed = {**COLOURED_TEXT, "decimals": 0, "thresholds": some_are_bad}
    columns = [
        Column("cluster", "cluster", 90),
        Column("namespace", "namespace", 90),
        Column("zego_app", "app", 0, row_link(texts, OVERVIEW_UID)),
        Column("Value #A", "collection", 85, state),
        Column("reason", "reason_15m", 130, {"mappings": [palette.reason_map(texts)]}),
        Column("Value #B", "unresolved", 95, failed),
        Column("Value #C", "failed_24h", 95, failed),
        Column("Value #D", "slots", 95, slot_gauge()),
        Column("Value #E", "expiring_6h", 105, {"decimals": 0}),
        Column("Value #F", "data_age", 85, {"unit": "s", "decimals": 0}),
    ]
    return table_panel(
        texts, "apps", [Query(expr) for expr in queries], columns, sort_by="Value #H"
    )


def slots_panel(texts: Texts) -> table.Panel:
    """Return the table of the fullest apps; apps without a taken slot are not among them."""
    used = promql.value("zego_upload_slots_used")
    fullest = f"topk(20, {FULLNESS} > 0)"
    queries = [Query(fullest), Query(f"{used} and on ({', '.join(promql.APP)}) {fullest}")]
    columns = [
        Column("zego_app", "app", 0, row_link(texts, OVERVIEW_UID)),
        Column("Value #B", "used", 65, {"decimals": 0}),
        Column("Value #A", "slots", 90, slot_gauge()),
    ]
    return table_panel(texts, "slots", queries, columns, sort_by="Value #A")


def slot_gauge() -> Mapping[str, object]:
    """Return the looks of a cell that shows a share of slots in use as a bar."""
    return {
        "unit": "percentunit",
        "decimals": 0,
        "min": 0,
        "max": 1,
        "custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
        "thresholds": slot_colours().build(),
    }


def slot_colours() -> dashboard.ThresholdsConfig:
    """Return the colours of a share of slots in use: of ten, from 7, 9 and 10 on."""
    busy = palette.STATUS_COLOURS["unknown"]
    return palette.steps(palette.GOOD, (0.7, busy), (0.9, palette.WARN), (1, palette.BAD))


def alerts_panel(texts: Texts) -> table.Panel:
    """Return the table of firing alerts, the most severe first."""
    firing = _alerts(FIRING)
    by_severity = " or ".join(
        f"{_alerts(FIRING, matcher)} * {rank}" for matcher, rank in _SEVERITY.items()
    )
    since = f"time() - ({_alerts(metric='ALERTS_FOR_STATE')} and {firing})"
    severities = {
        severity: (texts.words[severity], shade)
        for severity, shade in (
            ("critical", palette.BAD),
            ("warning", palette.WARN),
            ("info", palette.CALM),
        )
    }
    severity = {**COLOURED_CELL, "mappings": [palette.value_map(severities)]}
    columns = [
        Column("severity", "severity", 75, severity),
        Column("alert", "alert"),
        Column("zego_app", "app", 95),
        Column("Value #B", "active_for", 85, {"unit": "s", "decimals": 1}),
    ]
    queries = [Query(by_severity), Query(since)]
    return table_panel(texts, "alerts", queries, columns, sort_by="Value #A")


def _alerts(*matchers: str, metric: str = "ALERTS") -> str:
    """Return one series for each alert and app, the alert's name without its common prefix."""
    selector = f"{metric}{{{', '.join((_OURS, *matchers))}}}"
    short = f'label_replace({selector}, "alert", "$1", "alertname", "ZegoUpload(.*)")'
    return f"max by (alert, severity, cluster, namespace, zego_app) ({short})"
