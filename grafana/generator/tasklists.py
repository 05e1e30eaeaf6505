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
WEEKS_UID = "zego-uploads-weeks"
UIDS: Mapping[str, str] = {"overview": OVERVIEW_UID, "task": TASK_UID, "weeks": WEEKS_UID}
"""By the key of a dashboard's texts."""
_KEPT = "&".join(
    f"${{{name}:queryparam}}" for name in ("datasource", "cluster", "namespace", "job", "instance")
)
_ROW_APP = 'var-zego_app=${__data.fields["zego_app"]:percentencode}'
_ROW_TASK = 'var-task=${__data.fields["upload_task_id"]:percentencode}'
_RANK: Mapping[str, int] = {"waiting_retry": 3, "uploading": 2, "waiting": 1}
_TASK, _TITLE = ", ".join(promql.TASK), ", ".join(promql.TITLE)
CREATED = "zego_upload_task_create_timestamp_seconds"
SINCE = "zego_upload_task_status_since_timestamp_seconds"
INSPECTED: Mapping[str, object] = {"custom.inspect": True}
"""The looks of a cell that may be cut: an icon opens the whole text."""


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
        Column("title", "file", 0, {**row_link(texts, TASK_UID), **INSPECTED}),
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


def of_attended(metric: str) -> str:
    """Return the metric's value for each failed or unfinished task."""
    attended = promql.series(INFO, 'status=~"waiting|uploading|waiting_retry|failed"')
    of_these = f"{promql.series(metric)} and on ({_TASK}) {attended}"
    return promql.merged(of_these, "upload_task_id")


def unresolved_expr() -> str:
    """Return the failed tasks whose title no task created later, unfinished or succeeded, has.

    The same as zego_upload_unresolved_failures counts, among the tasks with series of their own.
    Of the others only those that share a title with a failed one are looked at: with 200 apps the
    rest is what takes the time.
    """
    is_failed = promql.equals("status", "failed")
    failed, some_failed = info("reason", where=is_failed), promql.series(INFO, is_failed)
    live = promql.series(INFO, 'status=~"waiting|uploading|waiting_retry|succeeded", title!=""')
    namesakes = promql.merged(f"{live} and on ({_TITLE}) {some_failed}", "upload_task_id", "title")
    one_each = f"topk by ({_TASK}) (1, {namesakes})"
    created = promql.series(CREATED)
    newest = f"max by ({_TITLE}) ({created} * on ({_TASK}) group_left (title) {one_each})"
    known = promql.merged(f"{created} and on ({_TASK}) {some_failed}", "upload_task_id")
    failed_at = f"{failed} * on ({_TASK}) group_left () {known}"
    return f"{failed} unless on ({_TASK}) ({failed_at} < on ({_TITLE}) group_left () {newest})"


def attention_expr(count: int = 100) -> str:
    """Return the unresolved and unfinished tasks, the most urgent first, as numbers to sort by.

    The order is failed, waiting for a retry, uploading, waiting. Within a status, the task that
    entered it last comes first: that time (Unix seconds, below 1e10) is added to the rank. Where it
    is not known, as for tasks that the first collection found, the creation time is added instead,
    or 1 without that. A task that replicas show in two statuses counts in the more urgent one.
    """
    unfinished = (
        f"{info('reason', where=promql.equals('status', status))} * {rank}e10"
        for status, rank in _RANK.items()
    )
    ranked = " or ".join([f"({unresolved_expr()}) * 4e10", *unfinished])
    known = f"({of_attended(SINCE)} or {of_attended(CREATED)} or {of_attended(INFO)})"
    urgency = f"({ranked}) + on ({_TASK}) group_left () {known}"
    return f"topk({count}, topk by ({_TASK}) (1, {urgency}))"


def attention_panel(texts: Texts) -> table.Panel:
    """Return the table of unresolved failures and unfinished tasks."""
    queries = [
        Query(attention_expr()),
        Query(of_attended("zego_upload_task_retries")),
        Query(f"time() - {of_attended(SINCE)}"),
        Query(f"time() - {of_attended(CREATED)}"),
    ]
    before_start = {"noValue": texts.words["before_start"]}
    retries = {"decimals": 0, "thresholds": palette.steps("text", (1, palette.WARN)).build()}
    columns = [
        *_columns(texts, 140),
        Column("reason", "reason", 150, {"mappings": [palette.reason_map(texts)]}),
        Column("Value #B", "retries", 80, {**COLOURED_TEXT, **retries}),
        Column("Value #C", "status_for", 120, {**_seconds(), **before_start}),
        Column("Value #D", "age", 100, _seconds()),
        Column("upload_task_id", "task_id", 170),
    ]
    return table_panel(
        texts, "attention", queries, columns, sort_by="Value #A", only_with="Value #A"
    )


def expiring_panel(texts: Texts) -> table.Panel:
    """Return the table of the files that expire next."""
    left = promql.value("zego_upload_task_time_to_expiry_seconds", "upload_task_id")
    ready = info(where='status="succeeded"')
    named = f"({left} > 0) * on ({_TASK}) group_left (title) topk by ({_TASK}) (1, {ready})"
    expiry = _seconds((3600, "text"), base=palette.WARN)
    columns = [
        Column("zego_app", "app", 140),
        Column("title", "file", 0, {**row_link(texts, TASK_UID), **INSPECTED}),
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
    single = f"max by ({_TASK}, title) ({live})"
    shared = f"count by ({_TITLE}) ({single}) > 1"
    query = Query(f"topk(50, {live} and on ({_TITLE}) ({shared}))")
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
