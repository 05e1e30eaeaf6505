"""The state of each app for the status page and `/api/v1/apps`: its view and derived values.

Template and JSON read the view itself. Texts that ZEGO or a user chose are unchanged here; the page
escapes them. Timestamps are Unix seconds, spans seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.web.status.task_list import TaskTable

AppHealth = Literal["up", "down", "waiting"]

WORST_FIRST: tuple[AppHealth, ...] = ("down", "waiting", "up")


@dataclass(frozen=True)
class AppStatus:
    """One app at `now`; `table` is that of its latest snapshot, None until there was one."""

    view: AppView
    table: TaskTable | None
    settings: TaskSettings
    now: float

    @property
    def name(self) -> str:
        """The configured name."""
        return self.view.settings.name

    @property
    def health(self) -> AppHealth:
        """Whether the last collection succeeded; waiting until the first one has ended."""
        return "waiting" if self.view.up is None else "up" if self.view.up else "down"

    @property
    def blind(self) -> bool:
        """Whether there are no current data: none yet, or they are stale."""
        return self.view.snapshot is None

    @property
    def stale_since(self) -> float | None:
        """When the latest snapshot became stale, None where it is not."""
        latest = self.view.latest
        if latest is None or self.view.snapshot is not None:
            return None
        return latest.completed_at + self.view.settings.collection.stale_after

    @property
    def counts(self) -> Mapping[str, int]:
        """Tasks by status, zeros included; empty until there was a snapshot."""
        latest = self.view.latest
        return {s.value: summary.tasks for s, summary in latest.summaries.items()} if latest else {}

    @cached_property
    def attention(self) -> int | None:
        """Tasks that need attention; None where there are no current data that say none does."""
        known = self.table.count_attention(self.now) if self.table else 0
        return None if self.blind and not known else known

    @cached_property
    def expiring(self) -> Mapping[str, int]:
        """Files that expire within each of `tasks.expiry_windows`, by label."""
        latest = self.view.latest
        windows = self.settings.expiry_windows if latest else ()
        return {
            label: latest.expiring(now=self.now, within=seconds) if latest else 0
            for label, seconds in windows
        }

    @property
    def next_expiry(self) -> float | None:
        """The earliest expiry after now."""
        return self.view.latest.next_expiry(now=self.now) if self.view.latest else None

    @property
    def api_errors(self) -> Sequence[tuple[str, int]]:
        """Failed requests by code, those that happened."""
        return sorted((code, n) for code, n in self.view.api.errors.items() if n)


def app_statuses(
    views: Sequence[AppView], tables: Mapping[str, TaskTable], settings: TaskSettings, now: float
) -> list[AppStatus]:
    """Return the state of each app; `tables` are by app."""
    return [AppStatus(view, tables.get(view.settings.name), settings, now) for view in views]


def worst_health(apps: Sequence[AppStatus]) -> AppHealth:
    """Return the worst health of all apps; down is worse than waiting."""
    present = {app.health for app in apps}
    return next((health for health in WORST_FIRST if health in present), "up")
