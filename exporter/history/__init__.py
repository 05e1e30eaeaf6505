"""State that survives a restart: counters, and the last known status of every task.

`counters` keeps it in memory, and `database` in a file. They exchange the types below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.errors import ExporterError
from exporter.tasks import Tracked

if TYPE_CHECKING:
    from exporter.history.database import HistoryFile

CounterKey = tuple[str, ...]
"""The family of a counter, followed by its label values."""


@dataclass(frozen=True, slots=True)
class FailureReason:
    """Why a task failed.

    Attributes:
        reason: One of FAILURE_WORDS.
        at: When the callback arrived, in Unix seconds.
    """

    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class StoredState:
    """The stored state of one app.

    Attributes:
        tracked: The tasks after the last complete walk, None before the first one.
        counters: All counters.
        failure_reasons: By task id.
        collected_at: End of the last complete walk in Unix seconds, None before the first one.
    """

    tracked: Mapping[str, Tracked] | None
    counters: Mapping[CounterKey, float]
    failure_reasons: Mapping[str, FailureReason]
    collected_at: float | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Changed rows of one app, by key; None deletes a row.

    Attributes:
        collected_at: End of the walk in Unix seconds, None for a callback.
        tracked: Tasks by id.
        counters: New values of counters.
        failure_reasons: Reasons by task id.
        replaces_all: Whether all other rows of the app are deleted.
    """

    collected_at: float | None
    tracked: Mapping[str, Tracked | None]
    counters: Mapping[CounterKey, float]
    failure_reasons: Mapping[str, FailureReason | None]
    replaces_all: bool = False


class HistoryError(ExporterError):
    """The history file could not be read or written; the message names it and the cause."""


def open_history(path: Path | None) -> HistoryFile | None:
    """Open or create the history file, None if none is configured. Raises as HistoryFile does."""
    if path is None:
        return None
    # SQLite takes 1 MiB of memory.
    from exporter.history.database import HistoryFile  # noqa: PLC0415

    return HistoryFile(path)
