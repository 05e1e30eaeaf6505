"""The history file: the state of each app that must survive a restart, in SQLite.

Rules that this file keeps:

- Each walk and each callback of an app is one transaction, with only the rows that changed.
- A file of another program (`application_id`), of a newer version (`user_version`), or one that
  neither is SQLite's nor is named like that, is refused.
- A damaged file of this program is moved aside, never deleted, and a new one is started.
- A full or read-only disk stops nothing (docs/guarantees.md, section 9): a write that fails raises
  HistoryError, which `counters.py` logs and counts. Each write opens the file if it is not open.
- Only one process uses the file. The lock is on a file beside it, so that backups can read it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from exporter.errors import ConfigError, Stopped, file_problem
from exporter.history import HistoryError, StoredState, Update
from exporter.history.foreign import (
    lock_file,
    refuse_damaged_of_others,
    refuse_foreign,
    refuse_other_files,
    unusable,
)
from exporter.history.tables import (
    migrate,
    read_state,
    refuse_damaged,
    refuse_impossible_rows,
    write_update,
)
from exporter.logs import get_logger

log = get_logger(__name__)

LOCK_WAIT_SECONDS = 0.3
"""How long a write waits for another process that locks the file.

Short, because all apps and the end of the program wait meanwhile; a write that fails loses nothing,
as the next one writes all.
"""

CLOSE_WAIT_SECONDS = 0.5
"""How long closing waits for a write (docs/guarantees.md, section 9: the end takes seconds)."""

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Errors that can pass without an edit of the configuration."""


class HistoryLocked(HistoryError):
    """Another process uses the history file; it may end."""


