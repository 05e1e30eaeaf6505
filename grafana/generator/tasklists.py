"""Tables whose rows are upload tasks; the title of each links to the task's own dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana.generator import palette, promql
from grafana.generator.panels import Query
from grafana.generator.sdk import table
from grafana.generator.tables import COLOURED_CELL, COLOURED_TEXT, Column, table_panel
from grafana.generator.texts import Texts

INFO = "zego_upload_task_info"
OVERVIEW_UID = "zego-uploads"
TASK_UID = "zego-upload-task"
_KEPT = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
_ROW_APP = 'var-zego_app=${__data.fields["zego_app"]:percentencode}'
_ROW_TASK = 'var-task=${__data.fields["upload_task_id"]:percentencode}'
_RANK: Mapping[str, int] = {"failed": 4, "waiting_retry": 3, "uploading": 2, "waiting": 1}


def row_link(texts: Texts, uid: str) -> Mapping[str, object]:
    """Return the looks of a cell that opens a dashboard for its row's app, and its row's task."""
    picked = f"{_ROW_APP}&{_ROW_TASK}" if uid == TASK_UID else _ROW_APP
    url = f"/d/{uid}{texts.uid_suffix}?{_KEPT}&{picked}&${{__url_time_range}}"
    title = texts.words["open_task" if uid == TASK_UID else "open_app"]
    return {"links": [{"title": title, "url": url, "targetBlank": False}]}


def _columns(texts: Texts, app_width: int) -> list[Column]:
    status = {**COLOURED_CELL, "mappings": [palette.status_map(texts)]}
    return [
        Column("zego_app", "app", app_width),
        Column("title", "file", 0, row_link(texts, TASK_UID)),
        Column("status", "status", 120, status),
    ]


def _seconds(*further: tuple[float, str], base: str = "text") -> Mapping[str, object]:
    return {
        "unit": "s",
        "decimals": 1,
        "thresholds": palette.steps(base, *further).build(),
        **(COLOURED_TEXT if further else {}),
    }


def info(*labels: str, where: str) -> str:
    """Return the chosen tasks, one series for each, with these labels of the task."""
    return promql.value(INFO, "upload_task_id", "title", "status", *labels, where=where)


def of_tasks(metric: str, tasks: str) -> str:
    """Return the metric's value for each of the tasks that the expression `tasks` gives."""
    return f"{promql.value(metric, 'upload_task_id')} and on ({', '.join(promql.TASK)}) ({tasks})"


def attention_expr(count: int = 100) -> str:
    """Return the failed and unfinished tasks, the most urgent first, as numbers to sort by.

    Failed before retrying before uploading before waiting; within a status the newest first: the
    time since when (Unix seconds, below 1e10) breaks the tie; where it is not known, 1 stands for
    it. A task that replicas show in two statuses at once counts in its more urgent one.
    """
    since = promql.value("zego_upload_task_status_since_timestamp_seconds", "upload_task_id")
    ranked = " or ".join(
        f"{info('reason', where=promql.equals('status', status))} * {rank}e10"
        for status, rank in _RANK.items()
    )
    keys = ", ".join(promql.TASK)
    known = f"({since} or {promql.value(INFO, 'upload_task_id')})"
    urgency = f"({ranked}) + on ({keys}) group_left () {known}"
    return f"topk({count}, topk by ({keys}) (1, {urgency}))"


def attention_panel(texts: Texts) -> table.Panel:
    """Return the table of failed and unfinished tasks."""
    tasks = attention_expr()
    since = of_tasks("zego_upload_task_status_since_timestamp_seconds", tasks)
    expiry = of_tasks("zego_upload_task_time_to_expiry_seconds", tasks)
    queries = [
        Query(tasks),
        Query(of_tasks("zego_upload_task_retries", tasks)),
        Query(f"time() - ({since})"),
        Query(expiry),
    ]
    retries = {"decimals": 0, "thresholds": palette.steps("text", (1, palette.WARN)).build()}
    columns = [
        *_columns(texts, 140),
        Column("reason", "reason", 150),
        Column("Value #B", "retries", 80, {**COLOURED_TEXT, **retries}),
        Column("Value #C", "status_for", 120, _seconds()),
        Column("Value #D", "expires_in", 120, _seconds()),
        Column("upload_task_id", "task_id", 170),
    ]
    return table_panel(texts, "attention", queries, columns, sort_by="Value #A")


def expiring_panel(texts: Texts) -> table.Panel:
    """Return the table of the files that expire next."""
    left = promql.value("zego_upload_task_time_to_expiry_seconds", "upload_task_id")
    ready = info(where='status="succeeded"')
    keys = ", ".join(promql.TASK)
    named = f"({left} > 0) * on ({keys}) group_left (title) topk by ({keys}) (1, {ready})"
    expiry = _seconds((3600, "text"), base=palette.WARN)
    columns = [
        Column("zego_app", "app", 140),
        Column("title", "file", 0, row_link(texts, TASK_UID)),
        Column("Value", "expires_in", 120, expiry),
    ]
    return table_panel(
        texts,
        "expiring",
        [Query(f"bottomk(50, {named})")],
        columns,
        hidden=["upload_task_id"],
        sort_by="Value",
        descending=False,
    )


def duplicates_panel(texts: Texts) -> table.Panel:
    """Return the table of live tasks that share their title with another of the same app."""
    live = info(where='status=~"waiting|uploading|waiting_retry|succeeded", title!=""')
    single = f"max by ({', '.join(promql.TASK)}, title) ({live})"
    shared = f"count by (job, zego_app, title) ({single}) > 1"
    query = Query(f"topk(50, {live} and on (job, zego_app, title) ({shared}))")
    return titled_panel(texts, "duplicates", [query], sort_by="title")


def titled_panel(
    texts: Texts, key: str, queries: Sequence[Query], *, sort_by: str = ""
) -> table.Panel:
    """Return a table of tasks with nothing but app, title and status."""
    return table_panel(
        texts,
        key,
        queries,
        _columns(texts, 90),
        hidden=["upload_task_id"],
        sort_by=sort_by,
        descending=False,
    )
