"""The history file."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import ConfigError
from exporter.history import database, schema
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryError, HistoryFile, HistoryLocked
from exporter.history.rows import FailureReason, StoredState, Update
from exporter.history.schema import APPLICATION_ID, MIGRATIONS
from exporter.tasks import TaskStatus, Tracked
from tests.builders import NOW, make_task

WAITING = Tracked(TaskStatus.WAITING, NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a history file may be."""
    return tmp_path / "history.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[HistoryFile]:
    """Return a new history."""
    opened = HistoryFile(path)
    yield opened
    opened.close()


def writing(**changes: object) -> Update:
    """Return a walk with one waiting task."""
    values: dict[str, object] = {
        "collected_at": NOW,
        "tracked": {"a": WAITING},
        "counters": {("transition", "new", "waiting"): 1.0},
        "failure_reasons": {},
        **changes,
    }
    return Update(**values)  # type: ignore[arg-type] # the values are those of Writing


def test_an_app_without_history_has_no_baseline(history: HistoryFile) -> None:
    """Its first walk is one, whatever other apps have been through."""
    history.write("vod", 1, writing())
    assert history.read("lessons", 1) == StoredState(None, {}, {})
    assert history.read("vod", 2).tracked is None


def test_what_was_written_is_there_after_opening_anew(path: Path, history: HistoryFile) -> None:
    """Tasks, counters and reasons, each changed or gone as the last walk had it."""
    reason = FailureReason("upload", NOW)
    history.write("vod", 1, writing(tracked={"a": WAITING, "b": WAITING}))
    history.write("vod", 1, writing(failure_reasons={"b": reason, "c": reason}))
    failed = Tracked(TaskStatus.FAILED, NOW + 60)
    history.write(
        "vod",
        1,
        writing(
            tracked={"a": None, "b": failed},
            counters={("transition", "waiting", "failed"): 1.0},
            failure_reasons={"c": None},
        ),
    )
    history.close()
    again = HistoryFile(path)
    assert again.read("vod", 1) == StoredState(
        {"b": failed},
        {("transition", "new", "waiting"): 1.0, ("transition", "waiting", "failed"): 1.0},
        {"b": reason},
        NOW,
    )
    again.close()


def test_tasks_that_entered_a_status_together_share_an_object(history: HistoryFile) -> None:
    """There can be a million of them in memory."""
    history.write("vod", 1, writing(tracked={"a": WAITING, "b": WAITING}))
    tracked = history.read("vod", 1).tracked
    assert tracked is not None
    assert tracked["a"] is tracked["b"]


def test_a_walk_without_tasks_is_a_baseline_too(history: HistoryFile) -> None:
    """The next task is new, not the first that was ever seen."""
    history.write("vod", 1, writing(tracked={}))
    assert history.read("vod", 1).tracked == {}


@settings(max_examples=25)
@given(st.dictionaries(st.text(), st.sampled_from(TaskStatus)), st.text())
def test_any_name_and_id_are_kept(
    tmp_path_factory: pytest.TempPathFactory, statuses: dict[str, TaskStatus], name: str
) -> None:
    """Ids are the API's: any script, any length, control characters."""
    tracked = {task_id: Tracked(status, NOW) for task_id, status in statuses.items()}
    with closing(HistoryFile(tmp_path_factory.mktemp("history") / "history.sqlite")) as history:
        history.write(name, 1, writing(tracked=tracked))
        assert history.read(name, 1).tracked == tracked


def problem_of(path: Path) -> str:
    """Return the one problem that opening `path` raises."""
    with pytest.raises(ConfigError) as caught:
        HistoryFile(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"history.path: {path} ")
    return problem


def test_a_second_process_is_refused(path: Path, history: HistoryFile) -> None:
    """Two writers would each count what the other has counted."""
    history.write("vod", 1, writing())
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
    "garbage", [b"not a database, " * 1000, b"SQLite format 3\0" + b"x" * 4096]
)
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(path: Path, garbage: bytes) -> None:
    """Nothing is deleted, and the exporter runs."""
    path.write_bytes(garbage)
    history = HistoryFile(path, wall_clock=lambda: 0.0)
    assert history.read("vod", 1).tracked is None
    history.close()
    assert (path.parent / "history.sqlite.damaged-19700101T000000Z").read_bytes() == garbage


