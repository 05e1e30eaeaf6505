"""The structure of the history file, and what may be in it.

What is read is not trusted: a file whose structure or content is not what this program writes is
damaged.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from exporter.tasks import TaskStatus
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
`refuse_other_tables` compares it.
"""

_LATEST = 1e12
"""Times are Unix seconds between 0 and this; anything else in the file is damage."""

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


def refuse_other_tables(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError unless the tables are exactly those of the file's version.

    This comes before anything reads them: a view in place of a table can take forever to read.
    """
    version = pragma(connection, "user_version")
    if not 0 <= version <= len(MIGRATIONS):
        raise sqlite3.DatabaseError(f"impossible version {version}")
    with closing(sqlite3.connect(":memory:")) as example:
        example.executescript("".join(MIGRATIONS[:version]))
        if missing := _tables(example) - _tables(connection):
            raise sqlite3.DatabaseError(f"not as written: table {min(missing)[0]}")
    if connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type NOT IN ('table', 'index')"
    ).fetchone():
        raise sqlite3.DatabaseError("there are views or triggers")


def _tables(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))


def refuse_damaged(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError if SQLite finds damage in the file."""
    if (found := pragma(connection, "quick_check(1)")) != "ok":
        raise sqlite3.DatabaseError(found)


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


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Migrate the file to the current version, each step whole or not at all."""
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {number}; COMMIT;"
        )
