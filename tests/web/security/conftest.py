"""Fixtures of the tests of web configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.security.webconfig_files import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return a folder with certificates."""
    return Folder.filled(tmp_path)
