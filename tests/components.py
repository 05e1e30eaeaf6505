"""The real components that tests run: programs that are not Python packages."""

from __future__ import annotations

import os
import shutil

import pytest


def require(*names: str, package: str) -> str:
    """Return the path of the first program of these `names` that is installed.

    Without one the test is skipped, with a word on how to get it, and fails where
    `REQUIRE_REAL_COMPONENTS=1` says that skipping is not good enough (CI).
    """
    for name in names:
        if path := shutil.which(name):
            return path
    hint = f"{' or '.join(names)} is not installed; on Debian: apt-get install {package}"
    if os.environ.get("REQUIRE_REAL_COMPONENTS") == "1":
        pytest.fail(hint)
    pytest.skip(hint)
