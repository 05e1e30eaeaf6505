"""Which tasks get per-task series."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from exporter.tasks import TaskStatus, UploadTask
from exporter.urgency import select_tasks
from tests.builders import make_task, tasks_strategy


def ids(tasks: list[UploadTask], limit: int) -> list[str]:
    """Return the ids of the selected tasks of any status."""
    return [task.id for task in select_tasks(tasks, list(TaskStatus), limit)[0]]


def test_the_order_is_the_promised_one() -> None:
    """By status from failed to unknown, and within a status by its relevant time."""
    tasks = [
        make_task("unknown", TaskStatus.UNKNOWN),
        make_task("cancelled", TaskStatus.CANCELLED, created_at=5.0),
        make_task("expired", TaskStatus.EXPIRED, created_at=6.0),
        make_task("late", TaskStatus.SUCCEEDED, expires_at=20.0),
        make_task("soon", TaskStatus.SUCCEEDED, expires_at=10.0),
        make_task("waiting-young", TaskStatus.WAITING, created_at=2.0),
        make_task("waiting-old", TaskStatus.WAITING, created_at=1.0),
        make_task("uploading", TaskStatus.UPLOADING),
        make_task("retry", TaskStatus.WAITING_RETRY),
        make_task("failed-old", TaskStatus.FAILED, created_at=1.0),
        make_task("failed-new", TaskStatus.FAILED, created_at=2.0),
    ]
    assert ids(tasks, 100) == [
        *("failed-new", "failed-old", "retry", "uploading", "waiting-old", "waiting-young"),
        *("soon", "late", "expired", "cancelled", "unknown"),
    ]


def test_a_task_without_a_time_comes_last_in_its_status() -> None:
    """Neither a missing creation time nor a missing expiry makes a task urgent."""
    tasks = [
        make_task("no-expiry", expires_at=None),
        make_task("expiry", expires_at=1e9),
        make_task("no-creation", TaskStatus.FAILED, created_at=None),
        make_task("creation", TaskStatus.FAILED, created_at=1.0),
    ]
    assert ids(tasks, 4) == ["creation", "no-creation", "expiry", "no-expiry"]


@given(
    st.lists(tasks_strategy(), max_size=12, unique_by=lambda task: task.id),
    st.sets(st.sampled_from(TaskStatus)),
    st.integers(0, 10),
    st.randoms(use_true_random=False),
)
def test_the_choice_does_not_depend_on_the_order_of_the_listing(
    tasks: list[UploadTask], statuses: set[TaskStatus], limit: int, chance: random.Random
) -> None:
    """The order of the listing changes nothing, the limit is kept, and the counts add up."""
    chosen, omitted = select_tasks(tasks, statuses, limit)
    shuffled = list(tasks)
    chance.shuffle(shuffled)
    assert select_tasks(shuffled, statuses, limit) == (chosen, omitted)
    assert len(chosen) <= limit
    assert all(task.status in statuses for task in chosen)
    assert len(chosen) + omitted == sum(1 for task in tasks if task.status in statuses)
