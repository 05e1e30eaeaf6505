"""Upload tasks, and what one complete look at all of them is.

Rules that this file keeps:

- Only data: no I/O and no clock. What depends on the time takes `now` (Unix seconds).
- Everything is immutable, so that a scrape may read while the next collection runs.
- A task holds no URL: media URLs can carry access tokens (contract, section 1.9).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Literal

TitleMode = Literal["full", "hash", "none"]
"""How much of a title is shown, wherever it is (`tasks.title`; contract, section 3)."""


class TaskStatus(Enum):
    """State of an upload task; the value is the word of the `status` label (contract, section 2).

    Life: waiting -> uploading -> succeeded, or waiting_retry (-> uploading), or failed; a waiting
    task may be cancelled; succeeded -> expired.
    """

    WAITING = "waiting"
    UPLOADING = "uploading"
    WAITING_RETRY = "waiting_retry"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # a code that this version does not know


UNFINISHED = (TaskStatus.WAITING, TaskStatus.UPLOADING, TaskStatus.WAITING_RETRY)
"""The states that a task is expected to leave by itself."""

OCCUPYING_SLOT = (TaskStatus.WAITING, TaskStatus.UPLOADING)
"""The states that count against the AppId's limit of concurrent uploads."""


@dataclass(frozen=True, slots=True)
class UploadTask:
    """One upload task as the API listed it.

    `expires_at` and `created_at` are Unix seconds, None where the API gave none.
    """

    id: str
    title: str
    status: TaskStatus
    retry_count: int
    expires_at: float | None
    created_at: float | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """The status of a task, and when it was first seen in it (Unix seconds)."""

    status: TaskStatus
    since: float


@dataclass(frozen=True, slots=True)
class StatusSummary:
    """What the tasks of one status add up to.

    `oldest_created_at` is in Unix seconds, None where no task has a creation time.
    """

    tasks: int = 0
    retries: int = 0
    retried_tasks: int = 0
    max_retries: int = 0
    oldest_created_at: float | None = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The complete result of one walk over all pages of one app.

    `tasks` holds each `UploadTask.id` once. `completed_at` and `duration` are Unix seconds and
    seconds; `reported_total` is the API's own count in that walk, None where it gave none.
    `tracked` says since when each task has its status, `failure_reasons` why tasks failed, both by
    task id; the latter as far as it is known.
    What is counted from the tasks is computed once, on first demand. A snapshot equals only itself.
    """

    tasks: tuple[UploadTask, ...]
    completed_at: float
    duration: float
    pages: int
    reported_total: int | None
    tracked: Mapping[str, Tracked] = field(default_factory=dict)
    failure_reasons: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def summaries(self) -> Mapping[TaskStatus, StatusSummary]:
        """One summary for every status, those without a task included."""
        by_status: dict[TaskStatus, list[UploadTask]] = {status: [] for status in TaskStatus}
        for task in self.tasks:
            by_status[task.status].append(task)
        return {status: summarise(tasks) for status, tasks in by_status.items()}

    @cached_property
    def slots_used(self) -> int:
        """Tasks that count against the AppId's limit of concurrent uploads (API notes, Slots)."""
        return sum(self.summaries[status].tasks for status in OCCUPYING_SLOT)

    @cached_property
    def duplicate_titles(self) -> int:
        """Titles borne by more than one live task: they overwrite one another's file.

        Source: API notes, "What an upload task is", Titles. A task without a title does not count.
        """
        live = (*UNFINISHED, TaskStatus.SUCCEEDED)
        titles = Counter(task.title for task in self.tasks if task.title and task.status in live)
        return sum(1 for bearers in titles.values() if bearers > 1)

    @cached_property
    def _expiries(self) -> list[float]:
        """Expiries of the succeeded tasks in Unix seconds, ascending."""
        return sorted(
            task.expires_at
            for task in self.tasks
            if task.status is TaskStatus.SUCCEEDED and task.expires_at is not None
        )

    @cached_property
    def oldest_status_since(self) -> Mapping[TaskStatus, float]:
        """When the task that is longest in a status entered it, for statuses with tasks."""
        oldest: dict[TaskStatus, float] = {}
        for entry in self.tracked.values():
            oldest[entry.status] = min(entry.since, oldest.get(entry.status, entry.since))
        return oldest

    def expiring(self, *, now: float, within: float) -> int:
        """Count the succeeded tasks whose file expires after `now`, at most `within` seconds on."""
        return bisect_right(self._expiries, now + within) - bisect_right(self._expiries, now)

    def next_expiry(self, *, now: float) -> float | None:
        """Return the earliest expiry after `now` among succeeded tasks, None if there is none."""
        index = bisect_right(self._expiries, now)
        return self._expiries[index] if index < len(self._expiries) else None


def summarise(tasks: Sequence[UploadTask]) -> StatusSummary:
    """Add up tasks of one status."""
    return StatusSummary(
        tasks=len(tasks),
        retries=sum(task.retry_count for task in tasks),
        retried_tasks=sum(1 for task in tasks if task.retry_count),
        max_retries=max((task.retry_count for task in tasks), default=0),
        oldest_created_at=min(
            (task.created_at for task in tasks if task.created_at is not None), default=None
        ),
    )


def show_title(title: str, mode: TitleMode) -> str:
    """Return what is shown of a task's title: all of it, a short hash of it, or nothing."""
    if mode == "none":
        return ""
    return title if mode == "full" else hashlib.sha256(title.encode()).hexdigest()[:16]
