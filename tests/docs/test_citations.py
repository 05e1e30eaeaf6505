"""Documents that the code cites are in the repository, and have the cited section."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, read

FOLDERS = ("exporter", "tests", "benchmarks", "docs", "grafana", "prometheus", "deploy")
CITATION = re.compile(
    r"`?docs/(?P<page>guarantees|zego-api)\.md`?,\s+(?P<section>section\s+\d+|\"?[A-Z].{3,30})"
)

ELSEWHERE = re.compile(r"\bcontract,\s+section|\bAPI\s+notes\b", re.IGNORECASE)


@cache
def sections(page: str) -> tuple[str, ...]:
    """Return the possible citations of a document: its section numbers, or its titles."""
    headings = re.findall(
        r"^## (?:(\d+)\. )?(.+)$", read(ROOT / "docs" / f"{page}.md"), re.MULTILINE
    )
    # Of a list of topics, the first one is enough.
    titles = (f"section {number}" if number else title.split(",")[0] for number, title in headings)
    return tuple(titles)


def sources() -> list[Path]:
    """Return the project's Python files, this one left out."""
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if path != Path(__file__))


def wrong_citations(text: str) -> list[str]:
    """Return the citations in `text` of a section that does not exist."""
    flat = re.sub(r"\s*\n[\s#]*", " ", text)
    return [
        citation[0]
        for citation in CITATION.finditer(flat)
        if not any(
            re.match(rf"\"?{re.escape(name)}\b", citation["section"])
            for name in sections(citation["page"])
        )
    ]


def test_every_citation_leads_to_a_section() -> None:
    """A reader of the repository alone finds the reason."""
    found = {path: wrong_citations(path.read_text(encoding="utf-8")) for path in sources()}

    assert {str(path): wrong for path, wrong in found.items() if wrong} == {}


def test_nothing_outside_the_repository_is_cited() -> None:
    """A document that readers cannot open explains nothing."""
    texts = {path: path.read_text(encoding="utf-8") for path in sources()}

    assert [str(path) for path, text in texts.items() if ELSEWHERE.search(text)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`docs/guarantees.md`, section 1", 0),
        ("`docs/guarantees.md`, section 99", 1),
        ("`docs/guarantees.md`,\n    section 99", 1),
        ("# `docs/zego-api.md`, Return\n# codes.", 0),
        ("`docs/zego-api.md`, Slots, retention, titles", 0),
        ("`docs/zego-api.md`, Calling it.", 1),
    ],
)
def test_a_wrong_section_is_found(text: str, wrong: int) -> None:
    """The first test can fail."""
    assert len(wrong_citations(text)) == wrong
