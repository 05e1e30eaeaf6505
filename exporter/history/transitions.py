"""Differences between two consecutive complete snapshots.

Rules that this file keeps (docs/guarantees.md, section 8):

- A task is identified by its id. The first snapshot is the baseline: it counts nothing, and the
  times at which its tasks entered their statuses are not known.
- A task that is listed for the first time comes from `new`. A task counts as `gone` once two
  walks in a row did not list it, because a single walk can miss a task while tasks move between
  pages. A task that returns after that is new again.
- Changes that are reversed between two collections are not seen.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from exporter.tasks import UNFINISHED, TaskStatus, Tracked, UploadTask

NEW, GONE = "new", "gone"

Pair = tuple[str, str]
"""The labels `from` and `to` of `zego_upload_task_transitions_total`."""

Step = tuple[float, TaskStatus]
"""The time at which a task entered a status (Unix seconds), and the status."""

CallbackSteps = Mapping[str, Sequence[Step]]
"""The changes that callbacks reported, by task id."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two snapshots.

    Attributes:
        transitions: How many tasks made each change of status.
        durations: Seconds from creation until a task was first seen finished, by final status.
        phases: Seconds that a task was seen in an unfinished status until it left it, by status.
        tracked: The tasks whose entry changed, by id.
        gone: Ids of the tasks that have left the listing.
    """

    transitions: Counter[Pair]
    durations: Mapping[TaskStatus, list[float]]
    phases: Mapping[TaskStatus, list[float]]
    tracked: dict[str, Tracked]
    gone: set[str]


def _possible_pairs() -> tuple[Pair, ...]:
    """Return the pairs that the life cycle allows (docs/zego-api.md, Upload tasks).

    A collection can miss steps in between, so a pair can span several steps. All pairs are exposed
    from the start with 0, because `increase()` cannot see the first increment of a counter that
    appears with it.
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
    created = [(NEW, status.value) for status in later]
    moved = [(start.value, end.value) for start, ends in later.items() for end in ends]
    ended = [(status.value, GONE) for status in later]
    return (*created, *moved, *ended)


POSSIBLE_PAIRS = _possible_pairs()

FINISHED = (TaskStatus.SUCCEEDED, TaskStatus.FAILED)
"""The statuses that end the time in `zego_upload_task_duration_seconds`."""

_ENDED = (*FINISHED, TaskStatus.EXPIRED, TaskStatus.CANCELLED)


def compare(
    previous: Mapping[str, Tracked] | None,
    tasks: Iterable[UploadTask],
    now: float,
    callback_steps: CallbackSteps | None = None,
) -> Changes:
    """Return the changes from `previous` to `tasks`, which were listed at `now` (Unix seconds).

    If `previous` is None, `tasks` are the baseline. `callback_steps` give exact times where
    callbacks reported the changes.
    """
    before, callback_steps = previous or {}, callback_steps or {}
    changes = Changes(Counter(), {s: [] for s in FINISHED}, {s: [] for s in UNFINISHED}, {}, set())
    # One object for all tasks that enter a status now: there can be a million of them.
    entered = {s: Tracked(s, None if previous is None else now) for s in TaskStatus}
    unlisted = set(before)
    for task in tasks:
        unlisted.discard(task.id)
        known = before.get(task.id)
        if known is not None and known.status is task.status:
            if known.missing:
                changes.tracked[task.id] = replace(known, missing=False)
            continue
        changes.tracked[task.id] = entered[task.status]
        if previous is not None:
            steps = _steps(known, callback_steps.get(task.id, ()), task.status, now)
            _count_change(changes, task, known, steps)
            if steps[-1][0] != now:
                changes.tracked[task.id] = Tracked(task.status, steps[-1][0])
    for task_id in unlisted:
        known = before[task_id]
        if known.missing:
            changes.transitions[known.status.value, GONE] += 1
            changes.gone.add(task_id)
        else:
            changes.tracked[task_id] = replace(known, missing=True)
    return changes


def _count_change(
    changes: Changes, task: UploadTask, known: Tracked | None, steps: Sequence[Step]
) -> None:
    """Count a task that went through `steps`; the last step is the listed status."""
    changes.transitions[known.status.value if known else NEW, task.status.value] += 1
    for (since, status), (until, _) in pairwise(steps):
        if status in changes.phases:
            changes.phases[status].append(until - since)
    # A task that has ended before is listed as finished again: its duration was counted then.
    ended_before = known is not None and known.status in _ENDED
    if task.status in FINISHED and not ended_before and task.created_at is not None:
        # The creation time is from the API's clock, which can be ahead of ours.
        changes.durations[task.status].append(max(0.0, steps[-1][0] - task.created_at))


def _steps(
    known: Tracked | None,
    callback_steps: Sequence[Step],
    status: TaskStatus,
    now: float,
) -> list[Step]:
    """Return the steps from the last known status to `status`.

    The walk decides the current status. Callbacks only add times, and steps in between.
    """
    steps = [] if known is None or known.since is None else [(known.since, known.status)]
    earliest = steps[0][0] if steps else -math.inf
    between = sorted(step for step in callback_steps if earliest <= step[0] <= now)
    places = [place for place, (_, reported) in enumerate(between) if reported is status]
    if places:
        between = between[: places[-1] + 1]
    for at, reported in between:
        if (reported in UNFINISHED or reported is status) and (
            not steps or steps[-1][1] is not reported
        ):
            steps.append((at, reported))
    if not steps or steps[-1][1] is not status:
        steps.append((max(now, earliest), status))
    return steps
