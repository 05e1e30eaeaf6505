"""What the status page and `/api/v1` say, as plain data: a pure function of the apps' views.

Neither HTML nor JSON here. Texts that ZEGO or a user chose (titles, names, messages) are carried as
they are; whoever writes them into a page escapes them. All instants are Unix seconds, all spans
seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from exporter import __version__
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import CollectionError
from exporter.tasks import Snapshot, TaskStatus
from exporter.web.status.query import TaskQuery
from exporter.web.status.task_list import Selection, Tables, TaskTable, select

AppHealth = Literal["up", "down", "waiting"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the last collection failed."""

    reason: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What the last complete snapshot holds, and what that collection took.

    `expiring` counts, by label, the files that expire within each of `tasks.expiry_windows`;
    `attention` the tasks that need it.
    """

    by_status: Mapping[str, int]
    slots_used: int
    next_expiry: float | None
    expiring: Mapping[str, int]
    attention: int
    duplicate_titles: int
    tasks: int
    reported_total: int | None
    pages: int
    duration: float
    completed_at: float


@dataclass(frozen=True, slots=True)
class AppCard:
    """One app. `health` is "waiting" until its first collection has ended.

    `counts` is None until there was a snapshot; once it is stale, `stale_since` says since when.
    """

    name: str
    app_id: int
    endpoint: str
    health: AppHealth
    problem: Problem | None
    stale_since: float | None
    counts: Counts | None
    slots_limit: int
    last_attempt: float | None
    last_success: float | None
    next_collection: float | None
    collections: int
    skipped: int
    failures: int
    malformed: int
    api_requests: int
    api_errors: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Status:
    """The whole page, as of `now`: the cards of all apps, and the tasks that were asked for."""

    now: float
    version: str
    apps: tuple[AppCard, ...]
    query: TaskQuery
    tasks: Selection

    @property
    def health(self) -> AppHealth:
        """Return the worst health of all apps; down is worse than waiting."""
        present = {app.health for app in self.apps}
        return next((health for health in _WORST_FIRST if health in present), "up")

    @property
    def attention(self) -> int:
        """Return how many tasks need attention, over all apps."""
        return sum(app.counts.attention for app in self.apps if app.counts)


_WORST_FIRST: tuple[AppHealth, ...] = ("down", "waiting", "up")


class Desk:
    """Says what there is to say of the apps; keeps the tables of their snapshots between requests.

    May be asked from any thread.
    """

    def __init__(self) -> None:
        self._tables = Tables()

    def status(
        self, views: Sequence[AppView], settings: TaskSettings, query: TaskQuery, now: float
    ) -> Status:
        """Return the whole page at `now`; an offset beyond the end becomes the last page."""
        tables = self._tables.of(views, settings.title)
        tasks = select(views, tables, query, now)
        if query.offset and query.offset >= tasks.total:
            query = query.at(max(0, tasks.total - 1) // query.limit * query.limit)
            tasks = select(views, tables, query, now)
        return Status(now, __version__, self.cards(views, settings, now), query, tasks)

    def cards(
        self, views: Sequence[AppView], settings: TaskSettings, now: float
    ) -> tuple[AppCard, ...]:
        """Return what there is to say of each app at `now`."""
        tables = self._tables.of(views, settings.title)
        return tuple(
            build_card(view, tables.get(view.settings.name), settings, now) for view in views
        )

    def tasks(
        self, views: Sequence[AppView], settings: TaskSettings, query: TaskQuery, now: float
    ) -> Selection:
        """Return the tasks that `query` asks for at `now`."""
        return select(views, self._tables.of(views, settings.title), query, now)


def build_card(
    view: AppView, table: TaskTable | None, settings: TaskSettings, now: float
) -> AppCard:
    """Return what there is to say of one app; `table` is that of its latest snapshot."""
    return AppCard(
        name=view.settings.name,
        app_id=view.settings.app_id,
        endpoint=view.settings.endpoint,
        health="waiting" if view.up is None else "up" if view.up else "down",
        problem=_describe(view.last_error) if view.last_error else None,
        stale_since=_stale_since(view),
        counts=_count(view.latest, table, settings, now) if view.latest and table else None,
        slots_limit=view.settings.slots_limit,
        last_attempt=view.last_attempt,
        last_success=view.last_success,
        next_collection=view.next_collection,
        collections=view.collections,
        skipped=view.skipped,
        failures=sum(view.failures.values()),
        malformed=sum(view.malformed.values()),
        api_requests=view.api.requests,
        api_errors=tuple(sorted((code, n) for code, n in view.api.errors.items() if n)),
    )


def _describe(error: CollectionError) -> Problem:
    return Problem(error.reason, str(error), error.remedy)


def _stale_since(view: AppView) -> float | None:
    if view.latest is None or view.snapshot is not None:
        return None
    return view.latest.completed_at + view.settings.collection.stale_after


def _count(snapshot: Snapshot, table: TaskTable, settings: TaskSettings, now: float) -> Counts:
    return Counts(
        by_status={status.value: snapshot.summaries[status].tasks for status in TaskStatus},
        slots_used=snapshot.slots_used,
        next_expiry=snapshot.next_expiry(now=now),
        expiring={
            label: snapshot.expiring(now=now, within=seconds)
            for label, seconds in settings.expiry_windows
        },
        attention=table.count_attention(now),
        duplicate_titles=snapshot.duplicate_titles,
        tasks=len(snapshot.tasks),
        reported_total=snapshot.reported_total,
        pages=snapshot.pages,
        duration=snapshot.duration,
        completed_at=snapshot.completed_at,
    )
