"""Files of others at the path of the history: they are refused, and stay as they are.

Ours are recognised by their application id, and by the process id in the lock file.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from exporter.errors import CONFIGURATION, ConfigError
from exporter.history.tables import APPLICATION_ID, MIGRATIONS, pragma

PAGE_BYTES = 4096
"""Size of a page of SQLite unless it is told another one."""

_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"
"""Beginning of the header of each file of SQLite (SQLite file format, section 1.3.1)."""
_FRACTIONS = bytes((64, 32, 32))
"""Bytes 21 to 23 of each header (the same, section 1.3.5): with others, it is damaged itself."""
_SUFFIXES = (".sqlite", ".sqlite3", ".db")
"""Names of files that can only have been meant for SQLite."""

_MOST_DIGITS = 10
"""Of a process id; Linux has at most 7 (`/proc/sys/kernel/pid_max`)."""


def lock_file(path: Path) -> Path:
    """Return the file beside the history that is locked, and holds the id of the process."""
    return path.with_name(path.name + ".lock")


def refuse_other_files(path: Path) -> None:
    """Raise ConfigError for a file that opening it would refuse, without a lock or a write.

    A file that cannot be read, or that changes meanwhile, is passed over.
    """
    _refuse_other_formats(path)
    _refuse_other_lock(path)
    # Immutable: SQLite would write beside a file that has a log.
    address = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            refuse_foreign(connection, path)
    except sqlite3.OperationalError:
        pass
    except sqlite3.DatabaseError:
        refuse_damaged_of_others(path)


def _refuse_other_formats(path: Path) -> None:
    """Raise ConfigError for a file that cannot have been SQLite's, such as the configuration."""
    with suppress(OSError):  # opening it names the problem
        if path.is_file():
            with path.open("rb") as file:
                page = file.read(PAGE_BYTES)
            # Only NUL bytes are what some file systems leave after a power cut.
            empty = not page.strip(b"\0")
            # The header itself can be what is damaged; a configuration has another name.
            if empty or page.startswith(_MAGIC) or path.suffix in _SUFFIXES:
                return
        elif not path.exists():
            return
        raise unusable(path, "is not a history file (choose another path)")


def _refuse_other_lock(path: Path) -> None:
    """Raise ConfigError for a lock file that holds something else than a process id."""
    lock = lock_file(path)
    with suppress(OSError):  # opening it names the problem
        if not lock.exists() or lock.is_dir():
            return
        if lock.is_file():
            with lock.open("rb") as file:
                content = file.read(PAGE_BYTES).strip(b"\0")  # as above
            if not content or (content.isdigit() and len(content) <= _MOST_DIGITS):
                return
        raise unusable(
            path,
            f"cannot be locked: {lock.name} beside it is not of this program (move it away, or "
            "choose another path)",
        )


def refuse_damaged_of_others(path: Path) -> None:
    """Raise ConfigError for a damaged SQLite file without our application id in its header."""
    with suppress(OSError), path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        # A shorter file holds nothing of anyone, and a damaged header does not tell whose it is.
        whole = len(header) == _HEADER_BYTES and header.startswith(_MAGIC)
        whole = whole and header[21:24] == _FRACTIONS
        if whole and header[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            raise unusable(
                path,
                "is a damaged SQLite file that is not of this program (move it away, or choose "
                "another path)",
            )


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ConfigError for an SQLite file of another program or of a newer version of this one."""
    owner, version = pragma(connection, "application_id"), pragma(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (tables or owner):
        raise unusable(path, "is the SQLite file of another program (choose another path)")
    if version > len(MIGRATIONS):
        raise unusable(
            path,
            f"was written by a newer version of this program (format {version}, this version "
            f"knows up to {len(MIGRATIONS)}; upgrade, or choose another path)",
        )


def unusable(path: Path, problem: str) -> ConfigError:
    """Return the error of a history at `path` that only an edit helps."""
    # The path can be from the file or from ZEGO_HISTORY_PATH.
    return ConfigError([f"history.path: {path} {problem}"], source=CONFIGURATION)
