"""The committed dashboards, as tests read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "grafana"
FILES = tuple(sorted(FOLDER.glob("*.json")))
NAMES = tuple(path.stem for path in FILES)
ENGLISH_NAMES = tuple(name for name in NAMES if not name.endswith("-zh"))
"""The dashboards in English; the Chinese ones ask the same (test_chinese)."""


def load(name: str) -> dict[str, Any]:
    """Return the committed dashboard of this name."""
    board: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return board


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels that show something: all but the rows' headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each panel's queries with their panel."""
    for panel in panels(board):
        for target in panel["targets"]:
            yield panel, target


def overrides(panel: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the target of each override, and its properties by name."""
    for override in panel["fieldConfig"]["overrides"]:
        yield (
            override["matcher"]["options"],
            {entry["id"]: entry.get("value") for entry in override["properties"]},
        )


def looks(panel: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the panel's default looks and those of its overrides."""
    yield panel["fieldConfig"]["defaults"]
    for _, properties in overrides(panel):
        yield properties
