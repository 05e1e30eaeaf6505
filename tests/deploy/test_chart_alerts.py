"""The chart's alerts: for any values, the rules that `export rules` would write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alerting.catalog import ALERTS
from exporter.alerting.model import BUDGET_ALERT, Alert, Kind
from exporter.alerting.rules import ALERTS_FILE, rule_files
from exporter.alerting.slo import objective_of, slo_groups
from exporter.alerting.tuning import tuning
from exporter.errors import ConfigError
from tests.components import require
from tests.deploy.manifests import CHART, of_kind, template, templated
from tests.deploy.tools import run

pytestmark = pytest.mark.e2e

OTHER = {Kind.COUNT: "17", Kind.RATIO: "0.35", Kind.DURATION: "1d", Kind.PATTERN: r'50%|a\.b"'}
"""A value of each kind that no alert has by default."""


def _helm(folder: Path, **rule: Any) -> list[dict[str, Any]]:
    """Return the groups of alerts that the chart gives with these values of `prometheusRule`."""
    manifests = templated(folder, {"demo": True, "prometheusRule": {"enabled": True, **rule}})
    alerts, _ = of_kind(manifests, "PrometheusRule")
    return list(alerts["spec"]["groups"])


def _objective(folder: Path, objective: Any, minimum: Any, **rule: Any) -> list[dict[str, Any]]:
    """Return the groups of rules that the chart gives for an objective."""
    slo = {"enabled": True, "objective": objective, "minimum": minimum}
    values = {"demo": True, "prometheusRule": {"enabled": True, "slo": slo, **rule}}
    *_, rules = of_kind(templated(folder, values), "PrometheusRule")
    assert rules["metadata"]["name"].endswith("-slo")
    return list(rules["spec"]["groups"])


def _exported(**choices: Any) -> list[dict[str, Any]]:
    return list(yaml.safe_load(rule_files(tuning(**choices))[ALERTS_FILE])["groups"])


def _all_changed(alert: Alert) -> dict[str, Any]:
    thresholds = {name: OTHER[threshold.kind] for name, threshold in alert.thresholds.items()}
    return {"severity": "info", "for": "90m", "thresholds": thresholds}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_defaults_are_the_projects_rules(tmp_path: Path, language: str) -> None:
    """Without values, the chart has the alerts that `export rules` writes."""
    assert _helm(tmp_path, language=language) == _exported(language=language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_value_of_every_alert_is_applied(tmp_path: Path, language: str) -> None:
    """Severity, `for` and each threshold, in expressions, listings and texts."""
    values = {alert.name: _all_changed(alert) for alert in ALERTS}
    expected = _exported(
        language=language,
        severity=[f"{name}=info" for name in values],
        hold=[f"{name}=90m" for name in values],
        threshold=[
            f"{name}.{threshold}={value}"
            for name, own in values.items()
            for threshold, value in own["thresholds"].items()
        ],
    )
    assert sum(len(group["rules"]) for group in expected) == len(ALERTS)
    assert _helm(tmp_path, language=language, alerts=values) == expected


def test_numbers_are_values_too(tmp_path: Path) -> None:
    """YAML's numbers, which are floating point in Helm, give the same as texts."""
    values = {
        "ZegoUploadListingShort": {"thresholds": {"tasks": 2_000_000}},
        "ZegoUploadSlotsFull": {"thresholds": {"share": 0.9}, "for": "0s"},
    }
    expected = _exported(
        hold=["ZegoUploadSlotsFull=0s"],
        threshold=["ZegoUploadListingShort.tasks=2000000", "ZegoUploadSlotsFull.share=0.9"],
    )
    assert _helm(tmp_path, alerts=values) == expected


