"""The history file."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from exporter.commands.serve import COLLECTORS_STOP_SECONDS, WEB_STOP_SECONDS
from exporter.errors import ConfigError, Stopped
from exporter.history import HistoryError, database, foreign, tables
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile, HistoryLocked
from exporter.history.foreign import refuse_other_files
from exporter.history.tables import APPLICATION_ID, MIGRATIONS
from exporter.tasks import TaskStatus
from tests.builders import NOW, make_task
from tests.history.updates import WAITING, make_update, record_walk

HEADER = b"SQLite format 3\0"
DAMAGED = HEADER + bytes(52) + APPLICATION_ID.to_bytes(4, "big") + b"x" * 4096
"""Only the header is left of a file of this program."""


def problem_of(path: Path) -> str:
    """Return the one problem that opening `path` raises."""
    with pytest.raises(ConfigError) as caught:
        HistoryFile(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"history.path: {path} ")
    return problem


def test_a_second_process_is_refused(path: Path, history: HistoryFile) -> None:
    """Two writers would count every change twice."""
    history.write("vod", 1, make_update())
    code = (
        "import pathlib, sys; from exporter.history.database import HistoryFile; "
        "HistoryFile(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "is in use by process" in run.stderr
    with pytest.raises(HistoryLocked, match="in use"):
        HistoryFile(path)


def test_the_file_is_free_again_once_closed(path: Path, history: HistoryFile) -> None:
    """Closing gives up the lock."""
    history.close()
    HistoryFile(path).close()


@pytest.mark.parametrize(
    "garbage",
    [
        *(bytes(8192), bytes(4096) + b"x" * 4096, HEADER, DAMAGED, HEADER + b"\xff" * 4000),
        *(b"\xff" * 8192, b"not a database\n"),
    ],
)
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(path: Path, garbage: bytes) -> None:
    """Nothing is deleted, and the exporter runs."""
    path.write_bytes(garbage)
    refuse_other_files(path)
    history = HistoryFile(path, wall_clock=lambda: 0.0)
    assert history.read("vod", 1).tracked is None
    history.close()
    assert (path.parent / "history.sqlite.damaged-19700101T000000Z").read_bytes() == garbage


def test_damage_in_the_middle_is_noticed(path: Path, history: HistoryFile) -> None:
    """A file with an intact header and overwritten pages is not used."""
    tracked = {f"task-{number}": WAITING for number in range(2000)}
    history.write("vod", 1, make_update(tracked=tracked))
    history.close()
    data = bytearray(path.read_bytes())
    data[8192:40960] = b"\xee" * (40960 - 8192)
    path.write_bytes(data)
    again = HistoryFile(path)
    assert again.read("vod", 1).tracked is None
    again.close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


@pytest.mark.parametrize(
    "content",
    [b"apps:\n- app_id: 1\n", b"0" * 32, b"\n", b"\0x", b"text, " * 1000, b"SQLite format 2\0"],
    ids=["configuration", "secret", "line", "NUL", "long", "SQLite 2"],
)
def test_a_file_that_is_not_sqlite_s_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    """A wrong path, such as that of the configuration, must not take a file from its owner."""
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    assert problem_of(path).endswith(" is not a history file (choose another path)")
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "create",
    [os.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/null")],
    ids=["folder", "FIFO", "device"],
)
def test_what_is_no_regular_file_is_refused(path: Path, create: Callable[[Path], object]) -> None:
    """To open a FIFO would wait for another program, for ever and whatever the signal."""
    create(path)
    for opening in (HistoryFile, refuse_other_files):
        with pytest.raises(ConfigError, match=r" is not a history file \(choose another path\)"):
            opening(path)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", [b"\xff", "课程".encode(), b"a?b#c%41"])
def test_a_path_may_have_any_bytes(tmp_path: Path, name: bytes) -> None:
    """As a system with another encoding writes them, and as a URI would read them."""
    path = tmp_path / os.fsdecode(name)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (x)")
    for opening in (HistoryFile, refuse_other_files):
        with pytest.raises(ConfigError, match="the SQLite file of another program"):
            opening(path)
    path.unlink()
    with closing(HistoryFile(path)) as history:
        history.write("vod", 1, make_update())
    with database._read_only(path) as reading:
        assert reading.execute("SELECT count(*) FROM app").fetchone() == (1,)


def test_a_file_that_appears_while_the_program_runs_is_left_alone(
    path: Path, history: HistoryFile
) -> None:
    """The write fails, and the next one that finds no such file succeeds."""
    assert history._connection is not None
    history._connection.close()
    history._connection = None  # as where the disk was full at the start
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")
    theirs = path.read_bytes()
    with pytest.raises(HistoryError, match="the SQLite file of another program"):
        history.write("vod", 1, make_update())
    assert path.read_bytes() == theirs
    path.unlink()
    history.write("vod", 1, make_update())


def test_the_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    """A wrong path must not destroy another program's data."""
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    before = path.read_bytes()
    assert "another program" in problem_of(path)
    assert path.read_bytes() == before


