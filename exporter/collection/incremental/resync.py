"""A full scan by status, partly in parallel, that also checks what the API is able to do.

Every page is checked when it is read: it gives a total, the filter works, no entry is broken.
Beyond that, the total of a status must be what it lists, and looking up a listed task must find it.
"""

from __future__ import annotations

from functools import partial

from exporter.collection.api_session import ApiSession, IncrementalUnsupported
from exporter.collection.incremental.known_tasks import KnownTasks
from exporter.collection.walk import Walk
from exporter.tasks import UNFINISHED, TaskStatus, UploadTask

TERMINAL = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.EXPIRED)
"""The statuses that hold most tasks, and that few tasks enter or leave in one interval."""

TOLERATED_DRIFT = 0.01
"""By which part of the listing a total may be off, for what may change during the scan.

The delta collection that follows finds what is off by less.
"""

_SAMPLE = 3  # one task may vanish between its listing and its look-up, hardly three


def full_scan_by_status(session: ApiSession) -> KnownTasks:
    """Return the tasks of all statuses that can be asked for, as they were listed.

    Tasks that moved during the scan may be missing or have their old status: a delta collection is
    to follow. Raises IncrementalUnsupported, and whatever a request raises.
    """
    sample = session.start_walk(None).step().tasks[:_SAMPLE]
    if sample and all(session.look_up(task.id) is None for task in sample):
        raise IncrementalUnsupported("the API does not find listed tasks by their ids")
    # The unfinished ones first: the delta collection finds what leaves them during the scan.
    walks = [session.start_walk(status) for status in UNFINISHED]
    for walk in walks:
        _finish(walk)
    intern = session.new_interner().intern
    terminal = [
        session.start_walk(status, client=client, intern=intern)
        for client, status in enumerate(TERMINAL)
    ]
    session.in_parallel([partial(_finish, walk) for walk in terminal])
    tasks: dict[str, UploadTask] = {}
    for walk in (*walks, *terminal):
        tasks.update(walk.tasks)
    return KnownTasks(tasks.values())


def _finish(walk: Walk) -> None:
    """Read the rest of a walk; raises IncrementalUnsupported if its total cannot be explained."""
    while not walk.ended:
        walk.step()
    listed = len(walk.tasks)
    drift = TOLERATED_DRIFT * listed
    if not min(walk.totals) - drift <= listed <= max(walk.totals) + drift:
        raise IncrementalUnsupported(
            f"the API reports {walk.total} tasks of a status and lists {listed}"
        )