def test_unusual_forms_of_values_are_the_exported_ones(tmp_path: Path) -> None:
    """A ratio that YAML has with an exponent, zeros before a number or duration, a short memory."""
    values: dict[str, Any] = {
        "ZegoUploadListingShort": {"thresholds": {"tasks": "010"}},
        "ZegoUploadFailureRatioHigh": {"thresholds": {"ratio": 0.00001}},
        "ZegoUploadApiErrorRateHigh": {"thresholds": {"ratio": 0.000073}},
        "ZegoUploadSlotsSaturated": {"thresholds": {"window": "5m"}},
        "ZegoUploadExporterAbsent": {"thresholds": {"memory": "6m"}, "for": "0m"},
        "ZegoUploadStuckWaiting": {"thresholds": {"age": "010m"}},
        "ZegoUploadStuckUploading": {"thresholds": {"age": "01h"}},
        "ZegoUploadFailureUnresolved": {"for": "08m"},
    }
    expected = _exported(
        hold=["ZegoUploadExporterAbsent=0m", "ZegoUploadFailureUnresolved=08m"],
        threshold=[
            "ZegoUploadListingShort.tasks=10",
            "ZegoUploadFailureRatioHigh.ratio=0.00001",
            "ZegoUploadApiErrorRateHigh.ratio=0.000073",
            "ZegoUploadSlotsSaturated.window=5m",
            "ZegoUploadExporterAbsent.memory=6m",
            "ZegoUploadStuckWaiting.age=010m",
            "ZegoUploadStuckUploading.age=01h",
        ],
    )
    assert _helm(tmp_path, alerts=values) == expected


def test_alerts_can_be_switched_off(tmp_path: Path) -> None:
    """A group that loses its last alert is left out."""
    off = [alert.name for alert in ALERTS if alert.component != "uploads"]
    found = _helm(tmp_path, alerts={name: {"enabled": False} for name in off})
    assert found == _exported(disable=off)
    assert [group["name"] for group in found] == ["zego-uploads"]