def test_the_file_of_a_newer_version_is_refused_and_left_alone(
    path: Path, history: HistoryFile
) -> None:
    """The meaning of a newer format is not guessed."""
    history.close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    problem = problem_of(path)
    assert "newer version" in problem
    assert f"knows up to {len(MIGRATIONS)}" in problem


def test_an_older_file_is_migrated_to_the_current_version(
    path: Path, history: HistoryFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its content is kept; each step runs once."""
    history.write("vod", 1, make_update())
    history.close()
    step = "CREATE TABLE later (x); INSERT INTO later VALUES (1);"
    for module in (foreign, tables):
        monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, step))
    for _ in range(2):
        upgraded = HistoryFile(path)
        assert upgraded.read("vod", 1).tracked == {"a": WAITING}
        upgraded.close()
    found = sqlite3.connect(path)
    assert found.execute("SELECT count(*) FROM later").fetchone() == (1,)
    assert found.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    assert found.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    found.close()


@pytest.mark.parametrize("place", ["missing/h", "file.txt/h", "x" * 300 + "/h"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    """The message says which path and why."""
    (tmp_path / "file.txt").write_text("")
    assert problem_of(tmp_path / place).count("cannot be") == 1


def test_a_file_that_this_user_may_not_write_is_named(
    path: Path, history: HistoryFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, although SQLite notices at the first write only."""
    history.close()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    assert "may not write it" in problem_of(path)


def test_a_failing_write_changes_nothing(path: Path, history: HistoryFile) -> None:
    """Each walk is one transaction."""
    history.write("vod", 1, make_update())
    other = sqlite3.connect(path)
    other.execute(
        "CREATE TRIGGER full BEFORE INSERT ON counter BEGIN SELECT raise(ABORT, 'disk full'); END"
    )
    other.commit()
    with pytest.raises(HistoryError, match="disk full"):
        history.write("vod", 1, make_update(tracked={"b": WAITING}, collected_at=NOW + 1))
    other.execute("DROP TRIGGER full")
    other.commit()
    other.close()
    assert history.read("vod", 1).tracked == {"a": WAITING}


def disk_error(code: int) -> sqlite3.OperationalError:
    """Return the error that SQLite gives for a result code."""
    error = sqlite3.OperationalError("disk trouble")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        disk_error(sqlite3.SQLITE_FULL),
        disk_error(sqlite3.SQLITE_IOERR_WRITE),
    ],
    ids=["full for the lock", "read-only", "full", "broken"],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_disk_that_is_full_at_the_start_stops_nothing(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    known: bool,
) -> None:
    """A warning and a count; counters continue, and the first write that succeeds is whole."""
    if known:
        with closing(HistoryFile(path)) as history:
            history.write("vod", 1, make_update())

    def refuse(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        if isinstance(error, OSError):
            patch.setattr(Path, "open", refuse)
        else:
            patch.setattr(database, "migrate", refuse)
        history = HistoryFile(path)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        counters = AppCounters(history, "vod", 1)
        before = counters.view()
        assert before.transitions["new", "waiting"] == known
        record_walk(counters, [make_task("a", TaskStatus.UPLOADING)], NOW + 60)
        assert counters.view().history_errors > before.history_errors
    record_walk(counters, [make_task("a", TaskStatus.UPLOADING)], NOW + 120)
    assert AppCounters(history, "vod", 1).view().transitions == counters.view().transitions
    history.close()
    with closing(HistoryFile(path)) as again:
        tracked = again.read("vod", 1).tracked
        assert tracked is not None
        assert tracked["a"].status is TaskStatus.UPLOADING


def test_a_file_that_another_process_has_locked_is_no_mistake(
    path: Path, history: HistoryFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be free a moment later, so this is not an error of the configuration."""
    history.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(database, "LOCK_WAIT_SECONDS", 0)
        with pytest.raises(HistoryLocked, match="locked"):
            HistoryFile(path)


def test_a_disk_without_space_for_the_lock_file_stops_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be written to the lock file is not written again when it is closed.

    A limit of 0 bytes for files makes each real write fail, as a full disk does.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        history = HistoryFile(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    history.write("vod", 1, make_update())
    history.close()


@pytest.mark.parametrize(
    "trouble",
    [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "Input/output error")],
    ids=["full", "broken"],
)
def test_a_damaged_file_that_cannot_be_moved_stops_nothing(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: OSError,
) -> None:
    """It is moved by the first write after the disk has space again."""
    path.write_bytes(DAMAGED)

    def refuse(*_: object) -> None:
        raise trouble

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        history = HistoryFile(path)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        with pytest.raises(HistoryError, match=trouble.strerror):
            history.write("vod", 1, make_update())
    history.write("vod", 1, make_update())
    assert history.read("vod", 1).tracked == {"a": WAITING}
    history.close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


def test_a_disk_that_is_full_when_a_new_file_is_begun_stops_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The damaged file has been moved by then."""
    path.write_bytes(DAMAGED)

    def refuse(_: sqlite3.Connection) -> None:
        raise disk_error(sqlite3.SQLITE_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(database, "migrate", refuse)
        history = HistoryFile(path)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    history.write("vod", 1, make_update())
    history.close()


@pytest.mark.parametrize("suffix", ["", "-lock-held"])
def test_closing_does_not_wait_for_writes(
    path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """The end of the program must not queue behind one write of each app."""
    monkeypatch.setattr(database, "CLOSE_WAIT_SECONDS", 0)
    history = HistoryFile(path)
    if suffix:
        with history._lock:  # as a write that waits for another process
            history.close()
    else:
        history.close()
    with pytest.raises(Stopped):
        history.write("vod", 1, make_update())
    history.close()


def test_waits_at_the_end_fit_into_the_time_that_is_promised() -> None:
    """docs/guarantees.md, section 9: the program ends within 5 seconds, its log included."""
    waits = WEB_STOP_SECONDS + COLLECTORS_STOP_SECONDS
    waits += database.CLOSE_WAIT_SECONDS + database.LOCK_WAIT_SECONDS
    assert waits <= 4.5


def test_a_new_file_for_a_damaged_one_holds_the_whole_state_of_every_app(path: Path) -> None:
    """Also of apps that were read before the damage was found; SQLite itself finds nothing."""
    listing = [make_task(str(number), TaskStatus.WAITING) for number in range(5)]
    with closing(HistoryFile(path)) as history:
        for app in ("a", "b"):
            counters = AppCounters(history, app, 1)
            record_walk(counters, [], NOW)
            record_walk(counters, listing, NOW + 1)
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE task SET id = CAST(x'ff' AS TEXT) WHERE app = 2 AND id = '0'")
        other.commit()
    with closing(HistoryFile(path)) as history:
        counters = AppCounters(history, "a", 1)
        AppCounters(history, "b", 1)
        for later in (2, 3):
            tracked = record_walk(counters, listing, NOW + later)
    with closing(HistoryFile(path)) as history:
        again = AppCounters(history, "a", 1)
        assert again.view().transitions == counters.view().transitions
        assert record_walk(again, listing, NOW + 4) == tracked


def test_sqlite_is_loaded_only_where_there_is_a_history(tmp_path: Path) -> None:
    """It takes 1 MiB of memory."""
    program = (
        "import pathlib, sys, exporter.commands.serve; from exporter.history import open_history; "
        "assert open_history(None) is None and 'sqlite3' not in sys.modules; "
        "open_history(pathlib.Path(sys.argv[1])).close()"
    )
    path = tmp_path / "history.sqlite"
    subprocess.run([sys.executable, "-c", program, path], check=True)
    assert path.exists()
