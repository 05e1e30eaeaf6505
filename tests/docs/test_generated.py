"""Generated files are up to date; the schema describes the configuration."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from docs.generator import configuration, metrics
from docs.generator.chinese import TEXTS
from docs.generator.files import generated
from tests.docs.pages import ROOT
from tests.translation import lost_facts

SCHEMA = ROOT / "docs" / "config.schema.json"
EXAMPLE = ROOT / "config.example.yaml"
CORPUS = ROOT / "tests" / "config" / "corpus"


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_a_committed_file_is_what_the_generator_writes(path: Path) -> None:
    """`make docs` was run after the last change of the code."""
    assert path.read_text(encoding="utf-8") == generated()[path]


def test_the_chinese_texts_are_those_of_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text is translated, and no translation belongs to a changed or removed text."""
    translated: set[str] = set()

    def say(text: str) -> str:
        translated.add(text)
        return text

    for module in (configuration, metrics):
        monkeypatch.setattr(module, "texts_in", lambda _: say)
    configuration.configuration_page("en")
    metrics.metrics_page("en")

    assert sorted(translated) == sorted(TEXTS)


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_code_and_placeholders_survive_the_translation(text: str) -> None:
    """Code, placeholders and numbers are the same in both languages."""
    kept = re.compile(r"`[^`]*`|\{\w*\}|\$\{NAME\}|[a-z]+_[a-z_]+|[A-Z]{2,}[A-Z_]+|/[a-z-]+|\d+")

    found = Counter(kept.findall(TEXTS[text]))
    assert not Counter(kept.findall(text)) - found
    assert lost_facts(text, TEXTS[text]) == set()


def validator() -> jsonschema.Draft202012Validator:
    """Return a validator of the committed schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_example_names_the_schema_and_follows_it() -> None:
    """An editor finds the schema of the example, and no error in it."""
    text = EXAMPLE.read_text(encoding="utf-8")
    first = text.splitlines()[0]

    assert first == "# yaml-language-server: $schema=docs/config.schema.json"
    validator().validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "mistake",
    [
        "collection: {interval: 1m}",
        "apps: [{app_id: 1, server_secret: x, reigon: sha}]",
        "apps: [{app_id: 4294967296, server_secret: x}]",
        "apps: [{app_id: 1, server_secret: x, region: eu}]",
        "apps: [{app_id: 1, server_secret: x}]\ncollection: {page_size: 51}",
        "apps: [{app_id: 1, server_secret: x}]\ncollection: {interval: soon}",
    ],
)
def test_an_editor_sees_a_mistake(mistake: str) -> None:
    """The schema refuses what the program refuses, as far as a schema can."""
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(yaml.safe_load(mistake))
