"""Two weeks of an account, as the exporter would expose them every two minutes.

The tasks are those of the simulator. Collections succeed throughout: the tests ask
which alerts fire for an account whose exporter works.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from exporter.simulator.demo import BUSY, CALM
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import (
    FAILED,
    STATUS_WORDS,
    SUCCEEDED,
    UPLOADING,
    WAITING,
    WAITING_RETRY,
    SimulatedTask,
)
from exporter.simulator.workload import DAY, HOUR, REALISTIC, Workload

STEP = 120
"""Seconds between two scrapes; a range query over two weeks of them stays below 11,000 points."""


TWO_WEEKS = 14 * DAY
START = 1_750_000_080.0

_GOOD = replace(
    REALISTIC,
    burst_chance=0.0,
    troubled_chance=0.0,
    too_large_chance=0.0,
    duplicate_title_chance=0.0,
    retentions=((3 * DAY, 1.0),),
)
ACCOUNTS: Mapping[str, Workload] = {
    "healthy": replace(_GOOD, arrival_interval=DAY / 50, trouble_otherwise=0.02),
    "demo-vod": BUSY,
    "demo-lessons": CALM,
    "hourly": replace(_GOOD, arrival_interval=HOUR),
    "hourly-failing": replace(
        _GOOD, arrival_interval=HOUR, troubled_chance=1.0, trouble_when_troubled=1.0, max_retries=1
    ),
}
"""50 uploads a day kept for 3 days; the demo's apps; one upload an hour, that succeeds or fails."""

_UNFINISHED = (WAITING, UPLOADING, WAITING_RETRY)
_PAIRS = (
    ("new", "waiting"),
    ("waiting", "uploading"),
    ("uploading", "waiting_retry"),
    ("uploading", "succeeded"),
    ("uploading", "failed"),
    ("succeeded", "expired"),
    ("waiting", "expired"),
)
_STEADY = {
    "zego_upload_up": 1,
    "zego_upload_collection_interval_seconds": 60,
    "zego_upload_stale_after_seconds": 300,
    "zego_upload_collection_duration_seconds": 5,
    "zego_upload_api_requests_per_second_limit": 10,
    "zego_upload_api_clock_skew_seconds": 0.3,
    "zego_upload_slots_limit": 10,
    "zego_upload_task_series_omitted": 0,
    "zego_upload_history_errors_total": 0,
    'zego_upload_tasks{status="unknown"}': 0,
    'zego_upload_malformed_entries_total{reason="task_id"}': 0,
    'zego_upload_collection_failures_total{reason="auth"}': 0,
}


def openmetrics() -> str:
    """Return all accounts' series as OpenMetrics text, each an app of one job."""
    series: dict[str, list[str]] = defaultdict(list)
    for app, workload in ACCOUNTS.items():
        for now, values in _scrapes(workload):
            for name, value in values.items():
                metric, _, labels = name.rstrip("}").partition("{")
                full = f'{metric}{{job="zego",zego_app="{app}"{"," if labels else ""}{labels}}}'
                series[full].append(f"{full} {value} {now:.0f}")
    for now in _times():
        series["build"].append(f'zego_upload_exporter_build_info{{job="zego"}} 1 {now:.0f}')
        series["up"].append(f'up{{job="zego",instance="a"}} 1 {now:.0f}')
    return "\n".join(line for lines in series.values() for line in lines) + "\n# EOF\n"


def _times() -> Iterator[float]:
    yield from (START + offset for offset in range(0, int(TWO_WEEKS) + 1, STEP))


def _warm_up(workload: Workload) -> float:
    """Return how long before the two weeks an account begins: longer than any file is kept."""
    return 1.5 * max(seconds for seconds, _ in workload.retentions) + workload.linger


def _scrapes(workload: Workload) -> Iterator[tuple[float, dict[str, float]]]:
    """Yield the time and the values of each scrape."""
    life = Lifecycle(seed=1, start=START - _warm_up(workload), workload=workload, log_limit=None)
    life.advance(START)
    life.log.clear()
    moved: Counter[tuple[str, str]] = Counter(dict.fromkeys(_PAIRS, 0))
    requests = 0
    for now in _times():
        life.advance(now)
        for change in life.log:
            before, after = change.before, change.after
            moved[STATUS_WORDS.get(before or 0, "new"), STATUS_WORDS.get(after or 0, "gone")] += 1
        life.log.clear()
        requests += 40
        tasks = list(life.tasks.values())
        yield (
            now,
            {
                **_STEADY,
                **_of_tasks(tasks, now, unique=not workload.duplicate_title_chance),
                **{
                    f'zego_upload_task_transitions_total{{from="{before}",to="{after}"}}': count
                    for (before, after), count in moved.items()
                },
                "zego_upload_last_success_timestamp_seconds": now - 20,
                "zego_upload_api_requests_total": requests,
                "zego_upload_slots_used": life.slots_used(),
            },
        )


def _of_tasks(tasks: list[SimulatedTask], now: float, *, unique: bool) -> dict[str, float]:
    """Return the values of a snapshot of these tasks at `now`; `unique` if titles never repeat."""
    retries = dict.fromkeys(_UNFINISHED, 0)
    oldest: dict[int, int] = {}
    latest: dict[str, int] = {}
    repeated: set[str] = set()
    failed: list[SimulatedTask] = []
    soon = 0
    for task in tasks:  # one pass: there are ten thousand scrapes of hundreds of tasks
        status = task.status
        if status == SUCCEEDED:
            soon += 0 < task.expires_at - now <= 6 * HOUR
        elif status in retries:
            retries[status] = max(retries[status], task.retry_count)
            oldest[status] = min(task.created_at, oldest.get(status, task.created_at))
        else:
            if status == FAILED:
                failed.append(task)
            continue
        title = task.id if unique else task.title
        if title in latest:
            repeated.add(title)
        latest[title] = max(task.created_at, latest.get(title, 0))
    values: dict[str, float] = {
        "zego_upload_tasks_reported": len(tasks),
        "zego_upload_collection_tasks": len(tasks),
        'zego_upload_expiring_tasks{within="6h"}': soon,
        "zego_upload_duplicate_titles": len(repeated),
        "zego_upload_unresolved_failures": sum(
            latest.get(task.title, 0) <= task.created_at for task in failed
        ),
    }
    for status in _UNFINISHED:
        label = f'{{status="{STATUS_WORDS[status]}"}}'
        values[f"zego_upload_max_retries{label}"] = retries[status]
        if status in oldest:
            values[f"zego_upload_oldest_create_timestamp_seconds{label}"] = oldest[status]
    return values
