"""A runbook page is the alert's section, readable by itself in either language."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from exporter.alerting.catalog import ALERTS, LANGUAGES
from exporter.alerting.runbooks import runbook_page

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
def test_what_there_is_not_has_no_page(alert: str, language: str) -> None:
    """The server answers 404 then."""
    assert runbook_page(alert, language) is None
