"""The tables that say where uploads spend their time, and which source servers fail."""

from __future__ import annotations

from grafana.generator import palette, promql
from grafana.generator.panels import Query
from grafana.generator.sdk import table
from grafana.generator.tables import COLOURED_TEXT, Column, table_panel
from grafana.generator.tasklists import OVERVIEW_UID, row_link
from grafana.generator.texts import Texts

SOURCES = "zego_upload_source_tasks"
PHASES = ("waiting", "uploading", "waiting_retry")
QUANTILES = (("p50", 0.5), ("p90", 0.9))


def phases_panel(texts: Texts) -> table.Panel:
    """Return the table of each app's time in the queue, in transfer and before retries."""
    queries = [Query(_quantile(share, phase)) for phase in PHASES for _, share in QUANTILES]
    columns = [Column("zego_app", "app", 0, row_link(texts, OVERVIEW_UID))]
    columns += [
        Column(f"Value #{letter}", f"{phase}_{name}", 105, {"unit": "s", "decimals": 1})
        for letter, (phase, name) in zip(
            "ABCDEF", ((phase, name) for phase in PHASES for name, _ in QUANTILES), strict=True
        )
    ]
    return table_panel(texts, "phases", queries, columns, sort_by="Value #B")


def _quantile(share: float, phase: str) -> str:
    """Return a quantile of each app's time in a phase; apps without a finished phase have none."""
    buckets = promql.grown(
        "zego_upload_task_phase_duration_seconds_bucket",
        "$__range",
        "le",
        where=promql.equals("phase", phase),
    )
    return f"histogram_quantile({share}, {buckets}) >= 0"


def sources_panel(texts: Texts) -> table.Panel:
    """Return the table of source hosts, those with most failed uploads first."""
    keys = ", ".join((*promql.APP, "source_host"))
    failed = promql.value(SOURCES, "source_host", where=promql.equals("status", "failed"))
    ended = promql.series(SOURCES, 'status=~"succeeded|failed"')
    finished = promql.merged(f"sum without (status) ({ended})", "source_host")
    worst = f"topk(50, {failed})"
    queries = [
        Query(worst),
        Query(f"{finished} and on ({keys}) {worst}"),
        Query(f"{worst} / on ({keys}) ({finished} > 0)"),
    ]
    some_are_bad = palette.steps("text", (0.5, palette.BAD)).build()
    columns = [
        Column("zego_app", "app", 100),
        Column("source_host", "source_host"),
        Column(
            "Value #A",
            "failed_listed",
            70,
            {**COLOURED_TEXT, "decimals": 0, "thresholds": some_are_bad},
        ),
        Column("Value #B", "finished_listed", 80, {"decimals": 0}),
        Column("Value #C", "failed_share", 105, {"unit": "percentunit", "decimals": 1}),
    ]
    return table_panel(texts, "sources", queries, columns, sort_by="Value #A")
