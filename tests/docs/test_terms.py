"""Chinese texts use one word for one thing, as docs/terms.zh-CN.md lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.tasks import TaskStatus
from tests.docs.pages import ROOT

TERMS = ROOT / "docs" / "terms.zh-CN.md"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_FOLDERS = ("exporter", "grafana", "prometheus", "docs", "deploy")
_KINDS = {".md", ".py", ".json", ".yaml", ".yml", ".tmpl", ".html"}


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield (English or value, Chinese, not used) of every row of the tables."""
    for line in TERMS.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and _CHINESE.search(cells[1]) and cells[1] not in ("中文", "写法"):
            yield cells[0], cells[1], cells[2]


def texts() -> list[Path]:
    """Return every file that holds Chinese for people, the table of terms excepted."""
    files = [ROOT / "README.zh-CN.md"]
    for folder in _FOLDERS:
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in _KINDS]
    return [p for p in files if p != TERMS and _CHINESE.search(p.read_text("utf-8"))]


def test_the_table_is_complete() -> None:
    """Every status has its row, and there are texts to check."""
    values = {english.strip("`") for english, _, _ in rows()}
    assert values >= {status.value for status in TaskStatus}
    assert len(texts()) > 5


@pytest.mark.parametrize("path", texts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_uses_a_rejected_word(path: Path) -> None:
    """One thing has one name, wherever a person reads it."""
    text = path.read_text("utf-8")
    found = [f"{wrong} (use {right})" for _, right, wrong in rows() if wrong in text]
    assert not found, "; ".join(found)
