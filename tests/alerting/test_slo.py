"""The objective's rules over simulated weeks, on Prometheus 2 and 3."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from exporter.alerting.catalog import LANGUAGES
from exporter.alerting.model import BUDGET_ALERT
from exporter.alerting.slo import Objective, objective_of, slo_file
from exporter.alerting.tuning import tuning
from exporter.errors import ConfigError
from tests.components import GENERATIONS
from tests.prometheus.rule_files import load, promtool

BUDGET = "job_zego_app:zego_upload_error_budget_left:ratio"


def alerts(**choices: Any) -> list[dict[str, Any]]:
    """Return the alerts on the default objective, tuned."""
    groups = load(slo_file(Objective(), tuning(**choices)))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_severity_and_switch_of_the_alert() -> None:
    """They work as for every other alert; the recording rules stay."""
    severe = alerts(severity=[f"{BUDGET_ALERT}=info"])

    assert [alert["labels"]["severity"] for alert in severe] == ["info"] * 3
    assert alerts(disable=[BUDGET_ALERT]) == []
    assert BUDGET in slo_file(Objective(), tuning(disable=[BUDGET_ALERT]))


def test_links_lead_to_the_app() -> None:
    """Those of every alert about uploads do."""
    for alert in alerts(grafana_url="https://g.example"):
        assert alert["annotations"]["dashboard"] == (
            "https://g.example/d/zego-uploads/?var-zego_app={{ $labels.zego_app | urlquery }}"
        )


@pytest.mark.long
@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_budget_in_the_text_is_that_of_the_alerts_place(
    tmp_path: Path, generation: str
) -> None:
    """The same job and app in another namespace have a budget of their own."""
    well, failing = (f"0+1x{DAY}", f"0x{DAY}"), (f"0+1x{DAY}", f"0+0.2x{DAY}")
    series = [
        {**entry, "series": entry["series"].replace("job=", f'{place}="p", job=')}
        for place in ("cluster", "namespace", "env")
        for entry in counted(*(failing if place == "env" else well))
    ]
    labels = {"job": "zego", "zego_app": "vod", "env": "p"}
    expected = [
        {
            "exp_labels": {**alert["labels"], **labels},
            "exp_annotations": {key: filled(text) for key, text in alert["annotations"].items()},
        }
        for alert in alerts()
    ]
    case = {"eval_time": f"{DAY}m", "alertname": BUDGET_ALERT, "exp_alerts": expected}
    test = {"interval": "1m", "input_series": series, "alert_rule_test": [case]}
    chosen = tuning(labels=["cluster", "namespace", "env"])
    (tmp_path / "slo.yaml").write_text(slo_file(Objective(), chosen), "utf-8")
    document = {"rule_files": ["slo.yaml"], "evaluation_interval": "4m", "tests": [test]}
    path = tmp_path / "test.yaml"
    path.write_text(json.dumps(document), "utf-8")  # YAML contains JSON
    result = promtool("test", "rules", path, generation=generation)
    assert result.returncode == 0, result.stdout


def filled(text: str) -> str:
    """Return a text of an alert as Prometheus fills it in while one of six uploads fails."""
    text = re.sub(r"{{ with.*{{ end }}", "-1567%", text)
    for template, value in {
        "{{ $value | humanizePercentage }}": "16.67%",
        "{{ $labels.zego_app }}": "vod",
        "{{ $labels.zego_app | urlquery }}": "vod",
    }.items():
        text = text.replace(template, value)
    return text


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_promtool_accepts_the_rules(tmp_path: Path, language: str, generation: str) -> None:
    """In both languages."""
    path = tmp_path / "slo.yaml"
    path.write_text(slo_file(Objective(0.995, 50), tuning(language=language)), "utf-8")
    result = promtool("check", "rules", path, generation=generation)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("minimum", "value"), [("1", 1), ("010", 10), ("999999999", 999_999_999)])
def test_a_minimum_is_a_decimal_number(minimum: str, value: int) -> None:
    """As for thresholds, zeros before it change nothing."""
    assert objective_of("0.99", minimum).minimum == value


@pytest.mark.parametrize("minimum", ["0", "000", "-5", "1.5", "x", "", "1000000000", "٣"])
def test_an_impossible_minimum_is_refused_with_the_range(minimum: str) -> None:
    """Whatever is wrong with it, the range is the remedy."""
    problem = f"--slo-minimum: {minimum!r} is not a whole number from 1 to 999999999"
    with pytest.raises(ConfigError, match=re.escape(problem)):
        objective_of("0.99", minimum)


@pytest.mark.parametrize(
    ("ratio", "minimum"), [("1", "20"), ("0", "20"), ("99", "20"), ("0.99", "0"), ("x", "y")]
)
def test_an_impossible_objective_is_refused(ratio: str, minimum: str) -> None:
    """The message names the flag."""
    with pytest.raises(ConfigError, match="--slo-"):
        objective_of(ratio, minimum)


HOUR = 60
DAY = 24 * HOUR  # in minutes


def counted(succeeded: str, failed: str) -> list[dict[str, str]]:
    """Return the series of one app, counted by two replicas."""
    return [
        {
            "series": "zego_upload_task_transitions_total{"
            f'job="zego", instance="{replica}", zego_app="vod", from="uploading", to="{to}"}}',
            "values": values,
        }
        for replica in ("a:1", "b:1")
        for to, values in (("succeeded", succeeded), ("failed", failed))
    ]


def firing(at: int, *windows: str) -> tuple[int, list[tuple[str, str]]]:
    """Return the expectation that the alert fires at a minute for these long windows only."""
    severities = {"1h": "critical", "6h": "critical", "3d": "warning"}
    return at, sorted((severities[window], window) for window in windows)


MONTH = 29 * DAY // 30  # in samples of half an hour, for what only counts hours
BUDGETS = {
    "nothing fails": (counted(f"0+30x{MONTH}", f"0x{MONTH}"), 1.0),
    "half of what may fail does": (counted(f"0+29.85x{MONTH}", f"0+0.15x{MONTH}"), 0.5),
    "twice as much fails": (counted(f"0+29.4x{MONTH}", f"0+0.6x{MONTH}"), -1.0),
}
ALERTS = {
    "1 of 200 fails all the time: nothing fires": (
        counted(f"0+0.995x{5 * DAY}", f"0+0.005x{5 * DAY}"),
        [firing(5 * DAY)],
    ),
    "everything fails for half an hour: a page within minutes, then a ticket; both end": (
        counted(f"0+1x{DAY} {DAY}x29 {DAY}+1x{DAY}", f"0x{DAY} 1+1x29 30x{DAY}"),
        [
            firing(DAY),
            firing(DAY + 12, "1h"),
            firing(DAY + 24, "1h", "6h"),
            firing(DAY + 3 * HOUR, "3d"),
            firing(DAY + 8 * HOUR),
        ],
    ),
    "1 of 50 fails from the second day on: no page, a ticket": (
        counted(f"0+1x{DAY} {DAY}+0.98x{4 * DAY}", f"0x{DAY} 0+0.02x{4 * DAY}"),
        [firing(DAY), firing(4 * DAY, "3d"), firing(5 * DAY, "3d")],
    ),
    "one upload a day, of which one fails: too few to prove anything": (
        counted(f"0x{DAY} 1x{DAY} 2x{DAY} 2x{DAY}", f"0x{DAY} 0x{DAY} 0x{DAY} 1x{DAY}"),
        [firing(3 * DAY + 20), firing(3 * DAY + 4 * HOUR)],
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("case", BUDGETS)
def test_the_remaining_budget_after_28_days(tmp_path: Path, case: str, generation: str) -> None:
    """1 at first, 0 when exactly the allowed number failed, below 0 beyond."""
    series, left = BUDGETS[case]
    value = {
        "expr": f"round({BUDGET}, 0.01)",
        "eval_time": f"{29 * DAY}m",
        "exp_samples": [{"labels": '{job="zego", zego_app="vod"}', "value": left}],
    }
    run(tmp_path, generation, [{"interval": "30m", "input_series": series}], [value], "1h")


@pytest.mark.long
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("case", ALERTS)
def test_days_of_uploads(tmp_path: Path, case: str, generation: str) -> None:
    """The alerts that fire, at the minutes that matter."""
    series, moments = ALERTS[case]
    firing_now = 'ALERTS{alertname="' + BUDGET_ALERT + '", alertstate="firing"}'
    expected = [
        {
            "expr": f"count by (severity, window) ({firing_now})",
            "eval_time": f"{at}m",
            "exp_samples": [
                {"labels": f'{{severity="{severity}", window="{window}"}}', "value": 1}
                for severity, window in alerts
            ],
        }
        for at, alerts in moments
    ]
    run(tmp_path, generation, [{"interval": "1m", "input_series": series}], expected, "4m")


def run(
    folder: Path, generation: str, tests: list[dict[str, Any]], expected: list[Any], every: str
) -> None:
    """Check the default objective's rules, evaluated at the interval `every`."""
    (folder / "slo.yaml").write_text(slo_file(Objective(), tuning()), "utf-8")
    document = {
        "rule_files": ["slo.yaml"],
        "evaluation_interval": every,  # of all groups; their own interval is ignored
        "tests": [{**test, "promql_expr_test": expected} for test in tests],
    }
    path = folder / "test.yaml"
    path.write_text(json.dumps(document), "utf-8")  # YAML contains JSON
    result = promtool("test", "rules", path, generation=generation)
    assert result.returncode == 0, result.stdout
