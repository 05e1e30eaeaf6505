"""The Chinese texts of an incident have no English sentence.

tests/alerting/test_chinese.py tests the texts of alerts, tests/alerting/test_messengers.py those of
messages.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests

from exporter.alerting import catalog
from exporter.simulator.http_server import SimulatorServer
from tests.e2e.apps import exporter_of, still_app
from tests.e2e.processes import run_exporter, url_of
from tests.faults.faults import Fault
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

ENGLISH = re.compile(r"(?:[a-z]+ ){3,}[a-z]+")
"""Four words in a row: no name, no code, and no text of HTTP's or of the API's."""

SIGNATURE_WRONG = 100000005


class Prose(HTMLParser):
    """Collects what a page shows, code left out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _: object) -> None:
        """Leave out what is not prose."""
        self._hidden += tag in ("style", "script", "code", "pre")

    def handle_endtag(self, tag: str) -> None:
        """Go on after it."""
        self._hidden -= tag in ("style", "script", "code", "pre")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._hidden:
            self.texts.append(data)


def shown(url: str) -> str:
    """Return the prose of a page."""
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200, url
    prose = Prose()
    prose.feed(answer.text)
    return "\n".join(prose.texts)


def test_no_english_sentence_is_left(tmp_path: Path) -> None:
    """On the status page and the runbooks, and in what `check --live` and `tasks` print."""
    vod, lessons = still_app(12, name="vod"), still_app(3, app_id=2, name="lessons")
    vod.faults.switch_on(Fault.CODE, SIGNATURE_WRONG)
    lessons.faults.switch_on(Fault.HTTP_STATUS, 503)
    with SimulatorServer((vod, lessons)) as server, exporter_of(server, tmp_path) as exporter:
        url = url_of(exporter)
        pages = [f"{url}/runbooks/{alert.name}?lang=zh" for alert in catalog.ALERTS]
        status = f"{url}/?lang=zh"
        wait_until(lambda: "503" in shown(status) and "拒绝了签名" in shown(status), "failures")
        texts = {page: shown(page) for page in (status, *pages)}
        for command in (("check", "--live"), ("tasks",)):
            done = run_exporter(tmp_path, *command, "--language", "zh")
            assert done.returncode == 1
            printed = (done.stdout + done.stderr).splitlines()
            # The log stays English: people search for its lines.
            texts[command[0]] = "\n".join(line for line in printed if not line.startswith("ts="))

    assert "处理方法" in texts[status]
    assert "请确认 server_secret" in texts["check"]
    assert "请确认 server_secret" in texts["tasks"]
    assert {
        place: ENGLISH.findall(text) for place, text in texts.items() if ENGLISH.search(text)
    } == {}
