"""Which tasks get series of their own when there are more than `tasks.limit`.

The order is that of `docs/guarantees.md`, section 12. It depends only on the tasks themselves, so
the choice does not change between two scrapes of one snapshot.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Sequence

from exporter.tasks import TaskStatus, UploadTask


def _newest_first(task: UploadTask) -> float:
    return math.inf if task.created_at is None else -task.created_at


def _oldest_first(task: UploadTask) -> float:
    return math.inf if task.created_at is None else task.created_at


def _soonest_expiry_first(task: UploadTask) -> float:
    return math.inf if task.expires_at is None else task.expires_at


# Statuses of one rank compete with each other; a task without the time comes last in its rank.
_PRECEDENCE: dict[TaskStatus, tuple[int, Callable[[UploadTask], float]]] = {
    TaskStatus.FAILED: (0, _newest_first),
    TaskStatus.WAITING_RETRY: (1, _oldest_first),
    TaskStatus.UPLOADING: (2, _oldest_first),
    TaskStatus.WAITING: (3, _oldest_first),
    TaskStatus.SUCCEEDED: (4, _soonest_expiry_first),
    TaskStatus.EXPIRED: (5, _newest_first),
    TaskStatus.CANCELLED: (5, _newest_first),
    TaskStatus.UNKNOWN: (6, _newest_first),
}


def select_tasks(
    tasks: Sequence[UploadTask], statuses: Collection[TaskStatus], limit: int
) -> tuple[Sequence[UploadTask], int]:
    """Return the tasks that get per-task series, most useful first, and how many are left out.

    Left out counts the tasks in `statuses` beyond `limit`, not those in other statuses.
    """
    candidates = [task for task in tasks if task.status in statuses]
    chosen = heapq.nsmallest(limit, candidates, key=precedence)
    return chosen, len(candidates) - len(chosen)


def precedence(task: UploadTask) -> tuple[int, float, str]:
    """Return the place of a task in that order, as a key to sort by."""
    rank, order = _PRECEDENCE[task.status]
    return rank, order(task), task.id
