"""The history file: what must survive a restart so that counters continue, in SQLite.

Rules that this file keeps:

- One transaction for each walk or callback of each app, with only the rows that changed.
- The file is ours (`application_id`) and of a version we know (`user_version`), or we refuse it.
  A damaged one is moved aside, never deleted, and a new one begun.
- One process at a time: a lock on a file beside it, so that backups by others stay possible.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from exporter.errors import ConfigError, ExporterError
from exporter.logs import get_logger
from exporter.tasks import TaskStatus, Tracked

log = get_logger(__name__)

APPLICATION_ID = 0x5A45474F
"""`ZEGO` in ASCII, at offset 68 of the file (SQLite file format, section 1.3)."""

MIGRATIONS = (
    """
    CREATE TABLE app (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        app_id INTEGER NOT NULL,
        collected_at REAL,  -- end of the last complete walk, Unix seconds
        UNIQUE (name, app_id)
    );
    CREATE TABLE task (
        app INTEGER NOT NULL REFERENCES app (id),
        id TEXT NOT NULL,
        status TEXT NOT NULL,
        since REAL NOT NULL,  -- when it was first seen in this status, Unix seconds
        PRIMARY KEY (app, id)
    ) WITHOUT ROWID;
    CREATE TABLE counter (
        app INTEGER NOT NULL REFERENCES app (id),
        key TEXT NOT NULL,  -- JSON list of the family and its labels
        value REAL NOT NULL,
        PRIMARY KEY (app, key)
    ) WITHOUT ROWID;
    CREATE TABLE failure_reason (
        app INTEGER NOT NULL REFERENCES app (id),
        task TEXT NOT NULL,
        reason TEXT NOT NULL,
        at REAL NOT NULL,  -- when it was heard, Unix seconds
        PRIMARY KEY (app, task)
    ) WITHOUT ROWID;
    """,
)
"""The scripts that lead from one version of the file to the next; the last is the current one."""

CounterKey = tuple[str, ...]
"""The family of a counter and its label values."""


class HistoryError(ExporterError):
    """The history file could not be written; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class FailureReason:
    """Why a task failed, and when that was heard (Unix seconds)."""

    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class StoredState:
    """What the file holds of one app; `tracked` is None before the first complete walk."""

    tracked: Mapping[str, Tracked] | None
    counters: Mapping[CounterKey, float]
    failure_reasons: Mapping[str, FailureReason]


@dataclass(frozen=True, slots=True)
class Update:
    """What is to be written of one app: rows by key, None where a row is to go.

    `collected_at` is None where no walk has ended.
    """

    collected_at: float | None
    tracked: Mapping[str, Tracked | None]
    counters: Mapping[CounterKey, float]
    failure_reasons: Mapping[str, FailureReason | None]


