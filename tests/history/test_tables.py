"""The content of the history file: written, read, checked and migrated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.history import FailureReason, StoredState
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile
from exporter.history.tables import APPLICATION_ID, MIGRATIONS
from exporter.tasks import TaskStatus, Tracked
from tests.builders import NOW, make_task
from tests.history.updates import WAITING, make_update, record_walk


def test_an_app_without_history_has_no_baseline(history: HistoryFile) -> None:
    """Its first walk is the baseline; other apps do not matter."""
    history.write("vod", 1, make_update())
    assert history.read("lessons", 1) == StoredState(None, {}, {})
    assert history.read("vod", 2).tracked is None


def test_what_was_written_is_there_after_opening_again(path: Path, history: HistoryFile) -> None:
    """Tasks, counters and reasons, after changes and deletions."""
    reason = FailureReason("upload", NOW)
    history.write("vod", 1, make_update(tracked={"a": WAITING, "b": WAITING}))
    history.write("vod", 1, make_update(failure_reasons={"b": reason, "c": reason}))
    failed = Tracked(TaskStatus.FAILED, NOW + 60)
    history.write(
        "vod",
        1,
        make_update(
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
    history.write("vod", 1, make_update(tracked={"a": WAITING, "b": WAITING}))
    tracked = history.read("vod", 1).tracked
    assert tracked is not None
    assert tracked["a"] is tracked["b"]


def test_a_walk_without_tasks_is_a_baseline_too(history: HistoryFile) -> None:
    """The next task is new, not part of a baseline."""
    history.write("vod", 1, make_update(tracked={}))
    assert history.read("vod", 1).tracked == {}


@settings(max_examples=25)
@given(st.dictionaries(st.text(), st.sampled_from(TaskStatus)), st.text())
def test_any_name_and_id_are_kept(
    tmp_path_factory: pytest.TempPathFactory, statuses: dict[str, TaskStatus], name: str
) -> None:
    """Ids come from the API: any script, any length, control characters."""
    tracked = {task_id: Tracked(status, NOW) for task_id, status in statuses.items()}
    with closing(HistoryFile(tmp_path_factory.mktemp("history") / "history.sqlite")) as history:
        history.write(name, 1, make_update(tracked=tracked))
        assert history.read(name, 1).tracked == tracked


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
    """The file is moved aside; nothing hangs or fails, now or later."""
    reason = FailureReason("upload", NOW)
    history.write("vod", 1, make_update(failure_reasons={"a": reason}))
    history.close()
    with closing(sqlite3.connect(path)) as other:
        other.executescript(statement)
    with closing(HistoryFile(path)) as again:
        assert again.read("vod", 1) == StoredState(None, {}, {})
        again.write("vod", 1, make_update())
        assert again.read("vod", 1).tracked == {"a": WAITING}
    assert len(list(path.parent.glob("*.damaged-????????T??????Z"))) == 1


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the content of a history file with a row in each table."""
    path = tmp_path_factory.mktemp("history") / "history.sqlite"
    with closing(HistoryFile(path)) as history:
        history.write("vod", 1, make_update(failure_reasons={"a": FailureReason("upload", NOW)}))
    return path.read_bytes()


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
    tmp_path_factory: pytest.TempPathFactory, written: bytes, column: str, value: object
) -> None:
    """Either all values are valid, or the file is moved aside."""
    path = tmp_path_factory.mktemp("history") / "history.sqlite"
    path.write_bytes(written)
    table, name = column.split(".")
    with closing(sqlite3.connect(path)) as other:
        try:
            other.execute(f"UPDATE OR IGNORE {table} SET {name} = ?", (value,))  # noqa: S608 - ours
        except sqlite3.IntegrityError:
            return
        other.commit()
    with closing(HistoryFile(path)) as again:
        counters = AppCounters(again, "vod", 1)
        record_walk(counters, [make_task("a", TaskStatus.UPLOADING)], NOW + 60)
        view = counters.view()
        assert view.history_errors == 0
        assert all(count >= 0 for count in view.transitions.values())


def test_the_format_of_the_first_version_is_migrated(path: Path) -> None:
    """It stored the time of the baseline for its tasks; their real times are not known."""
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
