"""`once`: its output, and the kinds of files it is written to."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from exporter.commands.once import once, write_output
from exporter.commands.output import OutputError
from exporter.config import CollectionSettings, Settings
from tests.builders import make_settings


def test_a_file_is_replaced_whole_and_readable_by_all(tmp_path: Path) -> None:
    """node_exporter runs as another user and reads at any time; no other file is left there."""
    path = tmp_path / "zego.prom"
    path.write_text("old")
    write_output(path, b"new\n")
    assert path.read_bytes() == b"new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["missing/zego.prom", ".", "file/zego.prom"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    """And no half-written file is left behind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_output(tmp_path / place, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("missing", "No such file or directory"),
        ("file", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_a_missing_folder_is_reported_before_the_collection(
    tmp_path: Path, folder: str, reason: str
) -> None:
    """A walk can take minutes; the API of these settings is not asked."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to(Path(folder) / "zego.prom")
    settings = Settings(apps=(make_settings(endpoint="http://127.0.0.1:9"),))
    for output in (tmp_path / folder / "zego.prom", tmp_path / "link"):
        with pytest.raises(OutputError, match=rf"cannot be written: {reason} \(name a file in a "):
            once(settings, output)


def test_a_dash_is_no_name_of_stdout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named `-` would appear instead, and the pipe would get nothing."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(apps=(make_settings(endpoint="http://127.0.0.1:9"),))
    with pytest.raises(OutputError, match="- cannot be written: leave out --output for stdout"):
        once(settings, Path("-"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flag", "reason"), [(0, "Permission denied; give user id "), (os.ST_RDONLY, "Read-only file ")]
)
def test_a_folder_that_cannot_be_written_is_reported_before_the_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: int, reason: str
) -> None:
    """A new file takes the place of the old one, so the folder counts; a device is written into."""
    allowed = {os.devnull}
    monkeypatch.setattr(os, "access", lambda path, _: str(path) in allowed)  # root may all
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flag))
    collection = CollectionSettings(max_retries=0)
    app = make_settings(endpoint="http://127.0.0.1:9", collection=collection)
    settings = Settings(apps=(app,))
    (tmp_path / "old.prom").touch()
    for name in ("zego.prom", "old.prom"):
        with pytest.raises(OutputError, match=rf"{name} cannot be written: {reason}"):
            once(settings, tmp_path / name)
    assert not once(settings, Path(os.devnull))


def test_a_folder_is_reported_before_the_collection(tmp_path: Path) -> None:
    """As a missing folder is."""
    settings = Settings(apps=(make_settings(endpoint="http://127.0.0.1:9"),))
    with pytest.raises(OutputError, match=r"it is a folder \(name a file\)"):
        once(settings, tmp_path)


def test_a_link_to_itself_is_refused_and_stays(tmp_path: Path) -> None:
    """Not with a traceback, and not replaced."""
    link = tmp_path / "loop"
    link.symlink_to(link)
    with pytest.raises(OutputError, match="Too many levels of symbolic links"):
        write_output(link, b"text")
    assert link.is_symlink()


@pytest.mark.parametrize("exists", [True, False], ids=["target", "dangling"])
def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path, exists: bool) -> None:
    """Relative to the link's folder, as the system follows it."""
    target = tmp_path / "there" / "zego.prom"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    link = tmp_path / "link.prom"
    link.symlink_to("there/zego.prom")
    write_output(link, b"new\n")
    assert link.is_symlink()
    assert target.read_bytes() == b"new\n"


def test_a_fifo_is_written_into(tmp_path: Path) -> None:
    """Its reader gets the content, and it is a FIFO afterwards."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    content = b"x" * 300_000  # more than a pipe holds
    received: list[bytes] = []
    # Opened for both, it is never without a writer, so the reader does not meet an early end.
    with os.fdopen(os.open(path, os.O_RDWR), "rb", buffering=0) as pipe:

        def read() -> None:
            while sum(map(len, received)) < len(content):
                received.append(pipe.read(65_536))

        reader = threading.Thread(target=read)
        reader.start()
        write_output(path, content)
        reader.join()
    assert b"".join(received) == content
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_fifo_without_a_reader_is_an_error(tmp_path: Path) -> None:
    """The program does not wait forever."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(OutputError, match="fifo cannot be written"):
        write_output(path, b"x")


def test_a_device_is_written_into() -> None:
    """Tested with a terminal: making another device requires root."""
    controller, terminal = os.openpty()
    try:
        path = Path(os.ttyname(terminal))
        write_output(path, b"x")
        assert os.read(controller, 10) == b"x"
        assert stat.S_ISCHR(path.stat().st_mode)
    finally:
        os.close(controller)
        os.close(terminal)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket is not removed."""
    monkeypatch.chdir(tmp_path)  # a socket's path has a short limit
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("s")
        with pytest.raises(OutputError, match="s cannot be written: it is a block device or sock"):
            write_output(Path("s"), b"x")
        assert stat.S_ISSOCK(Path("s").stat().st_mode)
