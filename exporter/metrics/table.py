"""The table of metrics: one row is one metric, its meaning and where its values come from.

Names, labels and meanings are the contract's (section 2); `rows` says what kinds of rows there are.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

from exporter import __version__
from exporter.collection.state import AppView
from exporter.metrics.metric import (
    Histogram,
    Metric,
    Sample,
    SnapshotLook,
    by_status,
    by_task,
    counted,
    of_app,
    of_countdown,
    of_moment,
    of_program,
    of_snapshot,
    one,
)
from exporter.tasks import UNFINISHED


def _task_info(look: SnapshotLook) -> Iterator[Sample]:
    for task in look.exposed:
        reason = look.snapshot.failure_reasons.get(task.id, "")
        yield (task.id, look.title(task), task.status.value, reason), 1


def _expiring(look: SnapshotLook, now: float) -> Iterator[Sample]:
    for label, seconds in look.settings.expiry_windows:
        yield (label,), look.snapshot.expiring(now=now, within=seconds)


def _status_since(look: SnapshotLook) -> Iterator[Sample]:
    for task in look.exposed:
        known = look.snapshot.tracked.get(task.id)
        if known is not None and known.since is not None:
            yield (task.id,), known.since


def _oldest_status_since(look: SnapshotLook) -> Iterator[Sample]:
    for status in UNFINISHED:
        if status in look.snapshot.oldest_status_since:
            yield (status.value,), look.snapshot.oldest_status_since[status]


def _task_durations(view: AppView) -> Iterator[Histogram]:
    for status, (buckets, total) in view.counters.durations.items():
        yield (status.value,), buckets, total


def _phase_durations(view: AppView) -> Iterator[Histogram]:
    for status, (buckets, total) in view.counters.phases.items():
        yield (status.value,), buckets, total


def _request_durations(view: AppView) -> Iterator[Histogram]:
    yield (), view.api.duration_buckets, view.api.duration_sum


def _strategy(view: AppView) -> Iterator[Sample]:
    for name in ("full", "incremental"):
        yield (name,), int(name == view.strategy)


def _app_info(view: AppView) -> Iterator[Sample]:
    yield (str(view.settings.app_id), view.settings.endpoint), 1


METRICS: tuple[Metric, ...] = (
    of_snapshot(
        "zego_upload_tasks",
        "Upload tasks that the API lists, by status.",
        by_status(lambda summary: summary.tasks),
        "status",
    ),
    of_snapshot(
        "zego_upload_retries",
        "Sum of the retry counts of the listed upload tasks, by status. "
        "It falls when tasks leave the status or the listing.",
        by_status(lambda summary: summary.retries),
        "status",
    ),
    of_snapshot(
        "zego_upload_retried_tasks",
        "Listed upload tasks with at least one retry, by status.",
        by_status(lambda summary: summary.retried_tasks),
        "status",
    ),
    of_snapshot(
        "zego_upload_max_retries",
        "Highest retry count among the listed upload tasks, by status; 0 where there is no task.",
        by_status(lambda summary: summary.max_retries),
        "status",
    ),
    of_moment(
        "zego_upload_expiring_tasks",
        "Succeeded upload tasks whose file expires within that time from now; cumulative.",
        _expiring,
        "within",
    ),
    of_moment(
        "zego_upload_next_expiry_timestamp_seconds",
        "Earliest expiry in the future among succeeded upload tasks; absent where there is none.",
        lambda look, now: one(look.snapshot.next_expiry(now=now)),
    ),
    of_snapshot(
        "zego_upload_oldest_create_timestamp_seconds",
        "Creation time of the oldest upload task in an unfinished status; "
        "absent where there is none.",
        by_status(lambda summary: summary.oldest_created_at, UNFINISHED),
        "status",
    ),
    of_snapshot(
        "zego_upload_oldest_status_since_timestamp_seconds",
        "Earliest time at which a listed upload task was first seen in its unfinished status, by "
        "this process or one whose history it continues. Tasks that the first collection already "
        "found in it do not count; absent where there is no other one.",
        _oldest_status_since,
        "status",
    ),
    of_app(
        "zego_upload_slots_limit",
        "Upload tasks that may wait or upload together before ZEGO refuses further ones, "
        "as configured.",
        lambda view: one(view.settings.slots_limit),
    ),
    of_snapshot(
        "zego_upload_slots_used",
        "Upload tasks that are waiting or uploading.",
        lambda look: one(look.snapshot.slots_used),
    ),
    of_snapshot(
        "zego_upload_duplicate_titles",
        "Titles shared by several unfinished or succeeded upload tasks, "
        "which overwrite each other's file.",
        lambda look: one(look.snapshot.duplicate_titles),
    ),
    of_snapshot(
        "zego_upload_unresolved_failures",
        "Failed upload tasks whose file was not uploaded again: no task that was created later "
        "and is unfinished or succeeded has the same title. Tasks without a title or a creation "
        "time count.",
        lambda look: one(len(look.snapshot.unresolved)),
    ),
    of_snapshot(
        "zego_upload_task_info",
        "Title and status of an upload task, and why it failed as far as a callback said so; "
        "always 1.",
        _task_info,
        "upload_task_id",
        "title",
        "status",
        "reason",
    ),
    of_snapshot(
        "zego_upload_task_retries",
        "Retry count of an upload task.",
        by_task(lambda task: task.retry_count),
        "upload_task_id",
    ),
    of_countdown(
        "zego_upload_task_time_to_expiry_seconds",
        "Time until the file of an upload task expires, negative once it has; "
        "absent where the API gives no expiry.",
        by_task(lambda task: task.expires_at),
        "upload_task_id",
    ),
    of_snapshot(
        "zego_upload_task_expiry_timestamp_seconds",
        "When the file of an upload task expires; absent where the API gives no expiry.",
        by_task(lambda task: task.expires_at),
        "upload_task_id",
    ),
    of_snapshot(
        "zego_upload_task_create_timestamp_seconds",
        "When an upload task was created; absent where the API gives no time.",
        by_task(lambda task: task.created_at),
        "upload_task_id",
    ),
    of_snapshot(
        "zego_upload_task_status_since_timestamp_seconds",
        "When an upload task was first seen in its status, by this process or one whose history "
        "it continues; absent for a task that the first collection already found in it.",
        _status_since,
        "upload_task_id",
    ),
    of_snapshot(
        "zego_upload_task_series_omitted",
        "Upload tasks without series of their own because there are more than tasks.limit.",
        lambda look: one(look.omitted),
    ),
    of_app(
        "zego_upload_task_transitions_total",
        "Changes of status between two consecutive complete collections; from new for tasks that "
        "are listed for the first time, to gone for tasks that two collections in a row did not "
        "list. The first collection counts nothing. Changes that are reversed between two "
        "collections are not seen.",
        lambda view: view.counters.transitions.items(),
        "from",
        "to",
    ),
    Metric(
        "zego_upload_task_duration_seconds",
        "histogram",
        "Time from the creation of an upload task until it was first seen succeeded or failed. "
        "The resolution is one collection interval; tasks that the first collection found "
        "finished do not count.",
        ("status",),
        histogram_from_app=_task_durations,
    ),
    Metric(
        "zego_upload_task_phase_duration_seconds",
        "histogram",
        "Time that upload tasks were seen waiting, uploading, or waiting for a retry, until they "
        "changed to another status. The resolution is one collection interval, or exact where "
        "callbacks report the changes. Phases that the first collection found in progress, and "
        "tasks that left the listing, do not count.",
        ("phase",),
        histogram_from_app=_phase_durations,
    ),
    of_app(
        "zego_upload_failures_total",
        "Failed uploads reported by callbacks, by reason. Callbacks can be lost: count failures "
        "with zego_upload_task_transitions_total.",
        lambda view: counted(view.counters.failures),
        "reason",
    ),
    of_app(
        "zego_upload_callback_events_total",
        "Authentic callbacks received, by event.",
        lambda view: counted(view.counters.callback_events),
        "event",
    ),
    of_app(
        "zego_upload_callback_rejections_total",
        "Callbacks refused without effect, by reason.",
        lambda view: counted(view.callback_rejections),
        "reason",
    ),
    of_app(
        "zego_upload_history_errors_total",
        "Reads and writes of the history file that failed; the next write catches up.",
        lambda view: one(view.counters.history_errors),
    ),
    of_app(
        "zego_upload_up",
        "1 if the last collection of the upload tasks succeeded, 0 if it failed "
        "or none has ended yet. Collections run on their own schedule, not at the scrape.",
        lambda view: one(1 if view.up else 0),
    ),
    of_app(
        "zego_upload_collections_total",
        "Collections started.",
        lambda view: one(view.collections),
    ),
    of_app(
        "zego_upload_collections_skipped_total",
        "Collections skipped because the previous one was still running.",
        lambda view: one(view.skipped),
    ),
    of_app(
        "zego_upload_collection_failures_total",
        "Collections that failed and published nothing, by reason.",
        lambda view: counted(view.failures),
        "reason",
    ),
    of_app(
        "zego_upload_collection_duration_seconds",
        "Duration of the last complete collection; absent until there was one.",
        lambda view: one(view.latest.duration if view.latest else None),
    ),
    of_app(
        "zego_upload_collection_pages",
        "Pages read by the last complete collection; absent until there was one.",
        lambda view: one(view.latest.pages if view.latest else None),
    ),
    of_app(
        "zego_upload_collection_tasks",
        "Upload tasks found by the last complete collection; absent until there was one.",
        lambda view: one(len(view.latest.tasks) if view.latest else None),
    ),
    of_app(
        "zego_upload_collection_strategy",
        "1 for the strategy in effect, 0 for the other. It is full although incremental is "
        "configured while the API's totals, filters or look-ups do not work as that needs; "
        "the log says which.",
        _strategy,
        "strategy",
    ),
    of_app(
        "zego_upload_resync_corrections_total",
        "Upload tasks corrected by a resync because the incremental strategy had missed their "
        "change: it left the total of a finished status as it was.",
        lambda view: one(view.corrections),
    ),
    of_app(
        "zego_upload_tasks_reported",
        "Total that the API itself reported in the last complete collection; "
        "absent where it gave none, and while the data is stale. Whether it counts all tasks or a "
        "page is not documented.",
        lambda view: one(view.snapshot.reported_total if view.snapshot else None),
    ),
    of_app(
        "zego_upload_last_success_timestamp_seconds",
        "When the last complete collection ended; absent until there was one.",
        lambda view: one(view.last_success),
    ),
    of_app(
        "zego_upload_last_attempt_timestamp_seconds",
        "When the last collection started; absent until there was one.",
        lambda view: one(view.last_attempt),
    ),
    of_app(
        "zego_upload_collection_interval_seconds",
        "Time between two collections, as configured.",
        lambda view: one(view.settings.collection.interval),
    ),
    of_app(
        "zego_upload_stale_after_seconds",
        "Age at which the series of the last complete collection disappear, as configured.",
        lambda view: one(view.settings.collection.stale_after),
    ),
    of_app(
        "zego_upload_malformed_entries_total",
        "Entries of the listing that could not be read and were left out, by reason.",
        lambda view: counted(view.malformed),
        "reason",
    ),
    of_app(
        "zego_upload_api_requests_total",
        "HTTP requests sent to the API, retries included.",
        lambda view: one(view.api.requests),
    ),
    of_app(
        "zego_upload_api_errors_total",
        "HTTP requests to the API that failed, by the API's return code, http_<status>, timeout, "
        "connection, tls or invalid_response.",
        lambda view: counted(view.api.errors),
        "code",
    ),
    Metric(
        "zego_upload_api_request_duration_seconds",
        "histogram",
        "Duration of HTTP requests to the API, failed ones included.",
        histogram_from_app=_request_durations,
    ),
    of_app(
        "zego_upload_api_rate_limit_wait_seconds_total",
        "Time that requests waited for the exporter's own rate limit.",
        lambda view: one(view.api.rate_limit_wait_seconds),
    ),
    of_app(
        "zego_upload_api_requests_per_second_limit",
        "Requests a second that the exporter allows itself for this AppId, as configured.",
        lambda view: one(view.settings.collection.requests_per_second),
    ),
    of_app(
        "zego_upload_api_clock_skew_seconds",
        "The API's clock (its Date header, whole seconds) minus this machine's; "
        "absent until the API gave one.",
        lambda view: one(view.api.clock_skew_seconds),
    ),
    of_app(
        "zego_upload_app_info",
        "AppId and API endpoint of an app, always 1.",
        _app_info,
        "app_id",
        "endpoint",
    ),
    of_program(
        "zego_upload_exporter_build_info",
        "Version of the exporter and of the Python it runs on, always 1.",
        lambda _: [((__version__, platform.python_version()), 1.0)],
        "version",
        "python_version",
    ),
    of_program(
        "zego_upload_exporter_config_last_reload_successful",
        "1 if the last reload of the configuration succeeded, 0 if it failed and the "
        "previous configuration stays in use; starting counts as a reload.",
        lambda program: one(program.reload_successful),
    ),
    of_program(
        "zego_upload_exporter_config_last_reload_success_timestamp_seconds",
        "When a reload of the configuration last succeeded; starting counts as a reload.",
        lambda program: one(program.reload_succeeded_at),
    ),
)