class HistoryFile:
    """One history file for all apps; every method may be called from any thread."""

    def __init__(self, path: Path, *, wall_clock: Callable[[], float] = time.time) -> None:
        """Open `path`, or begin it. Raises ConfigError where it cannot be used."""
        self.path = path
        self._lock = threading.Lock()
        self._claim = _claim(path)
        try:
            self._connection = _open(path, wall_clock)
        except BaseException:
            self._claim.close()
            raise

    def close(self) -> None:
        """Close the file; what was written is there to stay."""
        with self._lock:
            self._connection.close()
        self._claim.close()

    def read(self, name: str, app_id: int) -> StoredState:
        """Return what is remembered of an app; an AppId changed under a name is another app."""
        with self._lock, _errors_of(self.path):
            app = self._app(name, app_id)
            rows = self._connection.execute
            (collected_at,) = rows("SELECT collected_at FROM app WHERE id = ?", (app,)).fetchone()
            # One object for all tasks that entered a status in one walk: there can be a million.
            shared = cache(Tracked)
            tracked = {
                task: shared(TaskStatus(status), since)
                for task, status, since in rows(
                    "SELECT id, status, since FROM task WHERE app = ?", (app,)
                )
            }
            counters = rows("SELECT key, value FROM counter WHERE app = ?", (app,))
            reasons = rows("SELECT task, reason, at FROM failure_reason WHERE app = ?", (app,))
            return StoredState(
                tracked if collected_at is not None else None,
                {tuple(json.loads(key)): value for key, value in counters},
                {task: FailureReason(reason, at) for task, reason, at in reasons},
            )

    def write(self, name: str, app_id: int, writing: Update) -> None:
        """Write one walk or callback of one app, whole or not at all. Raises HistoryError."""
        with self._lock, _errors_of(self.path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            app = self._app(name, app_id)
            self._connection.execute(
                "UPDATE app SET collected_at = coalesce(?, collected_at) WHERE id = ?",
                (writing.collected_at, app),
            )
            for task, entry in writing.tracked.items():
                row = (entry.status.value, entry.since) if entry else None
                self._put("task", app, task, row)
            for task, heard in writing.failure_reasons.items():
                row = (heard.reason, heard.at) if heard else None
                self._put("failure_reason", app, task, row)
            for key, value in writing.counters.items():
                self._put("counter", app, json.dumps(key), (value,))

    def _app(self, name: str, app_id: int) -> int:
        """Return the app's row, making it where there is none."""
        key = (name, app_id)
        self._connection.execute("INSERT OR IGNORE INTO app (name, app_id) VALUES (?, ?)", key)
        found = self._connection.execute("SELECT id FROM app WHERE name = ? AND app_id = ?", key)
        return int(found.fetchone()[0])

    def _put(self, table: str, app: int, key: str, row: tuple[object, ...] | None) -> None:
        """Replace the row of `key` by the columns after it, or delete it where there are none."""
        if row is None:
            self._connection.execute(_DELETE[table], (app, key))
        else:
            self._connection.execute(_REPLACE[table], (app, key, *row))


_DELETE = {
    "task": "DELETE FROM task WHERE app = ? AND id = ?",
    "failure_reason": "DELETE FROM failure_reason WHERE app = ? AND task = ?",
}
_REPLACE = {
    "task": "REPLACE INTO task VALUES (?, ?, ?, ?)",
    "failure_reason": "REPLACE INTO failure_reason VALUES (?, ?, ?, ?)",
    "counter": "REPLACE INTO counter VALUES (?, ?, ?)",
}


def _claim(path: Path) -> IO[str]:
    """Lock the file beside `path` for this process; the lock ends with it, however it ends."""
    try:
        claim = path.with_name(path.name + ".lock").open("a")
    except OSError as error:
        raise _unusable(
            path,
            f"cannot be written: {error.strerror} (choose a file in a folder that exists and that "
            "this user may write)",
        ) from error
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        claim.close()
        raise _unusable(
            path, "is in use by another process (give each exporter a file of its own)"
        ) from error
    return claim


def _open(path: Path, wall_clock: Callable[[], float]) -> sqlite3.Connection:
    try:
        return _prepare(path)
    except sqlite3.OperationalError as error:
        raise _unusable(path, f"cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        aside = _move_aside(path, wall_clock())
        log.error(  # noqa: TRY400 - the traceback says nothing that the message does not
            "history file is damaged: moved aside, a new one is begun, counters start at 0",
            path=path,
            moved_to=aside,
            error=error,
        )
        return _prepare(path)


def _prepare(path: Path) -> sqlite3.Connection:
    """Return a connection to a sound file of the current version."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _refuse_foreign(connection, path)
        _refuse_damaged(connection)
        _migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # Survives the death of the process at any moment; a power cut may cost the last walks.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and owner != APPLICATION_ID:
        raise _unusable(path, "is the SQLite file of another program (choose another path)")
    if version > len(MIGRATIONS):
        raise _unusable(
            path,
            f"was written by a newer version of this program (format {version}, this version "
            f"knows up to {len(MIGRATIONS)}; upgrade, or choose another path)",
        )


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    found = _pragma(connection, "quick_check(1)")
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _migrate(connection: sqlite3.Connection) -> None:
    """Lead the file to the current version, each step whole or not at all."""
    version = _pragma(connection, "user_version")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {number}; COMMIT;"
        )


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _move_aside(path: Path, now: float) -> Path:
    """Rename the file and its log, keeping them together; return the new path."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _unusable(path: Path, problem: str) -> ConfigError:
    return ConfigError([f"history.path: {path} {problem}"])


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: {error}") from error
