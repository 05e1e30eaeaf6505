"""The documents, taken apart: code blocks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
READMES = sorted(ROOT.glob("README*.md"))
PAGES = (*READMES, *DOCS)
ALL_PAGES = (*sorted(ROOT.glob("*.md")), *DOCS, ROOT / "deploy" / "README.md")

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One code block: its text without the indentation that it shares with its fence."""

    page: Path
    language: str
    text: str


@cache
def read(page: Path) -> str:
    """Return the text of a page."""
    return page.read_text(encoding="utf-8")


def blocks(*languages: str, pages: tuple[Path, ...] = PAGES) -> Iterator[Block]:
    """Yield the code blocks in one of these languages."""
    for page in pages:
        for indent, language, text in _FENCE.findall(read(page)):
            if language in languages:
                yield Block(page, language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", read(page))


def links(page: Path) -> list[str]:
    """Return the targets of all links and pictures of a page."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    found: dict[str, int] = {}
    for heading in _HEADING.findall(prose(page)):
        anchor = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found[anchor] = found.get(anchor, -1) + 1
    again = {f"{anchor}-{n}" for anchor, count in found.items() for n in range(1, count + 1)}
    return {*found, *again}
