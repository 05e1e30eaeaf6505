"""Situations of operators, each as the samples of a job of its own.

Each begins with two healthy apps; the situation begins 20 minutes before the end. The series that
come from a snapshot are those of the table of metrics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from exporter.metrics import METRICS
from exporter.metrics.metric import Scope
from tests.grafana.samples import APPS, END, START, STEP, Moment, Sample, braced, exposition

NOW = END + 3600
CHANGE = NOW - 1200
STALE_AFTER = 300
FROM_SNAPSHOTS = {
    metric.name
    for metric in METRICS
    if metric.scope in (Scope.SNAPSHOT, Scope.MOMENT, Scope.COUNTDOWN)
}
NOTHING_HAPPENS = {
    "zego_upload_unresolved_failures",
    "zego_upload_callback_events_total",
    "zego_upload_api_errors_total",
    "zego_upload_collection_failures_total",
}
FAILED_LISTED = 200
LISTED = 50_000


def healthy(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """Without a failure: collections go on, no upload has failed."""
    for name, labels, value in samples:
        if name == "zego_upload_last_success_timestamp_seconds":
            yield name, labels, moment - 4
        elif name in NOTHING_HAPPENS or "failed" in (labels.get("to"), labels.get("status")):
            yield name, labels, 0
        else:
            yield name, labels, value


def api_down(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """Without a successful collection from the change on; the data have become stale."""
    for name, labels, value in healthy(moment, samples):
        if moment < CHANGE:
            yield name, labels, value
        elif name == "zego_upload_last_success_timestamp_seconds":
            yield name, labels, CHANGE
        elif name == "zego_upload_up":
            yield name, labels, 0
        elif name == "zego_upload_collection_failures_total":
            yield name, labels, (moment - CHANGE) // STEP
        elif name not in FROM_SNAPSHOTS or moment < CHANGE + STALE_AFTER:
            yield name, labels, value


def exporter_down(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """No answer from the exporter."""
    if moment < CHANGE:
        yield from healthy(moment, samples)
    else:
        yield "up", {}, 0


def target_gone(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """Without a target from the change on: Prometheus does not even try to scrape."""
    if moment < CHANGE:
        yield from healthy(moment, samples)


def app_removed(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """Without the second app from the change on: it was taken out of the configuration."""
    for name, labels, value in healthy(moment, samples):
        if moment < CHANGE or labels.get("zego_app") != APPS[1]:
            yield name, labels, value


def first_day(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """With 50,000 tasks listed, of which 200 had failed before the exporter began."""
    for name, labels, value in healthy(moment, samples):
        failed = labels.get("status") == "failed"
        if labels.get("zego_app") == APPS[1] or name.startswith("zego_upload_task_status_since"):
            continue
        if name == "zego_upload_tasks":
            listed = {"failed": FAILED_LISTED, "succeeded": LISTED - FAILED_LISTED}
            yield name, labels, listed.get(labels["status"], 0)
        elif name == "zego_upload_unresolved_failures":
            yield name, labels, FAILED_LISTED
        elif not failed and name != "zego_upload_task_info":
            yield name, labels, value
    for number in range(FAILED_LISTED):
        label = {"zego_app": APPS[0], "upload_task_id": f"f{number}"}
        named = {"title": f"lesson {number}.mp4", "status": "failed", "reason": ""}
        yield "zego_upload_task_info", label | named, 1
        yield "zego_upload_task_create_timestamp_seconds", label, START + number
        yield "zego_upload_task_time_to_expiry_seconds", label, -1.5e6


def empty_account(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """One app whose API lists nothing, and was not asked within the hour."""
    for name, labels, value in healthy(moment, samples):
        if labels.get("zego_app") == APPS[1] or "upload_task_id" in labels:
            continue
        idle = name in FROM_SNAPSHOTS or name == "zego_upload_api_requests_total"
        yield name, labels, 0 if idle else value


NASTY = (
    '"><img src=x>',
    "${__all}",
    "{{title}}",
    "\\n\\",
    "a" * 255 + "…",
    "👩‍👩‍👧‍👦 课程.mp4",
    "x" * 8192,
)


def nasty_titles(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """Titles that could be taken for markup, variables or escapes, of 256 characters, and of 8 KB.

    Titles of 8 KB are of an exporter before this version.
    """
    for name, labels, value in healthy(moment, samples):
        if "upload_task_id" not in labels:
            yield name, labels, value
    for number, title in enumerate(NASTY):
        label = {"zego_app": APPS[0], "upload_task_id": f"n{number}"}
        yield (
            "zego_upload_task_info",
            {**label, "title": title, "status": "failed", "reason": ""},
            1,
        )
        yield "zego_upload_task_create_timestamp_seconds", label, START + number


def uploaded_again(moment: float, samples: Iterator[Sample]) -> Iterator[Sample]:
    """Failed uploads with a later namesake, an earlier one, and one in another app."""
    for name, labels, value in healthy(moment, samples):
        if "upload_task_id" not in labels:
            yield name, labels, value
    tasks = (
        (APPS[0], "resolved", "a.mp4", "failed", 10),
        (APPS[0], "again", "a.mp4", "succeeded", 20),
        (APPS[0], "unresolved", "b.mp4", "failed", 20),
        (APPS[0], "before", "b.mp4", "succeeded", 10),
        (APPS[0], "elsewhere", "c.mp4", "failed", 10),
        (APPS[1], "not the same", "c.mp4", "succeeded", 20),
        (APPS[0], "nameless", "", "failed", 10),
        (APPS[0], "nameless too", "", "succeeded", 20),
        (APPS[0], "together", "e.mp4", "failed", 10),
        (APPS[0], "with it", "e.mp4", "succeeded", 10),
        (APPS[0], "timeless", "d.mp4", "failed", None),
        (APPS[0], "after all", "d.mp4", "uploading", 20),
    )
    for app, task, title, status, created in tasks:
        label = {"zego_app": app, "upload_task_id": task}
        yield "zego_upload_task_info", {**label, "title": title, "status": status, "reason": ""}, 1
        if created is not None:
            yield "zego_upload_task_create_timestamp_seconds", label, START + created


SITUATIONS: Mapping[str, Callable[[float, Iterator[Sample]], Iterator[Sample]]] = {
    situation.__name__: situation
    for situation in (
        healthy,
        api_down,
        exporter_down,
        target_gone,
        app_removed,
        first_day,
        empty_account,
        nasty_titles,
        uploaded_again,
    )
}
"""By job."""

MANY = 200


def many_apps(moment: float) -> Iterator[Sample]:
    """200 apps of one exporter, five of which have no request, no upload and no taken slot."""
    for name, labels, value in exposition(Moment(int(moment - START) // STEP)):
        if labels.get("zego_app") == APPS[1] or "upload_task_id" in labels:
            continue
        if "zego_app" not in labels:
            yield name, labels, value
            continue
        for number in range(MANY):
            app = {"zego_app": f"tenant-{number:04}-of-a-platform"}
            if name == "zego_upload_last_success_timestamp_seconds":
                yield name, labels | app, moment - 4
            else:
                yield name, labels | app, value * (number >= 5)


def openmetrics() -> str:
    """Return the samples of all situations, with their times."""
    lines: dict[str, list[str]] = defaultdict(list)
    for job, situation in SITUATIONS.items():
        for moment in range(NOW - 3600, NOW + 1, 2 * STEP):
            observed = Moment(int(moment - (NOW - 3600)) // STEP)
            for name, labels, value in situation(moment, exposition(observed)):
                text = braced({**labels, "job": job, "instance": f"{job}:10317"})
                lines[name].append(f"{name}{text} {value} {moment}")
    for moment in range(NOW - 240, NOW + 1, 60):
        for name, labels, value in many_apps(moment):
            text = braced({**labels, "job": "many_apps", "instance": "many_apps:10317"})
            lines[name].append(f"{name}{text} {value} {moment}")
    families = [f"# TYPE {name} unknown\n" + "\n".join(rows) for name, rows in lines.items()]
    return "\n".join([*families, "# EOF", ""])
