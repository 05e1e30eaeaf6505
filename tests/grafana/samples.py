"""A quarter of an hour of an exporter's series, as text that promtool makes a database of.

Two apps, scraped every 30 s by one job with one exporter and one job with two replicas of it. The
replicas differ as real ones do: the second sees each task's change of status one scrape later.
Another target, which is no exporter of ours, has `up` as all targets do.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

START = 1_700_002_350
"""In UTC a full hour is in the middle, as some queries look at full hours only."""

STEP = 30
SCRAPES = 31
END = START + STEP * (SCRAPES - 1)
APPS = ("vod", "直播.cn (1)")
TASK = "failing"
"""A task of the first app."""
REPLICAS: Mapping[str, tuple[int, ...]] = {"single": (0,), "double": (0, 1)}
"""By job: how many scrapes each of its exporters lags behind."""

LIVES: Mapping[str, tuple[str, ...]] = {
    TASK: ("waiting", "uploading", "waiting_retry", "failed"),
    "fine": ("waiting", "uploading", "succeeded"),
    "twin": ("waiting", "uploading", "succeeded"),
    "stuck": ("waiting", "uploading"),
    "again": ("waiting", "uploading", "waiting_retry"),
    "queued": ("waiting",),
    "renamed": ("succeeded",),
}
"""By task: the statuses that it goes through, one every five scrapes."""

TITLES = {"fine": "同名.mp4", "twin": "同名.mp4"}
STATUSES = (
    "waiting",
    "uploading",
    "waiting_retry",
    "succeeded",
    "failed",
    "cancelled",
    "expired",
    "unknown",
)
Labels = dict[str, str]
Sample = tuple[str, Labels, float]


@dataclass(frozen=True, slots=True)
class Moment:
    """The data of one exporter at one scrape; `collected` is the scrape that they are from."""

    collected: int

    @property
    def statuses(self) -> dict[str, str]:
        """Status by task."""
        return {task: self.status(task) for task in LIVES}

    def status(self, task: str) -> str:
        """Return the status of a task."""
        return LIVES[task][min(self.collected // 5, len(LIVES[task]) - 1)]

    def title(self, task: str) -> str:
        """Return the title of a task; one changes, as all do when `tasks.title` is changed."""
        if task == "renamed" and self.collected < 15:
            return "before.mp4"
        return TITLES.get(task, f"{task}.mp4")

    def since(self, task: str) -> float:
        """Return when the task came to its status, in Unix seconds."""
        return START + STEP * 5 * min(self.collected // 5, len(LIVES[task]) - 1)


def openmetrics() -> str:
    """Return all samples of all jobs, with timestamps."""
    lines: dict[str, list[str]] = defaultdict(list)
    stranger = ("up", {"job": "node", "instance": "node-0:9100"}, 1)
    for name, labels, value in (*recorded(), stranger):
        for when in range(START, END + 1, STEP):
            lines[name].append(f"{name}{braced(labels)} {value} {when}")
    for job, lags in REPLICAS.items():
        for number, lag in enumerate(lags):
            target = {"job": job, "instance": f"{job}-{number}:10317"}
            for scrape in range(SCRAPES):
                for name, labels, value in exposition(Moment(max(0, scrape - lag))):
                    when = START + STEP * scrape
                    lines[name].append(f"{name}{braced(labels | target)} {value} {when}")
    families = [f"# TYPE {name} unknown\n" + "\n".join(rows) for name, rows in lines.items()]
    return "\n".join([*families, "# EOF", ""])


def braced(labels: Labels) -> str:
    """Return labels as the text format has them."""
    pairs = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return f"{{{','.join(pairs)}}}"


def recorded() -> Iterator[Sample]:
    """Yield constant series in the place of the recording rules."""
    for job in REPLICAS:
        for name in APPS:
            app = {"job": job, "zego_app": name}
            for status in ("succeeded", "failed"):
                moved = "job_zego_app_to:zego_upload_task_transitions:increase1h"
                yield moved, {**app, "to": status}, 2
            yield "job_zego_app:zego_upload_slots_used_per_limit:ratio", app, 1


def exposition(moment: Moment) -> Iterator[Sample]:
    """Yield the series of one scrape."""
    yield "up", {}, 1
    yield "zego_upload_exporter_build_info", {"version": "1.0", "python_version": "3.11"}, 1
    yield "process_start_time_seconds", {}, START
    yield "process_resident_memory_bytes", {}, 5e7
    for name in APPS:
        app = {"zego_app": name}
        for metric, labels, value in _tasks(moment, prefix="" if name == APPS[0] else "cn-"):
            yield f"zego_upload_{metric}", labels | app, value
        for series in (_health, _counts, _events, _histograms):
            for metric, labels, value in series(moment):
                yield f"zego_upload_{metric}", labels | app, value


def _health(moment: Moment) -> Iterator[Sample]:
    fixed = {
        "up": 1,
        "slots_limit": 10,
        "stale_after_seconds": 300,
        "collection_interval_seconds": STEP,
        "collection_duration_seconds": 3,
        "api_requests_per_second_limit": 10,
        "api_clock_skew_seconds": 0.5,
        "task_series_omitted": 0,
        "last_success_timestamp_seconds": START + STEP * moment.collected - 4,
        "next_expiry_timestamp_seconds": END + 7200,
    }
    for metric, value in fixed.items():
        yield metric, {}, value
    for metric in ("collections_skipped", "history_errors"):
        yield f"{metric}_total", {}, 0
    yield "api_requests_total", {}, moment.collected * 60


def _counts(moment: Moment) -> Iterator[Sample]:
    statuses = list(moment.statuses.values())
    for status in STATUSES:
        yield "tasks", {"status": status}, statuses.count(status)
        yield "retries", {"status": status}, 2 * statuses.count(status)
        yield "max_retries", {"status": status}, 2 * (status in statuses)
        yield "retried_tasks", {"status": status}, statuses.count(status)
        yield "source_tasks", {"status": status, "source_host": "a.example"}, statuses.count(status)
    for status in ("waiting", "uploading", "waiting_retry"):
        yield "oldest_status_since_timestamp_seconds", {"status": status}, START
    yield "slots_used", {}, statuses.count("waiting") + statuses.count("uploading")
    yield "duplicate_titles", {}, 1
    yield "unresolved_failures", {}, statuses.count("failed")
    for window in ("1h", "6h", "1d"):
        yield "expiring_tasks", {"within": window}, 2


def _tasks(moment: Moment, *, prefix: str) -> Iterator[Sample]:
    for task, status in moment.statuses.items():
        label = {"upload_task_id": prefix + task}
        named = {"title": moment.title(task), "status": status}
        reason = {"reason": "upload" if status == "failed" else ""}
        yield "task_info", label | named | reason, 1
        yield "task_retries", label, 2
        yield "task_create_timestamp_seconds", label, START
        yield "task_status_since_timestamp_seconds", label, moment.since(task)
        if status == "succeeded":
            yield "task_expiry_timestamp_seconds", label, END + 7200
            yield "task_time_to_expiry_seconds", label, END + 7200 - START


def _events(moment: Moment) -> Iterator[Sample]:
    moves = dict.fromkeys([("waiting", "uploading"), ("uploading", "succeeded")], 0)
    moves |= {("uploading", "waiting_retry"): 0, ("waiting_retry", "failed"): 0}
    for life in LIVES.values():
        past = life[: moment.collected // 5 + 1]
        for pair in pairwise(past):
            moves[pair] += 1
    for (old, new), count in moves.items():
        yield "task_transitions_total", {"from": old, "to": new}, count
    failed = moves["waiting_retry", "failed"]
    yield "failures_total", {"reason": "upload"}, failed
    yield "callback_events_total", {"event": "failed"}, moment.collected
    yield "callback_rejections_total", {"reason": "signature"}, 0
    yield "collection_failures_total", {"reason": "server"}, moment.collected
    yield "malformed_entries_total", {"reason": "no_id"}, 0
    yield "api_errors_total", {"code": "http_503"}, moment.collected


def _histograms(moment: Moment) -> Iterator[Sample]:
    for bound in ("1.0", "10.0", "+Inf"):
        yield "api_request_duration_seconds_bucket", {"le": bound}, moment.collected
        label = {"status": "succeeded", "le": bound}
        yield "task_duration_seconds_bucket", label, moment.collected
        for phase in ("waiting", "uploading", "waiting_retry"):
            label = {"phase": phase, "le": bound}
            yield "task_phase_duration_seconds_bucket", label, moment.collected
