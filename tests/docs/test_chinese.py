"""The Chinese documents have the same structure as the English ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import ALL_PAGES, CHINESE, DOCS, READMES, ROOT, headings, links, read
from tests.typography import NARROW_PUNCTUATION, WITHOUT_SPACE

ENGLISH = tuple(
    path.with_name(path.name.replace(CHINESE, ".md"))
    for path in ALL_PAGES
    if path.name.endswith(CHINESE) and path.name != "terms.zh-CN.md"
)
"""The documents that have a Chinese version. The table of terms is for translators only."""

DEPLOY = ROOT / "deploy" / "README.md"
ENGLISH_ONLY = {
    "api.md",
    "development.md",
    "guarantees.md",
    "performance.md",
    "reliability.md",
    "web-configuration.md",
    "zego-api.md",
}
"""Documents that are not translated, as README.zh-CN.md says."""

ZEGO = {"https://doc-zh.zego.im/article/17852": "https://www.zegocloud.com/"}
"""ZEGO's pages in Chinese, and what the English documents link instead."""

ENGLISH_PROSE = re.compile(r"(?:[a-z]+ ){3,}[a-z]+")
BLOCKS = {
    "bullet_list_open",
    "fence",
    "html_block",
    "list_item_open",
    "ordered_list_open",
    "paragraph_open",
    "table_open",
    "tr_open",
}


@dataclass(slots=True)
class Section:
    """A heading and its contents up to the next heading of any level."""

    level: str
    title: str
    blocks: list[str] = field(default_factory=list)
    """Kinds of blocks, in their order."""
    fences: list[str] = field(default_factory=list)
    """Language and content of the fenced code, comments left out."""
    code: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    """Targets of links and pictures, as they are written."""
    prose: list[str] = field(default_factory=list)
    """Text outside of code, a code span being an x."""

    def add(self, token: Token) -> None:
        """Take in a block of the section."""
        if token.type in BLOCKS:
            self.blocks.append(token.type)
        if token.type == "fence":
            lines = (re.sub(r"(^|\s+)#.*", "", line) for line in token.content.splitlines())
            self.fences.append("\n".join((token.info, *filter(None, lines))))
        if token.type == "inline":
            self._add_text(token.children or [])

    def _add_text(self, tokens: list[Token]) -> None:
        for token in tokens:
            if token.type == "code_inline":
                self.code[same_in_both(token.content)] += 1
            if token.type in {"link_open", "image"}:
                target = str(token.attrs.get("href", token.attrs.get("src")))
                self.links.append(unquote(target))
        words = ("x" if token.type == "code_inline" else token.content for token in tokens)
        self.prose.append("".join(words))


def same_in_both(name: str) -> str:
    """Return a file's or a dashboard's name without the mark of its language."""
    return name.replace(".zh-CN", "").replace("-zh", "")


def place(link: str, page: Path) -> str:
    """Return the target of a link, its heading as a number: translated, it has the same one."""
    name, _, anchor = link.partition("#")
    if not anchor or "://" in link:
        return same_in_both(ZEGO.get(link, link))
    target = (page.parent / name).resolve() if name else page
    return f"{same_in_both(name)}#{list(headings(target)).index(anchor)}"


def chinese(path: Path) -> Path:
    """Return the Chinese version of a document."""
    return path.with_name(f"{path.stem}.zh-CN.md")


@cache
def tokens(path: Path) -> list[Token]:
    """Return the document's blocks, as CommonMark with tables reads them."""
    return MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))


def sections(path: Path) -> list[Section]:
    """Return the document's sections."""
    found: list[Section] = []
    heading = False
    for token in tokens(path):
        if token.type == "heading_open":
            found.append(Section(token.tag, ""))
        if heading:
            found[-1].title = token.content
        else:
            found[-1].add(token)
        heading = token.type == "heading_open"
    return found


