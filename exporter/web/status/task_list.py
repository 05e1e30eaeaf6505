"""The tasks of all apps as one table: filtered, searched, sorted and cut into pages.

Pure functions of snapshots, a query and the time. Each order is sorted once for a snapshot, when it
is first needed: a page of 50 among 100,000 tasks must not sort 100,000 tasks. Kept are positions
alone, 4 bytes for a task in each of the 16 orders; sort keys and texts to search would cost more
than the tasks themselves. Titles appear only as `tasks.title` allows, in search and order too.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from exporter.collection.state import AppView
from exporter.task_rows import TaskRow, make_row
from exporter.tasks import Snapshot, TaskStatus, TitleMode, UploadTask, show_title
from exporter.urgency import precedence
from exporter.web.status.query import TaskQuery

EXPIRING_WITHIN = 86400.0
"""Files that expire within these seconds are listed in a section of their own."""

PATIENCE: Mapping[TaskStatus, float] = {TaskStatus.WAITING: 1800.0, TaskStatus.UPLOADING: 7200.0}
"""Seconds since its creation after which a task in that status counts as stuck."""

_Entry = tuple[bool, Any, str, str, UploadTask]
"""Whether it has the value to sort by, that value, app, id (no two entries are equal), task."""


_Run = tuple[int, Iterable[_Entry]]
"""How many entries there are, and the entries in order."""

_BY_EXPIRY = ("urgency", "expires")
"""The orders in which succeeded tasks come by their expiry."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of the table that a query selects."""

    rows: tuple[TaskRow, ...]
    """At most `limit` tasks, from `offset` on."""

    total: int
    """Number of tasks that match the query."""

    stale_apps: frozenset[str] = frozenset()
    """Apps whose tasks come from a stale snapshot."""


class TaskTable:
    """The tasks of one app's snapshot; each order is sorted once and kept as positions."""

    def __init__(self, app: str, snapshot: Snapshot, title: TitleMode) -> None:
        self.app = app
        self.title_mode = title
        # Not the snapshot itself: `Tables` keeps this as long as the snapshot exists.
        self._tasks = snapshot.tasks
        self._tracked = snapshot.tracked
        self._by_status = snapshot.by_status
        self._by_expiry = snapshot.by_expiry
        self._unresolved_ids = snapshot.unresolved
        self._ordered: dict[tuple[int, str, bool], Sequence[int]] = {}

    def title(self, task: UploadTask) -> str | None:
        """Return the title as it may be shown, None where it may not."""
        return None if self.title_mode == "none" else show_title(task.title, self.title_mode)

    def since(self, task: UploadTask) -> float | None:
        """Return when the task was first seen in its status."""
        tracked = self._tracked.get(task.id)
        return tracked.since if tracked else None

    def count_attention(self, now: float) -> int:
        """Return how many tasks need attention at `now`."""
        query = TaskQuery()
        return sum(len(self._candidates(status, query, now)) for status in TaskStatus)

    def runs(self, query: TaskQuery, now: float) -> Iterator[_Run]:
        """Yield the selected tasks of each status, in the order of `query`."""
        needle = query.search.casefold()
        for status in TaskStatus:
            tasks = self._candidates(status, query, now)
            if tasks is self._by_status[status] or tasks is self._unresolved:
                order = self._order_whole(tasks, query)
                if needle:
                    order = [place for place in order if self._matches(tasks[place], needle)]
                # `map` binds `tasks` now; the entries are made after the loop has gone on.
                ordered = map(tasks.__getitem__, order)
                yield len(order), (self._entry(task, query) for task in ordered)
                continue
            if needle:
                tasks = [task for task in tasks if self._matches(task, needle)]
            if status is TaskStatus.SUCCEEDED and query.sort in _BY_EXPIRY:
                by_expiry = reversed(tasks) if query.descending else tasks
                yield len(tasks), (self._entry(task, query) for task in by_expiry)
            else:
                entries = (self._entry(task, query) for task in tasks)
                yield len(tasks), sorted(entries, reverse=query.descending)

    @cached_property
    def _unresolved(self) -> Sequence[UploadTask]:
        failed = self._by_status[TaskStatus.FAILED]
        return [task for task in failed if task.id in self._unresolved_ids]

    def _matches(self, task: UploadTask, needle: str) -> bool:
        """Whether id or title, as shown, contains `needle`, which is case-folded."""
        return needle in task.id.casefold() or needle in (self.title(task) or "").casefold()

    def _candidates(self, status: TaskStatus, query: TaskQuery, now: float) -> Sequence[UploadTask]:
        """Return the tasks in `status` that `query` asks for, before search and order."""
        attention = query.attention
        whole = status in query.statuses or (attention and status is TaskStatus.WAITING_RETRY)
        if query.expiring_within is not None:
            if not whole or status is not TaskStatus.SUCCEEDED:
                return ()
            # Later than `now`, and at most that many seconds later.
            end = bisect_right(self._by_expiry, now + query.expiring_within, key=_expiry)
            return self._by_expiry[bisect_right(self._by_expiry, now, key=_expiry) : end]
        if whole:
            return self._by_status[status]
        if (attention or query.unresolved) and status is TaskStatus.FAILED:
            return self._unresolved
        if attention and status in PATIENCE:
            before = now - PATIENCE[status]
            tasks = self._by_status[status]
            return [t for t in tasks if t.created_at is not None and t.created_at < before]
        return ()

    def _order_whole(self, tasks: Sequence[UploadTask], query: TaskQuery) -> Sequence[int]:
        """Return the positions in `tasks`, which no query changes, in order."""
        key = (id(tasks), query.sort, query.descending)  # unique: this object holds the tasks
        if key not in self._ordered:
            places = sorted(
                range(len(tasks)),
                key=lambda place: self._entry(tasks[place], query),
                reverse=query.descending,
            )
            self._ordered[key] = array("I", places)
        return self._ordered[key]

    def _entry(self, task: UploadTask, query: TaskQuery) -> _Entry:
        """Return what orders the task; one without the value comes last in either direction."""
        value = _VALUES[query.sort](self, task)
        # None cannot be compared with numbers: the flag before it decides, and keeps it last.
        return (value is None) is not query.descending, value, self.app, task.id, task


