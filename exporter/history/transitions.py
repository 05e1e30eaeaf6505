"""Transitions: what changed between two consecutive complete snapshots.

Rules that this file keeps (contract, section 1.8):

- A task is its id. The first snapshot is the baseline: it changes nothing.
- A task that is listed for the first time comes from `new`, one that is listed no more goes to
  `gone`; one that comes back is new again.
- What happens and un-happens between two collections is invisible: only the ends are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exporter.tasks import TaskStatus, Tracked, UploadTask

NEW, GONE = "new", "gone"

Pair = tuple[str, str]
"""The labels `from` and `to` of `zego_upload_task_transitions_total`."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two snapshots.

    `durations` are the seconds from the creation of tasks to when they were first seen finished.
    `tracked` holds the tasks whose status is new, `gone` the ids that are listed no more.
    """

    transitions: Mapping[Pair, int]
    durations: Mapping[TaskStatus, tuple[float, ...]]
    tracked: Mapping[str, Tracked]
    gone: frozenset[str]


def _possible_pairs() -> tuple[Pair, ...]:
    """Return the pairs that the life cycle allows, steps between two collections left out.

    Source: API notes, "What an upload task is", Life. They exist from the start, at 0: `increase`
    cannot see a counter that is born at 1.
    """
    waiting, uploading, retry, succeeded, failed, cancelled, expired = list(TaskStatus)[:7]
    later = {
        waiting: (uploading, retry, succeeded, failed, cancelled, expired),
        uploading: (retry, succeeded, failed, expired),
        retry: (uploading, succeeded, failed, expired),
        succeeded: (expired,),
        failed: (),
        cancelled: (),
        expired: (),
    }
    born = [(NEW, status.value) for status in later]
    moved = [(start.value, end.value) for start, ends in later.items() for end in ends]
    ended = [(status.value, GONE) for status in later]
    return (*born, *moved, *ended)


POSSIBLE_PAIRS = _possible_pairs()

FINISHED = (TaskStatus.SUCCEEDED, TaskStatus.FAILED)
"""The statuses whose first sight ends `zego_upload_task_duration_seconds`."""

_ENDED = (*FINISHED, TaskStatus.EXPIRED, TaskStatus.CANCELLED)


def compare(
    previous: Mapping[str, Tracked] | None, tasks: Iterable[UploadTask], now: float
) -> Changes:
    """Return what changed from `previous` (None: `tasks` are the baseline) to `tasks` at `now`."""
    before = previous or {}
    transitions: Counter[Pair] = Counter()
    durations: dict[TaskStatus, list[float]] = {status: [] for status in FINISHED}
    tracked: dict[str, Tracked] = {}
    # One object for all tasks that enter a status now: there can be a million of them.
    entered = {status: Tracked(status, now) for status in TaskStatus}
    unseen = set(before)
    for task in tasks:
        unseen.discard(task.id)
        known = before.get(task.id)
        if known is not None and known.status is task.status:
            continue
        tracked[task.id] = entered[task.status]
        if previous is None:
            continue
        transitions[known.status.value if known else NEW, task.status.value] += 1
        if _just_finished(known, task) and task.created_at is not None:
            durations[task.status].append(max(0.0, now - task.created_at))
    transitions.update((before[task_id].status.value, GONE) for task_id in unseen)
    return Changes(
        transitions,
        {status: tuple(seconds) for status, seconds in durations.items()},
        tracked,
        frozenset(unseen),
    )


def _just_finished(known: Tracked | None, task: UploadTask) -> bool:
    return task.status in FINISHED and (known is None or known.status not in _ENDED)