def pairs(path: Path) -> Iterator[tuple[Section, Section]]:
    """Yield the sections with their Chinese ones."""
    for english, translated in zip_longest(sections(path), sections(chinese(path))):
        assert english is not None, translated
        assert translated is not None, english
        yield english, translated


@pytest.fixture(name="path", params=ENGLISH, ids=lambda path: str(path.relative_to(ROOT)))
def path_fixture(request: pytest.FixtureRequest) -> Path:
    """Return each English document that has a Chinese version."""
    path: Path = request.param
    return path


@pytest.mark.parametrize(
    "page", [*DOCS, *READMES, DEPLOY], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_page_for_users_is_there_in_chinese(page: Path) -> None:
    """Only the listed ones are not."""
    assert page.name.endswith(CHINESE) or chinese(page).exists() != (page.name in ENGLISH_ONLY)


def test_the_chinese_readme_marks_what_is_in_english() -> None:
    """A reader knows it before following the link."""
    for name in ENGLISH_ONLY:
        assert re.search(rf"\(docs/{name}\).英文", read(ROOT / "README.zh-CN.md"))


def test_each_version_leads_to_the_other(path: Path) -> None:
    """Below the title."""
    assert read(path).splitlines()[2] == f"English | [中文]({chinese(path).name})"
    assert read(chinese(path)).splitlines()[2] == f"[English]({path.name}) | 中文"


def test_the_same_headings(path: Path) -> None:
    """Headings have the same levels; names of alerts and anchors have the same text."""
    for english, translated in pairs(path):
        assert translated.level == english.level, english.title
        if english.title.startswith("ZegoUpload"):
            assert translated.title == english.title


def test_the_same_blocks(path: Path) -> None:
    """Each section has the same paragraphs, list items, tables and code, in the same order."""
    for english, translated in pairs(path):
        assert translated.blocks == english.blocks, english.title


def test_the_same_code(path: Path) -> None:
    """Commands, PromQL, metrics and settings are those of the English document."""
    for english, translated in pairs(path):
        assert translated.fences == english.fences, english.title
        assert translated.code == english.code, english.title


def test_the_same_links(path: Path) -> None:
    """Links and pictures have the same target, or its Chinese version."""
    for english, translated in pairs(path):
        wanted = Counter(place(link, path) for link in english.links)
        found = Counter(place(link, chinese(path)) for link in translated.links)
        assert found == wanted, english.title


def test_the_same_numbers(path: Path) -> None:
    """No number of the English text is missing."""
    for english, translated in pairs(path):
        wanted = set(re.findall(r"\d+(?:\.\d+)?", " ".join(english.prose)))
        assert wanted <= set(re.findall(r"\d+(?:\.\d+)?", " ".join(translated.prose))), (
            english.title
        )


def test_links_stay_within_the_language(path: Path) -> None:
    """What exists in Chinese is linked so; only the link to the English version is not."""
    for link in links(chinese(path)):
        target = chinese(path).parent / link.partition("#")[0]
        if target.suffix == ".md" and target != path:
            assert not chinese(target).exists() or target == chinese(target), link


def test_no_english_is_left(path: Path) -> None:
    """There are no four English words in a row."""
    text = "\n".join(line for section in sections(chinese(path)) for line in section.prose)
    assert ENGLISH_PROSE.findall(text) == []


def test_emphasis_is_rendered(path: Path) -> None:
    """No asterisk is left over where CommonMark sees none for emphasis beside Chinese signs."""
    text = "\n".join(line for section in sections(chinese(path)) for line in section.prose)
    assert "*" not in text


@pytest.mark.parametrize("rule", [NARROW_PUNCTUATION, WITHOUT_SPACE], ids=["width", "space"])
def test_typography(path: Path, rule: re.Pattern[str]) -> None:
    """Chinese text has full-width punctuation, and a space between it and letters, digits, code."""
    prose = [line for section in sections(chinese(path)) for line in section.prose]
    assert [line for line in prose if rule.search(line)] == []
