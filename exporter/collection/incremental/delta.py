"""One round of an incremental collection: what has changed, at a cost that follows the changes.

Rules that this file keeps:

- What was unfinished is listed anew, in the order of life, so that a task that moves on meanwhile
  is met later; what was unfinished and is listed no more is looked up by its id.
- Of each settled status the first page is read, and what it lists is taken. Where the total then
  differs from what is known, the status is paged through until the difference is explained.
- A task is believed gone, or elsewhere, only when its look-up said so.
- A round ends with every total equal to what is known, that of all tasks included, or it raises
  UnexplainedError. Between two looks of one round a total may move: then what is known must lie
  between the two.

What this cannot see is a change inside a settled status, off its first page, that leaves its total
as it was: one task gone and one come, or another field of a task. The survey finds it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from exporter.collection.api_session import ApiSession
from exporter.collection.incremental.known_tasks import PendingChanges
from exporter.collection.incremental.resync import TERMINAL
from exporter.collection.walk import Walk
from exporter.tasks import UNFINISHED, TaskStatus, UploadTask

LOOKS = 3
"""How often a round looks: at rest the first explains all that moved, the second pages."""

SPARE_LOOK_UPS = 20
"""Look-ups that a round may make beyond as many as a full walk has pages."""

_FEW = 5  # look-ups that may be spent on a guess

_UNSETTLED = (*UNFINISHED, TaskStatus.UNKNOWN)  # an unknown code cannot be asked for


class TotalsMismatch(Exception):
    """What the API reports and what it lists do not come to agree."""


class LookupBudgetExceeded(TotalsMismatch):
    """They may, at the cost of more requests than a full walk takes."""


class DeltaCollection:
    """Brings `draft` up to date; `total` is the API's latest count of all tasks."""

    def __init__(self, asking: ApiSession, draft: PendingChanges) -> None:
        self.draft = draft
        self.total = 0
        self._asking = asking
        self._look_ups_left = draft.total() // asking.page_size + SPARE_LOOK_UPS
        self._looked_up: set[str] = set()
        self._listings: dict[TaskStatus, Walk] = {}
        self._totals: dict[TaskStatus, int] = {}
        self._earlier: dict[TaskStatus, int] = {}
        self._earlier_total: int | None = None

    def settle(self) -> None:
        """Bring the draft up to date. Raises UnexplainedError, UnsuitableError, and API errors."""
        for look in range(LOOKS):
            self._look()
            if look == 1:
                self._explain()
            else:
                self._look_up_likely()
            if self._is_explained():
                return
        raise TotalsMismatch("totals and listings do not come to agree")

    def look_up(self, task_ids: Collection[str]) -> int:
        """Note what the API says of each task; return how many of them are news.

        Raises ExpensiveError before the first one, where there are too many.
        """
        if len(task_ids) > self._look_ups_left:
            raise LookupBudgetExceeded("more look-ups than a full walk has pages")
        self._look_ups_left -= len(task_ids)
        self._looked_up.update(task_ids)
        return sum(map(self._look_up, task_ids))

    def _look_up(self, task_id: str) -> bool:
        task = self._asking.look_up(task_id)
        return self.draft.drop(task_id) if task is None else self.draft.put(task)

    def _look(self) -> None:
        before = [task.id for status in _UNSETTLED for task in self.draft.of(status)]
        listed = self._list_unfinished()
        self.look_up([task_id for task_id in before if task_id not in listed])
        if self._listings:
            self._earlier, self._earlier_total = self._totals, self.total
        self._listings = {status: self._begin(status) for status in TERMINAL}
        self._totals = {status: walk.total or 0 for status, walk in self._listings.items()}
        self.total = self._begin(None).total or 0

    def _list_unfinished(self) -> set[str]:
        listed: set[str] = set()
        for status in UNFINISHED:
            walk = self._begin(status)
            while not walk.ended:
                self._step(walk)
            listed.update(walk.tasks)
        return listed

    def _begin(self, status: TaskStatus | None) -> Walk:
        """Return a walk whose first page is read and noted."""
        walk = self._asking.begin(status)
        self._step(walk)
        return walk

    def _step(self, walk: Walk) -> Sequence[UploadTask]:
        tasks = walk.step().tasks
        for task in tasks:
            self.draft.put(task)
        return tasks

    def _look_up_unlisted(self, status: TaskStatus) -> None:
        """Look up the tasks of a status whose listing came to its end without them."""
        listed = self._listings[status].tasks
        self.look_up([task.id for task in self.draft.of(status) if task.id not in listed])

    def _look_up_likely(self) -> None:
        """Where a total says that tasks have left a status, look up those that do so next.

        Files leave by expiry, other tasks most likely by age. It only saves requests: the API
        decides, not a clock, and where it has another order `_explain` finds the rest.
        """
        for status in TERMINAL:
            wanted = self._leavers(status)
            into = TaskStatus.EXPIRED if status is TaskStatus.SUCCEEDED else status
            if 0 < wanted <= max(self._totals[into] // self._asking.page_size, _FEW):
                seen = self._looked_up.union(self._listings[status].tasks)
                tasks = (task for task in self.draft.of(status) if task.id not in seen)
                for task in heapq.nsmallest(wanted + _FEW, tasks, key=_leaving_order):
                    if self._leavers(status) <= 0:
                        break
                    self.look_up([task.id])

    def _leavers(self, status: TaskStatus) -> int:
        """Return how many tasks have left a status, as far as totals say so."""
        if status is TaskStatus.SUCCEEDED:
            return max(self._excess(status), -self._excess(TaskStatus.EXPIRED))
        return self._excess(status)

    def _explain(self) -> None:
        """Page through the statuses whose totals are not what is known."""
        paged: set[TaskStatus] = set()
        while odd := [s for s in TERMINAL if s not in paged and not self._agrees(s)]:
            self._page_through(odd[0])
            paged.add(odd[0])

    def _page_through(self, status: TaskStatus) -> None:
        """Go on where the first page ended, until the total agrees with what is known."""
        walk = self._listings[status]
        gaps = _Gaps(task.id for task in self.draft.belief.of(status).values())
        latest: Iterable[str] = tuple(walk.tasks)
        while True:
            for task_id in gaps.of(latest, at_most=self._excess(status)):
                known = self.draft.get(task_id)
                if known and known.status is status and task_id not in walk.tasks:
                    self.look_up([task_id])
            if walk.ended or self._agrees(status):
                break
            latest = [task.id for task in self._step(walk)]
            self._totals[status] = walk.total or 0
        if walk.ended:
            self._look_up_unlisted(status)

    def _excess(self, status: TaskStatus) -> int:
        """Return how many tasks more are known than the API reports."""
        return self.draft.count(status) - self._totals[status]

    def _agrees(self, status: TaskStatus) -> bool:
        return not self._excess(status)

    def _is_explained(self) -> bool:
        return _is_between(self._earlier_total, self.draft.total(), self.total) and all(
            _is_between(self._earlier.get(status), self.draft.count(status), total)
            for status, total in self._totals.items()
        )


class _Gaps:
    """Finds who is missing between neighbours, where a listing keeps the order it had.

    It only saves requests: who is found is looked up, and who is not is missing at the end.
    """

    def __init__(self, order: Iterable[str]) -> None:
        self._order = tuple(order)
        self._places = {task_id: place for place, task_id in enumerate(self._order)}
        self._last = -1

    def of(self, listed: Iterable[str], *, at_most: int) -> Iterator[str]:
        """Yield who stood in gaps of the next page, in those of at most so many tasks."""
        known = [self._places[task_id] for task_id in listed if task_id in self._places]
        for one, other in pairwise([self._last, *known]):
            first, last = min(one, other) + 1, max(one, other)
            if last - first <= at_most:
                yield from self._order[first:last]
        self._last = known[-1] if known else self._last


def _leaving_order(task: UploadTask) -> float:
    instant = task.expires_at if task.status is TaskStatus.SUCCEEDED else task.created_at
    return math.inf if instant is None else instant


def _is_between(earlier: int | None, known: int, latest: int) -> bool:
    if earlier is None:
        return known == latest
    return min(earlier, latest) <= known <= max(earlier, latest)
