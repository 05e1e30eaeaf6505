"""The tables of the overview that say which app needs attention, and why."""

from __future__ import annotations

from collections.abc import Mapping

from grafana.generator import palette, promql
from grafana.generator.panels import Query
from grafana.generator.promql import AGE, FULLNESS, NEXT_EXPIRY, UP, equals, finished
from grafana.generator.sdk import dashboard, table
from grafana.generator.tables import COLOURED_CELL, COLOURED_TEXT, Column, table_panel
from grafana.generator.tasklists import OVERVIEW_UID, row_link
from grafana.generator.texts import Texts

FIRING = equals("alertstate", "firing")
_OURS = 'alertname=~"ZegoUpload.*", job=~"$job|", zego_app=~"$zego_app|"'
"""Alerts on an exporter bear no zego_app, one on an absent exporter no job either."""

_SEVERITY: Mapping[str, int] = {
    equals("severity", "critical"): 3,
    equals("severity", "warning"): 2,
    'severity!~"critical|warning"': 1,
}


def apps_panel(texts: Texts) -> table.Panel:
    """Return the table of apps: those whose collection fails first, then most failed uploads."""
    broken, failures = f"(1 - {UP}) * 1e6", finished("failed", "24h")
    reasons = promql.grown("zego_upload_collection_failures_total", "15m", "reason")
    queries = [
        UP,
        AGE,
        FULLNESS,
        failures,
        NEXT_EXPIRY,
        f"topk by (job, zego_app) (1, {reasons} > 0)",
        f"{broken} + {failures} or {broken}",
    ]
    working = {
        "1": (texts.words["ok"], palette.GOOD),
        "0": (texts.words["broken"], palette.BAD),
    }
    state = {**COLOURED_CELL, "mappings": [palette.value_map(working)]}
    slots = {
        "unit": "percentunit",
        "min": 0,
        "max": 1,
        "custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
        "thresholds": slot_colours().build(),
    }
    failed = {**COLOURED_TEXT, "decimals": 0, "thresholds": _zero_is_good()}
    columns = [
        Column("zego_app", "app", 0, row_link(texts, OVERVIEW_UID)),
        Column("Value #A", "collection", 80, state),
        Column("reason", "reason_15m", 90),
        Column("Value #B", "data_age", 75, {"unit": "s", "decimals": 0}),
        Column("Value #C", "slots", 95, slots),
        Column("Value #D", "failed_24h", 92, failed),
        Column("Value #E", "next_expiry", 90, {"unit": "s", "decimals": 1}),
    ]
    return table_panel(
        texts, "apps", [Query(expr) for expr in queries], columns, sort_by="Value #G"
    )


def _zero_is_good() -> object:
    return palette.steps("text", (0.5, palette.BAD)).build()


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
    """Return one series for each alert and app, the alert's name without the common beginning."""
    selector = f"{metric}{{{', '.join((_OURS, *matchers))}}}"
    short = f'label_replace({selector}, "alert", "$1", "alertname", "ZegoUpload(.*)")'
    return f"max by (alert, severity, zego_app) ({short})"
