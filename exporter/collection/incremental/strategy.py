"""The incremental strategy: the result of full walks, with fewer requests.

Rules that this file keeps (docs/guarantees.md, section 1):

- A collection publishes the tasks that the API listed, or those that a delta collection found one
  by one. If their numbers do not agree with the totals, the same collection makes a full walk.
- A collection that fails leaves the known tasks unchanged.
- Every answer shows whether the API supports the strategy. The first collection, and one in each
  `resync_interval`, check it thoroughly. While the API does not, every collection is a full walk.
  A reason that a single bad answer can cause only counts if it occurs twice in a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Literal

from exporter.collection.api_session import ApiSession, IncrementalUnsupported
from exporter.collection.incremental.delta import (
    DeltaCollection,
    LookupBudgetExceeded,
    TotalsMismatch,
)
from exporter.collection.incremental.known_tasks import KnownTasks, PendingChanges
from exporter.collection.incremental.resync import TERMINAL, full_scan_by_status
from exporter.collection.walk import WalkResult
from exporter.errors import PaginationError
from exporter.logs import get_logger
from exporter.tasks import TaskStatus

log = get_logger(__name__)

MAX_FAILED_ATTEMPTS = 2
"""Incremental attempts in a row that may fail before every collection is a full walk."""


class Incremental:
    """The incremental strategy of one app; `clock` returns monotonic seconds.

    Attributes:
        resync_interval: Seconds between two thorough checks; may be changed.
        corrections: Tasks whose changes the delta collections had missed and resyncs found.
    """

    def __init__(self, app: str, resync_interval: float, clock: Callable[[], float]) -> None:
        self.resync_interval = resync_interval
        self.corrections = 0
        self._app = app
        self._clock = clock
        self._resynced_at = -math.inf
        self._known: KnownTasks | None = None
        self._unsupported = ""
        self._mismatches = 0  # in a row
        self._refusals = 0  # in a row

    @property
    def name(self) -> Literal["full", "incremental"]:
        """The strategy in effect."""
        return "full" if self._unsupported else "incremental"

    def collect(self, session: ApiSession) -> WalkResult:
        """Return all current tasks. Raises as `ApiSession.walk_all` does."""
        now = self._clock()
        resync = now - self._resynced_at >= self.resync_interval
        if self._unsupported and not resync:
            return session.walk_all()
        scanned: KnownTasks | None = None
        try:
            scanned = full_scan_by_status(session) if resync else None
            known = self._known or scanned or KnownTasks()
            delta = DeltaCollection(session, PendingChanges(known))
            delta.run()
            corrections = 0
            if scanned is not None and self._known is not None:
                # After the delta collection, so that only changes that it missed are corrections.
                differing = _differing(delta.pending, scanned, TERMINAL)
                corrections = delta.look_up(differing)
        except (IncrementalUnsupported, PaginationError) as reason:
            return self._walk_unsupported(session, reason, now)
        except TotalsMismatch as reason:
            result = self._walk_mismatch(session, reason, delta.pending if scanned else None)
        else:
            known.apply(delta.pending.changes)
            self._use(known, corrections)
            result = WalkResult(known.tasks(), session.pages, delta.total, {})
            session.totals.learn(result)
        if resync:
            self._resynced_at = now
        return result

    def _walk_unsupported(
        self, session: ApiSession, reason: IncrementalUnsupported | PaginationError, now: float
    ) -> WalkResult:
        """Walk over all tasks because the API refused a request for a part of them."""
        result = session.walk_all()
        transient = isinstance(reason, PaginationError) or reason.transient
        self._refusals += 1
        if transient and session.totals.credible and self._refusals < MAX_FAILED_ATTEMPTS:
            self._known = None if result.malformed else KnownTasks(result.tasks)
            self._resynced_at = -math.inf  # the next collection checks thoroughly
            log.info("walked over all tasks", app=self._app, why=reason)
        else:
            self._give_up(str(reason))
            self._resynced_at = now
        return result

    def _walk_mismatch(
        self, session: ApiSession, reason: TotalsMismatch, resynced: PendingChanges | None
    ) -> WalkResult:
        """Walk over all tasks because totals and listings do not agree.

        `resynced` are the tasks that a resync has found; differences to the walk count as
        corrections.
        """
        result = session.walk_all()
        mismatches = self._mismatches + (not isinstance(reason, LookupBudgetExceeded))
        if result.malformed or mismatches == MAX_FAILED_ATTEMPTS:
            self._give_up("the API's totals and its listings do not agree")
        else:
            known = KnownTasks(result.tasks)
            corrections = 0
            if resynced is not None and self._known is not None:
                corrections = len(_differing(resynced, known))
            self._use(known, corrections)
            self._mismatches = mismatches
            log.info("walked over all tasks", app=self._app, why=reason)
        return result

    def _use(self, known: KnownTasks, corrections: int) -> None:
        if self._unsupported:
            log.info("incremental collection is possible again", app=self._app)
        if corrections:
            log.warning(
                "the resync corrected tasks whose changes were not seen",
                app=self._app,
                corrections=corrections,
            )
        self._known = known
        self._unsupported, self._mismatches, self._refusals = "", 0, 0
        self.corrections += corrections

    def _give_up(self, reason: str) -> None:
        """Make full walks until the next resync; a series of such intervals is logged once."""
        if not self._unsupported:
            log.warning(
                "incremental collection is not possible; every collection is a full walk",
                app=self._app,
                why=reason,
            )
        self._known, self._unsupported = None, reason
        self._mismatches, self._refusals = 0, 0


def _differing(
    pending: PendingChanges, listed: KnownTasks, statuses: Iterable[TaskStatus] = TaskStatus
) -> Collection[str]:
    """Return the ids of tasks with one of `statuses` on which `listed` and `pending` differ."""
    found: dict[str, None] = {}  # a set that keeps the order: a task that moved is found twice
    for status in statuses:
        tasks = listed.of(status)
        found.update((id_, None) for id_, task in tasks.items() if pending.get(id_) != task)
        found.update((task.id, None) for task in pending.of(status) if task.id not in tasks)
    return found
