"""The documents name every flag, key, variable, alert, path and library, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generator.configuration import ENVIRONMENT
from exporter.alerting import catalog
from exporter.alerting.model import BUDGET_ALERT
from exporter.config import (
    AppSettings,
    CollectionSettings,
    HistorySettings,
    TaskSettings,
    WebSettings,
)
from exporter.config.app import Section
from exporter.flags import describe_flags
from tests.docs.pages import PAGES, ROOT, prose, read

CONFIGURATION = read(ROOT / "docs" / "configuration.md")
WHOLE = "\n".join(read(page) for page in PAGES)
SECTIONS: dict[str, type[Section]] = {
    "apps[]": AppSettings,
    "collection": CollectionSettings,
    "tasks": TaskSettings,
    "history": HistorySettings,
    "web": WebSettings,
}
KEYS = {f"{place}.{key}" for place, section in SECTIONS.items() for key in section.model_fields}
FLAGS = {
    name
    for flags in describe_flags().values()
    for flag, _ in flags
    for name in re.findall(r"(?<!\w)--[a-z][\w.-]*", flag)
}
OTHERS_FLAGS = {"--update-golden", "--web.systemd-socket"}
"""Flags of other programs that a text names."""

ALERTS = {alert.name for alert in catalog.ALERTS} | {BUDGET_ALERT}
ENDPOINTS = ("/metrics", "/-/healthy", "/-/ready", "/-/reload", "/callback/", "/api/v1/apps")
PYPROJECT = read(ROOT / "pyproject.toml")
LIBRARIES = re.findall(r'^    "([A-Za-z][\w-]*)[><=]=', PYPROJECT, re.MULTILINE)


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_has_its_row(key: str) -> None:
    """A key is described where all keys are."""
    assert f"| `{key}` |" in CONFIGURATION


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_every_flag_has_its_row(flag: str) -> None:
    """A flag is described where all flags are."""
    assert re.search(rf"^\| `[^`]*{re.escape(flag)}\b", CONFIGURATION, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_every_variable_occurs_in_the_program(name: str) -> None:
    """The table of variables is written by hand: it names only what is read."""
    program = [path.read_text("utf-8") for path in (ROOT / "exporter").rglob("*.py")]

    assert any(f'"{name}"' in text for text in program)
    assert f"| `{name}` |" in CONFIGURATION


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_every_alert_has_its_section(alert: str) -> None:
    """The person on call finds it."""
    assert f"\n## {alert}\n" in read(ROOT / "docs" / "alerts.md")


def test_the_readme_lists_the_alerts_that_page() -> None:
    """Those of the severity `critical`, all of them, in the order of the rules."""
    critical = [alert.name for alert in catalog.ALERTS if alert.severity == "critical"]

    assert (
        re.findall(r"^\| `(ZegoUpload\w+)` \|", read(ROOT / "README.md"), re.MULTILINE) == critical
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_address_occurs(endpoint: str) -> None:
    """Every endpoint is described."""
    assert f"{endpoint}" in WHOLE


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_has_its_reason(library: str) -> None:
    """`docs/development.md` gives the reason for each."""
    text = read(ROOT / "docs" / "development.md").lower()

    assert library.lower() in text


def test_the_list_of_libraries_is_not_empty() -> None:
    """The pattern that finds them still works."""
    assert {"prometheus-client", "pydantic", "hypothesis"} <= set(LIBRARIES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_what_exists(page: Path) -> None:
    """In code spans: dotted keys, flags; anywhere: alerts."""
    spans = re.findall(r"`([^`\n]+)`", prose(page))
    keys = re.findall(
        r"(?<![\w/.-])(?:apps\[\]|collection|tasks|history|web)\.[a-z_]+\b(?!\()",
        " ".join(span for span in spans if not span.startswith("--")),
    )
    flags = [flag for span in spans for flag in re.findall(r"^(--[a-z][\w.-]*)", span)]

    assert {key for key in keys if not key.endswith((".py", ".md", ".sqlite"))} <= KEYS
    assert set(flags) <= FLAGS | OTHERS_FLAGS
    assert set(re.findall(r"\bZegoUpload[A-Z]\w+", read(page))) <= ALERTS
