"""The real components that tests run: programs that are not Python packages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]


def require_current(name: str) -> str:
    """Return the path of a program in its current version, which `.ci/go-tools` builds.

    Without it the test is skipped, or fails, as with `require`.
    """
    folder = Path(os.environ.get("GO_TOOLS", ROOT / ".cache" / "go-tools"))
    if (path := folder / name).exists():
        return str(path)
    return give_up(f"{name} is not in {folder}: .ci/go-tools builds it, with Go in 15 minutes")


def require(*names: str, package: str) -> str:
    """Return the path of the first program of these `names` that is installed.

    Without one the test is skipped, with a hint how to install it, and fails where
    `REQUIRE_REAL_COMPONENTS=1` says that skipping is not good enough (CI).
    """
    for name in names:
        if path := shutil.which(name):
            return path
    return give_up(f"{' or '.join(names)} is not installed; on Debian: apt-get install {package}")


def give_up(hint: str) -> NoReturn:
    """Skip the test, or fail it where `REQUIRE_REAL_COMPONENTS=1` says so."""
    if os.environ.get("REQUIRE_REAL_COMPONENTS") == "1":
        pytest.fail(hint)
    pytest.skip(hint)


GENERATIONS = ("distribution", "current")
"""Where programs come from: Debian's packages, and the versions that `.ci/go-tools` builds."""

SHORTLY_CURRENT = (pytest.param("distribution", marks=pytest.mark.long), "current")
"""The same for tests that take seconds of CPU: without the long tests, on the current version."""


def require_of(generation: str, *names: str, package: str) -> str:
    """Return a program of a generation; its first name is the one that its project gives it."""
    if generation == "current":
        return require_current(names[0])
    return require(*names, package=package)
