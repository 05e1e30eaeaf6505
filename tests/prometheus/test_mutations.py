"""Deliberate mistakes in the rules: each must make the promtool tests fail.

Only the changed alert and the cases that name it are run, so that a mistake costs a fraction of a
second. All of them are many, and are run with the slow tests (e2e): they test tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prometheus import rule_files
from tests.prometheus.rule_files import Case, Rule

pytestmark = pytest.mark.e2e

MISTAKES = [
    ("ZegoUploadFailed", "[30m]", "[1h]"),  # does not end in time
    ("ZegoUploadFailed", "[30m]", "[5m]"),  # ends too early
    ("ZegoUploadFailed", "increase", "delta"),  # a restart looks like something
    ("ZegoUploadFailed", 'to="failed"', 'to=~".+"'),
    ("ZegoUploadFailed", "sum without", "max without"),  # forgets one of two statuses
    ("ZegoUploadFailed", "max by (job, zego_app)", "sum by (job, zego_app)"),  # replicas twice
    ("ZegoUploadFailed", "[6h] offset 30m", "[6h]"),  # names nothing
    (
        "ZegoUploadFailed",
        "last_over_time(%[2]s[6h] offset 30m)",
        "%[2]s offset 30m",
    ),  # names old ones
    ("ZegoUploadFailureRatioHigh", "> 0.25", ">= 0.25"),
    ("ZegoUploadFailureRatioHigh", "> 2.5", "> 1.5"),
    ("ZegoUploadFailureRatioHigh", "and", "or"),
    ("ZegoUploadQueueStalled", "== 0", "> 0"),
    ("ZegoUploadQueueStalled", "min by", "max by"),
    ("ZegoUploadStuckWaiting", "> 1800", ">= 1800"),
    ("ZegoUploadStuckWaiting", "min by", "max by"),
    ("ZegoUploadStuckUploading", 'status="uploading"', 'status="waiting"'),
    ("ZegoUploadRetryingLong", "> 7200", "> 7000"),
    ("ZegoUploadRetryingOften", "waiting|uploading|waiting_retry", ".+"),
    ("ZegoUploadRetryingOften", ">= 3", "> 3"),
    ("ZegoUploadSlotsFull", "last_over_time(zego_upload_slots_used[5m])", "zego_upload_slots_used"),
    ("ZegoUploadSlotsFull", ">= 1", "> 1"),
    ("ZegoUploadExpiringSoon", "< 21600", "<= 21600"),
    ("ZegoUploadExpiringSoon", "< 86400", "< 90000"),
    ("ZegoUploadExpiringSoon", "[5m]) - time() > 0", "[5m]) - time()"),  # the past counts
    ("ZegoUploadExpiringSoon", "time() > 0 < 21600", "time() < 21600"),  # names what is past
    ("ZegoUploadExpired", "max by (job, zego_app)", "sum by (job, zego_app)"),
    ("ZegoUploadDuplicateTitles", "> 0", ">= 0"),
    ("ZegoUploadCollectionFailing", "max_over_time(zego_upload_up[5m])", "zego_upload_up"),
    ("ZegoUploadCollectionFailing", "max by", "min by"),
    ("ZegoUploadCredentialsRefused", "> 1.5", "> 0"),
    ("ZegoUploadApiErrorRateHigh", "> 0.25", ">= 0.25"),
    ("ZegoUploadApiErrorRateHigh", "== 1", ">= 0"),  # speaks about an outage as well
    (
        "ZegoUploadApiErrorRateHigh",
        "max by (job, zego_app) (max_over",
        "min by (job, zego_app) (max_over",
    ),
    ("ZegoUploadDataStale", "max by", "min by"),
    ("ZegoUploadClockSkew", "abs", ""),
    ("ZegoUploadRateLimitNearlyUsed", "max by", "sum by"),
    ("ZegoUploadCollectionSlow", "[15m]", "[1m]"),
    ("ZegoUploadUnknownStatus", '{status="unknown"}', ""),
    ("ZegoUploadMalformedEntries", "sum without (reason)", "max without (reason)"),
    ("ZegoUploadTaskSeriesOmitted", "and", "or"),
    ("ZegoUploadExporterAbsent", "unless", "and"),
    ("ZegoUploadExporterDown", "[7d]", "[1d]"),
    ("ZegoUploadConfigReloadFailed", "== 0", "== 1"),
    ("ZegoUploadHistoryErrors", "increase", "max_over_time"),
]


def reduced(test: Case, alert: str) -> Case:
    """Return the promtool test with only those of its cases that name this alert."""
    cases = [case for case in test.get("alert_rule_test", []) if case["alertname"] == alert]
    queries = [
        {**query, "exp_samples": [{**s, "value": float(s["value"])} for s in query["exp_samples"]]}
        for query in test.get("promql_expr_test", [])
        if f'alertname="{alert}"' in query["expr"]
    ]
    return {**test, "alert_rule_test": cases, "promql_expr_test": queries}


def run_promtool(folder: Path, alert: str, changed: list[Rule]) -> tuple[int, str]:
    """Return exit code and output of the promtool tests about this alert with these rules."""
    write(folder / "rules.yaml", {"groups": [{"name": "changed", "rules": changed}]})
    paths = []
    for number, (interval, test) in enumerate(rule_files.promtool_tests()):
        about = reduced(test, alert)
        if about["alert_rule_test"] or about["promql_expr_test"]:
            paths.append(folder / f"test{number}.yaml")
            document = {"rule_files": ["rules.yaml"], "evaluation_interval": interval}
            write(paths[-1], {**document, "tests": [about]})
    result = rule_files.promtool("test", "rules", *paths)
    return result.returncode, result.stdout


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a document as YAML."""
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def rules_of(alert: str) -> list[Rule]:
    """Return the rules with this alert name."""
    return [rule for rule in rule_files.rules("alert") if rule["alert"] == alert]


def replaced(rule: Rule, right: str, wrong: str) -> Rule:
    """Return the rule with a mistake in its expression or its text."""
    annotations = rule["annotations"]
    text = annotations["description"].replace(right, wrong)
    return {
        **rule,
        "expr": rule["expr"].replace(right, wrong),
        "annotations": {**annotations, "description": text},
    }


@pytest.mark.parametrize(("alert", "right", "wrong"), MISTAKES)
def test_a_mistake_in_a_rule_is_noticed(tmp_path: Path, alert: str, right: str, wrong: str) -> None:
    """Promtool refuses the changed rule because of an expectation, not of its syntax."""
    rules = rules_of(alert)
    changed = [replaced(rule, right, wrong) for rule in rules]
    assert changed != rules

    code, output = run_promtool(tmp_path, alert, changed)

    assert code != 0
    assert "got:" in output, output


@pytest.mark.parametrize(
    "alert", sorted({rule["alert"] for rule in rule_files.rules("alert") if "for" in rule})
)
def test_a_forgotten_for_is_noticed(tmp_path: Path, alert: str) -> None:
    """Without its `for` an alert on a state fires too early."""
    code, output = run_promtool(
        tmp_path,
        alert,
        [{key: rule[key] for key in rule if key != "for"} for rule in rules_of(alert)],
    )

    assert code != 0
    assert "got:" in output, output


@pytest.mark.parametrize("alert", sorted({alert for alert, _, _ in MISTAKES}))
def test_the_cases_about_one_alert_pass_alone(tmp_path: Path, alert: str) -> None:
    """The reduction itself breaks nothing, so a failure above comes from the mistake."""
    code, output = run_promtool(tmp_path, alert, rules_of(alert))

    assert code == 0, output
