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

pytestmark = [pytest.mark.e2e, pytest.mark.long]

REPLICAS = "max without (instance, pod, container, endpoint, node"
"""How replicas are counted once."""

MISTAKES = [
    ("ZegoUploadFailed", "[30m]", "[1h]"),  # does not end in time
    ("ZegoUploadFailed", "[30m]", "[5m]"),  # ends too early
    ("ZegoUploadFailed", "increase", "delta"),  # a restart looks like something
    ("ZegoUploadFailed", 'to="failed"', 'to=~".+"'),
    ("ZegoUploadFailed", "sum without", "max without"),  # forgets one of two statuses
    ("ZegoUploadFailed", REPLICAS, REPLICAS.replace("max", "sum")),  # replicas twice
    ("ZegoUploadFailed", "> time() - 1800", "> 0 * time()"),  # names old ones
    ("ZegoUploadFailed", "sort_desc", "sort"),  # names the oldest first
    ("ZegoUploadFailed", "%.79s", "%.99s"),  # long titles
    ("ZegoUploadFailed", r"\x00-\x1f", ""),  # control characters
    ("ZegoUploadFailed", r"-\x{202e}", ""),  # changes the writing direction
    ("ZegoUploadFailureRatioHigh", "> 0.25", ">= 0.25"),
    ("ZegoUploadFailureRatioHigh", "> 3 - 0.5", "> 1.5"),
    ("ZegoUploadFailureRatioHigh", ") > 0.25\nand", ") > 0.25\nor"),
    ("ZegoUploadFailureRatioHigh", ">= 10", ">= 1"),  # two look like three
    ("ZegoUploadFailureRatioHigh", 'status="failed"', 'status="expired"'),  # names nothing
    ("ZegoUploadNothingSucceeds", "== 0", ">= 0"),
    ("ZegoUploadNothingSucceeds", "> 3 - 0.5", "> 1.5"),
    ("ZegoUploadNothingSucceeds", "[1d]", "[1h]"),
    ("ZegoUploadFailureUnresolved", "> 0", ">= 0"),
    ("ZegoUploadFailureUnresolved", ") < on (title)", ") > on (title)"),
    ("ZegoUploadFailureUnresolved", "unless", "and"),
    ("ZegoUploadFailureUnresolved", "unless", "unless on (title)"),  # forgets the later failure
    ("ZegoUploadQueueStalled", "== 0", "> 0"),
    ("ZegoUploadQueueStalled", "min without", "max without"),
    ("ZegoUploadQueueStalled", "waiting|uploading|waiting_retry", "waiting"),  # names a part
    ("ZegoUploadStuckWaiting", "> 1800", ">= 1800"),
    ("ZegoUploadStuckWaiting", "min without", "max without"),
    ("ZegoUploadStuckUploading", 'status="uploading"', 'status="waiting"'),
    ("ZegoUploadRetryingLong", "> 7200", "> 7000"),
    ("ZegoUploadRetryingOften", "waiting|uploading|waiting_retry", ".+"),
    ("ZegoUploadRetryingOften", ">= 3", "> 3"),
    ("ZegoUploadSlotsFull", "last_over_time(zego_upload_slots_used[5m])", "zego_upload_slots_used"),
    ("ZegoUploadSlotsFull", ">= 1", "> 1"),
    ("ZegoUploadSlotsSaturated", ">= 0.75", ">= 0.5"),
    ("ZegoUploadSlotsSaturated", "[6h:5m]", "[1h:5m]"),
    ("ZegoUploadExpiringSoon", "max_over_time", "last_over_time"),  # restarts at every expiry
    ("ZegoUploadExpiringSoon", 'within="6h"', 'within=~".+"'),
    ("ZegoUploadExpiringSoon", "time() > 0 < 21600", "time() < 21600"),  # names expired files
    ("ZegoUploadExpired", REPLICAS, REPLICAS.replace("max", "sum")),
    ("ZegoUploadExpiredUnfinished", 'from=~"waiting|uploading|waiting_retry"', 'from=~".+"'),
    ("ZegoUploadExpiredUnfinished", "and on (upload_task_id)", "or on (upload_task_id)"),
    ("ZegoUploadDuplicateTitles", "> 0", ">= 0"),
    ("ZegoUploadNewDuplicateTitle", "min_over_time", "max_over_time"),
    ("ZegoUploadNewDuplicateTitle", "> 0", ">= 0"),
    ("ZegoUploadNewDuplicateTitle", "- 1800 - 900", "* 0 - 9999"),  # names old pairs
    ("ZegoUploadNewDuplicateTitle", "and on (title)", "or on (title)"),
    ("ZegoUploadCollectionFailing", "max_over_time(zego_upload_up[5m])", "zego_upload_up"),
    ("ZegoUploadCollectionFailing", "max without", "min without"),
    (
        "ZegoUploadDataMissing",
        "(zego_upload_slots_used)",
        "(last_over_time(zego_upload_slots_used[5m]))",
    ),
    ("ZegoUploadDataMissing", "[1d]", "[1s]"),
    ("ZegoUploadDataMissing", "unless", "and"),
    ("ZegoUploadCredentialsRefused", "> 2 - 0.5", "> 0"),
    ("ZegoUploadCredentialsRefused", ">= 5", ">= 1"),
    ("ZegoUploadApiErrorRateHigh", "> 0.25", ">= 0.25"),
    ("ZegoUploadApiErrorRateHigh", "== 1", ">= 0"),  # speaks about an outage as well
    (
        "ZegoUploadApiErrorRateHigh",
        "max without (instance, pod, container, endpoint, node) (max_over",
        "min without (instance, pod, container, endpoint, node) (max_over",
    ),
    ("ZegoUploadDataStale", "max without", "min without"),
    ("ZegoUploadClockSkew", "abs", ""),
    ("ZegoUploadRateLimitNearlyUsed", "max without", "sum without"),
    ("ZegoUploadCollectionSlow", "[15m]", "[1m]"),
    ("ZegoUploadUnknownStatus", '{status="unknown"}', ""),
    ("ZegoUploadMalformedEntries", "sum without (reason)", "max without (reason)"),
    ("ZegoUploadListingShort", ">= 1", ">= 4"),
    ("ZegoUploadListingShort", "> sum without (reason)", ">= 0 * sum without (reason)"),
    ("ZegoUploadTaskSeriesOmitted", "and", "or"),
    ("ZegoUploadAppVanished", "ignoring (job, service)", "ignoring (service)"),
    ("ZegoUploadAppVanished", "and ignoring (zego_app)", "or ignoring (zego_app)"),
    ("ZegoUploadExporterAbsent", "unless\n  group", "and\n  group"),
    ("ZegoUploadExporterAbsent", "unless ignoring (job, service)", "and ignoring (job, service)"),
    ("ZegoUploadExporterAbsent", "[7d]", "[1d]"),  # forgets a job after a day
    ("ZegoUploadExporterDown", "[7d]", "[1d]"),
    ("ZegoUploadConfigReloadFailed", "== 0", "== 1"),
    ("ZegoUploadHistoryErrors", "increase", "max_over_time"),
    ("ZegoUploadLogLinesDropped", "increase", "max_over_time"),
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
