"""The runbook has a complete section for each alert."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from exporter.alerting import catalog
from exporter.alerting.model import BUDGET_ALERT, Alert
from tests.prometheus import rule_files
from tests.prometheus.rule_files import PROMETHEUS, ROOT, Rule

ALERTS = rule_files.rules("alert")
RUNBOOK = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
SECTIONS = {
    title: text
    for title, text in re.findall(r"^## (\S+)\n(.*?)(?=^#|\Z)", RUNBOOK, re.DOTALL | re.MULTILINE)
    if title.startswith("ZegoUpload")
}
NAMES = {*(alert.name for alert in catalog.ALERTS), BUDGET_ALERT}
FENCED = re.compile(r"```promql\n(.*?)```", re.DOTALL)


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    """No alert is without a runbook, and no section is about a removed alert."""
    assert set(SECTIONS) == NAMES


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_the_runbook_url_leads_to_the_section(rule: Rule) -> None:
    """GitHub's anchor of a heading is its text in lower case."""
    _, _, anchor = rule["annotations"]["runbook_url"].partition("docs/alerts.md#")

    assert anchor in {title.lower() for title in SECTIONS}


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_has_everything_for_the_person_on_call(title: str) -> None:
    """The four parts come in this order, none of them empty."""
    parts = re.findall(r"^\*\*([\w ]+)\.\*\*\s+[^*\s]", SECTIONS[title], re.MULTILINE)

    assert parts == ["Meaning", "Look at", "Do", "Tune"]


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_names_only_what_exists(title: str) -> None:
    """Links lead to sections, and alerts are ours."""
    text = SECTIONS[title]

    assert set(re.findall(r"\(#(\w+)\)", text)) <= {name.lower() for name in NAMES}
    assert set(re.findall(r"ZegoUpload\w+", text)) <= NAMES


@pytest.mark.parametrize("alert", catalog.ALERTS, ids=lambda alert: alert.name)
def test_a_section_names_every_threshold(alert: Alert) -> None:
    """The section names everything that tunes the alert."""
    _, _, tune = SECTIONS[alert.name].partition("**Tune.**")

    assert set(alert.thresholds) <= set(re.findall(r"`(\w+)`", tune)) | set(
        re.findall(rf"{alert.name}\.(\w+)", tune)
    )


def test_prometheus_understands_the_queries_of_the_runbook(tmp_path: Path) -> None:
    """Every line of PromQL could be pasted: as the expression of a rule it is accepted."""
    queries = [line for block in FENCED.findall(RUNBOOK) for line in block.splitlines()]
    recorded = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(queries)]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "runbook", "rules": recorded}]}))

    result = rule_files.promtool("check", "rules", path)

    assert result.returncode == 0, result.stdout
    assert f"{len(queries)} rules found" in result.stdout


def test_the_example_files_that_the_runbook_names_exist() -> None:
    """Paths below `prometheus/` in the text are real."""
    for path in set(re.findall(r"prometheus/[\w/.-]+\w", RUNBOOK)):
        assert (PROMETHEUS.parent / path).exists(), path


@pytest.mark.parametrize(
    ("name", "off"),
    [("alerts.md", " (off)"), ("alerts.zh-CN.md", "（关闭）")],  # noqa: RUF001 - Chinese
)
def test_the_table_of_thresholds_is_complete(name: str, off: str) -> None:
    """Every alert with its severity, its `for` and the default of each threshold."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for alert in catalog.ALERTS:
        thresholds = " ".join(
            f"`{key}={each.default}`" if each.default else f"`{key}`{off}"
            for key, each in alert.thresholds.items()
        )
        cells = (f"`{alert.severity}`", f"`{alert.hold}`" if alert.hold else "", thresholds)
        row = f"| [{alert.name}](#{alert.name.lower()}) | {' | '.join(cells)} |"
        assert re.sub(r" {2,}", " ", row) in text
