"""What the status page says, as plain data: a pure function of the apps' views and the time.

No HTML here. Texts that ZEGO or a user chose (titles, names, messages) are carried as they are;
whoever writes them into a page escapes them. All instants are Unix seconds, all spans seconds.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from exporter import __version__
from exporter.collection.state import AppView
from exporter.errors import CollectionError
from exporter.tasks import Snapshot, TaskStatus, UploadTask

MAX_ATTENTION = 100
EXPIRING_WITHIN = 86400.0

AppHealth = Literal["up", "down", "waiting"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the last collection failed."""

    reason: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What the last complete snapshot holds, and what that collection took."""

    by_status: Mapping[str, int]
    slots_used: int
    slots_limit: int
    next_expiry: float | None
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
    last_success: float | None
    next_collection: float | None
    collections: int
    failures: int
    api_requests: int
    api_errors: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Attention:
    """A task that an operator should know of; `stale` when it is from a stale snapshot.

    `failure` is the reason of a failure as a word, empty where it is not known.
    """

    app: str
    task: UploadTask
    failure: str
    stale: bool


@dataclass(frozen=True, slots=True)
class Status:
    """The whole page, as of `now`; `omitted` tasks need attention beyond those listed."""

    now: float
    version: str
    apps: tuple[AppCard, ...]
    attention: tuple[Attention, ...]
    omitted: int

    @property
    def health(self) -> AppHealth:
        """Return the worst health of all apps; down is worse than waiting."""
        present = {app.health for app in self.apps}
        return next((health for health in _WORST_FIRST if health in present), "up")


_WORST_FIRST: tuple[AppHealth, ...] = ("down", "waiting")


def build_status(views: Sequence[AppView], now: float) -> Status:
    """Return what there is to say of these apps at `now`."""
    attention = [entry for view in views for entry in _list_attention(view, now)]
    listed = heapq.nsmallest(MAX_ATTENTION, attention, key=_urgency)
    return Status(
        now=now,
        version=__version__,
        apps=tuple(_build_card(view, now) for view in views),
        attention=tuple(listed),
        omitted=len(attention) - len(listed),
    )


def _build_card(view: AppView, now: float) -> AppCard:
    latest, settings = view.latest, view.settings
    return AppCard(
        name=settings.name,
        app_id=settings.app_id,
        endpoint=settings.endpoint,
        health="waiting" if view.up is None else "up" if view.up else "down",
        problem=_describe(view.last_error) if view.last_error else None,
        stale_since=_stale_since(view),
        counts=_count(latest, settings.slots_limit, now) if latest else None,
        last_success=view.last_success,
        next_collection=view.next_collection,
        collections=view.collections,
        failures=sum(view.failures.values()),
        api_requests=view.api.requests,
        api_errors=tuple(sorted((code, n) for code, n in view.api.errors.items() if n)),
    )


def _describe(error: CollectionError) -> Problem:
    return Problem(error.reason, str(error), error.remedy)


def _stale_since(view: AppView) -> float | None:
    if view.latest is None or view.snapshot is not None:
        return None
    return view.latest.completed_at + view.settings.collection.stale_after


def _count(snapshot: Snapshot, slots_limit: int, now: float) -> Counts:
    return Counts(
        by_status={status.value: snapshot.summaries[status].tasks for status in TaskStatus},
        slots_used=snapshot.slots_used,
        slots_limit=slots_limit,
        next_expiry=snapshot.next_expiry(now=now),
        tasks=len(snapshot.tasks),
        reported_total=snapshot.reported_total,
        pages=snapshot.pages,
        duration=snapshot.duration,
        completed_at=snapshot.completed_at,
    )


def _list_attention(view: AppView, now: float) -> Iterator[Attention]:
    """Yield the tasks that failed, wait for a retry, or expire within `EXPIRING_WITHIN`."""
    if view.latest is None:
        return
    for task in view.latest.tasks:
        if task.status in _TROUBLED or _expires_soon(task, now):
            reason = view.latest.failure_reasons.get(task.id, "")
            yield Attention(view.settings.name, task, reason, stale=view.snapshot is None)


_TROUBLED = {TaskStatus.FAILED: 0, TaskStatus.WAITING_RETRY: 1}


def _expires_soon(task: UploadTask, now: float) -> bool:
    return (
        task.status is TaskStatus.SUCCEEDED
        and task.expires_at is not None
        and now < task.expires_at <= now + EXPIRING_WITHIN
    )


def _urgency(entry: Attention) -> tuple[int, float, str, str]:
    """Order: failed (newest first), waiting for a retry (oldest first), then soonest expiry."""
    task = entry.task
    created = math.inf if task.created_at is None else task.created_at
    if task.status is TaskStatus.FAILED:
        instant = math.inf if task.created_at is None else -created
    elif task.status is TaskStatus.WAITING_RETRY:
        instant = created
    else:
        instant = task.expires_at or 0.0
    return _TROUBLED.get(task.status, 2), instant, entry.app, task.id
