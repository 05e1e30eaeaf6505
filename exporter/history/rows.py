"""What the history file stores of one app, and how it is read and written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from exporter.tasks import TaskStatus, Tracked

CounterKey = tuple[str, ...]
"""The family of a counter and its label values."""


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
    """What the file holds of one app.

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
    """What is to be written of one app: rows by key, None where a row is to be deleted.

    Attributes:
        collected_at: End of the walk in Unix seconds, None for a callback.
        replaces_all: Whether the rows replace everything that the file holds of the app.
    """

    collected_at: float | None
    tracked: Mapping[str, Tracked | None]
    counters: Mapping[CounterKey, float]
    failure_reasons: Mapping[str, FailureReason | None]
    replaces_all: bool = False


def read_state(connection: sqlite3.Connection, name: str, app_id: int) -> StoredState:
    """Return what the file holds of an app."""
    rows = connection.execute
    found = rows(
        "SELECT id, collected_at FROM app WHERE name = ? AND app_id = ?", (name, app_id)
    ).fetchone()
    if found is None:
        return StoredState(None, {}, {})
    app, collected_at = found
    # One object for all tasks that entered a status in one walk: there can be a million.
    shared = cache(Tracked)
    tracked = {
        task: shared(TaskStatus(status), since, bool(missing))
        for task, status, since, missing in rows(
            "SELECT id, status, since, missing FROM task WHERE app = ?", (app,)
        )
    }
    counters = rows("SELECT key, value FROM counter WHERE app = ?", (app,))
    reasons = rows("SELECT task, reason, at FROM failure_reason WHERE app = ?", (app,))
    return StoredState(
        tracked if collected_at is not None else None,
        {tuple(json.loads(key)): value for key, value in counters},
        {task: FailureReason(reason, at) for task, reason, at in reasons},
        collected_at,
    )


def write_update(connection: sqlite3.Connection, name: str, app_id: int, update: Update) -> None:
    """Write `update` within the transaction that is open."""
    execute, executemany = connection.execute, connection.executemany
    execute("INSERT OR IGNORE INTO app (name, app_id) VALUES (?, ?)", (name, app_id))
    (app,) = execute("SELECT id FROM app WHERE name = ? AND app_id = ?", (name, app_id)).fetchone()
    if update.replaces_all:
        for table in ("task", "counter", "failure_reason"):
            execute(f"DELETE FROM {table} WHERE app = ?", (app,))  # noqa: S608 - our own names
    if update.collected_at is not None:
        execute("UPDATE app SET collected_at = ? WHERE id = ?", (update.collected_at, app))
    executemany(
        "DELETE FROM task WHERE app = ? AND id = ?",
        ((app, task) for task, entry in update.tracked.items() if entry is None),
    )
    executemany(
        "REPLACE INTO task VALUES (?, ?, ?, ?, ?)",
        (
            (app, task, entry.status.value, entry.since, int(entry.missing))
            for task, entry in update.tracked.items()
            if entry is not None
        ),
    )
    executemany(
        "DELETE FROM failure_reason WHERE app = ? AND task = ?",
        ((app, task) for task, reason in update.failure_reasons.items() if reason is None),
    )
    executemany(
        "REPLACE INTO failure_reason VALUES (?, ?, ?, ?)",
        (
            (app, task, known.reason, known.at)
            for task, known in update.failure_reasons.items()
            if known is not None
        ),
    )
    executemany(
        "REPLACE INTO counter VALUES (?, ?, ?)",
        ((app, json.dumps(key), value) for key, value in update.counters.items()),
    )
