"""What one app has been through: its transitions, durations, callbacks, failure reasons.

Rules that this file keeps:

- A complete walk goes into the file (if there is one) before anybody can see its counts: a process
  that is killed between the two counts the walk again from the file, and gets the same. So does a
  callback: a counter that a restart set back would look to Prometheus like one begun at 0.
- A callback changes counters and reasons, never a count of tasks: the walk is the only truth.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from exporter.history.database import CounterKey, FailureReason
from exporter.history.journal import Journal
from exporter.history.transitions import FINISHED, POSSIBLE_PAIRS, Changes, Pair, compare
from exporter.tasks import TaskStatus, Tracked, UploadTask
from exporter.zego.callbacks import EVENT_WORDS, FAILURE_WORDS, CallbackEvent

DURATION_BOUNDS = (5.0, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, math.inf)
"""Upper bounds in seconds of `zego_upload_task_duration_seconds`."""

ORPHAN_SECONDS = 3600
"""How long the reason of a task that no walk lists is kept: its callback may come first."""

MAX_ORPHANS = 10_000
"""Reasons of tasks that no walk lists; a flood of callbacks must not fill the memory."""

_TRANSITION, _DURATION, _DURATION_SUM = "transition", "duration", "duration_sum"
_CALLBACK_EVENT, _FAILURE = "callback_event", "failure"

_FROM_THE_START: tuple[CounterKey, ...] = (
    *((_TRANSITION, *pair) for pair in POSSIBLE_PAIRS),
    *((_CALLBACK_EVENT, word) for word in EVENT_WORDS),
    *((_FAILURE, word) for word in FAILURE_WORDS),
)


@dataclass(frozen=True, slots=True)
class CountersView:
    """One consistent look at a ledger; `durations` is by status: cumulative counts, and the sum."""

    transitions: Mapping[Pair, float]
    durations: Mapping[TaskStatus, tuple[Sequence[tuple[float, float]], float]]
    callback_events: Mapping[str, float]
    failures: Mapping[str, float]
    history_errors: int


class AppCounters:
    """Counters of one app that only rise, continued from its `journal` where there is one.

    One thread records walks; callbacks and views may come from any. Raises HistoryError when the
    journal's file cannot be read.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self._recording = threading.Lock()  # one walk or callback at a time, its writing included
        self._lock = threading.Lock()
        self._tracked: Mapping[str, Tracked] | None = None
        self._reasons: dict[str, FailureReason] = {}
        self._counters: dict[CounterKey, float] = dict.fromkeys(_FROM_THE_START, 0)
        if journal is not None:
            remembered = journal.read()
            self._tracked = remembered.tracked
            self._reasons = dict(remembered.failure_reasons)
            self._counters.update(remembered.counters)

    def record_walk(self, tasks: Sequence[UploadTask], now: float) -> Mapping[str, Tracked]:
        """Count what changed since the walk before; return since when each task has its status.

        `now` is the end of the walk, in Unix seconds.
        """
        with self._recording:
            return self._record_walk(tasks, now)

    def _record_walk(self, tasks: Sequence[UploadTask], now: float) -> Mapping[str, Tracked]:
        changes = compare(self._tracked, tasks, now)
        tracked = _applied(self._tracked, changes)
        rises = _rises(changes)
        forgotten = self._forget_reasons(tracked, now)
        if self._journal is not None:
            self._journal.note(
                tracked={**changes.tracked, **dict.fromkeys(changes.gone)},
                reasons=dict.fromkeys(forgotten),
                counters=rises,
            )
            self._journal.flush(now, lambda: self._raised(rises))
        with self._lock:
            self._raise(rises)
            self._tracked = tracked
        return tracked

    def record_callback(self, event: CallbackEvent, now: float) -> None:
        """Count an authentic event heard at `now` (Unix seconds), and keep why a task failed."""
        rises: dict[CounterKey, float] = {(_CALLBACK_EVENT, event.word): 1}
        reasons: dict[str, FailureReason] = {}
        with self._recording:
            if event.failure is not None:
                rises[_FAILURE, event.failure] = 1
                if event.task_id in (self._tracked or {}) or len(self._reasons) < MAX_ORPHANS:
                    reasons[event.task_id] = FailureReason(event.failure, now)
            if self._journal is not None:
                self._journal.note(reasons=reasons, counters=rises)
                self._journal.flush(None, lambda: self._raised(rises))
            with self._lock:
                self._raise(rises)
                self._reasons.update(reasons)

    def failure_reasons(self) -> Mapping[str, str]:
        """Return why tasks failed, by task id, as far as callbacks said so."""
        with self._lock:
            return {task: heard.reason for task, heard in self._reasons.items()}

    def view(self) -> CountersView:
        """Return what has been counted."""
        with self._lock:
            counters = dict(self._counters)
        return CountersView(
            transitions={
                (key[1], key[2]): n for key, n in counters.items() if key[0] == _TRANSITION
            },
            durations={status: _durations(counters, status) for status in FINISHED},
            callback_events={key[1]: n for key, n in counters.items() if key[0] == _CALLBACK_EVENT},
            failures={key[1]: n for key, n in counters.items() if key[0] == _FAILURE},
            history_errors=self._journal.errors if self._journal else 0,
        )

    def _raise(self, rises: Mapping[CounterKey, float]) -> None:
        for key, rise in rises.items():
            self._counters[key] = self._counters.get(key, 0) + rise

    def _raised(self, rises: Mapping[CounterKey, float]) -> Mapping[CounterKey, float]:
        """Return the counters as they will be after `rises`."""
        with self._lock:
            return {
                **self._counters,
                **{key: self._counters.get(key, 0) + rise for key, rise in rises.items()},
            }

    def _forget_reasons(self, tracked: Mapping[str, Tracked], now: float) -> list[str]:
        """Drop the reasons of tasks that are listed no more, and return their ids."""
        with self._lock:
            forgotten = [
                task
                for task, heard in self._reasons.items()
                if task not in tracked and now - heard.at > ORPHAN_SECONDS
            ]
            for task in forgotten:
                del self._reasons[task]
        return forgotten


def _applied(previous: Mapping[str, Tracked] | None, changes: Changes) -> Mapping[str, Tracked]:
    """Return the tasks after `changes`; the mapping before stays as it is, for scrapes read it."""
    if previous is not None and not changes.tracked and not changes.gone:
        return previous
    after = {**(previous or {}), **changes.tracked}
    for task in changes.gone:
        del after[task]
    return after


def _rises(changes: Changes) -> Mapping[CounterKey, float]:
    """Return by how much each counter rises."""
    rises: defaultdict[CounterKey, float] = defaultdict(float)
    for pair, count in changes.transitions.items():
        key: CounterKey = (_TRANSITION, *pair)
        rises[key] += count
    for status, durations in changes.durations.items():
        for seconds in durations:
            bound = DURATION_BOUNDS[bisect_left(DURATION_BOUNDS, seconds)]
            rises[_DURATION, status.value, str(bound)] += 1
            rises[_DURATION_SUM, status.value] += seconds
    return rises


def _durations(
    counters: Mapping[CounterKey, float], status: TaskStatus
) -> tuple[Sequence[tuple[float, float]], float]:
    counts = [counters.get((_DURATION, status.value, str(b)), 0) for b in DURATION_BOUNDS]
    total = counters.get((_DURATION_SUM, status.value), 0.0)
    return tuple(zip(DURATION_BOUNDS, accumulate(counts), strict=True)), total
