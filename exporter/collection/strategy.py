"""How an app's tasks are collected: by full walks, or by what has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from exporter.collection.api_session import LANES, ApiSession
from exporter.collection.incremental.strategy import Incremental
from exporter.collection.walk import WalkResult
from exporter.config import AppSettings


class Strategy(Protocol):
    """How the tasks of one app are collected; `corrections` counts what resyncs have set right."""

    corrections: int

    @property
    def name(self) -> Literal["full", "incremental"]:
        """The strategy at work, whatever was configured."""

    def collect(self, asking: ApiSession) -> WalkResult:
        """Return all tasks as they are now. Raises as `walk` does."""


class Full:
    """Every collection is one walk over all tasks; nothing is assumed."""

    corrections = 0
    name: Literal["full"] = "full"

    def collect(self, asking: ApiSession) -> WalkResult:
        """Return all tasks as they were listed. Raises as `walk` does."""
        return asking.walk_all()


def new_strategy(app: AppSettings, clock: Callable[[], float]) -> tuple[Strategy, int]:
    """Return the strategy that is configured, and how many clients it works with."""
    if app.collection.strategy == "full":
        return Full(), 1
    return Incremental(app.name, app.collection.resync_interval, clock), LANES
