"""Every metric that rules, their tests, the runbook and the dashboards name is exposed by us."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.metrics import METRICS
from tests.grafana.boards import FILES as DASHBOARDS
from tests.prometheus import rule_files
from tests.prometheus.rule_files import ROOT, RULE_FILES, TEST_FILES

PROMETHEUS_OWN = re.compile(r"up|scrape_\w+|process_\w+|ALERTS")
TARGET_LABELS = frozenset({"job", "instance", "pod", "node"})
"""Added by Prometheus at the scrape."""

FILES = (*RULE_FILES, *TEST_FILES, ROOT / "docs" / "alerts.md", *DASHBOARDS)
NAME = re.compile(r"(?<![\w:])zego_upload_\w+(?![\w:])")
RECORDED = re.compile(r"\b\w+:\w+:\w+\b")


def exposed() -> set[str]:
    """Return the names of all series of the exporter's own."""
    plain = {metric.name for metric in METRICS if metric.kind != "histogram"}
    histograms = [metric.name for metric in METRICS if metric.kind == "histogram"]
    parts = {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}
    return plain | parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_metric_that_a_file_names_exists(path: Path) -> None:
    """Prometheus reports no error for a misspelled name: it finds nothing, forever."""
    named = set(NAME.findall(path.read_text(encoding="utf-8")))

    assert named
    assert named <= exposed()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_recorded_name_that_a_file_names_has_its_rule(path: Path) -> None:
    """Names with colons are those of our recording rules."""
    records = {rule["record"] for rule in rule_files.rules("record")}
    optional = (rule_files.PROMETHEUS / "slo" / "zego-uploads.slo.yaml").read_text(encoding="utf-8")
    records |= set(re.findall(r"- record: (\S+)", optional))
    named = set(RECORDED.findall(path.read_text(encoding="utf-8")))

    assert {name for name in named if ":zego_" in name} <= records


def test_the_series_of_the_promtool_tests_are_ours_or_of_prometheus() -> None:
    """A rule is tested with the series, and the labels, that it will meet."""
    allowed = {metric.name: {"zego_app", *metric.labels} for metric in METRICS}
    for _, test in rule_files.promtool_tests():
        for series in test["input_series"]:
            name, _, labels = series["series"].partition("{")
            names = set(re.findall(r"(\w+)=", re.sub(r'"[^"]*"', "", labels)))
            assert name in exposed() or PROMETHEUS_OWN.fullmatch(name), name
            assert names - TARGET_LABELS <= allowed.get(name, set()), series["series"]