def test_damage_in_the_middle_is_noticed(path: Path, history: HistoryFile) -> None:
    """A file with a sound head and overwritten pages is not counted from."""
    tracked = {f"task-{number}": WAITING for number in range(2000)}
    history.write("vod", 1, writing(tracked=tracked))
    history.close()
    data = bytearray(path.read_bytes())
    data[8192:40960] = b"\xee" * (40960 - 8192)
    path.write_bytes(data)
    again = HistoryFile(path)
    assert again.read("vod", 1).tracked is None
    again.close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


def test_the_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    """A path given by mistake must not cost anybody their data."""
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
    """What a later format means is not guessed."""
    history.close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    problem = problem_of(path)
    assert "newer version" in problem
    assert f"knows up to {len(MIGRATIONS)}" in problem


def test_an_older_file_is_led_to_the_current_version(
    path: Path, history: HistoryFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds stays; each step runs once."""
    history.write("vod", 1, writing())
    history.close()
    step = "CREATE TABLE later (x); INSERT INTO later VALUES (1);"
    for module in (database, schema):
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


@pytest.mark.parametrize("place", ["missing/history.sqlite", "file.txt/history.sqlite", "folder"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    """The message says which path and why."""
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "folder").mkdir()
    assert problem_of(tmp_path / place).count("cannot be") == 1


def test_a_failing_write_changes_nothing(path: Path, history: HistoryFile) -> None:
    """A walk is in the file whole or not at all."""
    history.write("vod", 1, writing())
    other = sqlite3.connect(path)
    other.execute(
        "CREATE TRIGGER full BEFORE INSERT ON counter BEGIN SELECT raise(ABORT, 'disk full'); END"
    )
    other.commit()
    with pytest.raises(HistoryError, match="disk full"):
        history.write("vod", 1, writing(tracked={"b": WAITING}, collected_at=NOW + 1))
    other.execute("DROP TRIGGER full")
    other.commit()
    other.close()
    assert history.read("vod", 1).tracked == {"a": WAITING}


DAMAGE = {
    "unknown status": "UPDATE task SET status = 'sleeping'",
    "time that is text": "UPDATE task SET since = 'abc'",
    "infinite time": "UPDATE task SET since = 9e999",
    "flag that is none": "UPDATE task SET missing = 7",
    "key that is no list": "UPDATE counter SET key = '\"transition\"'",
    "key that is no JSON": "UPDATE counter SET key = '{'",
    "key of numbers": "UPDATE counter SET key = '[1, 2, 3]'",
    "key that nests too deep": "UPDATE counter SET key = '" + "[" * 10_000 + "'",
    "key that is not UTF-8": "UPDATE counter SET key = CAST(x'ff' AS TEXT)",
    "negative counter": "UPDATE counter SET value = -1",
    "counter that is text": "UPDATE counter SET value = 'many'",
    "unknown reason": "UPDATE failure_reason SET reason = 'bad luck'",
    "reason at no time": "UPDATE failure_reason SET at = x'00'",
    "app without a number": "UPDATE app SET app_id = 'one'",
    "walk at no time": "UPDATE app SET collected_at = 'yesterday'",
    "id that is not UTF-8": "UPDATE task SET id = CAST(x'ff' AS TEXT)",
    "view in place of a table": "DROP TABLE task; CREATE VIEW task AS WITH RECURSIVE n(x) AS "
    "(SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS app, x AS id FROM n",
    "another view": "CREATE VIEW others AS SELECT 1",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON task BEGIN DELETE FROM counter; END",
    "missing table": "DROP TABLE counter",
    "other columns": "ALTER TABLE task ADD COLUMN more",
    "impossible version": "PRAGMA user_version = -1",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
def test_content_that_this_program_never_writes_is_damage(
    path: Path, history: HistoryFile, statement: str
) -> None:
    """It is moved aside, and nothing hangs or fails because of it, now or later."""
    reason = FailureReason("upload", NOW)
    history.write("vod", 1, writing(failure_reasons={"a": reason}))
    history.close()
    with closing(sqlite3.connect(path)) as other:
        other.executescript(statement)
    with closing(HistoryFile(path)) as again:
        assert again.read("vod", 1) == StoredState(None, {}, {})
        again.write("vod", 1, writing())
        assert again.read("vod", 1).tracked == {"a": WAITING}
    assert len(list(path.parent.glob("*.damaged-????????T??????Z"))) == 1


VALUES = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(), st.binary()
)
COLUMNS = (
    *("app.name", "app.app_id", "app.collected_at", "task.id", "task.status", "task.since"),
    "task.missing",
    "counter.key",
    "counter.value",
    "failure_reason.task",
    "failure_reason.reason",
    "failure_reason.at",
)


@settings(max_examples=60, deadline=None)
@given(column=st.sampled_from(COLUMNS), value=VALUES)
def test_whatever_a_column_holds_the_file_can_be_used(
    tmp_path_factory: pytest.TempPathFactory, column: str, value: object
) -> None:
    """What is read is possible: or the file is moved aside."""
    path = tmp_path_factory.mktemp("history") / "history.sqlite"
    with closing(HistoryFile(path)) as history:
        history.write("vod", 1, writing(failure_reasons={"a": FailureReason("upload", NOW)}))
    table, name = column.split(".")
    with closing(sqlite3.connect(path)) as other:
        try:
            other.execute(f"UPDATE OR IGNORE {table} SET {name} = ?", (value,))  # noqa: S608 - ours
        except sqlite3.IntegrityError:
            return
        other.commit()
    with closing(HistoryFile(path)) as again:
        counters = AppCounters(again, "vod", 1)
        counters.record_walk([make_task("a", TaskStatus.UPLOADING)], NOW + 60)
        view = counters.view()
        assert view.history_errors == 0
        assert all(count >= 0 for count in view.transitions.values())


def test_the_format_of_the_first_version_is_migrated(path: Path) -> None:
    """The time of its baseline is not that of its tasks: since when is not known of them."""
    with closing(sqlite3.connect(path)) as old:
        old.executescript(MIGRATIONS[0])
        old.executescript(
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"  # noqa: S608 - ours
            "INSERT INTO app VALUES (1, 'vod', 1, 50.0), (2, 'lessons', 2, 50.0);"
            "INSERT INTO task VALUES (1, 'a', 'waiting', 10.0), (1, 'b', 'failed', 20.0),"
            "(2, 'c', 'failed', 20.0);"
            'INSERT INTO counter VALUES (1, \'["failure", "upload"]\', 3.0);'
        )
    with closing(HistoryFile(path)) as history:
        assert history.read("vod", 1) == StoredState(
            {
                "a": Tracked(TaskStatus.WAITING, None),
                "b": Tracked(TaskStatus.FAILED, 20.0),
            },
            {("failure", "upload"): 3.0},
            {},
            50.0,
        )
        assert history.read("lessons", 2).tracked == {"c": Tracked(TaskStatus.FAILED, None)}


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
            history.write("vod", 1, writing())

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
        counters.record_walk([make_task("a", TaskStatus.UPLOADING)], NOW + 60)
        assert counters.view().history_errors > before.history_errors
    counters.record_walk([make_task("a", TaskStatus.UPLOADING)], NOW + 120)
    assert AppCounters(history, "vod", 1).view().transitions == counters.view().transitions
    history.close()
    with closing(HistoryFile(path)) as again:
        tracked = again.read("vod", 1).tracked
        assert tracked is not None
        assert tracked["a"].status is TaskStatus.UPLOADING


def test_a_file_that_another_process_has_locked_is_no_mistake(
    path: Path, history: HistoryFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be free a moment later: not a fault of the configuration."""
    history.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(database, "LOCK_WAIT_SECONDS", 0)
        with pytest.raises(HistoryLocked, match="locked"):
            HistoryFile(path)
