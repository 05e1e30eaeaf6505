"""Persistent counters of one app: transitions, durations, callbacks, failure reasons.

Rules that this file keeps:

- A walk is written to the history file (if there is one) before its counts become visible, and so
  is a callback. A process that is killed in between counts the walk again, from the same state. In
  the other order a counter could fall, which Prometheus takes for a restart at 0.
- A file that cannot be written costs a log line and a count, never the collection
  (docs/guarantees.md, section 9). The next write replaces the whole state of the app.
- A state that could not be read is never replaced: it is read again before the first write.
- A callback changes counters and reasons, never the number of tasks: only walks list tasks.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from exporter.history import CounterKey, FailureReason, HistoryError, Update
from exporter.history.transitions import (
    FINISHED,
    POSSIBLE_PAIRS,
    Changes,
    Pair,
    Step,
    compare,
)
from exporter.logs import get_logger
from exporter.tasks import UNFINISHED, TaskStatus, Tracked, UploadTask
from exporter.zego.callbacks import EVENT_WORDS, FAILURE_WORDS, CallbackEvent

if TYPE_CHECKING:
    from exporter.history.database import HistoryFile

log = get_logger(__name__)

DURATION_BOUNDS = (5.0, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, math.inf)
"""Upper bounds in seconds of the histograms of task and phase durations."""

UNLISTED_SECONDS = 3600
"""How long callbacks about a task are kept until a walk confirms them, in seconds."""

MAX_UNLISTED = 10_000
"""Maximum number of tasks that are known only from callbacks: a flood must not fill the memory."""

MAX_STEPS = 20
"""Maximum number of changes that are kept of one task, the latest ones."""

_TRANSITION, _CALLBACK_EVENT, _FAILURE = "transition", "callback_event", "failure"
_DURATION, _PHASE = "duration", "phase"
_SUMS = {_DURATION: "duration_sum", _PHASE: "phase_sum"}

_FROM_THE_START: tuple[CounterKey, ...] = (
    *((_TRANSITION, *pair) for pair in POSSIBLE_PAIRS),
    *((_CALLBACK_EVENT, word) for word in EVENT_WORDS),
    *((_FAILURE, word) for word in FAILURE_WORDS),
)

Durations = Mapping[TaskStatus, tuple[Sequence[tuple[float, float]], float]]
"""By status: cumulative counts by upper bound, and the sum in seconds."""


@dataclass(frozen=True, slots=True)
class CountersView:
    """One consistent copy of the counters of an app.

    Attributes:
        transitions: By `from` and `to`.
        durations: Creation until finished, by final status.
        phases: Time in an unfinished status, by that status.
        callback_events: Authentic callbacks, by event.
        failures: Failed uploads reported by callbacks, by reason.
        history_errors: Reads and writes of the history file that failed.
    """

    transitions: Mapping[Pair, float]
    durations: Durations
    phases: Durations
    callback_events: Mapping[str, float]
    failures: Mapping[str, float]
    history_errors: int


@dataclass(frozen=True, slots=True)
class WalkChanges:
    """A walk that has been compared with the previous one, but is not recorded yet.

    Attributes:
        previous: The tasks before the walk, None for the baseline.
        tracked: The tasks after the walk.
        changes: The difference between the two.
        completed_at: End of the walk in Unix seconds.
    """

    previous: Mapping[str, Tracked] | None
    tracked: Mapping[str, Tracked]
    changes: Changes
    completed_at: float


class OutdatedWalk(Exception):
    """The known tasks have changed since the comparison: by another collector, or a late read."""


class AppCounters:
    """The counters of the app `name` with `app_id`, restored from `history` if there is one.

    One thread records walks; any thread may record callbacks and read.
    """

    def __init__(self, history: HistoryFile | None = None, name: str = "", app_id: int = 0) -> None:
        self._history = history
        self._name = name
        self._app_id = app_id
        self._write_lock = threading.Lock()  # one walk or callback at a time, its write included
        self._lock = threading.Lock()
        self._collected_at: float | None = None
        self._tracked: Mapping[str, Tracked] | None = None
        self._reasons: dict[str, FailureReason] = {}
        self._callback_steps: dict[str, tuple[Step, ...]] = {}
        self._counters: dict[CounterKey, float] = dict.fromkeys(_FROM_THE_START, 0)
        self._history_errors = 0
        self._failures = 0  # in a row; if above 0, the file is incomplete
        self._unread = history is not None
        self._read()

    def _read(self) -> None:
        """Add the stored state to that of this process, unless it has been read."""
        if self._history is None or not self._unread:
            return
        try:
            stored = self._history.read(self._name, self._app_id)
        except HistoryError as error:
            self._note_failure(error)
            return
        late = self._failures > 0
        with self._lock:
            self._unread = False
            if self._tracked is None:  # otherwise a walk was the baseline meanwhile
                self._collected_at, self._tracked = stored.collected_at, stored.tracked
            self._reasons = {**stored.failure_reasons, **self._reasons}
            for key, count in stored.counters.items():
                self._counters[key] = self._counters.get(key, 0) + count
        if late:
            log.info("history is read, the counters continue from it", app=self._name)

    def compare(self, tasks: Sequence[UploadTask], now: float) -> WalkChanges:
        """Compare a walk that ended at `now` (Unix seconds) with the previous one."""
        with self._write_lock:
            self._read()
        previous = self._tracked
        with self._lock:
            self._callback_steps = {
                task_id: steps
                for task_id, steps in self._callback_steps.items()
                if now - steps[-1][0] <= UNLISTED_SECONDS
            }
            callback_steps = dict(self._callback_steps)
        changes = compare(previous, tasks, now, callback_steps)
        if previous is not None and not changes.tracked and not changes.gone:
            return WalkChanges(previous, previous, changes, now)
        # A new mapping: scrapes may still read the previous one.
        tracked = {**(previous or {}), **changes.tracked}
        for task_id in changes.gone:
            del tracked[task_id]
        return WalkChanges(previous, tracked, changes, now)

    @contextmanager
    def written(self, walk: WalkChanges) -> Iterator[Callable[[], None]]:
        """Write `walk` to the file, and yield the function that makes its counts visible.

        The block calls that function under the lock with which it publishes the snapshot, so that
        a scrape sees both or none. Raises OutdatedWalk: then the walk must be compared again.
        """
        with self._write_lock:
            if walk.previous is not self._tracked:
                raise OutdatedWalk
            increments = _increments(walk.changes)
            forgotten = [
                task_id
                for task_id, failure in self._reasons.items()
                if task_id not in walk.tracked and walk.completed_at - failure.at > UNLISTED_SECONDS
            ]
            self._save(
                Update(
                    collected_at=walk.completed_at,
                    tracked={**walk.changes.tracked, **dict.fromkeys(walk.changes.gone)},
                    counters=self._incremented(increments),
                    failure_reasons=dict.fromkeys(forgotten),
                ),
                tracked=walk.tracked,
            )

            def apply() -> None:
                with self._lock:
                    self._counters.update(self._incremented(increments))
                    self._collected_at, self._tracked = walk.completed_at, walk.tracked
                    for task_id in forgotten:
                        del self._reasons[task_id]

            yield apply

    def record_callback(self, event: CallbackEvent, now: float) -> None:
        """Count an authentic event received at `now` (Unix seconds); keep why a task failed."""
        increments: dict[CounterKey, float] = {(_CALLBACK_EVENT, event.word): 1}
        reasons: dict[str, FailureReason] = {}
        with self._write_lock:
            self._read()
            if event.failure is not None:
                increments[_FAILURE, event.failure] = 1
                listed = event.task_id in (self._tracked or {})
                if listed or len(self._reasons) < MAX_UNLISTED:
                    reasons[event.task_id] = FailureReason(event.failure, now)
            self._save(
                Update(
                    collected_at=None,
                    tracked={},
                    counters=self._incremented(increments),
                    failure_reasons=reasons,
                ),
                tracked=self._tracked,
            )
            with self._lock:
                self._counters.update(self._incremented(increments))
                self._reasons.update(reasons)
                steps = self._callback_steps.get(event.task_id, ())
                if event.status is not None and (steps or len(self._callback_steps) < MAX_UNLISTED):
                    step = (now if event.at is None else min(event.at, now), event.status)
                    self._callback_steps[event.task_id] = (*steps, step)[-MAX_STEPS:]

    def failure_reasons(self) -> Mapping[str, str]:
        """Return the reasons of failed uploads that callbacks reported, by task id."""
        with self._lock:
            return {task_id: failure.reason for task_id, failure in self._reasons.items()}

    def view(self) -> CountersView:
        """Return a copy of the counters."""
        with self._lock:
            counters = dict(self._counters)

        def by_word(family: str) -> dict[str, float]:
            return {key[1]: count for key, count in counters.items() if key[0] == family}

        return CountersView(
            transitions={
                (key[1], key[2]): count for key, count in counters.items() if key[0] == _TRANSITION
            },
            durations={s: _histogram(counters, _DURATION, s) for s in FINISHED},
            phases={s: _histogram(counters, _PHASE, s) for s in UNFINISHED},
            callback_events=by_word(_CALLBACK_EVENT),
            failures=by_word(_FAILURE),
            history_errors=self._history_errors,
        )

    def _incremented(self, increments: Mapping[CounterKey, float]) -> dict[CounterKey, float]:
        """Return the new values of the counters in `increments`."""
        return {key: self._counters.get(key, 0) + by for key, by in increments.items()}

    def _save(self, update: Update, *, tracked: Mapping[str, Tracked] | None) -> None:
        """Write `update`, or the whole state after a failed write; `tracked` is all new tasks."""
        if self._history is None or self._unread:
            return
        if self._failures:
            reasons = {**self._reasons, **update.failure_reasons}
            update = Update(
                collected_at=update.collected_at or self._collected_at,
                tracked=tracked or {},
                counters={**self._counters, **update.counters},
                failure_reasons={task_id: r for task_id, r in reasons.items() if r is not None},
                replaces_all=True,
            )
        try:
            self._history.write(self._name, self._app_id, update)
        except HistoryError as error:
            self._note_failure(error)
        else:
            if self._failures:
                log.info(
                    "history is written again, nothing is missing",
                    app=self._name,
                    failures=self._failures,
                )
            self._failures = 0

    def _note_failure(self, error: HistoryError) -> None:
        self._history_errors += 1
        self._failures += 1
        log_at = log.error if self._failures == 1 else log.debug
        log_at(
            "history cannot be read: counters start at 0 until it can be"
            if self._unread
            else "history cannot be used: collections continue, a restart now would lose counts",
            app=self._name,
            error=error,
        )


def _increments(changes: Changes) -> Mapping[CounterKey, float]:
    """Return by how much each counter increases."""
    increments: defaultdict[CounterKey, float] = defaultdict(float)
    for pair, count in changes.transitions.items():
        increments[(_TRANSITION, *pair)] += count
    for family, by_status in ((_DURATION, changes.durations), (_PHASE, changes.phases)):
        for status, durations in by_status.items():
            for seconds in durations:
                bound = DURATION_BOUNDS[bisect_left(DURATION_BOUNDS, seconds)]
                increments[family, status.value, str(bound)] += 1
                increments[_SUMS[family], status.value] += seconds
    return increments


def _histogram(
    counters: Mapping[CounterKey, float], family: str, status: TaskStatus
) -> tuple[Sequence[tuple[float, float]], float]:
    counts = [counters.get((family, status.value, str(bound)), 0) for bound in DURATION_BOUNDS]
    total = counters.get((_SUMS[family], status.value), 0.0)
    return tuple(zip(DURATION_BOUNDS, accumulate(counts), strict=True)), total
