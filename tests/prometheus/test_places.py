"""Clusters and namespaces with the same job and the same apps are kept apart by every alert.

Every promtool test is run once more with its series in two places: namespace `prod` of cluster
`east`, and namespace `staging` of cluster `west`, where the tasks have other ids. Each series has
the labels that Kubernetes gives to a replica. Every expected alert has to come once for each place,
with its place, and its text has to name the tasks of this place alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.components import GENERATIONS
from tests.prometheus import rule_files
from tests.prometheus.rule_files import PROMETHEUS, TEST_FILES, Case

pytestmark = [pytest.mark.e2e, pytest.mark.long]

PLACES = ({"cluster": "east", "namespace": "prod"}, {"cluster": "west", "namespace": "staging"})
REPLICA = 'pod="pod-{instance}",container="exporter",endpoint="http"'
WITH_ALERTS = [path for path in TEST_FILES if path.name != "recording.yaml"]


def series_in(place: dict[str, str], series: str) -> str:
    """Return a series with the labels of a place and a replica, and task ids of this place."""
    name, _, labels = series.rstrip("}").partition("{")
    instance = re.search(r'instance="([^"]*)"', labels)
    assert instance, series
    labels = re.sub(r'upload_task_id="([^"]*)"', rf'upload_task_id="\1{suffix(place)}"', labels)
    labels = re.sub(r'(?:^|, ?)(?:pod|container|endpoint)="[^"]*"', "", labels)
    place_labels = ",".join(f'{key}="{value}"' for key, value in place.items())
    return f"{name}{{{labels},{place_labels},{REPLICA.format(instance=instance[1])}}}"


def suffix(place: dict[str, str]) -> str:
    """Return the ending of the task ids of a place."""
    return f"-{place['cluster']}"


def alert_in(place: dict[str, str], alert: dict[str, Any]) -> dict[str, Any]:
    """Return an expected alert as it comes from a place."""
    annotations = dict(alert["exp_annotations"])
    annotations["description"] = re.sub(
        r"([(]id )([\w-]+)([)])", rf"\1\2{suffix(place)}\3", annotations["description"]
    )
    return {"exp_labels": {**alert["exp_labels"], **place}, "exp_annotations": annotations}


def in_all_places(test: Case) -> Case:
    """Return a promtool test with its series and expected alerts in every place."""
    series = [
        {**entry, "series": series_in(place, entry["series"])}
        for entry in test["input_series"]
        for place in PLACES
    ]
    cases = []
    for case in test.get("alert_rule_test", []):
        expected = case.get("exp_alerts", [])
        # An alert about there being no exporter at all is about no place either.
        placed = [
            alert_in(place, a) for a in expected if "job" in a["exp_labels"] for place in PLACES
        ]
        nowhere = [alert for alert in expected if "job" not in alert["exp_labels"]]
        cases.append({**case, "exp_alerts": placed + nowhere})
    return {"name": test["name"], "interval": test["interval"], "input_series": series,
            "alert_rule_test": cases}  # fmt: skip


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("path", WITH_ALERTS, ids=lambda path: path.name)
def test_two_places_with_the_same_job_and_apps_are_kept_apart(
    tmp_path: Path, path: Path, generation: str
) -> None:
    """Labels and texts are those of one place, and each place has its own alert."""
    document = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
    placed = {
        **document,
        "rule_files": [str(PROMETHEUS / "rules" / "zego-uploads.alerts.yaml")],
        "tests": [in_all_places(test) for test in document["tests"]],
    }
    target = tmp_path / "placed.yaml"
    target.write_text(yaml.safe_dump(placed, allow_unicode=True), encoding="utf-8")

    result = rule_files.promtool("test", "rules", target, generation=generation)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_healthy_place_does_not_hide_an_unhealthy_one(tmp_path: Path, generation: str) -> None:
    """The alerts of a bad place fire beside a healthy one with the same job and app."""
    tests = {test["name"]: (interval, test) for interval, test in rule_files.promtool_tests()}
    interval, healthy = next(value for name, value in tests.items() if "healthy" in name)
    _, bad = next(value for name, value in tests.items() if "second replica that sees" in name)
    series = [
        {**entry, "series": series_in(place, entry["series"])}
        for test, place in ((bad, PLACES[0]), (healthy, PLACES[1]))
        for entry in test["input_series"]
    ]
    (query,) = bad["promql_expr_test"]
    expected = [
        {**sample, "value": float(sample["value"]), "labels": with_place(sample["labels"])}
        for sample in query["exp_samples"]
    ]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [
        {"expr": 'count by (alertname, severity, cluster, namespace) (ALERTS{alertstate="firing"})',
         "eval_time": query["eval_time"], "exp_samples": expected}]}  # fmt: skip
    target = tmp_path / "one.yaml"
    document = {"evaluation_interval": interval, "tests": [test],
                "rule_files": [str(PROMETHEUS / "rules" / "zego-uploads.alerts.yaml")]}  # fmt: skip
    target.write_text(yaml.safe_dump(document), encoding="utf-8")

    result = rule_files.promtool("test", "rules", target, generation=generation)

    assert result.returncode == 0, result.stdout


def with_place(labels: str) -> str:
    """Return the labels of a sample with those of the bad place."""
    return labels.rstrip("}") + ', cluster="east", namespace="prod"}'