_expiry = attrgetter("expires_at")


_POSITION = {status: position for position, status in enumerate(TaskStatus)}

_VALUES: Mapping[str, Callable[[TaskTable, UploadTask], Any]] = {
    "urgency": lambda _, task: precedence(task),
    "app": lambda table, _: table.app,
    "status": lambda _, task: _POSITION[task.status],
    "title": lambda table, task: table.title(task),
    "retries": lambda _, task: task.retry_count,
    "since": lambda table, task: table.since(task),
    "created": lambda _, task: task.created_at,
    "expires": lambda _, task: task.expires_at,
}


class Tables:
    """The tables of snapshots, each kept for as long as there is its snapshot."""

    def __init__(self) -> None:
        self._tables: WeakKeyDictionary[Snapshot, TaskTable] = WeakKeyDictionary()

    def of(self, views: Sequence[AppView], title: TitleMode) -> Mapping[str, TaskTable]:
        """Return the tables of `views` by app; an app without a snapshot has none."""
        tables = {}
        for view in views:
            app, snapshot = view.settings.name, view.latest
            if snapshot is None:
                continue
            table = self._tables.get(snapshot)
            if table is None or (table.app, table.title_mode) != (app, title):  # after a reload
                table = self._tables[snapshot] = TaskTable(app, snapshot, title)
            tables[app] = table
        return tables


def select(
    views: Sequence[AppView], tables: Mapping[str, TaskTable], query: TaskQuery, now: float
) -> Selection:
    """Return the tasks of these apps that `query` asks for at `now`."""
    snapshots = {view.settings.name: view.latest for view in views if view.latest is not None}
    wanted = [table for app, table in tables.items() if not query.apps or app in query.apps]
    runs = [run for table in wanted for run in table.runs(query, now)]
    # Each run is sorted: only as many entries are compared as `offset` and `limit` need.
    merged = heapq.merge(*(entries for _, entries in runs), reverse=query.descending)
    rows = (
        make_row(app, task, snapshots[app], tables[app].title(task))
        for _, _, app, _, task in islice(merged, query.offset, query.offset + query.limit)
    )
    stale = frozenset(view.settings.name for view in views if view.snapshot is None)
    return Selection(tuple(rows), sum(size for size, _ in runs), stale)


def select_page(
    views: Sequence[AppView], tables: Mapping[str, TaskTable], query: TaskQuery, now: float
) -> tuple[TaskQuery, Selection]:
    """Return the result of `query`; an offset beyond the end becomes that of the last page."""
    tasks = select(views, tables, query, now)
    if query.offset and query.offset >= tasks.total:
        query = query.at(max(0, tasks.total - 1) // query.limit * query.limit)
        tasks = select(views, tables, query, now)
    return query, tasks
