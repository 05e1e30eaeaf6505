"""Tasks, and the counts of a snapshot."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from exporter.tasks import UNFINISHED, StatusSummary, TaskStatus, UploadTask
from tests.builders import make_snapshot, make_task, tasks_strategy


def test_every_status_has_a_summary_even_without_tasks() -> None:
    """An empty listing still counts 0 for each status."""
    assert make_snapshot().summaries == dict.fromkeys(TaskStatus, StatusSummary())


@given(st.lists(tasks_strategy(), unique_by=lambda task: task.id))
def test_summaries_account_for_every_task(tasks: list[UploadTask]) -> None:
    """The summaries of all statuses add up to the tasks and their retries."""
    summaries = make_snapshot(*tasks).summaries.values()
    assert sum(summary.tasks for summary in summaries) == len(tasks)
    assert sum(summary.retries for summary in summaries) == sum(t.retry_count for t in tasks)
    assert sum(s.retried_tasks for s in summaries) == sum(1 for t in tasks if t.retry_count)
    assert max(s.max_retries for s in summaries) == max((t.retry_count for t in tasks), default=0)


def test_the_oldest_creation_ignores_tasks_without_one() -> None:
    """A task without a creation time is not the oldest one."""
    snapshot = make_snapshot(
        make_task("a", TaskStatus.WAITING, created_at=None),
        make_task("b", TaskStatus.WAITING, created_at=20.0),
        make_task("c", TaskStatus.WAITING, created_at=10.0),
    )
    assert snapshot.summaries[TaskStatus.WAITING].oldest_created_at == 10.0


def test_slots_are_used_by_waiting_and_uploading_tasks_only() -> None:
    """A task that waits for its retry occupies no slot."""
    snapshot = make_snapshot(*(make_task(status.value, status) for status in TaskStatus))
    assert snapshot.slots_used == 2


def test_duplicate_titles_count_titles_of_live_tasks() -> None:
    """Failed, expired and untitled tasks overwrite nothing."""
    snapshot = make_snapshot(
        make_task("1", TaskStatus.SUCCEEDED, title="a.mp4"),
        make_task("2", TaskStatus.WAITING, title="a.mp4"),
        make_task("3", TaskStatus.UPLOADING, title="a.mp4"),
        make_task("4", TaskStatus.SUCCEEDED, title="b.mp4"),
        make_task("5", TaskStatus.FAILED, title="b.mp4"),
        make_task("6", TaskStatus.WAITING, title=""),
        make_task("7", TaskStatus.WAITING, title=""),
    )
    assert snapshot.duplicate_titles == 1


def test_a_later_upload_with_the_same_title_resolves_a_failure() -> None:
    """A live task resolves earlier failures of its title; a failed or expired task does not."""
    failed = TaskStatus.FAILED
    snapshot = make_snapshot(
        make_task("repeated", failed, title="a.mp4", created_at=10.0),
        make_task("again", TaskStatus.WAITING, title="a.mp4", created_at=20.0),
        make_task("after success", failed, title="b.mp4", created_at=30.0),
        make_task("success", TaskStatus.SUCCEEDED, title="b.mp4", created_at=20.0),
        make_task("same second", failed, title="b.mp4", created_at=20.0),
        make_task("lost again", failed, title="c.mp4", created_at=10.0),
        make_task("expired", TaskStatus.EXPIRED, title="c.mp4", created_at=20.0),
        make_task("cancelled", TaskStatus.CANCELLED, title="c.mp4", created_at=20.0),
        make_task("untitled", failed, title="", created_at=10.0),
        make_task("untitled later", TaskStatus.SUCCEEDED, title="", created_at=20.0),
        make_task("no time", failed, title="a.mp4", created_at=None),
        make_task("later without time", TaskStatus.SUCCEEDED, title="c.mp4", created_at=None),
    )
    assert snapshot.unresolved == {
        "after success",
        "same second",
        "lost again",
        "untitled",
        "no time",
    }


_CLASHING = tasks_strategy().flatmap(
    lambda task: st.builds(
        replace,
        st.just(task),
        title=st.sampled_from(["", "a", "b"]),
        created_at=st.none() | st.integers(0, 3).map(float),
    )
)


@given(st.lists(_CLASHING, unique_by=lambda task: task.id, max_size=12))
def test_unresolved_failures_are_those_of_the_definition(tasks: list[UploadTask]) -> None:
    """The index agrees with a comparison of every failed task with every other task."""
    live = (*UNFINISHED, TaskStatus.SUCCEEDED)
    expected = {
        task.id
        for task in tasks
        if task.status is TaskStatus.FAILED
        and not any(
            other.status in live
            and task.title
            and other.title == task.title
            and other.created_at is not None
            and task.created_at is not None
            and other.created_at > task.created_at
            for other in tasks
        )
    }
    assert make_snapshot(*tasks).unresolved == expected


def test_expiring_counts_succeeded_tasks_after_now_up_to_the_window() -> None:
    """The end of the window counts, now and the past do not, nor do other statuses."""
    snapshot = make_snapshot(
        *(
            make_task(str(at), TaskStatus.SUCCEEDED, expires_at=float(at))
            for at in (90, 100, 101, 160, 161)
        ),
        make_task("expired", TaskStatus.EXPIRED, expires_at=130.0),
        make_task("endless", TaskStatus.SUCCEEDED, expires_at=None),
    )
    assert snapshot.expiring(now=100.0, within=60.0) == 2
    assert snapshot.next_expiry(now=100.0) == 101.0
    assert snapshot.next_expiry(now=161.0) is None


@given(st.lists(tasks_strategy(), unique_by=lambda task: task.id), st.floats(0, 1000))
def test_expiring_is_cumulative(tasks: list[UploadTask], now: float) -> None:
    """A longer window never counts fewer tasks."""
    snapshot = make_snapshot(*tasks)
    counts = [snapshot.expiring(now=now, within=within) for within in (1, 10, 100, 1000)]
    assert counts == sorted(counts)
