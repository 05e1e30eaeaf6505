"""Upload tasks, and the snapshot that holds the result of one complete walk.

Rules that this file keeps:

- Only data: no I/O and no clock. Values that depend on the time take `now` (Unix seconds).
- Everything is immutable, so that a scrape can read while the next collection runs.
- A task contains no URL: media URLs can contain access tokens (docs/guarantees.md, section 11).
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

TitleMode = Literal["full", "hash", "none"]
"""How much of a title is shown on pages and in labels (setting `tasks.title`)."""

UNKNOWN_HOST = "unknown"
"""Source host of a task whose StreamUrl is absent or cannot be read."""


class TaskStatus(StrEnum):
    """State of an upload task; the value is the word of the `status` label.

    Source: docs/zego-api.md, Upload tasks.

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
"""The statuses that a task leaves by itself."""

OCCUPYING_SLOT = (TaskStatus.WAITING, TaskStatus.UPLOADING)
"""The statuses that count towards the AppId's limit of concurrent uploads."""


@dataclass(frozen=True, slots=True)
class UploadTask:
    """One upload task as the API listed it.

    Attributes:
        id: The API's `UploadTaskId`, unique within its app.
        title: Empty if the API gave none.
        status: `UNKNOWN` for a code that this version does not know.
        retry_count: Retries so far.
        expires_at: Unix seconds, None if the API gave none.
        created_at: Unix seconds, None if the API gave none.
        source_host: Host of its StreamUrl in lower case, without user, port, path and query;
            `UNKNOWN_HOST` if it is absent or cannot be read.
    """

    id: str
    title: str
    status: TaskStatus
    retry_count: int
    expires_at: float | None
    created_at: float | None
    source_host: str = UNKNOWN_HOST


@dataclass(frozen=True, slots=True)
class Tracked:
    """The last known status of a task, from one walk to the next.

    Attributes:
        status: Its status when it was last listed.
        since: Time at which it was first seen in that status (Unix seconds). None if the baseline
            already listed it in that status: the time is not known.
        missing: Whether the last walk did not list it. A second such walk makes it `gone`.
    """

    status: TaskStatus
    since: float | None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class StatusSummary:
    """Totals over the tasks of one status.

    Attributes:
        tasks: Number of tasks.
        retries: Sum of their retry counts.
        retried_tasks: Number of tasks with at least one retry.
        max_retries: Highest retry count, 0 without tasks.
        oldest_created_at: Earliest creation in Unix seconds, None if no task has one.
    """

    tasks: int = 0
    retries: int = 0
    retried_tasks: int = 0
    max_retries: int = 0
    oldest_created_at: float | None = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The complete result of one walk over all pages of one app.

    The indexes below are computed once, when they are first needed. A snapshot equals only itself.

    Attributes:
        tasks: Each `UploadTask.id` once.
        completed_at: End of the walk in Unix seconds.
        duration: Seconds that the walk took.
        pages: Pages that were read.
        reported_total: The API's own total in that walk, None if it gave none.
        tracked: Time since when each task has its status, by task id.
        failure_reasons: Reasons of failed tasks that callbacks reported, by task id.
    """

    tasks: tuple[UploadTask, ...]
    completed_at: float
    duration: float
    pages: int
    reported_total: int | None
    tracked: Mapping[str, Tracked] = field(default_factory=dict)
    failure_reasons: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_status(self) -> Mapping[TaskStatus, Sequence[UploadTask]]:
        """The tasks of every status, in the order in which they were listed."""
        by_status: dict[TaskStatus, list[UploadTask]] = {status: [] for status in TaskStatus}
        for task in self.tasks:
            by_status[task.status].append(task)
        return by_status

    @cached_property
    def by_expiry(self) -> Sequence[UploadTask]:
        """The succeeded tasks that have an expiry, the soonest first."""
        succeeded = self.by_status[TaskStatus.SUCCEEDED]
        return sorted((task for task in succeeded if task.expires_at is not None), key=_expiry_of)

    @cached_property
    def summaries(self) -> Mapping[TaskStatus, StatusSummary]:
        """One summary for every status, those without a task included."""
        return {status: summarise(tasks) for status, tasks in self.by_status.items()}

    @cached_property
    def slots_used(self) -> int:
        """Tasks that count against the AppId's limit (docs/zego-api.md, Slots)."""
        return sum(len(self.by_status[status]) for status in OCCUPYING_SLOT)

    @cached_property
    def duplicate_titles(self) -> int:
        """Titles shared by several unfinished or succeeded tasks.

        Such tasks overwrite each other's file (docs/zego-api.md, titles). Tasks without a title do
        not count.
        """
        titles = Counter(task.title for task in self._live_tasks() if task.title)
        return sum(1 for tasks in titles.values() if tasks > 1)

    @cached_property
    def unresolved(self) -> frozenset[str]:
        """Ids of the failed tasks whose file has not been uploaded again.

        A failed task is resolved by a task with the same title that was created later and is
        unfinished or succeeded. Without a title or a creation time nothing can resolve it.
        """
        failed = self.by_status[TaskStatus.FAILED]
        newest = dict.fromkeys((task.title for task in failed if task.title), -math.inf)
        if newest:  # most listings hold no failed task, and then a million tasks need no look
            for task in self._live_tasks():
                if task.title in newest and task.created_at is not None:
                    newest[task.title] = max(newest[task.title], task.created_at)
        return frozenset(
            task.id
            for task in failed
            if not task.title or task.created_at is None or newest[task.title] <= task.created_at
        )

    @cached_property
    def by_source(self) -> Mapping[str, Mapping[TaskStatus, int]]:
        """Number of tasks of each status, by the host from which ZEGO copies the file."""
        by_source: defaultdict[str, Counter[TaskStatus]] = defaultdict(Counter)
        for status, tasks in self.by_status.items():
            for host, count in Counter(task.source_host for task in tasks).items():
                by_source[host][status] = count
        return by_source

    @cached_property
    def oldest_status_since(self) -> Mapping[TaskStatus, float]:
        """Earliest known time at which a listed task entered each status, by status."""
        oldest: dict[TaskStatus, float] = {}
        for entry in self.tracked.values():
            if entry.since is not None and not entry.missing:
                oldest[entry.status] = min(entry.since, oldest.get(entry.status, math.inf))
        return oldest

    def expiring(self, *, now: float, within: float) -> int:
        """Count the succeeded tasks whose file expires within `within` seconds after `now`."""
        return self._expired_by(now + within) - self._expired_by(now)

    def next_expiry(self, *, now: float) -> float | None:
        """Return the earliest expiry after `now` among succeeded tasks, None if there is none."""
        index = self._expired_by(now)
        return self.by_expiry[index].expires_at if index < len(self.by_expiry) else None

    def _expired_by(self, now: float) -> int:
        return bisect_right(self.by_expiry, now, key=_expiry_of)

    def _live_tasks(self) -> Iterator[UploadTask]:
        """Yield the tasks that hold or will hold a file: unfinished and succeeded ones."""
        for status in (*UNFINISHED, TaskStatus.SUCCEEDED):
            yield from self.by_status[status]


def _expiry_of(task: UploadTask) -> float:
    return math.inf if task.expires_at is None else task.expires_at


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
    """Return a task's title as it is shown: complete, as a short hash, or empty."""
    if mode == "none" or not title:  # the hash of no title would look like a title of many tasks
        return ""
    return title if mode == "full" else hashlib.sha256(title.encode()).hexdigest()[:16]