@pytest.mark.parametrize("runbooks", ["https://e.example.com/runbooks/", "https://a.example/b.md"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_addresses(tmp_path: Path, runbooks: str, language: str) -> None:
    """Links begin with Grafana's address and the runbooks'."""
    grafana = "https://grafana.example.com/"
    found = _helm(tmp_path, language=language, grafanaUrl=grafana, runbookUrl=runbooks)
    assert found == _exported(language=language, grafana_url=grafana, runbook_url=runbooks)


def test_further_labels(tmp_path: Path) -> None:
    """They are on every alert, in addition to its own."""
    rules = [
        rule for group in _helm(tmp_path, alertLabels={"team": "media"}) for rule in group["rules"]
    ]
    assert rules
    assert all({"team", "severity", "component"} <= rule["labels"].keys() for rule in rules)


def test_prometheus_accepts_them(tmp_path: Path) -> None:
    """So does promtool with every value changed."""
    file = tmp_path / "rules.yaml"
    groups = _helm(tmp_path, alerts={alert.name: _all_changed(alert) for alert in ALERTS})
    file.write_text(yaml.safe_dump({"groups": groups}), "utf-8")
    ended = run(require("promtool", package="prometheus"), "check", "rules", file)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("objective", "minimum"),
    [(0.99, 20), ("0.99", "20"), (0.995, 50), (0.5, 1), (0.999999999, 1_000_000), (".9", "07")],
)
def test_an_objective_gives_the_exported_rules(
    tmp_path: Path, language: str, objective: float | str, minimum: int | str
) -> None:
    """With the same objective, minimum, language and addresses; --set gives numbers as text."""
    links = {"grafana": "https://g.example.com", "runbook": "https://e.example.com/runbooks"}
    chosen = tuning(language=language, grafana_url=links["grafana"], runbook_url=links["runbook"])
    expected = slo_groups(objective_of(str(objective), str(minimum)), chosen)
    found = _objective(
        tmp_path,
        objective,
        minimum,
        language=language,
        grafanaUrl=links["grafana"],
        runbookUrl=links["runbook"],
    )
    assert found == yaml.safe_load(expected)


@pytest.mark.parametrize(
    ("own", "choices"),
    [
        ({"severity": "info"}, {"severity": [f"{BUDGET_ALERT}=info"]}),
        ({"enabled": False}, {"disable": [BUDGET_ALERT]}),
    ],
)
def test_the_alert_on_an_objective_is_tuned_like_the_others(
    tmp_path: Path, own: dict[str, Any], choices: dict[str, Any]
) -> None:
    """Its severity and its switch are in the same place as those of all alerts."""
    expected = slo_groups(objective_of("0.99", "20"), tuning(**choices))
    found = _objective(tmp_path, 0.99, 20, alerts={BUDGET_ALERT: own})
    assert found == yaml.safe_load(expected)


def test_prometheus_accepts_an_objective(tmp_path: Path) -> None:
    """With further labels, which its alerts have too."""
    file = tmp_path / "slo.yaml"
    groups = _objective(tmp_path, 0.995, 50, alertLabels={"team": "media"})
    file.write_text(yaml.safe_dump({"groups": groups}), "utf-8")
    ended = run(require("promtool", package="prometheus"), "check", "rules", file)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert alerts
    assert all(rule["labels"]["team"] == "media" for rule in alerts)


@pytest.mark.parametrize(
    "objective", ["0", 0, 0.0, "1", 1, "1.5", 99, -0.5, "99%", "0,99", "", "1e-3"]
)
def test_an_objective_out_of_bounds_is_refused(tmp_path: Path, objective: Any) -> None:
    """By the chart, with a message, and by `export rules`."""
    slo = {"enabled": True, "objective": objective}
    ended = template(tmp_path, {"demo": True, "prometheusRule": {"enabled": True, "slo": slo}})
    assert ended.returncode != 0
    assert "prometheusRule.slo.objective is" in ended.stderr
    assert "not a share between 0 and 1 (write 0.99 for 99 %)" in ended.stderr
    with pytest.raises(ConfigError):
        objective_of(str(objective), "20")


@pytest.mark.parametrize("minimum", [0, -1, "0", "many", 1_000_000_000])
def test_a_minimum_that_counts_nothing_is_refused(tmp_path: Path, minimum: Any) -> None:
    """By the chart, with a message, and by `export rules`."""
    slo = {"enabled": True, "minimum": minimum}
    ended = template(tmp_path, {"demo": True, "prometheusRule": {"enabled": True, "slo": slo}})
    assert ended.returncode != 0
    assert f"prometheusRule.slo.minimum is {minimum}, not a whole number above 0" in ended.stderr
    with pytest.raises(ConfigError):
        objective_of("0.99", str(minimum))


AT = "prometheusRule.alerts.ZegoUploadExpired"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "alert": ({"alerts": {"ZegoUploadExpire": {}}}, "ZegoUploadExpire: there is no such alert"),
    "threshold": (
        {"alerts": {"ZegoUploadExpired": {"thresholds": {"age": "1h"}}}},
        f"{AT}.thresholds.age: there is no such threshold (known: window)",
    ),
    "no threshold": (
        {"alerts": {"ZegoUploadDataStale": {"thresholds": {"age": "1h"}}}},
        "there is no such threshold (known: none)",
    ),
    "for of an objective": (
        {"slo": {"enabled": True}, "alerts": {"ZegoUploadErrorBudgetBurn": {"for": "5m"}}},
        "ZegoUploadErrorBudgetBurn.for: it takes none",
    ),
    "duration": (
        {"alerts": {"ZegoUploadExpired": {"thresholds": {"window": "1 hour"}}}},
        f"{AT}.thresholds.window is 1 hour",
    ),
    "duration of two units": (
        {"alerts": {"ZegoUploadExpired": {"thresholds": {"window": "1h30m"}}}},
        f"{AT}.thresholds.window is 1h30m, not a duration of one unit such as 90s, 30m or 1d",
    ),
    "for longer than a year": (
        {"alerts": {"ZegoUploadExpired": {"for": "367d"}}},
        f"{AT}.for is 367d, longer than 366d",
    ),
    "memory shorter than for": (
        {"alerts": {"ZegoUploadExporterAbsent": {"thresholds": {"memory": "1h"}, "for": "2h"}}},
        "thresholds.memory is 1h, not a duration longer than 5m plus the alert's `for`",
    ),
    "for longer than the default memory": (
        {"alerts": {"ZegoUploadAppVanished": {"for": "1d"}}},
        "thresholds.memory is 1d, not a duration longer than 5m plus the alert's `for`",
    ),
    "share": (
        {"alerts": {"ZegoUploadSlotsFull": {"thresholds": {"share": "90"}}}},
        "ZegoUploadSlotsFull.thresholds.share is 90, not a ratio above 0 and up to 1",
    ),
    "no duration": (
        {"alerts": {"ZegoUploadExpired": {"thresholds": {"window": "0s"}}}},
        f"{AT}.thresholds.window is 0s, not a duration above 0",
    ),
    "no count": (
        {"alerts": {"ZegoUploadNothingSucceeds": {"thresholds": {"failures": "0"}}}},
        "ZegoUploadNothingSucceeds.thresholds.failures is 0, not a whole number above 0",
    ),
    "no share": (
        {"alerts": {"ZegoUploadSlotsFull": {"thresholds": {"share": "0.0"}}}},
        "ZegoUploadSlotsFull.thresholds.share is 0.0, not a ratio",
    ),
    "severity": ({"alerts": {"ZegoUploadExpired": {"severity": "high"}}}, "severity"),
    "key": ({"alerts": {"ZegoUploadExpired": {"treshold": 1}}}, "treshold"),
    "language": ({"language": "de"}, "language"),
    "address": ({"grafanaUrl": "grafana"}, "grafanaUrl"),
    "label": ({"alertLabels": {"severity": "info"}}, "alertLabels"),
}


