"""A history file for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.history.database import HistoryFile


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
