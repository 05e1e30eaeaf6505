"""Files that ship with the exporter; a runbook page is the alert's section, readable by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from exporter.alerting import shipped
from exporter.alerting.catalog import ALERTS, LANGUAGES
from exporter.alerting.shipped import dashboards, runbook_page
from exporter.errors import ExporterError

VOID = {"meta", "br", "hr"}


class Reader(HTMLParser):
    """Reads a page; fails where tags are not closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.links += [str(value) for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    """Return what a browser would find on the page."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("alert", [alert.name for alert in ALERTS])
def test_every_alert_has_its_page(alert: str, language: str) -> None:
    """All four parts are there, no Markdown is left, and links lead to other runbooks."""
    page = runbook_page(alert, language)
    assert page is not None
    found = read(page)
    parts = {"en": ("Meaning.", "Look at.", "Do.", "Tune."), "zh": ("含义", "查看", "处理", "调整")}
    names = "|".join(alert.name for alert in ALERTS)

    assert all(f"<strong>{part}</strong>" in page for part in parts[language])
    assert "**" not in found.text
    assert "](" not in found.text
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
    for link in found.links:
        assert re.fullmatch(rf"\?lang=(en|zh)|({names})\?lang={language}", link), link


@pytest.mark.parametrize(
    ("alert", "language"),
    [("ZegoUploadNothing", "en"), ("../x", "en"), ("ZegoUploadFailed", "fr")],
)
def test_an_unknown_alert_has_no_page(alert: str, language: str) -> None:
    """The server answers 404."""
    assert runbook_page(alert, language) is None


@pytest.fixture(name="checkout")
def checkout_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the exporter read its documents from an empty checkout; return its folder."""
    monkeypatch.setattr(shipped, "_REPOSITORY", tmp_path)
    shipped._sections.cache_clear()
    yield tmp_path
    shipped._sections.cache_clear()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <b> & `c < d`", "<p>a &lt;b&gt; &amp; <code>c &lt; d</code></p>"),
        (
            "**A.** *b* [c](#zegouploadfailed)",
            '<p><strong>A.</strong> <em>b</em> <a href="ZegoUploadFailed?lang=en">c</a></p>',
        ),
        ('[x](a"onclick=)', '<p><a href="a%22onclick=">x</a></p>'),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>"),
        (
            "```sh\na <b>\n\nc\n```",
            '<pre><code class="language-sh">a &lt;b&gt;\n\nc\n</code></pre>',
        ),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("- a\n- `b`", "<ul>\n<li>a</li>\n<li><code>b</code></li>\n</ul>"),
        ("| a |\n|---|\n| `2` |", "<td><code>2</code></td>"),
    ],
)
def test_markdown_becomes_html_and_all_text_is_escaped(
    checkout: Path, text: str, html: str
) -> None:
    """Tables and code are rendered, HTML in the document is shown as text."""
    (checkout / "docs").mkdir()
    (checkout / "docs" / "alerts.md").write_text(f"## ZegoUploadFailed\n\n{text}\n", "utf-8")

    assert html in (runbook_page("ZegoUploadFailed", "en") or "")


def test_a_missing_document_is_an_error_that_names_it(checkout: Path) -> None:
    """An installation that lacks files is reported as such."""
    assert not list(checkout.iterdir())
    with pytest.raises(ExporterError, match=r"this installation lacks docs/alerts\.md"):
        runbook_page("ZegoUploadFailed", "en")


def test_every_dashboard_comes_in_both_languages() -> None:
    """The Chinese files have the English names with `-zh`, and all are JSON."""
    english, chinese = dashboards("en"), dashboards("zh")

    assert english
    assert {name.replace("-zh.json", ".json") for name in chinese} == set(english)
    for text in (*english.values(), *chinese.values()):
        assert json.loads(text)["title"]
