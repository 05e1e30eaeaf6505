"""Every panel that the page of questions names is on the dashboard of its language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

DASHBOARDS = {"uploads": "zego-uploads", "weeks": "zego-uploads-weeks", "task": "zego-upload-task"}
PAGES = {"questions.md": "", "questions.zh-CN.md": "-zh"}


def named(page: str) -> Iterator[tuple[str, str]]:
    """Yield dashboard and panel of every row."""
    panel = re.compile(r"(uploads|weeks|task) / (.+?)(?=(?:, |、)(?:uploads|weeks|task) /|$)")
    for row in (ROOT / "docs" / page).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) == 5:
            yield from panel.findall(cells[2])


@pytest.mark.parametrize("page", PAGES)
def test_every_panel_exists(page: str) -> None:
    """A renamed panel is found here."""
    titles = {}
    for board, name in DASHBOARDS.items():
        path = Path(ROOT, "grafana", f"{name}{PAGES[page]}.json")
        titles[board] = {panel["title"] for panel in json.loads(path.read_text("utf-8"))["panels"]}
    panels = list(named(page))
    assert len(panels) > 15
    assert not [(board, panel) for board, panel in panels if panel not in titles[board]]
