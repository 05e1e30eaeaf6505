"""The Chinese dashboards: the English ones in other words, with no English word left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from exporter.errors import FAILURE_REASONS
from exporter.zego.callbacks import FAILURE_WORDS
from grafana.generator.chinese import CHINESE
from grafana.generator.english import ENGLISH
from tests.grafana.boards import ENGLISH_NAMES, NAMES, load, looks, overrides, panels
from tests.translation import lost_facts
from tests.typography import NARROW_PUNCTUATION, WITHOUT_SPACE

NOT_TRANSLATED = {
    "API",
    "Exporter",
    "ID",
    "Prometheus",
    "Python",
    "ZEGO",
    "docs/alerts.zh-CN.md",
    "h",
    "other",
    "p50",
    "p90",
    "p99",
    "requests_per_second",
    "stale_after",
    "tasks.expiry_windows",
    "tasks.limit",
    "tasks.source_hosts",
}
"""Names, which are the same in every language."""

WORDS_OF = {
    "description",
    "displayName",
    "label",
    "legendFormat",
    "name",
    "noValue",
    "text",
    "title",
    "titleFormat",
    "tooltip",
}
"""Keys of a dashboard's JSON whose value a reader sees."""

LATIN = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)


@pytest.fixture(name="english_name", params=ENGLISH_NAMES)
def english_name_fixture(request: pytest.FixtureRequest) -> str:
    """Return the name of one English dashboard; tests run for each."""
    return str(request.param)


def texts(board: dict[str, Any]) -> Iterator[str]:
    """Yield our texts on the dashboard, without placeholders."""
    found = [board["title"], board["description"]]
    found += [text for link in board["links"] for text in (link["title"], link["tooltip"])]
    found += [variable["label"] for variable in board["templating"]["list"]]
    for entry in board["annotations"]["list"]:
        if not entry["builtIn"]:
            found += [entry["name"], entry["titleFormat"]]
    found += [panel["title"] for panel in board["panels"]]
    for panel in panels(board):
        found.append(panel["description"])
        found += [target["legendFormat"] for target in panel["targets"]]
        found += [text for look in looks(panel) for text in words_of_look(look)]
    for text in found:
        yield re.sub(r"\{\{\w+\}\}|__auto", "", text)


def words_of_look(look: dict[str, Any]) -> Iterator[str]:
    """Yield the words in a panel's defaults or in an override: names, links, values, units."""
    yield from (look[key] for key in ("displayName", "noValue") if key in look)
    yield from (link["title"] for link in look.get("links", []))
    for mapping in look.get("mappings", []):
        yield from (result["text"] for result in mapping["options"].values())
    if look.get("unit", "").startswith("suffix:"):
        yield look["unit"].removeprefix("suffix:")


def structure(part: Any) -> Any:
    """Return a dashboard, or a part of it, without its words and its language's uid."""
    if isinstance(part, dict):
        return {key: structure(value) for key, value in part.items() if key not in WORDS_OF}
    if isinstance(part, list):
        kept = (entry for entry in part if not is_words(entry))
        return [structure(entry) for entry in kept]
    if isinstance(part, str):
        return (
            re.sub(r"^suffix:.*", "suffix:", part).replace("-zh", "").replace("lang=zh", "lang=en")
        )
    return part


def is_words(entry: Any) -> bool:
    """Tell whether a property of an override holds nothing but words, or links with titles."""
    return isinstance(entry, dict) and entry.get("id") in {"displayName", "noValue"}


def test_each_dashboard_exists_in_both_languages() -> None:
    """Each English dashboard has a Chinese one beside it, and there is no other one."""
    assert len(ENGLISH_NAMES) > 1
    assert set(NAMES) == {name + suffix for name in ENGLISH_NAMES for suffix in ("", "-zh")}


def test_only_words_differ(english_name: str) -> None:
    """Queries, layout, colours and links are those of the English dashboard."""
    assert structure(load(f"{english_name}-zh")) == structure(load(english_name))


def test_both_languages_fit_into_one_grafana() -> None:
    """Provisioned into one folder, no two dashboards have a uid or a title in common."""
    boards = [load(name) for name in NAMES]
    for key in ("uid", "title"):
        assert len({board[key] for board in boards}) == len(boards)


def test_links_stay_within_the_language(english_name: str) -> None:
    """A Chinese dashboard leads to Chinese ones only."""
    linked = set(re.findall(r"/d/([\w-]+)", str(load(f"{english_name}-zh"))))
    assert linked
    assert all(uid.endswith("-zh") for uid in linked)


def test_no_english_word_is_left(english_name: str) -> None:
    """Only names have Latin letters."""
    left = {word for text in texts(load(f"{english_name}-zh")) for word in LATIN.findall(text)}
    assert left <= NOT_TRANSLATED


def test_no_fact_is_lost_in_translation() -> None:
    """A panel's text has the numbers, names and things of the English one."""
    assert ENGLISH.panels.keys() == CHINESE.panels.keys()
    for key, panel in ENGLISH.panels.items():
        assert lost_facts(panel.description, CHINESE.panels[key].description) == set(), key


def test_reasons_are_translated(english_name: str) -> None:
    """Wherever a reason is shown, in a cell, a legend or a tile, it has its words."""
    reasons = {*FAILURE_REASONS, *FAILURE_WORDS}
    shown = 0
    for panel in panels(load(f"{english_name}-zh")):
        columns = dict(overrides(panel))
        legends = {target["legendFormat"] for target in panel["targets"]}
        if "{{reason}}" in legends:
            assert all("displayName" in columns.get(reason, {}) for reason in reasons)
            shown += 1
        cells = [columns["reason"]] if "reason" in columns and panel["type"] == "table" else []
        if panel["options"].get("reduceOptions", {}).get("fields") == "/^reason$/":
            cells.append(panel["fieldConfig"]["defaults"])
        for look in cells:
            (mapping,) = look["mappings"]
            assert mapping["options"].keys() == reasons
            shown += 1
    assert shown or "weeks" in english_name


def test_every_listed_name_occurs() -> None:
    """The list of names holds none that no Chinese dashboard has."""
    found = {
        word
        for name in ENGLISH_NAMES
        for text in texts(load(f"{name}-zh"))
        for word in LATIN.findall(text)
    }
    assert found == NOT_TRANSLATED


@pytest.mark.parametrize("rule", [NARROW_PUNCTUATION, WITHOUT_SPACE], ids=["width", "space"])
def test_typography(english_name: str, rule: re.Pattern[str]) -> None:
    """Chinese text has full-width punctuation, and a space between it and letters or digits."""
    assert [text for text in texts(load(f"{english_name}-zh")) if rule.search(text)] == []
