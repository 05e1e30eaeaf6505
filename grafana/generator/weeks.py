"""The dashboard zego-uploads-weeks: whether uploads met their objective over weeks and months.

Everything that needs each sample of a long range comes from the recording rules: the finished
uploads of each full hour, and how full the upload slots were. Days are those of the reader's time
zone, and the value of a day is shown at its end.
"""

from __future__ import annotations

from grafana.generator import palette, promql
from grafana.generator.finish import Board, Section
from grafana.generator.panels import (
    DAYS,
    Query,
    colour,
    event_panel,
    graph_panel,
    properties,
)
from grafana.generator.promql import RECORDED, equals, leading, merged, series, value
from grafana.generator.sdk import table, timeseries
from grafana.generator.tables import COLOURED_TEXT, Column, table_panel
from grafana.generator.tasklists import INFO, INSPECTED, OVERVIEW_UID, WEEKS_UID, row_link
from grafana.generator.texts import Texts
from grafana.generator.where import SOURCES

DAY = "23h59m:1h"
"""Subquery of the 24 full hours of a day: 24h would take 25 of them before Prometheus 3."""
RANGE = "$__range:1h"
ENDED = "succeeded|failed"
SHOWN = 10
HOURS = "1h"


def weeks(texts: Texts) -> Board:
    """Return the dashboard, row by row."""
    return Board(
        uid=WEEKS_UID,
        key="weeks",
        time_range="30d",
        refresh="",
        sections=[
            Section(
                "day_by_day",
                [
                    [(_success(texts), 12, 8), (_throughput(texts), 12, 8)],
                    [(_at_limit(texts), 8, 8), (_backlog(texts), 8, 8), (_retried(texts), 8, 8)],
                ],
            ),
            Section(
                "whole_range",
                [
                    [(_apps(texts), 24, 9)],
                    [(_titles(texts), 12, 8), (_sources(texts), 12, 8)],
                ],
            ),
        ],
    )


def _finished(to: str, window: str, end: str = "") -> str:
    """Return the uploads of each app that came to a status (a regex) in a window of full hours."""
    return f"sum by ({', '.join(promql.APP)}) (sum_over_time({_hourly(to)}[{window}]{end}))"


def _hours(window: str) -> str:
    """Return for how many full hours of a window there are data about each app."""
    recorded = f"count_over_time({_hourly('succeeded')}[{window}])"
    return f"max by ({', '.join(promql.APP)}) ({recorded})"


def _hourly(to: str) -> str:
    """Return the uploads that came to a status (a regex) within an hour, as recorded."""
    return f'job_zego_app_to:zego_upload_task_transitions:increase1h{{{RECORDED}, to=~"{to}"}}'


def _full(window: str, end: str = "") -> str:
    """Return the share of a window in which each app's slots were all taken."""
    fullness = f"job_zego_app:zego_upload_slots_used_per_limit:ratio{{{RECORDED}}}"
    return merged(f"avg_over_time(({fullness} >= bool 1)[{window}]{end})")


BUSIEST = f"{_finished(ENDED, RANGE, ' @ end()')} > 0"


def _success(texts: Texts) -> timeseries.Panel:
    ratio = f"{_finished('succeeded', DAY)} / ({_finished(ENDED, DAY)} > 0)"
    query = Query(leading(ratio, BUSIEST, SHOWN), "{{zego_app}}", DAYS)
    panel = graph_panel(texts, "success_by_day", query, unit="percentunit", from_zero=False)
    return panel.max(1).axis_soft_min(0.9).decimals(1).fill_opacity(0).span_nulls(True)


def _throughput(texts: Texts) -> timeseries.Panel:
    query = Query(leading(_finished(ENDED, DAY), BUSIEST, SHOWN), "{{zego_app}}", DAYS)
    return event_panel(texts, "finished_by_day", query)


def _at_limit(texts: Texts) -> timeseries.Panel:
    day, whole = _full("1d:5m"), _full("$__range:5m", " @ end()")
    query = Query(leading(day, f"{whole} > 0", SHOWN), "{{zego_app}}", DAYS)
    panel = graph_panel(texts, "at_limit", query, unit="percentunit")
    return panel.decimals(0).axis_soft_max(1)


