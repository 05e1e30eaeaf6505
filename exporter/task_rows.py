"""One upload task as the status page, the JSON API and the command `tasks` show it."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.tasks import Snapshot, TaskStatus, UploadTask
from exporter.text import printable


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task; the field names are those of the JSON API and of `tasks --format json`.

    Attributes:
        app: Configured name of the app.
        upload_task_id: ZEGO's id.
        title: As `tasks.title` allows; None where it is hidden.
        status: A value of `TaskStatus`.
        failure_reason: Why it failed, as far as callbacks said so, else None.
        resolved: For a failed task, whether a later task has its title; else None.
        retry_count: Retries of the upload.
        created_at: Unix seconds, None where the API gave none.
        status_since: When it was first seen in its status (Unix seconds); None if before the start.
        expires_at: Unix seconds, None where the API gave none.
    """

    app: str
    upload_task_id: str
    title: str | None
    status: str
    failure_reason: str | None
    resolved: bool | None
    retry_count: int
    created_at: float | None
    status_since: float | None
    expires_at: float | None


def make_row(app: str, task: UploadTask, snapshot: Snapshot, title: str | None) -> TaskRow:
    """Return the row of `task`, one of the snapshot's; `title` is its title as it may be shown.

    Texts are printable: characters that act on a terminal or a page become U+FFFD
    (docs/guarantees.md, section 10).
    """
    tracked = snapshot.tracked.get(task.id)
    failed = task.status is TaskStatus.FAILED
    return TaskRow(
        app=app,
        upload_task_id=printable(task.id),
        title=None if title is None else printable(title),
        status=task.status.value,
        failure_reason=snapshot.failure_reasons.get(task.id) or None,
        resolved=task.id not in snapshot.unresolved if failed else None,
        retry_count=task.retry_count,
        created_at=task.created_at,
        status_since=tracked.since if tracked else None,
        expires_at=task.expires_at,
    )
