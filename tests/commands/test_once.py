"""`once`: what is written, and how."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from exporter.commands.once import write_atomically
from exporter.commands.output import OutputError


def test_a_file_is_replaced_whole_and_readable_by_all(tmp_path: Path) -> None:
    """node_exporter runs as another user, and reads at any moment; nothing else is left there."""
    path = tmp_path / "zego.prom"
    path.write_text("old")
    write_atomically(path, b"new\n")
    assert path.read_bytes() == b"new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["missing/zego.prom", ".", "file/zego.prom"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    """And no half-written file is left behind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_atomically(tmp_path / place, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
