"""The tables of the history file: their structure, and how they are checked, read and written.

The content of the file is not trusted: a file is damaged if its structure or a value in it is not
what this program writes.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import cache
from typing import Any

from exporter.history import FailureReason, StoredState, Update
from exporter.tasks import TaskStatus, Tracked
from exporter.zego.callbacks import FAILURE_WORDS

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
    # Version 1 stored the time of the baseline for the tasks that it found: the earliest one left.
    """
    ALTER TABLE task RENAME TO task_1;
    CREATE TABLE task (
        app INTEGER NOT NULL REFERENCES app (id),
        id TEXT NOT NULL,
        status TEXT NOT NULL,
        since REAL,  -- when it was first seen in this status, Unix seconds; NULL: not known
        missing INTEGER NOT NULL,  -- 1: the last walk did not list it
        PRIMARY KEY (app, id)
    ) WITHOUT ROWID;
    INSERT INTO task
        SELECT app, id, status, nullif(since, baseline), 0
        FROM task_1 JOIN (SELECT app, min(since) AS baseline FROM task_1 GROUP BY app) USING (app);
    DROP TABLE task_1;
    """,
)
"""The scripts that migrate the file from each version to the next one.

They never change: SQLite keeps the text of each statement, comments included, and
`refuse_damaged` compares it.
"""

_LATEST = 1e12
"""Upper bound of the absolute value of a time in Unix seconds; any other value is damage."""

_WORDS = ", ".join(f"'{status.value}'" for status in TaskStatus)
_REASONS = ", ".join(f"'{word}'" for word in FAILURE_WORDS)
# Only constants of this program go into the texts.
_IMPOSSIBLE_ROWS = (
    "SELECT 1 FROM app WHERE typeof(name) <> 'text' OR typeof(app_id) <> 'integer' OR NOT "  # noqa: S608
    f"(collected_at IS NULL OR typeof(collected_at) = 'real' AND abs(collected_at) < {_LATEST})",
    f"SELECT 1 FROM task WHERE typeof(id) <> 'text' OR status NOT IN ({_WORDS}) OR NOT "  # noqa: S608
    f"(since IS NULL OR typeof(since) = 'real' AND abs(since) < {_LATEST}) "
    "OR typeof(missing) <> 'integer' OR missing NOT IN (0, 1)",
    "SELECT 1 FROM counter WHERE typeof(key) <> 'text' OR typeof(value) <> 'real' "
    "OR NOT value BETWEEN 0 AND 1e300",
    f"SELECT 1 FROM failure_reason WHERE typeof(task) <> 'text' OR reason NOT IN ({_REASONS}) "  # noqa: S608
    f"OR typeof(at) <> 'real' OR NOT abs(at) < {_LATEST}",
)
"""Queries that find rows which this program never writes."""


def pragma(connection: sqlite3.Connection, name: str) -> Any:
    """Return the value of a pragma."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def refuse_damaged(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError unless the tables are exactly those of the file's version, and sound.

    Call it before the tables are read: a view in place of a table could be infinite.
    """
    version = pragma(connection, "user_version")
    if not 0 <= version <= len(MIGRATIONS):
        raise sqlite3.DatabaseError(f"impossible version {version}")
    with closing(sqlite3.connect(":memory:")) as example:
        example.executescript("".join(MIGRATIONS[:version]))
        tables = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        if missing := set(example.execute(tables)) - set(connection.execute(tables)):
            raise sqlite3.DatabaseError(f"not as written: table {min(missing)[0]}")
    if connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type NOT IN ('table', 'index')"
    ).fetchone():
        raise sqlite3.DatabaseError("there are views or triggers")
    if (damage := pragma(connection, "quick_check(1)")) != "ok":
        raise sqlite3.DatabaseError(damage)


def refuse_impossible_rows(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError if there is a row that this program never writes."""
    for query in _IMPOSSIBLE_ROWS:
        if connection.execute(f"{query} LIMIT 1").fetchone():
            raise sqlite3.DatabaseError(f"impossible value in table {query.split()[3]}")
    for (key,) in connection.execute("SELECT key FROM counter"):
        try:
            labels = json.loads(key)
        except (ValueError, RecursionError):
            labels = None
        if (
            not isinstance(labels, list)
            or len(labels) not in (2, 3)
            or not all(isinstance(label, str) for label in labels)
        ):
            raise sqlite3.DatabaseError("impossible key in table counter")


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate the file to the current version; each step is one transaction."""
    version = pragma(connection, "user_version")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {number}; COMMIT;"
        )


def read_state(connection: sqlite3.Connection, name: str, app_id: int) -> StoredState:
    """Return the stored state of an app; an app that is not in the file has an empty one."""
    rows = connection.execute
    found = rows(
        "SELECT id, collected_at FROM app WHERE name = ? AND app_id = ?", (name, app_id)
    ).fetchone()
    if found is None:
        return StoredState(None, {}, {})
    app, collected_at = found
    # One object for all tasks that entered a status in one walk: there can be a million tasks.
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
    """Write `update` in the open transaction."""
    execute, executemany = connection.execute, connection.executemany
    execute("INSERT OR IGNORE INTO app (name, app_id) VALUES (?, ?)", (name, app_id))
    (app,) = execute("SELECT id FROM app WHERE name = ? AND app_id = ?", (name, app_id)).fetchone()
    if update.replaces_all:
        for table in ("task", "counter", "failure_reason"):
            execute(f"DELETE FROM {table} WHERE app = ?", (app,))  # noqa: S608 - our own names
    if update.collected_at is not None or update.replaces_all:
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
