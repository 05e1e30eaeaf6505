"""The version in `exporter/__init__.py` and the oldest Python are the same in all files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from exporter import __version__
from tests.deploy.manifests import CHART, ROOT

_TAGGED = re.compile(r"ghcr\.io/zego-upload-exporter/[a-z/-]+?:(\d[\w.+-]*)")
_HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", re.MULTILINE)


def test_the_version_is_semantic() -> None:
    """Three numbers, and no letters: tags, charts and the package index all take it."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_chart_has_the_version() -> None:
    """Chart and application are released together."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def _files() -> list[Path]:
    folders = [path for path in (ROOT / "deploy").rglob("*") if _is_text(path)]
    return [*folders, *ROOT.glob("*.md"), *ROOT.glob("*.yaml"), *(ROOT / "docs").glob("*.md")]


def _is_text(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def test_every_image_tag_is_the_version() -> None:
    """Manifests and documents name the image of this version."""
    tags = {tag for path in _files() for tag in _TAGGED.findall(path.read_text("utf-8"))}
    assert tags == {__version__}


def _changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_changelog_knows_the_version() -> None:
    """It is the newest release there, or a future one, whose changes are under Unreleased."""
    released = _HEADING.findall(_changelog())
    assert "## [Unreleased]" in _changelog()
    assert released == sorted(released, key=_order, reverse=True)
    assert not released or _order(__version__) >= _order(released[0])


@pytest.mark.parametrize("word", ["Added"])
def test_unreleased_changes_are_written_down(word: str) -> None:
    """Before the first release, the section Unreleased describes everything."""
    unreleased = _changelog().partition("## [Unreleased]")[2].partition("\n## [")[0]
    assert _HEADING.findall(_changelog()) or f"### {word}" in unreleased


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_make_needs_the_python_that_the_package_needs() -> None:
    """The Makefile's own check has the lower bound of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"sys.version_info < ({oldest.replace('.', ', ')})" in makefile
    assert f"is not Python {oldest} or newer" in makefile


def test_make_names_an_interpreter_that_is_too_old(tmp_path: Path) -> None:
    """Before anything is installed: pip would report conflicting dependencies."""
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    python.chmod(0o755)
    command = ["make", "install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"{python} is not Python 3.11 or newer: name another" in ended.stderr
    assert not (tmp_path / "venv").exists()
