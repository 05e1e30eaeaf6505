"""Files that ship with the exporter."""

from __future__ import annotations

import json

import pytest

from exporter.alerting.shipped import dashboards, document
from exporter.errors import ExporterError


def test_every_dashboard_comes_in_both_languages() -> None:
    """The Chinese files have the English names with `-zh`, and all are JSON."""
    english, chinese = dashboards("en"), dashboards("zh")

    assert english
    assert {name.replace("-zh.json", ".json") for name in chinese} == set(english)
    for text in (*english.values(), *chinese.values()):
        assert json.loads(text)["title"]


def test_a_missing_document_is_an_error_that_names_it() -> None:
    """An installation that lacks files is reported as such."""
    with pytest.raises(ExporterError, match=r"this installation lacks docs/nothing\.md"):
        document("docs/nothing.md")
