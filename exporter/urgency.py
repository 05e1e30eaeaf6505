"""Which tasks get series of their own when there are more than `tasks.limit`.

The order is that of `docs/guarantees.md`, section 12. It depends only on the tasks themselves, so
the choice does not change between two scrapes of one snapshot.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Sequence

from exporter.tasks import TaskStatus, UploadTask

_NEWEST_FIRST, _OLDEST_FIRST = -1, 1

# Rank, time and order of each status; statuses of one rank compete with each other.
_PRECEDENCE = {
    TaskStatus.FAILED: (0, "created_at", _NEWEST_FIRST),
    TaskStatus.WAITING_RETRY: (1, "created_at", _OLDEST_FIRST),
    TaskStatus.UPLOADING: (2, "created_at", _OLDEST_FIRST),
    TaskStatus.WAITING: (3, "created_at", _OLDEST_FIRST),
    TaskStatus.SUCCEEDED: (4, "expires_at", _OLDEST_FIRST),
    TaskStatus.EXPIRED: (5, "created_at", _NEWEST_FIRST),
    TaskStatus.CANCELLED: (5, "created_at", _NEWEST_FIRST),
    TaskStatus.UNKNOWN: (6, "created_at", _NEWEST_FIRST),
}


def select_tasks(
    tasks: Sequence[UploadTask], statuses: Collection[TaskStatus], limit: int
) -> tuple[Sequence[UploadTask], int]:
    """Return the tasks that get per-task series, most useful first, and the number omitted.

    Omitted are the tasks in `statuses` beyond `limit`; tasks in other statuses do not count.
    """
    candidates = [task for task in tasks if task.status in statuses]
    chosen = heapq.nsmallest(limit, candidates, key=precedence)
    return chosen, len(candidates) - len(chosen)


def precedence(task: UploadTask) -> tuple[int, float, str]:
    """Return the sort key of a task in that order; the id decides between equal times."""
    rank, attribute, order = _PRECEDENCE[task.status]
    time: float | None = getattr(task, attribute)
    # A task without the time comes last in its rank.
    return rank, math.inf if time is None else order * time, task.id
