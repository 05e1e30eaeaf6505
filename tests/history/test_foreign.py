"""Files of others at the path of the history."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ConfigError
from exporter.history.database import HistoryFile
from exporter.history.foreign import lock_file, refuse_other_files
from exporter.history.tables import APPLICATION_ID
from tests.history.updates import make_update


def sqlite_file(path: Path, *statements: str) -> None:
    """Create an SQLite file with `statements`."""
    with closing(sqlite3.connect(path)) as other:
        for statement in statements:
            other.execute(statement)
        other.commit()


def overwritten(path: Path, start: int) -> None:
    """Create another program's SQLite file, and damage all that is behind `start`."""
    sqlite_file(path, "CREATE TABLE theirs (x)", "INSERT INTO theirs VALUES (zeroblob(9000))")
    content = path.read_bytes()
    path.write_bytes(content[:start] + b"x" * (len(content) - start))


def damaged_with_log(path: Path) -> None:
    """Create another program's damaged file with a log beside it."""
    overwritten(path, 100)
    path.with_name(path.name + "-wal").write_bytes(b"x" * 100)


OTHERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "tables": (lambda path: sqlite_file(path, "CREATE TABLE theirs (x)"), "of another program"),
    "id": (lambda path: sqlite_file(path, "PRAGMA application_id = 7"), "of another program"),
    "newer": (lambda path: sqlite_file(path, "PRAGMA user_version = 99"), "by a newer version"),
    "damaged schema": (lambda path: overwritten(path, 100), "is a damaged SQLite file that is not"),
    "damaged pages": (lambda path: overwritten(path, 4096), "of another program"),
    "damaged, with a log": (
        damaged_with_log,
        "is a damaged SQLite file that is not",
    ),
    "lock of another": (lambda path: lock_file(path).write_text("notes"), "cannot be locked: "),
    "list in the lock": (lambda path: lock_file(path).write_text("12\n34\n"), "cannot be locked: "),
    "date in the lock": (lambda path: lock_file(path).write_text("20261126 1005"), "be locked: "),
    "FIFO as the lock": (lambda path: os.mkfifo(lock_file(path)), "cannot be locked: "),
}


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return what is in the folder, None for a FIFO."""
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


@pytest.mark.parametrize(("create", "problem"), OTHERS.values(), ids=OTHERS)
def test_what_is_of_others_is_refused_and_left_alone(
    path: Path, create: Callable[[Path], object], problem: str
) -> None:
    """`check` and serving agree; nothing is changed, moved or put beside it."""
    create(path)
    before = contents(path.parent)
    for opening in (refuse_other_files, HistoryFile):
        with pytest.raises(ConfigError, match=problem) as refused:
            opening(path)
        assert len(refused.value.problems) == 1
        assert str(refused.value).startswith(f"history.path: {path} ")
        assert contents(path.parent) == before


@given(content=st.binary(max_size=12))
def test_a_lock_file_is_written_only_if_it_holds_a_process_id(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Or nothing, as after a power cut or on a full disk."""
    path = tmp_path_factory.mktemp("history") / "history.sqlite"
    lock_file(path).write_bytes(content)
    digits = content.strip(b"\0")
    if not digits or (digits.isdigit() and len(digits) <= 10):
        HistoryFile(path).close()
        assert lock_file(path).read_bytes() == str(os.getpid()).encode()
    else:
        with pytest.raises(ConfigError, match="cannot be locked"):
            HistoryFile(path)
        assert lock_file(path).read_bytes() == content


@pytest.mark.parametrize("start", [100, 4096, 8192])
def test_a_damaged_file_of_ours_is_recognised_by_its_header(
    path: Path, history: HistoryFile, start: int
) -> None:
    """`check` has nothing against it, and serving moves it aside."""
    history.write("vod", 1, make_update())
    history.close()
    content = path.read_bytes()
    assert content[68:72] == APPLICATION_ID.to_bytes(4, "big")
    damaged = content[:start] + b"x" * (len(content) - start)
    path.write_bytes(damaged)
    refuse_other_files(path)
    HistoryFile(path).close()
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == damaged


@pytest.mark.parametrize("create", [lambda _: None, Path.touch, sqlite_file])
def test_nothing_and_an_empty_file_can_be_used(
    path: Path, create: Callable[[Path], object]
) -> None:
    """An empty file is what some tools create in advance."""
    create(path)
    refuse_other_files(path)
    HistoryFile(path).close()