class HistoryFile:
    """One history file for all apps; every method may be called from any thread.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, *, wall_clock: Callable[[], float] = time.time) -> None:
        """Open or create `path`; a full or read-only disk is a warning.

        Raises ConfigError for a path that cannot be used, HistoryLocked for one that is in use.
        """
        self.path = path
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._claim: IO[bytes] | None = None
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._known: set[tuple[str, int]] = set()  # apps that were read or written
        self._incomplete: set[tuple[str, int]] = set()  # of them, those not in a file begun since
        try:
            self._open()
        except HistoryLocked:
            raise
        except HistoryError as error:
            log.warning("history cannot be written now; each collection tries again", error=error)

    def close(self) -> None:
        """Close the file and give up its lock; later writes raise Stopped.

        Waits at most CLOSE_WAIT_SECONDS for a write. One that takes longer ends with the process,
        and so does the lock.
        """
        self._closed = True
        if not self._lock.acquire(timeout=CLOSE_WAIT_SECONDS):
            return
        try:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            if self._claim is not None:
                self._claim.close()
            self._claim = None
        finally:
            self._lock.release()

    def read(self, name: str, app_id: int) -> StoredState:
        """Return the stored state of an app; the same name with another AppId is another app.

        Raises HistoryError. A file that is found to be damaged is replaced by an empty one.
        """
        with self._lock, _errors_of(self.path):
            state = self._read(name, app_id)
            self._known.add((name, app_id))
            self._incomplete.discard((name, app_id))
            return state

    def _read(self, name: str, app_id: int) -> StoredState:
        try:
            writable = self._connection or self._open()
        except HistoryLocked:
            raise
        except HistoryError:  # a full or read-only disk
            with _read_only(self.path) as connection:
                return read_state(connection, name, app_id)
        try:
            return read_state(writable, name, app_id)
        except sqlite3.OperationalError as error:
            if hasattr(error, "sqlite_errorcode"):
                raise
            # Text that is not UTF-8: Python's own error, not SQLite's.
            writable.close()
            self._connection = None
            self._replace(error)
            self._open()
            return StoredState(None, {}, {})

    def write(self, name: str, app_id: int, update: Update) -> None:
        """Write one walk or callback of one app, whole or not at all.

        Raises HistoryError, also if a new file was started since the app was read or written and
        `update` is not its whole state; raises Stopped after `close`.
        """
        with self._lock, _errors_of(self.path):
            if self._closed:
                raise Stopped
            connection = self._connection or self._open()
            if not update.replaces_all and (name, app_id) in self._incomplete:
                raise HistoryError(f"{self.path}: a new file was started, which lacks this app")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                write_update(connection, name, app_id, update)
            self._known.add((name, app_id))
            self._incomplete.discard((name, app_id))

    def _open(self) -> sqlite3.Connection:
        """Lock and open the file. Raises ConfigError, HistoryLocked or HistoryError."""
        # Before there is a lock file beside another's file, or a process id in another's lock file.
        refuse_other_files(self.path)
        if self._claim is None:
            self._claim = _lock_for_this_process(self.path)
        try:
            self._connection = _open_or_replace(self.path, self._replace)
        except BaseException:
            self._claim.close()
            self._claim = None
            raise
        return self._connection

    def _replace(self, error: sqlite3.Error) -> None:
        """Move the damaged file aside, for a new one. Raises OSError, and ConfigError as below."""
        refuse_damaged_of_others(self.path)
        moved_at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._wall_clock()))
        aside = f"{self.path.name}.damaged-{moved_at}"
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():  # the file and its log belong together
                part.rename(self.path.with_name(aside + suffix))
        log.error(
            "history file is damaged: it is moved aside, a new one is started, counters start at 0",
            path=self.path,
            moved_to=self.path.with_name(aside),
            error=error,
        )
        self._incomplete |= self._known


def _lock_for_this_process(path: Path) -> IO[bytes]:
    """Lock the file beside `path`; the lock ends with the process, however it ends."""
    # `Path.is_file` raises for a folder that this user may not enter, until Python 3.14.
    is_file = os.path.isfile(path)  # noqa: PTH113
    if is_file and not os.access(path, os.W_OK) and not _is_read_only(path):
        raise unusable(path, f"cannot be written (user id {os.geteuid()} may not write it)")
    try:
        # Unbuffered: on a full disk, `close` would try again to write the buffer.
        claim = lock_file(path).open("a+b", buffering=0)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise HistoryError(f"{path}: {error.strerror}") from error
        raise unusable(
            path,
            f"cannot be written: {file_problem(error)} (choose a file in a folder that exists and "
            "that this user may write)",
        ) from error
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        claim.seek(0)
        owner = claim.read(20).decode(errors="replace").strip()
        claim.close()
        process = f"process {owner}" if owner.isdigit() else "another process"
        raise HistoryLocked(
            f"history.path: {path} is in use by {process} (stop it, or give each process a file of "
            "its own)"
        ) from error
    with suppress(OSError):  # a full disk; the process id is only for the message above
        claim.truncate(0)
        claim.write(str(os.getpid()).encode())
    return claim


def _open_or_replace(path: Path, replace: Callable[[sqlite3.Error], None]) -> sqlite3.Connection:
    """Return a connection to a file of the current version; calls `replace` for a damaged one.

    Raises ConfigError, HistoryLocked, or HistoryError for a full or read-only disk.
    """
    try:
        try:
            return _prepare(path)
        except sqlite3.DatabaseError as error:
            # Text that is not UTF-8 is an OperationalError of Python's own, without a code.
            if isinstance(error, sqlite3.OperationalError) and hasattr(error, "sqlite_errorcode"):
                raise
            replace(error)
            return _prepare(path)
    except sqlite3.OperationalError as error:
        # The primary result code (sqlite.org/rescode.html).
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise HistoryLocked(f"history.path: {path} is locked by another process") from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or _is_read_only(path):
            raise HistoryError(f"{path}: {error}") from error
        raise unusable(path, f"cannot be used: {error}") from error
    except (sqlite3.Error, OSError) as error:
        # The damaged file could not be moved, or the new one is damaged too: the disk is broken.
        raise HistoryError(f"{path}: {error}") from error


def _is_read_only(path: Path) -> bool:
    """Whether the file system of `path` is mounted read-only."""
    try:
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _prepare(path: Path) -> sqlite3.Connection:
    """Return a connection to a checked and migrated file.

    Raises DatabaseError for damage, OperationalError for other trouble, ConfigError for a file that
    this version must not touch.
    """
    connection = sqlite3.connect(
        path,
        timeout=LOCK_WAIT_SECONDS,
        isolation_level=None,  # transactions begin explicitly, and include PRAGMA user_version
        check_same_thread=False,  # HistoryFile has a lock
    )
    try:
        refuse_foreign(connection, path)
        refuse_damaged(connection)
        migrate(connection)
        refuse_impossible_rows(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # Survives the death of the process at any moment; a power cut may cost the last walks.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file that cannot be written. Raises sqlite3.Error."""
    # SQLite needs to write beside the file unless it may ignore the log; an empty log may be.
    log_file = path.with_name(path.name + "-wal")
    ignores_log = not log_file.exists() or not log_file.stat().st_size
    options = "mode=ro&immutable=1" if ignores_log else "mode=ro"
    connection = sqlite3.connect(f"file:{quote(os.fsencode(path))}?{options}", uri=True)
    try:
        refuse_damaged(connection)
        refuse_impossible_rows(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, ConfigError) as error:
        raise HistoryError(f"{path}: {error}") from error
