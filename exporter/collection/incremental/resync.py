"""A full walk by status, at the same time where that helps, by an API that is put to the test.

Every page is checked on its way: a total is given, the filter filters, no entry is broken. Beyond
that the total must be what is listed, and looking up a listed task must find it.
"""

from __future__ import annotations

from functools import partial

from exporter.collection.api_session import ApiSession, IncrementalUnsupported
from exporter.collection.incremental.known_tasks import KnownTasks
from exporter.collection.walk import Walk
from exporter.tasks import UNFINISHED, TaskStatus, UploadTask

TERMINAL = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.EXPIRED)
"""The states that hold most tasks, and that few tasks enter or leave in one interval."""

TOLERATED_DRIFT = 0.01
"""By how much of what is listed a total may be off, for what may change during the walk.

What is off by less is looked at again by the round that follows.
"""

_SAMPLE = 3  # one task may be gone between its listing and its look-up, hardly three


def survey(asking: ApiSession) -> KnownTasks:
    """Return the tasks of all statuses that can be asked for, as they were listed.

    Tasks that moved meanwhile may be missing or be where they were: a round is to follow. Raises
    UnsuitableError, and whatever a request raises.
    """
    _check_look_ups(asking)
    # The unfinished ones first: what leaves them during the walk is then missed by the round.
    walks = [asking.begin(status) for status in UNFINISHED]
    for walk in walks:
        _finish(walk)
    share = asking.share_known()
    settled = [asking.begin(s, lane=lane, share=share) for lane, s in enumerate(TERMINAL)]
    asking.together([partial(_finish, walk) for walk in settled])
    tasks: dict[str, UploadTask] = {}
    for walk in (*walks, *settled):
        tasks.update(walk.tasks)
    return KnownTasks(tasks.values())


def _check_look_ups(asking: ApiSession) -> None:
    sample = asking.begin(None).step().tasks[:_SAMPLE]
    if sample and all(asking.look_up(task.id) is None for task in sample):
        raise IncrementalUnsupported("the API does not find listed tasks by their ids")


def _finish(walk: Walk) -> None:
    """Read the rest of a walk; raises UnsuitableError where no movement explains its total."""
    totals = []
    while not walk.ended:
        walk.step()
        totals.append(walk.total or 0)
    listed = len(walk.tasks)
    if (
        not min(totals) - TOLERATED_DRIFT * listed
        <= listed
        <= max(totals) + TOLERATED_DRIFT * listed
    ):
        raise IncrementalUnsupported(
            f"the API reports {totals[-1]} tasks of a status and lists {listed}"
        )
