"""Every alert has the same facts in every language."""

from __future__ import annotations

import re

import pytest

from exporter.alerting.catalog import ALERTS, LANGUAGES
from exporter.alerting.model import Alert, AlertText, Texts
from exporter.alerting.rules import annotations_of
from exporter.alerting.tuning import Tuning, tuning
from tests.translation import lost_facts

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
ENGLISH, CHINESE = LANGUAGES["en"], LANGUAGES["zh"]

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
each_language = pytest.mark.parametrize("language", LANGUAGES)


def everything_on(language: str) -> Tuning:
    """Return a tuning in which the alerts that are off by default are on."""
    return tuning(language=language, watch="a.+", threshold=["ZegoUploadNoNewUploads.window=6h"])


def placeholders(text: AlertText) -> tuple[list[str], list[str]]:
    """Return the placeholders of a text, sorted."""
    return (
        sorted(PLACEHOLDER.findall(text.summary)),
        sorted(set(PLACEHOLDER.findall(text.description))),
    )


@each_language
def test_every_language_has_every_text(language: str) -> None:
    """Neither a missing text nor one of a removed alert."""
    texts = LANGUAGES[language]

    assert set(texts.alerts) == {alert.name for alert in ALERTS}
    assert set(texts.objective) == set(ENGLISH.objective)
    assert set(texts.lines) == set(ENGLISH.lines)
    assert set(texts.messages) == set(ENGLISH.messages)
    assert set(texts.durations) == set("smhd")


@each_alert
def test_no_placeholder_is_lost_in_translation(alert: Alert) -> None:
    """Both languages name the same values and lists."""
    english = placeholders(ENGLISH.alerts[alert.name])
    chinese = placeholders(CHINESE.alerts[alert.name])

    assert english[0] == chinese[0]
    assert english[1] == chinese[1]
    assert set(alert.listings) <= set(english[1])


@pytest.mark.parametrize("key", ENGLISH.lines)
def test_no_placeholder_of_a_line_is_lost_in_translation(key: str) -> None:
    """The same holds for the lines of lists."""
    assert sorted(PLACEHOLDER.findall(ENGLISH.lines[key])) == sorted(
        PLACEHOLDER.findall(CHINESE.lines[key])
    )


@each_alert
def test_no_fact_is_lost_in_translation(alert: Alert) -> None:
    """Numbers, return codes, flags, keys and things to look at are in both languages."""
    english, chinese = ENGLISH.alerts[alert.name], CHINESE.alerts[alert.name]

    assert lost_facts(english.summary, chinese.summary) == set()
    assert lost_facts(english.description, chinese.description) == set()


@pytest.mark.parametrize("table", ["objective", "lines"])
def test_no_fact_of_another_text_is_lost_in_translation(table: str) -> None:
    """Placeholders, numbers and commands are in both languages."""
    english, chinese = getattr(ENGLISH, table), getattr(CHINESE, table)

    assert {key: lost for key in english if (lost := lost_facts(english[key], chinese[key]))} == {}


@each_language
@each_alert
def test_a_rendered_text_has_neither_placeholders_nor_tokens(alert: Alert, language: str) -> None:
    """Prometheus gets its own template syntax, with every value filled in."""
    for text in annotations_of(alert, everything_on(language)).values():
        without_queries = re.sub(r"`[^`]*`", "", re.sub(r"\{\{.*?\}\}", "", text))
        assert not re.search(r"\{[a-z_]+\}|<[a-z_]+>", without_queries), text
        assert not re.search(r"<[a-z_]+>", text), text


@pytest.mark.parametrize(("texts", "name"), [(ENGLISH, "English"), (CHINESE, "Chinese")])
def test_texts_are_in_plain_words(texts: Texts, name: str) -> None:
    """Words that the project's style avoids."""
    everything = " ".join(f"{t.summary} {t.description}" for t in texts.alerts.values())

    assert not re.search(r"\banew\b|\bmend\b|并发名额|一刻钟|采集已挂起", everything), name
