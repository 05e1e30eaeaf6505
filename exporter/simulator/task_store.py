"""The tasks of one app in all orders in which the API lists them, and a log of their changes.

Rules that this file keeps:

- A task is in two lists: that of all tasks, in the order of creation, and that of its status, in
  the order in which the tasks entered it. So a count is O(1) and a page O(page).
- Every change is logged, and passed to the observers.
- Methods without a leading underscore hold `lock`; observers are called while it is held.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from threading import RLock

from exporter.simulator.ordered_list import OrderedList
from exporter.simulator.task import (
    FAILED,
    STORED,
    SUCCEEDED,
    UPLOADING,
    WAITING,
    Change,
    SimulatedTask,
)
from exporter.simulator.workload import DAY

Observer = Callable[[Change, SimulatedTask], None]


class TaskStore:
    """The listed tasks at `now` (Unix seconds).

    `log_limit` is how many changes are remembered, None for all.
    """

    def __init__(self, now: float, log_limit: int | None) -> None:
        self.now = now
        self.lock = RLock()
        self.tasks: dict[str, SimulatedTask] = {}
        self.listing: OrderedList[SimulatedTask] = OrderedList()
        self.by_status: defaultdict[int, OrderedList[SimulatedTask]] = defaultdict(OrderedList)
        self.log: deque[Change] = deque(maxlen=log_limit)
        self._observers: list[Observer] = []
        self._last_number = 0
        self._last_id = 0

    def on_event(self, observer: Observer) -> None:
        """Call `observer` with every later change and its task."""
        with self.lock:
            self._observers.append(observer)

    def count(self, status: int) -> int:
        """Return how many tasks have `status`; O(1)."""
        listing = self.by_status.get(status)
        return 0 if listing is None else len(listing)

    def slots_used(self) -> int:
        """Return how many tasks are waiting or uploading; O(1)."""
        return self.count(WAITING) + self.count(UPLOADING)

    def add_task(
        self,
        *,
        id: str | None = None,  # noqa: A002 - the name of the task's field
        title: str | None = None,
        stream_url: str | None = None,
        status: int = WAITING,
        retry_count: int = 0,
        expires_at: int | None = None,
        created_at: int | None = None,
        reason: int = 0,
        troubled: bool = False,
    ) -> SimulatedTask:
        """List one more task; fields that are not given get fitting values.

        `expires_at` None is three days from now for a file that is or was stored; 0 is "none".
        An id that is listed already is a ValueError.
        """
        with self.lock:
            task_id = self._next_id() if id is None else id
            if task_id in self.tasks:
                raise ValueError(f"task {task_id} exists already")
            if expires_at is None:
                expires_at = self._default_expiry() if status in STORED else 0
            if stream_url is None:
                # With an access token of its own, which must appear in no output.
                query = f"token=stream-secret-{task_id}"
                stream_url = f"https://origin.example.com/media/{task_id}?{query}"
            task = SimulatedTask(
                id=task_id,
                title=f"{task_id}.mp4" if title is None else title,
                stream_url=stream_url,
                status=status,
                retry_count=retry_count,
                expires_at=expires_at,
                created_at=int(self.now) if created_at is None else created_at,
                reason=reason,
                troubled=troubled,
            )
            task.number = task.entry = self._next_number()
            self.tasks[task.id] = task
            self.listing.put(task.number, task)
            self._settle(task, None, self.now)
            return task

    def add_tasks(self, count: int, *, statuses: Sequence[int] = (SUCCEEDED,)) -> None:
        """List `count` tasks more, of the `statuses` in turn, with varied retries and times."""
        with self.lock:
            for index in range(count):
                status = statuses[index % len(statuses)]
                created_at = int(self.now) - 60 - index % 86_400
                self.add_task(
                    status=status,
                    retry_count=index % 7 // 4,
                    created_at=created_at,
                    expires_at=created_at + int(3 * DAY) if status in STORED else 0,
                )

    def set_status(
        self,
        task_id: str,
        status: int,
        *,
        reason: int = 0,
        retry_count: int | None = None,
        expires_at: int | None = None,
    ) -> None:
        """Move a task to `status` and change the given fields; KeyError for an unknown id."""
        with self.lock:
            task = self.tasks[task_id]
            if retry_count is not None:
                task.retry_count = retry_count
            if expires_at is not None:
                task.expires_at = expires_at
            elif status == SUCCEEDED and not task.expires_at:
                task.expires_at = self._default_expiry()
            if status != task.status:
                self._enter(task, status, self.now, reason)

    def remove(self, task_id: str) -> None:
        """Take a task off the list; KeyError for an unknown id."""
        with self.lock:
            self._unlist(self.tasks[task_id], self.now)

    def _enter(self, task: SimulatedTask, status: int, at: float, reason: int = 0) -> None:
        before = task.status
        self.by_status[before].take(task.entry)
        task.status = status
        task.entry = self._next_number()
        task.reason = reason
        self._settle(task, before, at)

    def _unlist(self, task: SimulatedTask, at: float) -> None:
        del self.tasks[task.id]
        self.listing.take(task.number)
        self.by_status[task.status].take(task.entry)
        task.entry = 0
        self._record(Change(at, task.id, task.status, None, 0), task)

    def _settle(self, task: SimulatedTask, before: int | None, at: float) -> None:
        self.by_status[task.status].put(task.entry, task)
        reason = task.reason if task.status == FAILED else 0
        self._record(Change(at, task.id, before, task.status, reason), task)

    def _record(self, change: Change, task: SimulatedTask) -> None:
        self.log.append(change)
        for observer in self._observers:
            observer(change, task)

    def _next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def _next_id(self) -> str:
        while True:
            self._last_id += 1
            task_id = f"upload_task_{self._last_id}"
            if task_id not in self.tasks:
                return task_id

    def _default_expiry(self) -> int:
        return int(self.now + 3 * DAY)
