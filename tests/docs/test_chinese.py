"""The Chinese documents have the same structure as the English ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import ROOT, links
from tests.typography import NARROW_PUNCTUATION, WITHOUT_SPACE

ENGLISH = tuple(
    path.with_name(path.name.replace(".zh-CN", ""))
    for path in sorted((*ROOT.glob("*.zh-CN.md"), *ROOT.glob("docs/*.zh-CN.md")))
    if path.name != "terms.zh-CN.md"  # a table for translators, which has no English version
)
"""The documents that have a Chinese version."""

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
    links: Counter[str] = field(default_factory=Counter)
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
                self.links[same_in_both(target)] += 1
        words = ("x" if token.type == "code_inline" else token.content for token in tokens)
        self.prose.append("".join(words))


def same_in_both(name: str) -> str:
    """Return a file's or a dashboard's name without the mark of its language.

    A heading of the same page has a translated anchor; that it exists is tested for all links.
    """
    if name.startswith("#") and not name.startswith("#zegoupload"):
        return "#"
    return name.replace(".zh-CN", "").replace("-zh", "")


def chinese(path: Path) -> Path:
    """Return the Chinese version of a document."""
    return path.with_name(f"{path.stem}.zh-CN.md")


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


@pytest.fixture(name="path", params=ENGLISH, ids=lambda path: path.name)
def path_fixture(request: pytest.FixtureRequest) -> Path:
    """Return each English document that has a Chinese version."""
    path: Path = request.param
    return path


def test_what_customers_read_first_is_there_in_chinese() -> None:
    """The README and the runbook have a Chinese version."""
    assert {"README.md", "alerts.md"} <= {path.name for path in ENGLISH}


def test_the_same_headings(path: Path) -> None:
    """Headings have the same levels; those that are names of alerts, or anchors, the same text."""
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
        assert translated.links == english.links, english.title


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
