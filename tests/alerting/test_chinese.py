"""The Chinese texts of alerts are Chinese throughout."""

from __future__ import annotations

import re

import pytest

from exporter.alerting.catalog import ALERTS, LANGUAGES
from exporter.alerting.model import Alert
from exporter.zego.callbacks import FAILURE_WORDS
from tests.typography import NARROW_PUNCTUATION, WITHOUT_SPACE

TEXTS = LANGUAGES["zh"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_chinese_text_is_chinese(alert: Alert) -> None:
    """No English sentence is left in it, and its punctuation is Chinese."""
    text = TEXTS.alerts[alert.name]
    whole = f"{text.summary}\n{text.description}"
    shown = re.sub(r"\{(?:window|age|span|hold|within|memory)\}", "一", whole)
    prose = re.sub(r"\{\w+\}|zego-upload-exporter [\w -]+", "x", shown)

    assert not re.search(r"(?:[a-z]+ ){3,}[a-z]+", prose)
    assert not NARROW_PUNCTUATION.search(prose)
    assert not WITHOUT_SPACE.search(prose)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("1d 2h 3m 4s", "1 天 2 小时 3 分钟 4 秒"), ("15.5s", "15.5 秒"), ("120ms", "120 毫秒")],
)
def test_a_span_has_chinese_units(written: str, expected: str) -> None:
    """Prometheus writes spans with letters; the rules replace them one after the other."""
    for letter, unit in TEXTS.units.items():
        written = re.sub(letter, unit, written)

    assert written == expected


def test_every_failure_reason_has_its_chinese_word() -> None:
    """The person on call reads why an upload failed."""
    assert set(FAILURE_WORDS) <= set(TEXTS.words)
