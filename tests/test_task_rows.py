"""Rows of tasks."""

from __future__ import annotations

from dataclasses import replace

from exporter.task_rows import TaskRow, make_row
from exporter.tasks import TaskStatus, Tracked
from tests.builders import NOW, make_snapshot, make_task


def test_a_row_has_what_is_known_of_a_task() -> None:
    """Only a failed task is resolved or not; what is not known is None."""
    failed = make_task("a", TaskStatus.FAILED, title="x", created_at=NOW - 9, expires_at=None)
    again = make_task("b", title="x", created_at=NOW, retry_count=2)
    snapshot = replace(
        make_snapshot(failed, again),
        failure_reasons={"a": "upload"},
        tracked={"a": Tracked(TaskStatus.FAILED, NOW - 5)},
    )
    assert make_row("vod", failed, snapshot, "x") == TaskRow(
        *("vod", "a", "x", "failed", "upload", True, failed.retry_count),
        *(NOW - 9, NOW - 5, None),
    )
    row = make_row("vod", again, snapshot, None)
    assert (row.title, row.failure_reason, row.resolved, row.status_since) == (None,) * 4
    assert (row.status, row.retry_count, row.expires_at) == ("succeeded", 2, again.expires_at)


def test_texts_are_printable() -> None:
    """Ids and titles come from outside."""
    task = make_task("i\x1bd")
    row = make_row("vod", task, make_snapshot(task), "a\nb\u202e\u200dc")
    assert (row.upload_task_id, row.title) == ("i\ufffdd", "a\ufffdb\ufffd\u200dc")
