"""The life cycle of simulated upload tasks: no I/O, no clock; time is an argument.

Rules that this file keeps (`docs/zego-api.md`, Upload tasks):

- A task moves as LIFE_CYCLE says, unless it is moved by hand.
- At most `slots` tasks are waiting or uploading; a creation beyond them is refused, and a task that
  waits for its retry continues to wait. Fewer than `slots` upload at the same time, so that
  tasks are seen waiting. Adding or moving by hand knows no such limit.
- Every change is an event with a time. Random numbers are drawn only while one is handled, so
  the history between two times does not depend on the calls of `advance` between them.
- `pace` divides every duration; with pace 0 nothing happens by itself.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from exporter.simulator.task import (
    CANCELLED,
    EXPIRED,
    FAILED,
    FILE_TOO_LARGE,
    SOURCE_DOWNLOAD_FAILED,
    SUCCEEDED,
    UPLOAD_ERROR,
    UPLOADING,
    WAITING,
    WAITING_RETRY,
    SimulatedTask,
)
from exporter.simulator.task_store import TaskStore
from exporter.simulator.workload import REALISTIC, Workload, make_title

Act = Callable[[float, SimulatedTask], None]
Queue = deque[tuple[SimulatedTask, int]]  # tasks with the entry under which they were queued

_MAX_DOUBLINGS = 10  # of the wait before a retry
_NOBODY = SimulatedTask("", "", "", 0, 0, 0, 0, 0, troubled=False)


class _Event(NamedTuple):
    """A planned step of `task`, dropped if the task has another `entry` by then."""

    at: float
    number: int
    act: Act
    task: SimulatedTask
    entry: int


class Lifecycle(TaskStore):
    """The tasks of one app and their changes from `start` (Unix seconds) on.

    `log_limit` is how many changes are remembered, None for all.
    """

    def __init__(
        self,
        seed: int = 0,
        pace: float = 1.0,
        slots: int = 10,
        *,
        start: float = 0.0,
        workload: Workload = REALISTIC,
        log_limit: int | None = 10_000,
    ) -> None:
        super().__init__(start, log_limit)
        self.pace = pace
        self.slots = slots
        self.uploads_limit = max(1, slots * 6 // 10)
        self.workload = workload
        self.refused = 0
        self._random = Random(seed)  # noqa: S311 - a model, not a secret
        self._events: list[_Event] = []
        self._ready: Queue = deque()
        self._ready_again: Queue = deque()
        self._recent_titles: deque[str] = deque(maxlen=20)
        self._plan_arrival(start)

    def advance(self, now: float) -> None:
        """Apply all events due at `now` (Unix seconds); an earlier time changes nothing."""
        with self.lock:
            while self._events and self._events[0].at <= now:
                event = heappop(self._events)
                self.now = max(self.now, event.at)
                if event.task.entry == event.entry:
                    event.act(self.now, event.task)
                    self._start_uploads(self.now)
            self.now = max(self.now, now)

    # Steps

    def _arrive(self, at: float, _task: SimulatedTask) -> None:
        burst = self._random.random() < self.workload.burst_chance
        for _ in range(self._random.randint(2, self.workload.burst_size) if burst else 1):
            if self.slots_used() < self.slots:
                troubled = self._random.random() < self.workload.troubled_chance
                self.add_task(title=self._title(), troubled=troubled)
            else:
                self.refused += 1  # CreateUploadTask answers 350006010
        self._plan_arrival(at)

    def _queue(self, _at: float, task: SimulatedTask) -> None:
        queue = self._ready if task.status == WAITING else self._ready_again
        queue.append((task, task.entry))

    def _move(self, status: int, at: float, task: SimulatedTask) -> None:
        self._enter(task, status, at)

    def _end_upload(self, at: float, task: SimulatedTask) -> None:
        workload = self.workload
        trouble = workload.trouble_when_troubled if task.troubled else workload.trouble_otherwise
        if self._random.random() < workload.too_large_chance:
            self._enter(task, FAILED, at, FILE_TOO_LARGE)
        elif self._random.random() >= trouble:
            choices, weights = zip(*workload.retentions, strict=True)
            retention = self._random.choices(choices, weights)[0] * self._random.uniform(0.75, 1.25)
            task.expires_at = math.ceil(at + retention / self.pace)
            self._enter(task, SUCCEEDED, at)
        elif task.retry_count < workload.max_retries:
            self._enter(task, WAITING_RETRY, at)
        else:
            reason = self._random.choice((SOURCE_DOWNLOAD_FAILED, UPLOAD_ERROR))
            self._enter(task, FAILED, at, reason)

    # Plans

    def _settle(self, task: SimulatedTask, before: int | None, at: float) -> None:
        """Record a task's new status, and plan its next step."""
        super()._settle(task, before, at)
        if not self.pace:
            return
        workload, random = self.workload, self._random
        if task.status == WAITING:
            wait = workload.waiting * random.uniform(0.5, 1.5)
            self._plan(at, wait, self._queue, task)
            if random.random() < workload.cancel_chance:
                cancel = partial(self._move, CANCELLED)
                self._plan(at, wait * random.random(), cancel, task)
        elif task.status == UPLOADING:
            seconds = workload.upload * random.lognormvariate(0.0, 0.6)
            self._plan(at, seconds, self._end_upload, task)
        elif task.status == WAITING_RETRY:
            seconds = workload.retry_wait * 2 ** min(task.retry_count, _MAX_DOUBLINGS)
            self._plan(at, seconds * random.uniform(0.75, 1.25), self._queue, task)
        elif task.status == SUCCEEDED and task.expires_at:
            # A task that was moved by hand may have expired before.
            due = max(at, task.expires_at)
            self._plan_at(due, partial(self._move, EXPIRED), task)
        elif task.status in (FAILED, CANCELLED, EXPIRED):
            seconds = workload.linger * random.uniform(0.5, 1.5)
            self._plan(at, seconds, lambda at, task: self._unlist(task, at), task)

    def _plan_arrival(self, at: float) -> None:
        if math.isfinite(self.workload.arrival_interval):
            wait = self._random.expovariate(1 / self.workload.arrival_interval)
            self._plan(at, wait, self._arrive, _NOBODY)

    # Machinery

    def _start_uploads(self, at: float) -> None:
        while self.count(UPLOADING) < self.uploads_limit:
            # Retries come first, but need a free slot; a waiting task has its slot already.
            task = _pop_current(self._ready_again) if self.slots_used() < self.slots else None
            task = task or _pop_current(self._ready)
            if task is None:
                return
            if task.status == WAITING_RETRY:
                task.retry_count += 1
            self._enter(task, UPLOADING, at)

    def _plan(self, at: float, seconds: float, act: Act, task: SimulatedTask) -> None:
        if self.pace:
            self._plan_at(at + seconds / self.pace, act, task)

    def _plan_at(self, at: float, act: Act, task: SimulatedTask) -> None:
        heappush(self._events, _Event(at, self._next_number(), act, task, task.entry))

    def _title(self) -> str:
        if self._recent_titles and self._random.random() < self.workload.duplicate_title_chance:
            return self._random.choice(self._recent_titles)
        title = make_title(self._random, self.workload.titles)
        self._recent_titles.append(title)
        return title


def _pop_current(queue: Queue) -> SimulatedTask | None:
    """Take the first task off `queue` that has not moved on since it was queued."""
    while queue:
        task, entry = queue.popleft()
        if task.entry == entry:
            return task
    return None
