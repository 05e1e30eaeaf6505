"""Updates of a history file and of counters, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporter.history import Update
from exporter.history.counters import AppCounters
from exporter.tasks import TaskStatus, Tracked, UploadTask
from tests.builders import NOW, make_task

WAITING = Tracked(TaskStatus.WAITING, NOW)


def make_update(**changes: object) -> Update:
    """Return a walk that lists one waiting task "a"."""
    values: dict[str, object] = {
        "collected_at": NOW,
        "tracked": {"a": WAITING},
        "counters": {("transition", "new", "waiting"): 1.0},
        "failure_reasons": {},
        **changes,
    }
    return Update(**values)  # type: ignore[arg-type] # the values are those of Update


def record_walk(
    counters: AppCounters, tasks: Sequence[UploadTask], now: float
) -> Mapping[str, Tracked]:
    """Count what changed since the previous walk, as a collector does; return the tracked tasks."""
    walk = counters.compare(tasks, now)
    with counters.written(walk) as apply:
        apply()
    return walk.tracked


def tasks_of(statuses: Mapping[str, TaskStatus]) -> list[UploadTask]:
    """Return tasks with these statuses by id."""
    return [make_task(task_id, status) for task_id, status in statuses.items()]
