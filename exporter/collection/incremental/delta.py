"""One incremental collection: what has changed, at a cost in the number of changes.

Rules that this file keeps:

- Unfinished tasks are listed again, in the order of their life, so that a task that moves on during
  the collection is met later. A known one that is no longer listed is looked up by its id.
- Of each terminal status the first page is read. If the total then differs from what is known, the
  status is paged through until the difference is explained.
- A task counts as gone, or as moved, only when its look-up or a listing said so.
- A collection ends with every total equal to what is known, that of all tasks included, or it
  raises TotalsMismatch. If a total moves between two passes, what is known must lie between.

Not seen is a change inside a terminal status, off its first page, that leaves the total as it was:
one task gone and another one added, or another field of a task. The resync finds it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection

from exporter.collection.api_session import ApiSession
from exporter.collection.incremental.known_tasks import PendingChanges
from exporter.collection.incremental.resync import TERMINAL
from exporter.collection.walk import Walk
from exporter.tasks import UNFINISHED, TaskStatus, UploadTask

PASSES = 3
"""Passes of one collection at most: without movement the first explains all, the second pages."""

SPARE_LOOK_UPS = 20
"""Look-ups that a collection may make beyond the number of pages of a full walk."""

_FEW = 5  # look-ups that may be spent on a guess

_NON_TERMINAL = (*UNFINISHED, TaskStatus.UNKNOWN)  # an unknown code cannot be asked for


class TotalsMismatch(Exception):
    """The totals and the listings of the API do not come to agree."""


class LookupBudgetExceeded(TotalsMismatch):
    """They may come to agree, at the cost of more requests than a full walk takes."""


class DeltaCollection:
    """Brings `pending` up to date.

    Attributes:
        pending: The known tasks, and what has changed.
        total: The API's latest count of all tasks.
    """

    def __init__(self, session: ApiSession, pending: PendingChanges) -> None:
        self.pending = pending
        self.total = 0
        self._session = session
        self._look_ups_left = pending.total() // session.page_size + SPARE_LOOK_UPS
        self._looked_up: set[str] = set()
        self._listings: dict[TaskStatus, Walk] = {}
        self._totals: dict[TaskStatus, int] = {}
        self._previous_totals: dict[TaskStatus, int] = {}
        self._previous_total: int | None = None

    def run(self) -> None:
        """Find what has changed. Raises TotalsMismatch, IncrementalUnsupported, and API errors."""
        for number in range(PASSES):
            self._pass()
            if number == 1:
                self._page_through_mismatches()
            else:
                self._look_up_likely()
            if self._is_explained():
                return
        raise TotalsMismatch("totals and listings do not come to agree")

    def look_up(self, task_ids: Collection[str]) -> int:
        """Note what the API says of each task; return how many of them have changed.

        Raises LookupBudgetExceeded before the first one, where there are too many.
        """
        if len(task_ids) > self._look_ups_left:
            raise LookupBudgetExceeded("more look-ups than a full walk has pages")
        self._look_ups_left -= len(task_ids)
        self._looked_up.update(task_ids)
        changed = 0
        for task_id in task_ids:
            task = self._session.look_up(task_id)
            changed += self.pending.drop(task_id) if task is None else self.pending.put(task)
        return changed

    def _pass(self) -> None:
        """Read all unfinished tasks, the first page of each terminal status, and all totals."""
        before = [task.id for status in _NON_TERMINAL for task in self.pending.of(status)]
        listed: set[str] = set()
        for status in UNFINISHED:
            walk = self._start_walk(status)
            while not walk.ended:
                self._step(walk)
            listed.update(walk.tasks)
        self.look_up([task_id for task_id in before if task_id not in listed])
        if self._listings:
            self._previous_totals, self._previous_total = self._totals, self.total
        self._listings = {status: self._start_walk(status) for status in TERMINAL}
        self._totals = {status: walk.total or 0 for status, walk in self._listings.items()}
        self.total = self._start_walk(None).total or 0

    def _start_walk(self, status: TaskStatus | None) -> Walk:
        """Return a walk whose first page is read and noted."""
        walk = self._session.start_walk(status)
        self._step(walk)
        return walk

    def _step(self, walk: Walk) -> None:
        for task in walk.step().tasks:
            self.pending.put(task)

    def _look_up_likely(self) -> None:
        """Where a total says that tasks have left a status, look up the most likely ones.

        Files leave by expiry, other tasks most likely by age. This only saves requests: the API
        decides, not a clock, and paging finds tasks that leave in another order. It saves many:
        without it ten changes among 100,000 tasks cost 1,057 requests instead of 13.
        """
        for status in TERMINAL:
            wanted = self._surplus(status)
            target = TaskStatus.EXPIRED if status is TaskStatus.SUCCEEDED else status
            if 0 < wanted <= max(self._totals[target] // self._session.page_size, _FEW):
                asked = self._looked_up.union(self._listings[status].tasks)
                tasks = (task for task in self.pending.of(status) if task.id not in asked)
                for task in heapq.nsmallest(wanted + _FEW, tasks, key=_leaving_order):
                    if self._surplus(status) <= 0:
                        break
                    self.look_up([task.id])

    def _surplus(self, status: TaskStatus) -> int:
        """Return how many known tasks have left a status, as far as totals say so."""
        if status is TaskStatus.SUCCEEDED:
            return max(self._excess(status), -self._excess(TaskStatus.EXPIRED))
        return self._excess(status)

    def _page_through_mismatches(self) -> None:
        """Page through the statuses whose totals are not what is known."""
        paged: set[TaskStatus] = set()
        # Again after each status: what is found in one may explain another.
        while left := [s for s in TERMINAL if s not in paged and self._excess(s)]:
            status = left[0]
            paged.add(status)
            walk = self._listings[status]
            while not walk.ended and self._excess(status):
                self._step(walk)
                self._totals[status] = walk.total or 0
            if walk.ended:
                known = self.pending.of(status)
                self.look_up([task.id for task in known if task.id not in walk.tasks])

    def _excess(self, status: TaskStatus) -> int:
        """Return how many more tasks are known than the API reports."""
        return self.pending.count(status) - self._totals[status]

    def _is_explained(self) -> bool:
        return _is_between(self._previous_total, self.pending.total(), self.total) and all(
            _is_between(self._previous_totals.get(status), self.pending.count(status), total)
            for status, total in self._totals.items()
        )


def _leaving_order(task: UploadTask) -> float:
    leaves_by = task.expires_at if task.status is TaskStatus.SUCCEEDED else task.created_at
    return math.inf if leaves_by is None else leaves_by


def _is_between(previous: int | None, known: int, latest: int) -> bool:
    if previous is None:
        return known == latest
    return min(previous, latest) <= known <= max(previous, latest)
