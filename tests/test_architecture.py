"""The rooms of the house and the directions between them, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "exporter"

# A module may import what stands before its own room, and its own room.
ORDER = (
    ("__init__",),
    ("text",),
    ("errors", "tasks", "logs", "languages"),
    ("durations", "urgency", "task_rows"),
    ("alerting",),
    ("zego",),
    ("config",),
    ("history",),
    ("collection",),
    ("metrics",),
    ("web",),
    ("simulator",),
    ("flags", "demo", "signals"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}

FENCES = {
    "prometheus_client": ("metrics",),
    "starlette": ("web",),
    "uvicorn": ("web",),
    "h11": ("web",),
    "jinja2": ("web",),
    "requests": ("zego",),
    "urllib3": ("zego",),
    "yaml": ("config",),
    "sqlite3": ("history",),
    "rich": ("commands",),
    "bcrypt": ("web",),
}


def modules() -> list[Path]:
    """Return every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room that a module stands in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield str(node.module)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    """A room imports only what stands before it."""
    own = room_of(path)
    for name in imports_of(path):
        if name.split(".")[0] == "exporter":
            room = name.split(".")[1] if "." in name else "__init__"
            assert room == own or RANK[room] < RANK[own], f"{own} must not import {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_behind_their_fences(path: Path) -> None:
    """Each library is known in one room only."""
    for name in imports_of(path):
        rooms = FENCES.get(name.split(".")[0])
        assert rooms is None or room_of(path) in rooms, f"{path} must not import {name}"


def test_the_simulator_knows_nothing_of_the_exporter() -> None:
    """An error of the client cannot hide behind a fake that shares its code."""
    for path in (PACKAGE / "simulator").rglob("*.py"):
        for name in imports_of(path):
            assert not name.startswith("exporter.") or name.startswith("exporter.simulator")