def _backlog(texts: Texts) -> timeseries.Panel:
    """Return waiting tasks, and how long they take at the rate at which uploads ended lately."""
    waiting = f"sum({value('zego_upload_tasks', where=equals('status', 'waiting'))})"
    queries = [
        Query(waiting, texts.statuses["waiting"], HOURS),
        Query(f"{waiting} / (sum({_hourly(ENDED)}) > 0) * 3600", texts.words["drain_time"], HOURS),
    ]
    panel = graph_panel(texts, "backlog", *queries).decimals(0)
    right = {"unit": "s", "custom.axisPlacement": "right", "decimals": 1}
    panel.override_by_query("A", properties(colour(palette.STATUS_COLOURS["waiting"])))
    return panel.override_by_query("B", properties({**right, **colour(palette.WARN)}))


def _retried(texts: Texts) -> timeseries.Panel:
    """Return the share of listed uploads that needed a retry, and of these that succeeded."""
    ended = f'status=~"{ENDED}"'
    retried = f"sum({_by_app('zego_upload_retried_tasks', ended)})"
    succeeded = f"sum({_by_app('zego_upload_retried_tasks', equals('status', 'succeeded'))})"
    queries = [
        Query(
            f"{retried} / (sum({_by_app('zego_upload_tasks', ended)}) > 0)",
            texts.words["needed_retry"],
            HOURS,
        ),
        Query(f"{succeeded} / ({retried} > 0)", texts.words["retry_helped"], HOURS),
    ]
    panel = graph_panel(texts, "retried", *queries, unit="percentunit").decimals(0).max(1)
    panel.override_by_query("A", properties(colour(palette.WARN)))
    return panel.override_by_query("B", properties(colour(palette.GOOD)))


def _apps(texts: Texts) -> table.Panel:
    finished, failed = _finished(ENDED, RANGE), _finished("failed", RANGE)
    retried = _by_app("zego_upload_retried_tasks", f'status=~"{ENDED}"')
    listed = _by_app("zego_upload_tasks", f'status=~"{ENDED}"')
    queries = [
        finished,
        failed,
        f"1 - {failed} / ({finished} > 0)",
        f"{finished} / {_hours(RANGE)} * 24",
        _full("$__range:5m"),
        f"{retried} / ({listed} > 0)",
    ]
    share = {"unit": "percentunit", "decimals": 1}
    some_are_bad = palette.steps("text", (0.5, palette.BAD)).build()
    columns = [
        Column("cluster", "cluster", 110),
        Column("namespace", "namespace", 110),
        Column("zego_app", "app", 0, row_link(texts, OVERVIEW_UID)),
        Column("Value #A", "finished", 110, {"decimals": 0}),
        Column(
            "Value #B",
            "failed",
            110,
            {**COLOURED_TEXT, "decimals": 0, "thresholds": some_are_bad},
        ),
        Column("Value #C", "success_ratio", 110, share),
        Column("Value #D", "per_day", 110, {"decimals": 1}),
        Column("Value #E", "time_at_limit", 130, share),
        Column("Value #F", "needed_retry", 130, share),
    ]
    return table_panel(
        texts, "apps_of_range", [Query(expr) for expr in queries], columns, sort_by="Value #B"
    )


def _by_app(metric: str, where: str) -> str:
    return merged(f"sum without (status) ({series(metric, where)})")


def _titles(texts: Texts) -> table.Panel:
    seen = f"last_over_time({series(INFO, equals('status', 'failed'))}[{RANGE}])"
    failed = f"max by ({', '.join(promql.TASK)}, title) ({seen})"
    query = Query(f"topk(20, count by ({', '.join(promql.TITLE)}) ({failed}))")
    columns = [
        Column("zego_app", "app", 140),
        Column("title", "file", 0, INSPECTED),
        Column("Value", "failed", 110, {"decimals": 0}),
    ]
    return table_panel(texts, "failing_titles", [query], columns, sort_by="Value", then_by="title")


def _sources(texts: Texts) -> timeseries.Panel:
    """Return the failed uploads that are listed, by source host, of the hosts with most."""
    failed = value(SOURCES, "source_host", where=equals("status", "failed"))
    by_host = f"sum by (source_host) ({failed})"
    worst = f"topk({SHOWN}, avg_over_time(({by_host})[{RANGE}] @ end()) > 0)"
    shown = f"{by_host} and on (source_host) {worst}"
    panel = graph_panel(texts, "failing_sources", Query(shown, "{{source_host}}", HOURS))
    return panel.decimals(0)
