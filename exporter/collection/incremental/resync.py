"""A full scan by status, partly in parallel. It also checks that the API can be used incrementally.

`ApiSession` checks every page: it must give a total, the filter must work, no entry may be broken.
In addition, the total of each status must agree with its listing, and the look-up of a listed task
must find it.
"""

from __future__ import annotations

from functools import partial

from exporter.collection.api_session import ApiSession, IncrementalUnsupported
from exporter.collection.incremental.known_tasks import KnownTasks
from exporter.collection.walk import Walk
from exporter.tasks import UNFINISHED, TaskStatus

TERMINAL = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.EXPIRED)
"""The statuses with most tasks, which few tasks enter or leave in one interval."""

TOLERATED_DRIFT = 0.01
"""Largest difference between a total and its listing, as a part of the listing.

Tasks can change during the scan. The delta collection that follows finds these changes.
"""

_SAMPLE = 3  # one task can be removed between its listing and its look-up, hardly three


def full_scan_by_status(session: ApiSession) -> KnownTasks:
    """Return the listed tasks of all statuses that the API can filter by.

    A task that moved during the scan can be missing or have its old status, so a delta collection
    must follow. Raises IncrementalUnsupported, and the errors of the requests.
    """
    sample = session.start_walk(None).step().tasks[:_SAMPLE]
    if sample and all(session.look_up(task.id) is None for task in sample):
        raise IncrementalUnsupported("the API does not find listed tasks by their ids")
    intern = session.new_interner()
    # Unfinished statuses first: the delta collection finds tasks that leave them during the scan.
    walks = [session.start_walk(status, intern=intern) for status in UNFINISHED]
    for walk in walks:
        _finish(walk)
    terminal = [
        session.start_walk(status, client=client, intern=intern)
        for client, status in enumerate(TERMINAL)
    ]
    session.in_parallel([partial(_finish, walk) for walk in terminal])
    walks += terminal
    del intern, terminal, walk  # a million tasks: each structure less is tens of MiB
    scanned = KnownTasks()
    while walks:
        scanned.apply(walks.pop(0).tasks)  # a task that moved during the scan: its later listing
    return scanned


def _finish(walk: Walk) -> None:
    """Read the rest of a walk; raises IncrementalUnsupported if its total is too far off."""
    while not walk.ended:
        walk.step()
    listed = len(walk.tasks)
    drift = TOLERATED_DRIFT * listed
    if not min(walk.totals) - drift <= listed <= max(walk.totals) + drift:
        raise IncrementalUnsupported(
            f"the API reports {walk.total} tasks of a status and lists {listed}"
        )
