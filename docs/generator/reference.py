"""Sources, absence and example queries of each metric, for `docs/metrics.md`.

Name, type, help and labels are in `exporter/metrics/`. This file adds what the program itself does
not need. Tests compare the two, and Prometheus checks every query.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric: its source, and queries by the question that they answer.

    `absent` says when the series is missing, in addition to the rule of its kind.
    """

    source: str
    queries: Mapping[str, str]
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A section of the page; `text` applies to all its metrics."""

    title: str
    text: str
    entries: Mapping[str, Entry]


_TASKS = Group(
    "Upload tasks",
    "Counts of all listed tasks, independent of `tasks.limit` and `tasks.statuses`.",
    {
        "zego_upload_tasks": Entry(
            "`Status`, counted",
            {
                "Upload tasks by status, over all apps": "sum by (status) (zego_upload_tasks)",
                "Is there a status that this version does not know?": (
                    'zego_upload_tasks{status="unknown"} > 0'
                ),
            },
        ),
        "zego_upload_retries": Entry(
            "the sum of `RetryCount`. It is a gauge: it shows where retries are, not how many "
            "there were in an hour",
            {"Retries per task, by status": ("zego_upload_retries / (zego_upload_tasks > 0)")},
        ),
        "zego_upload_retried_tasks": Entry(
            "`RetryCount` above 0, counted",
            {
                "Share of the succeeded uploads that needed a retry": (
                    'zego_upload_retried_tasks{status="succeeded"} '
                    '/ (zego_upload_tasks{status="succeeded"} > 0)'
                )
            },
        ),
        "zego_upload_max_retries": Entry(
            "the largest `RetryCount`",
            {
                "Highest retry count among the unfinished uploads, by app": (
                    'max by (zego_app) (zego_upload_max_retries{status=~"waiting_retry|uploading"})'
                )
            },
        ),
        "zego_upload_expiring_tasks": Entry(
            "`ExpiresAt` of succeeded tasks, compared with the time of the scrape",
            {
                "Files that expire within a day": 'zego_upload_expiring_tasks{within="1d"}',
                "Files that expire between six hours and a day from now": (
                    'zego_upload_expiring_tasks{within="1d"} '
                    '- ignoring (within) zego_upload_expiring_tasks{within="6h"}'
                ),
            },
        ),
        "zego_upload_next_expiry_timestamp_seconds": Entry(
            "the earliest `ExpiresAt` of a succeeded task that is in the future",
            {
                "Seconds until the next file expires": (
                    "zego_upload_next_expiry_timestamp_seconds - time()"
                )
            },
            absent="if no succeeded task has a future expiry",
        ),
        "zego_upload_oldest_create_timestamp_seconds": Entry(
            "the earliest `CreateTime`",
            {
                "Apps with an upload that was created over half an hour ago and has not started": (
                    'time() - zego_upload_oldest_create_timestamp_seconds{status="waiting"} > 1800'
                )
            },
            absent="for a status without tasks",
        ),
        "zego_upload_oldest_status_since_timestamp_seconds": Entry(
            "the collection that first found the task in its status",
            {
                "How long the slowest upload has been in progress, in seconds": (
                    'time() - zego_upload_oldest_status_since_timestamp_seconds{status="uploading"}'
                )
            },
            absent="for a status without tasks",
        ),
        "zego_upload_slots_limit": Entry(
            "`apps[].slots_limit`; the API does not report it",
            {"As configured": "zego_upload_slots_limit"},
        ),
        "zego_upload_slots_used": Entry(
            "tasks whose `Status` is 1 (waiting) or 2 (uploading)",
            {
                "Share of the upload slots in use": (
                    "zego_upload_slots_used / zego_upload_slots_limit"
                )
            },
        ),
        "zego_upload_duplicate_titles": Entry(
            "`Title` of tasks that are unfinished or succeeded; empty titles do not count",
            {
                "Apps whose uploads overwrite each other": "zego_upload_duplicate_titles > 0",
                "Which ones (with `tasks.title: full`)": (
                    "count by (zego_app, title) (zego_upload_task_info"
                    '{status=~"waiting|uploading|waiting_retry|succeeded", title!=""}) > 1'
                ),
            },
        ),
        "zego_upload_source_tasks": Entry(
            "the host of `StreamUrl`, without user, port, path and query, and `Status`",
            {
                "Failed uploads by the server that they are copied from": (
                    'sum by (source_host) (zego_upload_source_tasks{status="failed"})'
                ),
                "Share of the listed uploads of a server that failed": (
                    'sum by (source_host) (zego_upload_source_tasks{status="failed"}) '
                    "/ sum by (source_host) (zego_upload_source_tasks)"
                ),
            },
            absent="with `tasks.source_hosts: 0`",
        ),
        "zego_upload_unresolved_failures": Entry(
            "`Status`, `Title` and `CreateTime`: failed tasks without a task of the same title "
            "that was created later and is waiting, uploading, waiting for a retry or succeeded",
            {
                "Failed uploads that were not repeated": "sum(zego_upload_unresolved_failures)",
                "Share of the listed failures that were not repeated": (
                    "zego_upload_unresolved_failures "
                    '/ ignoring (status) (zego_upload_tasks{status="failed"} > 0)'
                ),
            },
        ),
    },
)

_SINGLE_TASKS = Group(
    "Single tasks",
    "At most `tasks.limit` tasks of an app (500 by default) have these series. They are chosen "
    "among the tasks in `tasks.statuses` in this order: failed (newest first), waiting_retry, "
    "uploading and waiting (oldest first), succeeded (soonest expiry first), expired and "
    "cancelled (newest first), unknown. A series ends when its task is no longer listed or no "
    "longer chosen. To show titles, join with `zego_upload_task_info`: `* on (job, instance, "
    "zego_app, upload_task_id) group_left (title, status)`.",
    {
        "zego_upload_task_info": Entry(
            "`UploadTaskId`, `Title`, `Status`; `reason` from callbacks",
            {
                "The failed tasks": 'zego_upload_task_info{status="failed"}',
                "The status of one file": 'zego_upload_task_info{title="lesson-07.mp4"}',
            },
        ),
        "zego_upload_task_retries": Entry(
            "`RetryCount`",
            {
                "The ten tasks with most retries, with their titles": (
                    "topk(10, zego_upload_task_retries "
                    "* on (job, instance, zego_app, upload_task_id) group_left (title, status) "
                    "zego_upload_task_info)"
                )
            },
        ),
        "zego_upload_task_time_to_expiry_seconds": Entry(
            "`ExpiresAt` minus the time of the scrape, in whole seconds",
            {
                "Files that expire within an hour, with their titles": (
                    "(zego_upload_task_time_to_expiry_seconds > 0 < 3600) "
                    "* on (job, instance, zego_app, upload_task_id) group_left (title) "
                    'zego_upload_task_info{status="succeeded"}'
                )
            },
            absent="for a task without an expiry",
        ),
        "zego_upload_task_expiry_timestamp_seconds": Entry(
            "`ExpiresAt`",
            {
                "When a task's file expires, in milliseconds, as Grafana expects": (
                    "zego_upload_task_expiry_timestamp_seconds"
                    '{upload_task_id="upload_task_1"} * 1000'
                )
            },
            absent="for a task without an expiry",
        ),
        "zego_upload_task_create_timestamp_seconds": Entry(
            "`CreateTime`",
            {
                "Age of the unfinished tasks": (
                    "time() - zego_upload_task_create_timestamp_seconds "
                    "* on (job, instance, zego_app, upload_task_id) group_left (title, status) "
                    'zego_upload_task_info{status=~"waiting|uploading|waiting_retry"}'
                )
            },
            absent="for a task without a creation time",
        ),
        "zego_upload_task_status_since_timestamp_seconds": Entry(
            "the callback or collection that first gave the task its status",
            {
                "For how long tasks have been uploading": (
                    "time() - zego_upload_task_status_since_timestamp_seconds "
                    "* on (job, instance, zego_app, upload_task_id) group_left (title) "
                    'zego_upload_task_info{status="uploading"}'
                )
            },
            absent="for a task that the first collection found in its status",
        ),
        "zego_upload_task_series_omitted": Entry(
            "tasks in `tasks.statuses` beyond `tasks.limit`",
            {"Apps with tasks beyond the limit": "zego_upload_task_series_omitted > 0"},
        ),
    },
)

_EVENTS = Group(
    "What happened",
    "Counters for `increase()` and `rate()`. Without history (`history.path`) they start at 0 with "
    "the process; with history they continue. All possible series exist from the start with the "
    "value 0, so that `increase()` sees the first event.",
    {
        "zego_upload_task_transitions_total": Entry(
            "the statuses in two consecutive complete collections, compared by `UploadTaskId`",
            {
                "Uploads that failed in the last hour, by app": (
                    'sum by (zego_app) (increase(zego_upload_task_transitions_total{to="failed"}'
                    "[1h]))"
                ),
                "Uploads created each minute": (
                    'sum by (zego_app) (rate(zego_upload_task_transitions_total{from="new"}[10m]))'
                    " * 60"
                ),
                "Share of the uploads finished in a day that succeeded": (
                    'sum by (zego_app) (increase(zego_upload_task_transitions_total{to="succeeded"}'
                    "[1d])) / sum by (zego_app) (increase(zego_upload_task_transitions_total"
                    '{to=~"succeeded|failed"}[1d]))'
                ),
            },
            absent="for a change that the life cycle of a task does not include, until it occurs",
        ),
        "zego_upload_task_duration_seconds": Entry(
            "the end of the collection that first found the task finished, minus `CreateTime`. "
            "Waiting and retries are included",
            {
                "Median duration of the uploads of the last day, in seconds": (
                    "histogram_quantile(0.5, sum by (zego_app, le) (increase("
                    'zego_upload_task_duration_seconds_bucket{status="succeeded"}[1d])))'
                ),
                "Average duration, in seconds": (
                    'increase(zego_upload_task_duration_seconds_sum{status="succeeded"}[1d]) / '
                    'increase(zego_upload_task_duration_seconds_count{status="succeeded"}[1d])'
                ),
            },
        ),
        "zego_upload_task_phase_duration_seconds": Entry(
            "from the collection that first found the task in the status to the one that found it "
            "in another status, or `EventTime` of the callbacks that reported the two changes",
            {
                "How long half of the uploads of the last day waited to start": (
                    "histogram_quantile(0.5, sum by (zego_app, le) (increase("
                    'zego_upload_task_phase_duration_seconds_bucket{phase="waiting"}[1d])))'
                ),
                "Share of the time that goes into each phase": (
                    "increase(zego_upload_task_phase_duration_seconds_sum[1d]) / ignoring (phase) "
                    "group_left sum without (phase) "
                    "(increase(zego_upload_task_phase_duration_seconds_sum[1d]))"
                ),
            },
        ),
        "zego_upload_failures_total": Entry(
            "callbacks with `EventType` 10002, their `Detail.Reason`. Always 0 without callbacks",
            {
                "Why uploads failed in the last day": (
                    "sum by (zego_app, reason) (increase(zego_upload_failures_total[1d]))"
                )
            },
        ),
        "zego_upload_callback_events_total": Entry(
            "`EventType` of callbacks whose signature is right",
            {
                "Callbacks in the last hour": (
                    "sum by (zego_app, event) (increase(zego_upload_callback_events_total[1h]))"
                )
            },
        ),
        "zego_upload_callback_rejections_total": Entry(
            "requests to `/callback/<app>` that were refused, for example for a wrong signature, "
            "a time that is more than ten minutes off, or a repetition",
            {
                "Callbacks with a wrong secret": (
                    'increase(zego_upload_callback_rejections_total{reason="signature"}[1h]) > 0'
                )
            },
        ),
        "zego_upload_history_errors_total": Entry(
            "the history file. State that could not be written stays in memory and is written "
            "later",
            {
                "The history file cannot be written": (
                    "increase(zego_upload_history_errors_total[30m]) > 0"
                )
            },
        ),
    },
)

_COLLECTIONS = Group(
    "Collections",
    "Whether the numbers above can be trusted, and what it costs to read them. The counters here "
    "and under *The API* start at 0 with the process, and for an app also when a reload changes "
    "its name, AppId, endpoint or `is_test`.",
    {
        "zego_upload_up": Entry(
            "the last collection",
            {
                "Apps that cannot be read": "zego_upload_up == 0",
                "Share of the last day during which an app could be read": (
                    "avg_over_time(zego_upload_up[1d])"
                ),
            },
        ),
        "zego_upload_collections_total": Entry(
            "this process",
            {"Collections each minute": "rate(zego_upload_collections_total[10m]) * 60"},
        ),
        "zego_upload_collections_skipped_total": Entry(
            "this process: ticks of the interval during a collection, counted while it still runs",
            {
                "Collections take longer than their interval": (
                    "increase(zego_upload_collections_skipped_total[1h]) > 3"
                )
            },
        ),
        "zego_upload_collection_failures_total": Entry(
            "this process. [reliability.md](reliability.md) explains each reason",
            {
                "Why collections failed in the last hour": (
                    "sum by (zego_app, reason) "
                    "(increase(zego_upload_collection_failures_total[1h])) > 0"
                )
            },
        ),
        "zego_upload_collection_duration_seconds": Entry(
            "the last complete collection, waiting for the rate limit included",
            {
                "Share of the interval that a collection takes": (
                    "zego_upload_collection_duration_seconds "
                    "/ zego_upload_collection_interval_seconds"
                )
            },
            absent="before the first complete collection",
        ),
        "zego_upload_collection_pages": Entry(
            "the last complete collection; each page is a request, retries not counted",
            {"Pages of each app": "zego_upload_collection_pages"},
            absent="before the first complete collection",
        ),
        "zego_upload_collection_tasks": Entry(
            "the last complete collection. Unlike `zego_upload_tasks` it stays when that is old",
            {"All tasks of all apps": "sum(zego_upload_collection_tasks)"},
            absent="before the first complete collection",
        ),
        "zego_upload_collection_strategy": Entry(
            "`collection.strategy`, and whether the API supports it",
            {
                "The active strategy": "zego_upload_collection_strategy == 1",
            },
        ),
        "zego_upload_resync_corrections_total": Entry(
            "the full walks every `collection.resync_interval`; 0 with `strategy: full`",
            {
                "Tasks that the incremental strategy missed in the last day": (
                    "increase(zego_upload_resync_corrections_total[1d]) > 0"
                )
            },
        ),
        "zego_upload_tasks_reported": Entry(
            "`TotalSize` (also spelled `TotoalSize`)",
            {
                "Does ZEGO report as many tasks as it lists?": (
                    "zego_upload_tasks_reported - zego_upload_collection_tasks"
                )
            },
            absent="without a fresh listing, or if the API reported no total",
        ),
        "zego_upload_last_success_timestamp_seconds": Entry(
            "the end of the last complete collection",
            {
                "Age of the numbers, in seconds": (
                    "time() - zego_upload_last_success_timestamp_seconds"
                )
            },
            absent="before the first complete collection",
        ),
        "zego_upload_last_attempt_timestamp_seconds": Entry(
            "the start of the last collection, successful or not",
            {
                "Collectors that have stopped": (
                    "time() - zego_upload_last_attempt_timestamp_seconds "
                    "> 3 * zego_upload_collection_interval_seconds"
                )
            },
            absent="before the first collection",
        ),
        "zego_upload_collection_interval_seconds": Entry(
            "`collection.interval`",
            {"As configured": "zego_upload_collection_interval_seconds"},
        ),
        "zego_upload_stale_after_seconds": Entry(
            "`collection.stale_after`",
            {
                "Apps whose numbers will soon disappear": (
                    "time() - zego_upload_last_success_timestamp_seconds "
                    "> 0.5 * zego_upload_stale_after_seconds"
                )
            },
        ),
        "zego_upload_malformed_entries_total": Entry(
            "entries of the listing; the label names the field that could not be read",
            {
                "Fields of the answers that cannot be read": (
                    "sum by (zego_app, reason) "
                    "(increase(zego_upload_malformed_entries_total[1h])) > 0"
                )
            },
        ),
    },
)

_API = Group(
    "The API",
    "Every HTTP request counts, including retries and those of failed collections.",
    {
        "zego_upload_api_requests_total": Entry(
            "this process",
            {
                "Requests a second, by AppId (compare with ZEGO's 20)": (
                    "sum by (app_id) (rate(zego_upload_api_requests_total[5m]) "
                    "* on (job, instance, zego_app) group_left (app_id) zego_upload_app_info)"
                )
            },
        ),
        "zego_upload_api_errors_total": Entry(
            "`Code` of the answer, its HTTP status, or the kind of network error",
            {
                "Share of the requests that fail": (
                    "sum by (zego_app) (rate(zego_upload_api_errors_total[15m])) "
                    "/ sum by (zego_app) (rate(zego_upload_api_requests_total[15m]))"
                ),
                "Requests above ZEGO's rate limit: another program uses the AppId": (
                    'increase(zego_upload_api_errors_total{code="350006001"}[1h]) > 0'
                ),
            },
            absent="for a code that has not occurred; after 64 different ones the rest is `other`",
        ),
        "zego_upload_api_request_duration_seconds": Entry(
            "the time from sending a request until its answer is read, without waiting for the "
            "rate limit",
            {
                "95th percentile of the request durations, in seconds": (
                    "histogram_quantile(0.95, sum by (zego_app, le) "
                    "(rate(zego_upload_api_request_duration_seconds_bucket[15m])))"
                )
            },
        ),
        "zego_upload_api_rate_limit_wait_seconds_total": Entry(
            "`collection.requests_per_second`",
            {
                "Share of time that a collector waits for its own limit": (
                    "rate(zego_upload_api_rate_limit_wait_seconds_total[15m])"
                )
            },
        ),
        "zego_upload_api_requests_per_second_limit": Entry(
            "`collection.requests_per_second`; of apps with one AppId, the lowest",
            {
                "Share of the limit that is used": (
                    "rate(zego_upload_api_requests_total[15m]) "
                    "/ zego_upload_api_requests_per_second_limit"
                )
            },
        ),
        "zego_upload_api_clock_skew_seconds": Entry(
            "the `Date` header of the last answer. Positive: this machine's clock is behind",
            {
                "Clocks more than a minute apart (ZEGO refuses more than ten)": (
                    "abs(zego_upload_api_clock_skew_seconds) > 60"
                )
            },
            absent="until the first answer with a `Date` header",
        ),
    },
)

_PROGRAM = Group(
    "The program",
    "The Prometheus client library adds `process_*` and `python_info`, except in the output of "
    "`once`.",
    {
        "zego_upload_app_info": Entry(
            "the configuration",
            {
                "Failed tasks by AppId": (
                    'zego_upload_tasks{status="failed"} '
                    "* on (job, instance, zego_app) group_left (app_id) zego_upload_app_info"
                )
            },
        ),
        "zego_upload_exporter_build_info": Entry(
            "the program",
            {
                "Exporters by version": "count by (version) (zego_upload_exporter_build_info)",
            },
        ),
        "zego_upload_exporter_config_last_reload_successful": Entry(
            "reloads: SIGHUP and `POST /-/reload`. 1 at the start",
            {
                "Exporters whose last reload failed": (
                    "zego_upload_exporter_config_last_reload_successful == 0"
                )
            },
            absent="in the output of `once`",
        ),
        "zego_upload_exporter_config_last_reload_success_timestamp_seconds": Entry(
            "reloads; the start counts as one",
            {
                "Seconds since the configuration was last applied": (
                    "time() - zego_upload_exporter_config_last_reload_success_timestamp_seconds"
                )
            },
            absent="in the output of `once`",
        ),
        "zego_upload_exporter_log_lines_dropped_total": Entry(
            "lines that did not fit into the queue of the log, or that stderr refused. A reader of "
            "stderr that stalls, or a full disk behind it, never holds up the exporter",
            {
                "Log lines lost in the last hour": (
                    "increase(zego_upload_exporter_log_lines_dropped_total[1h])"
                )
            },
        ),
    },
)

GROUPS = (_TASKS, _SINGLE_TASKS, _EVENTS, _COLLECTIONS, _API, _PROGRAM)
