"""The documents, taken apart: code blocks, headings, links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
READMES = sorted(ROOT.glob("README*.md"))
PAGES = (*READMES, *DOCS)
ALL_PAGES = (*sorted(ROOT.glob("*.md")), *DOCS, *sorted((ROOT / "deploy").glob("*.md")))
CHINESE = ".zh-CN.md"
"""How the name of a Chinese document ends."""

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


def blocks(*languages: str) -> Iterator[Block]:
    """Yield the code blocks in one of these languages.

    Those of the Chinese documents are left out: `test_chinese.py` shows that they are the same.
    """
    for page in (page for page in PAGES if not page.name.endswith(CHINESE)):
        for indent, language, text in _FENCE.findall(read(page)):
            if language in languages:
                yield Block(page, language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", read(page))


def links(page: Path) -> list[str]:
    """Return the targets of all links and pictures of a page."""
    return _LINK.findall(prose(page))


@cache
def headings(page: Path) -> tuple[str, ...]:
    """Return the anchors that GitHub gives the headings of a page, in their order."""
    seen: Counter[str] = Counter()
    found = []
    for heading in _HEADING.findall(prose(page)):
        anchor = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.append(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return tuple(found)
