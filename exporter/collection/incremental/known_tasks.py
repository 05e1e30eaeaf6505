"""The last known task list, and pending changes to it.

The list changes only after a collection has succeeded. Until then, changes are kept separately, in
memory and time linear in their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from exporter.tasks import TaskStatus, UploadTask


class KnownTasks:
    """Tasks by status, in each status in the order in which they were found."""

    def __init__(self, tasks: Iterable[UploadTask] = ()) -> None:
        self._by_status: dict[TaskStatus, dict[str, UploadTask]] = {s: {} for s in TaskStatus}
        self._tasks: tuple[UploadTask, ...] | None = None
        for task in tasks:
            self._by_status[task.status][task.id] = task

    def of(self, status: TaskStatus) -> Mapping[str, UploadTask]:
        """Return the tasks of a status by id."""
        return self._by_status[status]

    def get(self, task_id: str) -> UploadTask | None:
        """Return the task with that id, None where there is none."""
        found = (tasks.get(task_id) for tasks in self._by_status.values())
        return next((task for task in found if task is not None), None)

    def apply(self, changes: Mapping[str, UploadTask | None]) -> None:
        """Apply `changes` to the list: tasks by id, None for a removed one."""
        for task_id, task in changes.items():
            for status, tasks in self._by_status.items():
                if task is None or task.status is not status:
                    tasks.pop(task_id, None)
            if task is not None:
                self._by_status[task.status][task_id] = task
        if changes:
            self._tasks = None

    def tasks(self) -> tuple[UploadTask, ...]:
        """Return all tasks; the same tuple until something changes."""
        if self._tasks is None:
            self._tasks = tuple(chain(*(tasks.values() for tasks in self._by_status.values())))
        return self._tasks


class PendingChanges:
    """Changes to `known` that are not applied yet.

    Attributes:
        known: The last known task list.
        changes: Tasks by id, None for a removed one.
    """

    def __init__(self, known: KnownTasks) -> None:
        self.known = known
        self.changes: dict[str, UploadTask | None] = {}
        self._counts = {status: len(known.of(status)) for status in TaskStatus}

    def get(self, task_id: str) -> UploadTask | None:
        """Return the current task, None if it is not listed."""
        if task_id in self.changes:
            return self.changes[task_id]
        return self.known.get(task_id)

    def put(self, task: UploadTask) -> bool:
        """Note a task that the API has just listed; return whether it has changed."""
        return self._note(task.id, task)

    def drop(self, task_id: str) -> bool:
        """Note that a task is no longer listed; return whether it was before."""
        return self._note(task_id, None)

    def count(self, status: TaskStatus) -> int:
        """Return the number of tasks of a status, in constant time."""
        return self._counts[status]

    def total(self) -> int:
        """Return the number of all tasks, in constant time."""
        return sum(self._counts.values())

    def of(self, status: TaskStatus) -> Iterator[UploadTask]:
        """Yield the tasks of a status: known ones in their order, then those that entered it."""
        known = self.known.of(status)
        for task_id, task in known.items():
            current = self.changes.get(task_id, task)
            if current is not None and current.status is status:
                yield current
        for task_id, current in self.changes.items():
            if current is not None and current.status is status and task_id not in known:
                yield current

    def _note(self, task_id: str, task: UploadTask | None) -> bool:
        previous = self.get(task_id)
        if previous == task:
            return False
        if previous is not None:
            self._counts[previous.status] -= 1
        if task is not None:
            self._counts[task.status] += 1
        self.changes[task_id] = task
        return True
