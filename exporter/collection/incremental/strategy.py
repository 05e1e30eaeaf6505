"""The incremental strategy: the same truth as full walks, at a cost that follows the changes.

Rules that this file keeps:

- What is published is what the API listed, or what a round explained to the last task. What a
  round cannot explain is walked in full, in the same collection.
- A collection that fails leaves what is believed as it was.
- Whether the API can be asked incrementally is checked by every answer, and from the ground up by
  the first collection and every `resync_interval`; while it cannot, every collection is a full
  walk.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Literal

from exporter.collection.api_session import ApiSession, IncrementalUnsupported
from exporter.collection.incremental.delta import (
    DeltaCollection,
    LookupBudgetExceeded,
    TotalsMismatch,
)
from exporter.collection.incremental.known_tasks import KnownTasks, PendingChanges
from exporter.collection.incremental.resync import TERMINAL, survey
from exporter.collection.walk import WalkResult
from exporter.errors import PaginationError
from exporter.logs import get_logger

log = get_logger(__name__)

MAX_UNEXPLAINED = 2
"""Rounds in a row that may stay unexplained before the API counts as unsuitable."""


class Incremental:
    """What is believed of one app's tasks; `corrections` counts what resyncs have set right.

    `clock` is monotonic, `resync_interval` seconds.
    """

    def __init__(self, app: str, resync_interval: float, clock: Callable[[], float]) -> None:
        self.corrections = 0
        self._app = app
        self._resync_interval = resync_interval
        self._clock = clock
        self._resync_at = -math.inf
        self._belief: KnownTasks | None = None
        self._unsuitable = ""
        self._unexplained = 0

    @property
    def name(self) -> Literal["full", "incremental"]:
        """The strategy at work."""
        return "full" if self._unsuitable else "incremental"

    def collect(self, asking: ApiSession) -> WalkResult:
        """Return all tasks as they are now. Raises as `walk` does."""
        now = self._clock()
        try:
            if now < self._resync_at:
                return asking.walk_all() if self._unsuitable else self._follow(asking)
            result = self._follow(asking, survey(asking))
        except (IncrementalUnsupported, PaginationError) as reason:
            result = asking.walk_all()
            self._give_up(str(reason))
        self._resync_at = now + self._resync_interval
        return replace(result, pages=asking.pages)

    def _follow(self, asking: ApiSession, surveyed: KnownTasks | None = None) -> WalkResult:
        """Make a round over what is believed, then compare it with what was `surveyed`."""
        known = self._belief or surveyed or KnownTasks()
        turn = DeltaCollection(asking, PendingChanges(known))
        corrections, to_compare = 0, None if self._belief is None else surveyed
        try:
            turn.settle()
            if to_compare is not None:
                corrections = turn.look_up(_doubtful(turn.draft, to_compare))
        except TotalsMismatch as reason:
            believed = turn.draft if to_compare is not None else None
            return self._walk_instead(asking, reason, believed)
        known.apply(turn.draft.changes)
        self._believe(known, corrections)
        return WalkResult(known.tasks(), asking.pages, turn.total, {})

    def _walk_instead(
        self, asking: ApiSession, reason: TotalsMismatch, believed: PendingChanges | None
    ) -> WalkResult:
        """Walk over all tasks, and count how they differ from what a resync had `believed`."""
        result = asking.walk_all()
        unexplained = self._unexplained + (not isinstance(reason, LookupBudgetExceeded))
        if result.malformed or unexplained == MAX_UNEXPLAINED:
            self._give_up("the API's totals and its listings do not come to agree")
        else:
            known = KnownTasks(result.tasks)
            self._believe(known, len(list(_differences(believed, known))) if believed else 0)
            self._unexplained = unexplained
            log.info("walked over all tasks", app=self._app, why=reason)
        return replace(result, pages=asking.pages)

    def _believe(self, known: KnownTasks, corrections: int) -> None:
        if self._unsuitable:
            log.info("incremental collection is possible again", app=self._app)
        if corrections:
            log.warning(
                "the full walk corrected what was believed",
                app=self._app,
                corrections=corrections,
            )
        self._belief = known
        self._unsuitable, self._unexplained = "", 0
        self.corrections += corrections

    def _give_up(self, reason: str) -> None:
        """Work as `full` until the next resync; said once, until it works again."""
        if not self._unsuitable:
            log.warning(
                "incremental collection is not possible; every collection is a full walk",
                app=self._app,
                why=reason,
            )
        self._belief, self._unsuitable, self._unexplained = None, reason, 0


def _doubtful(draft: PendingChanges, surveyed: KnownTasks) -> Collection[str]:
    """Return the ids of settled tasks that the survey saw otherwise: who is right is asked."""
    listed = (task for status in TERMINAL for task in surveyed.of(status).values())
    known = (task for status in TERMINAL for task in draft.of(status))
    otherwise = [task.id for task in listed if draft.get(task.id) != task]
    unlisted = [task.id for task in known if task.id not in surveyed.of(task.status)]
    return dict.fromkeys((*otherwise, *unlisted))


def _differences(draft: PendingChanges, known: KnownTasks) -> Iterator[str]:
    """Yield the ids of tasks that `known` holds otherwise than `draft`."""
    for task in known.tasks():
        if draft.get(task.id) != task:
            yield task.id
    listed = {task.id for task in known.tasks()}
    gone = draft.belief.tasks()
    yield from (task.id for task in gone if task.id not in listed and draft.get(task.id))
