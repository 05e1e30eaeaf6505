"""Paths that documents, comments and docstrings name exist in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ALL_PAGES, ROOT, prose
from tests.test_architecture import LAYER

FOLDERS = (
    "exporter",
    "tests",
    "docs",
    "grafana",
    "prometheus",
    "deploy",
    "benchmarks",
    ".ci",
    ".github",
)
PATH = re.compile(rf"`((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]*)`")
BARE_PATH = re.compile(
    rf"(?<![\w/.-])(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]+\.(?:py|md)\b"
)
"""A document or module that a docstring or comment names, without a code span."""
MODULE = re.compile(r"`(exporter(?:\.[a-z_]+)+)`")
GENERATED = ("exporter/shipped/",)
"""Paths that only a wheel has."""

# The changelog names what existed then.
PAGES = tuple(page for page in ALL_PAGES if page.name != "CHANGELOG.md")


def named(text: str) -> set[str]:
    """Return the paths in code spans of `text`, and documents and modules outside of them.

    Each has its folder from the root.
    """
    paths = set(PATH.findall(text)) | set(BARE_PATH.findall(text))
    return {path for path in paths if not path.startswith(GENERATED)}


def is_module(name: str) -> bool:
    """Return whether a dotted name is a module or package, or a name in one."""
    path = ROOT / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    owners = (path.parent / "__init__.py", path.parent.with_suffix(".py"))
    return any(
        re.search(rf"\b{path.name}\b", owner.read_text("utf-8"))
        for owner in owners
        if owner.is_file()
    )


def wrong_paths(text: str) -> list[str]:
    """Return the paths and modules in `text` that do not exist in the repository."""
    paths = {path for path in named(text) if not (ROOT / path).exists()}
    return sorted(paths | {name for name in MODULE.findall(text) if not is_module(name)})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_of_a_page_exists(page: Path) -> None:
    """Readers find each file that a page names."""
    assert wrong_paths(prose(page)) == []


def test_every_path_in_the_code_exists() -> None:
    """Readers find each file that a comment or docstring names."""
    sources = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    others = (path for path in sources if path != Path(__file__))
    found = {str(path): wrong_paths(path.read_text("utf-8")) for path in others}

    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_the_packages_are_listed_in_the_order_of_their_layers() -> None:
    """`docs/development.md` describes each package and module below `exporter/`, once."""
    rows = re.findall(
        r"^\| (`exporter/[^|]*) \|", prose(ROOT / "docs" / "development.md"), re.MULTILINE
    )
    listed = [name for row in rows for name in re.findall(r"`exporter/(\w+)(?:\.py|/)`", row)]

    assert sorted(listed) == sorted(set(LAYER) - {"__init__"})
    assert [LAYER[name] for name in listed] == sorted(LAYER[name] for name in listed)


def test_a_wrong_path_is_found() -> None:
    """The tests above can fail."""
    text = "`exporter/zego/`, `exporter/nowhere.py`, `exporter.zego.limiter`, `exporter.zego.where`"
    text += " (docs/guarantees.md, docs/nowhere.md; /srv/docs/a.md)"

    assert wrong_paths(text) == ["docs/nowhere.md", "exporter.zego.where", "exporter/nowhere.py"]
