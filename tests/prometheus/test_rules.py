"""The rules are valid and complete, and each alert has a firing and a quiet test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.components import GENERATIONS, SHORTLY_CURRENT
from tests.prometheus import rule_files
from tests.prometheus.rule_files import (
    CHINESE_RULE_FILES,
    PROMETHEUS,
    RULE_FILES,
    TEST_FILES,
    Case,
    Rule,
)

ALERTS = rule_files.rules("alert")
RECORDS = rule_files.rules("record")
METRIC = re.compile(r"\b(?:zego_upload_\w+|up\b)")
RUNBOOK = "docs/alerts.md#"


def name_of(rule: Rule) -> str:
    """Return the id of a parametrised case: two alerts may share a name, not a severity as well."""
    return f"{rule['alert']}-{rule['labels']['severity']}"


LONG = {"days.yaml", "more.yaml", "whole.yaml"}
"""Files with many cases or cases of days: seconds of CPU each."""

each_alert = pytest.mark.parametrize("rule", ALERTS, ids=name_of)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    "path", [*RULE_FILES, *CHINESE_RULE_FILES], ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_promtool_accepts_the_rules(path: Path, generation: str) -> None:
    """The rule files load without an error or a warning about duplicates."""
    result = rule_files.promtool("check", "rules", path, generation=generation)

    assert result.returncode == 0, result.stdout
    assert "duplicate" not in result.stdout


@pytest.mark.e2e
@pytest.mark.parametrize("generation", SHORTLY_CURRENT)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.name, marks=pytest.mark.long if path.name in LONG else ())
        for path in TEST_FILES
    ],
)
def test_promtool_tests_pass(path: Path, generation: str) -> None:
    """Every promtool unit test of the rules passes, on Prometheus 2 and on 3."""
    result = rule_files.promtool("test", "rules", path, generation=generation)

    assert result.returncode == 0, result.stdout


def test_the_example_configuration_is_valid() -> None:
    """Prometheus accepts the example and finds the rules from it."""
    result = rule_files.promtool("check", "config", "prometheus.example.yml")

    assert result.returncode == 0, result.stdout
    assert f"{len(RULE_FILES)} rule files found" in result.stdout


def expected_severities(case: Case) -> set[str]:
    """Return the severities in which the alert of a promtool case is expected."""
    return {alert["exp_labels"]["severity"] for alert in case.get("exp_alerts", [])}


@each_alert
def test_every_alert_has_a_firing_case(rule: Rule) -> None:
    """A promtool test holds the alert with its labels and its whole text."""
    cases = [case for _, test in rule_files.promtool_tests() for case in alert_cases(test, rule)]

    assert any(rule["labels"]["severity"] in expected_severities(case) for case in cases)


@each_alert
def test_every_alert_has_a_quiet_case(rule: Rule) -> None:
    """A promtool test has the alert's own metrics and expects it not to fire."""
    metrics = set(METRIC.findall(rule["expr"]))
    quiet = [
        case
        for _, test in rule_files.promtool_tests()
        if metrics <= {series["series"].split("{")[0] for series in test["input_series"]}
        for case in alert_cases(test, rule)
        if rule["labels"]["severity"] not in expected_severities(case)
    ]

    assert quiet


def alert_cases(test: Case, rule: Rule) -> list[Case]:
    """Return the cases of a promtool test that are about this alert."""
    cases: list[Case] = test.get("alert_rule_test", [])
    return [case for case in cases if case["alertname"] == rule["alert"]]


@pytest.mark.parametrize("rule", RECORDS, ids=lambda rule: rule["record"])
def test_every_recording_rule_is_named_by_the_convention_and_tested(rule: Rule) -> None:
    """A recorded name is level:metric:operations, and a promtool test holds its value."""
    level, metric, operations = rule["record"].split(":")
    tested = [
        case["expr"]
        for _, test in rule_files.promtool_tests()
        for case in test.get("promql_expr_test", [])
        if case["exp_samples"]
    ]

    assert level.startswith("job_zego_app")
    assert metric.startswith("zego_upload_")
    assert re.fullmatch(r"(max|ratio|increase|ratio_(rate|increase))(\d+[mhd])?", operations)
    assert any(rule["record"] in expr for expr in tested)


@each_alert
def test_every_alert_has_what_an_operator_needs(rule: Rule) -> None:
    """Name, severity and annotations follow the conventions that routing and receivers rely on."""
    annotations = rule["annotations"]

    assert re.fullmatch(r"ZegoUpload([A-Z][a-z]+)+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert rule["labels"]["component"] in {"uploads", "collection", "exporter"}
    assert set(annotations) == {"summary", "description", "runbook_url", "dashboard"}
    assert "\n" not in annotations["summary"]
    assert annotations["runbook_url"] == RUNBOOK + rule["alert"].lower()
    assert annotations["dashboard"].startswith("/d/zego-uploads/")


def test_no_rule_depends_on_the_name_of_a_job() -> None:
    """Users name their scrape jobs as they like."""
    assert not [rule for rule in ALERTS + RECORDS if re.search(r"job\s*[=!]", rule["expr"])]


def test_the_folder_holds_no_files_that_are_not_tested() -> None:
    """A rule or test file with another ending would not be loaded."""
    found = {
        path
        for folder in ("rules", "rules-zh", "tests")
        for path in (PROMETHEUS / folder).iterdir()
    }

    assert found == {*RULE_FILES, *CHINESE_RULE_FILES, *TEST_FILES}
