"""The metrics of upload tasks: counts, single tasks, transitions and callbacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from exporter.metrics.metric import (
    ExposedSnapshot,
    Metric,
    Sample,
    Scope,
    by_key,
    by_status,
    by_task,
    histograms,
    single,
)
from exporter.tasks import UNFINISHED, UNKNOWN_HOST, TaskStatus

OTHER_HOSTS = "other"
"""Label of the tasks whose host has no series of its own."""


def _source_tasks(exposed: ExposedSnapshot) -> Iterator[Sample]:
    """Yield all statuses of the hosts with most tasks; the other hosts are added up."""
    limit, by_source = exposed.settings.source_hosts, exposed.snapshot.by_source
    if not limit:
        return
    known = [host for host in by_source if host != UNKNOWN_HOST]
    # Names decide between equal hosts, so that series do not flap between scrapes.
    shown = {*sorted(known, key=lambda host: (-sum(by_source[host].values()), host))[:limit]}
    totals: dict[str, Counter[TaskStatus]] = {}
    for host, counts in by_source.items():
        label = host if host in shown or host == UNKNOWN_HOST else OTHER_HOSTS
        totals.setdefault(label, Counter()).update(counts)
    for label, total in totals.items():
        for status in TaskStatus:
            yield (label, status.value), total[status]


TASK_METRICS = (
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_tasks",
        "Upload tasks that the API lists, by status.",
        by_status(lambda summary: summary.tasks),
        "status",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_retries",
        "Sum of the retry counts of the listed upload tasks, by status. "
        "It falls when tasks leave the status or the listing.",
        by_status(lambda summary: summary.retries),
        "status",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_retried_tasks",
        "Listed upload tasks with at least one retry, by status.",
        by_status(lambda summary: summary.retried_tasks),
        "status",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_max_retries",
        "Highest retry count among the listed upload tasks, by status; 0 where there is no task.",
        by_status(lambda summary: summary.max_retries),
        "status",
    ),
    Metric(
        Scope.MOMENT,
        "zego_upload_expiring_tasks",
        "Succeeded upload tasks whose file expires within that time from now; cumulative.",
        lambda exposed, now: (
            ((label,), exposed.snapshot.expiring(now=now, within=seconds))
            for label, seconds in exposed.settings.expiry_windows
        ),
        "within",
    ),
    Metric(
        Scope.MOMENT,
        "zego_upload_next_expiry_timestamp_seconds",
        "Earliest expiry in the future among succeeded upload tasks; absent where there is none.",
        lambda exposed, now: single(exposed.snapshot.next_expiry(now=now)),
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_oldest_create_timestamp_seconds",
        "Creation time of the oldest upload task in an unfinished status; "
        "absent where there is none.",
        by_status(lambda summary: summary.oldest_created_at, UNFINISHED),
        "status",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_oldest_status_since_timestamp_seconds",
        "Earliest time at which a listed upload task was first seen in its unfinished status. "
        "Tasks that were in it at the first collection (of this process, or of the history file) "
        "do not count; absent where there is no other one.",
        lambda exposed: (
            ((status.value,), exposed.snapshot.oldest_status_since[status])
            for status in UNFINISHED
            if status in exposed.snapshot.oldest_status_since
        ),
        "status",
    ),
    Metric(
        Scope.APP,
        "zego_upload_slots_limit",
        "Upload tasks that may wait or upload together before ZEGO refuses further ones, "
        "as configured.",
        lambda view: single(view.settings.slots_limit),
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_slots_used",
        "Upload tasks that are waiting or uploading.",
        lambda exposed: single(exposed.snapshot.slots_used),
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_duplicate_titles",
        "Titles shared by several unfinished or succeeded upload tasks, "
        "which overwrite each other's file.",
        lambda exposed: single(exposed.snapshot.duplicate_titles),
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_unresolved_failures",
        "Failed upload tasks whose file was not uploaded again: no later task with the same title "
        "is unfinished or succeeded. Failed tasks without a title or a creation time count.",
        lambda exposed: single(len(exposed.snapshot.unresolved)),
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_source_tasks",
        "Upload tasks that the API lists, by the host of their StreamUrl and status. Only the "
        "hosts with the most tasks (tasks.source_hosts of them) have their own series; tasks of "
        "the others count as other, tasks without a readable host as unknown.",
        _source_tasks,
        "source_host",
        "status",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_task_info",
        "Title and status of an upload task, and why it failed if a callback gave the reason; "
        "always 1.",
        lambda exposed: (
            ((label, exposed.title(task), task.status.value, exposed.failure_reason(task)), 1)
            for label, task in exposed.tasks.items()
        ),
        "upload_task_id",
        "title",
        "status",
        "reason",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_task_retries",
        "Retry count of an upload task.",
        by_task(lambda task: task.retry_count),
        "upload_task_id",
    ),
    Metric(
        Scope.COUNTDOWN,
        "zego_upload_task_time_to_expiry_seconds",
        "Time until the file of an upload task expires, negative once it has; "
        "absent where the API gives no expiry.",
        by_task(lambda task: task.expires_at),
        "upload_task_id",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_task_expiry_timestamp_seconds",
        "When the file of an upload task expires; absent where the API gives no expiry.",
        by_task(lambda task: task.expires_at),
        "upload_task_id",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_task_create_timestamp_seconds",
        "When an upload task was created; absent where the API gives no time.",
        by_task(lambda task: task.created_at),
        "upload_task_id",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_task_status_since_timestamp_seconds",
        "When an upload task was first seen in its status; absent for a task that was in it at the "
        "first collection (of this process, or of the history file).",
        lambda exposed: (
            ((label,), tracked.since)
            for label, task in exposed.tasks.items()
            if (tracked := exposed.snapshot.tracked.get(task.id)) and tracked.since is not None
        ),
        "upload_task_id",
    ),
    Metric(
        Scope.SNAPSHOT,
        "zego_upload_task_series_omitted",
        "Upload tasks without series of their own because there are more than tasks.limit.",
        lambda exposed: single(exposed.omitted),
    ),
    Metric(
        Scope.APP,
        "zego_upload_task_transitions_total",
        "Changes of status between two consecutive complete collections. A task that is listed for "
        "the first time comes from new; a task that two collections in a row did not list goes to "
        "gone. The first collection counts nothing. Changes that are reversed between two "
        "collections are not seen.",
        lambda view: view.counters.transitions.items(),
        "from",
        "to",
    ),
    Metric(
        Scope.APP,
        "zego_upload_task_duration_seconds",
        "Time from the creation of an upload task until it was first seen succeeded or failed. "
        "The resolution is one collection interval, or exact where callbacks report the changes; "
        "tasks that the first collection found finished do not count.",
        lambda view: histograms(view.counters.durations),
        "status",
        histogram=True,
    ),
    Metric(
        Scope.APP,
        "zego_upload_task_phase_duration_seconds",
        "Time that upload tasks were seen waiting, uploading, or waiting for a retry, until they "
        "changed to another status. The resolution is one collection interval, or exact where "
        "callbacks report the changes. Phases that the first collection found in progress, and "
        "tasks that left the listing, do not count.",
        lambda view: histograms(view.counters.phases),
        "phase",
        histogram=True,
    ),
    Metric(
        Scope.APP,
        "zego_upload_failures_total",
        "Failed uploads reported by callbacks, by reason. Callbacks can be lost: count failures "
        "with zego_upload_task_transitions_total.",
        lambda view: by_key(view.counters.failures),
        "reason",
    ),
    Metric(
        Scope.APP,
        "zego_upload_callback_events_total",
        "Authentic callbacks received, by event.",
        lambda view: by_key(view.counters.callback_events),
        "event",
    ),
    Metric(
        Scope.APP,
        "zego_upload_callback_rejections_total",
        "Refused callbacks, by reason. They have no effect.",
        lambda view: by_key(view.callback_rejections),
        "reason",
    ),
    Metric(
        Scope.APP,
        "zego_upload_history_errors_total",
        "Failed reads and writes of the history file. The next write includes what is missing.",
        lambda view: single(view.counters.history_errors),
    ),
)
