"""The committed dashboards are what the generator writes."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pytest

from grafana.generator.english import ENGLISH
from grafana.generator.texts import PanelText, Texts
from tests.grafana.boards import FILES, looks, panels

Value = TypeVar("Value")
SDK = "grafana_foundation_sdk"


@pytest.fixture(name="generator", scope="module")
def generator_fixture() -> Any:
    """Return the generator; it needs Python 3.11 and the SDK, users of the dashboards do not."""
    if importlib.util.find_spec(SDK) is None:
        hint = "grafana-foundation-sdk is not installed: pip install --editable '.[dev]'"
        if os.environ.get("REQUIRE_REAL_COMPONENTS") == "1":
            pytest.fail(hint)
        pytest.skip(hint)
    return importlib.import_module("grafana.generator.__main__")


class Noticing(Mapping[str, Value]):
    """A mapping that notes which of its keys were read."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Value:
        self.read.add(key)
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def test_committed_is_generated(generator: Any) -> None:
    """The files hold exactly what the generator writes now, and there is no other one."""
    generated = dict(generator.generate())
    assert tuple(sorted(generated)) == FILES
    for path, text in generated.items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m grafana.generator"


def test_generator_is_deterministic(generator: Any) -> None:
    """Two runs write the same."""
    assert dict(generator.generate()) == dict(generator.generate())


def test_no_text_is_left_over(generator: Any) -> None:
    """Every text of a language is used."""
    panels, words = Noticing(ENGLISH.panels), Noticing(ENGLISH.words)
    texts = dataclasses.replace(ENGLISH, panels=panels, words=words)
    for build in generator.BOARDS:
        generator.to_json(build(texts), texts)
    assert set(panels) == panels.read
    assert set(words) == words.read


def test_structure_holds_no_words(generator: Any) -> None:
    """Another table of texts changes every word that a reader sees, and the uids."""
    texts = foreign()
    for build in generator.BOARDS:
        board = json.loads(generator.to_json(build(texts), texts))
        words = [board["title"], board["description"]]
        words += [link["title"] for link in board["links"]]
        words += [variable["label"] for variable in board["templating"]["list"]]
        words += [entry["name"] for entry in board["annotations"]["list"] if not entry["builtIn"]]
        words += [panel["title"] for panel in board["panels"]]
        for panel in panels(board):
            words += [panel["description"], panel["fieldConfig"]["defaults"]["noValue"]]
            words += [look["displayName"] for look in looks(panel) if "displayName" in look]
            words += [
                result["text"]
                for look in looks(panel)
                for mapping in look.get("mappings", [])
                for result in mapping["options"].values()
            ]
        assert all(word.startswith("~") for word in words), words
        assert board["uid"].endswith("-xx")
        assert all(link["url"].endswith("-xx") for link in board["links"])


def foreign() -> Texts:
    """Return the texts of a language that puts a tilde before every English text."""
    return Texts(
        uid_suffix="-xx",
        language="xx",
        panels={
            key: PanelText(f"~{text.title}", f"~{text.description}", f"~{text.no_value}")
            for key, text in ENGLISH.panels.items()
        },
        words={key: f"~{word}" for key, word in ENGLISH.words.items()},
        statuses={key: f"~{word}" for key, word in ENGLISH.statuses.items()},
        reasons={key: f"~{word}" for key, word in ENGLISH.reasons.items()},
    )


def test_languages_say_the_same(generator: Any) -> None:
    """Every language has the texts of the English one, no more, and a dashboard uid of its own."""
    for texts in generator.LANGUAGES:
        assert set(texts.panels) == set(ENGLISH.panels)
        assert set(texts.words) == set(ENGLISH.words)
        assert set(texts.statuses) == set(ENGLISH.statuses)
        assert set(texts.reasons) == set(ENGLISH.reasons)
    suffixes = [texts.uid_suffix for texts in generator.LANGUAGES]
    assert len(set(suffixes)) == len(suffixes)