@pytest.mark.parametrize(("rule", "message"), BAD.values(), ids=BAD)
def test_mistakes_are_refused(tmp_path: Path, rule: dict[str, Any], message: str) -> None:
    """The message names the value."""
    ended = template(tmp_path, {"demo": True, "prometheusRule": {"enabled": True, **rule}})
    assert ended.returncode != 0
    assert message in ended.stderr


def _edges() -> Iterator[tuple[str, str, Any, bool]]:
    """Yield alert, threshold, a value as YAML has it, and whether it is allowed."""
    for alert in ALERTS:
        for name, threshold in alert.thresholds.items():
            allowed = threshold.range
            if allowed is None:
                continue
            for number in (allowed.above, allowed.above + 0.5, allowed.limit, allowed.limit + 1):
                right = number in allowed
                if threshold.kind is Kind.DURATION:
                    yield alert.name, name, f"{number:.0f}s", round(number) in allowed
                elif threshold.kind is Kind.COUNT:
                    yield alert.name, name, number, right and number == int(number)
                else:
                    yield alert.name, name, number, right
                    yield alert.name, name, str(number), right


@pytest.mark.parametrize("version", [3, 4])
def test_the_schema_and_the_template_keep_the_ranges(tmp_path: Path, version: int) -> None:
    """At the bounds of each range as numbers and as texts; the message names the threshold."""
    edges = list(_edges())
    shares = [edge for edge in edges if edge[:2] == ("ZegoUploadApiErrorRateHigh", "ratio")]
    assert ("ZegoUploadApiErrorRateHigh", "ratio", 1, False) in shares
    seen = set()
    for alert, name, value, allowed in edges:
        threshold = next(a for a in ALERTS if a.name == alert).thresholds[name]
        if (key := (threshold.range, value)) in seen:  # one alert of each range: Helm takes long
            continue
        seen.add(key)
        values = {"enabled": True, "alerts": {alert: {"thresholds": {name: value}}}}
        ended = template(tmp_path, {"demo": True, "prometheusRule": values}, version=version)
        assert (ended.returncode == 0) is allowed, (alert, name, value, ended.stderr)
        if not allowed:
            assert f"thresholds.{name}" in ended.stderr.replace("/", "."), ended.stderr


def test_examples_of_the_values_are_right(tmp_path: Path) -> None:
    """The commented alerts of values.yaml are accepted, and change something."""
    text = (CHART / "values.yaml").read_text("utf-8")
    lines = re.findall(r"^  #   (Zego\w+: \{.*\})$", text, re.MULTILINE)
    assert len(lines) >= 4
    alerts = yaml.safe_load("\n".join(lines))
    assert json.dumps(_helm(tmp_path, alerts=alerts)) != json.dumps(_helm(tmp_path))
