"""Each option of the rules changes its own alert or text, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alerting.alertmanager import configuration, template
from exporter.alerting.catalog import ALERTS
from exporter.alerting.model import ABOVE_0, TIME, UP_TO_1, Kind
from exporter.alerting.rules import one_file
from exporter.alerting.tuning import tuning, words
from exporter.errors import ConfigError
from tests.components import GENERATIONS
from tests.prometheus.rule_files import Rule, load, promtool

OTHER_VALUES = {Kind.COUNT: "7", Kind.RATIO: "0.42", Kind.DURATION: "17m", Kind.PATTERN: 'a"\\.+'}


def rules(**options: Any) -> dict[str, Rule]:
    """Return the alerts of a tuned rule file by name."""
    document = load(one_file(tuning(**options)))
    return {r["alert"]: r for group in document["groups"] for r in group["rules"] if "alert" in r}


DEFAULT = rules(watch="a.+")
"""With the watch list on, which is off by default."""


@pytest.mark.parametrize(
    ("alert", "name"),
    [(alert.name, name) for alert in ALERTS for name in alert.thresholds],
)
def test_every_threshold_changes_its_alert_alone(alert: str, name: str) -> None:
    """The expression and the text both have the new value."""
    kind = next(a for a in ALERTS if a.name == alert).thresholds[name].kind
    watch = "" if name == "titles" else "a.+"
    changed = rules(threshold=[f"{alert}.{name}={OTHER_VALUES[kind]}"], watch=watch)

    assert changed[alert] != DEFAULT.get(alert)
    assert {key: rule for key, rule in changed.items() if key != alert} == {
        key: rule for key, rule in DEFAULT.items() if key != alert
    }


def test_severity_hold_and_switch() -> None:
    """Each changes one alert; a duration of 0 removes `for`."""
    changed = rules(
        watch="a.+",
        severity=["ZegoUploadFailed=critical"],
        hold=["ZegoUploadSlotsFull=45m", "ZegoUploadClockSkew=0s"],
        disable=["ZegoUploadExpired"],
    )

    assert changed["ZegoUploadFailed"]["labels"]["severity"] == "critical"
    assert changed["ZegoUploadSlotsFull"]["for"] == "45m"
    assert "45 minutes" in changed["ZegoUploadSlotsFull"]["annotations"]["description"]
    assert "for" not in changed["ZegoUploadClockSkew"]
    assert set(DEFAULT) - set(changed) == {"ZegoUploadExpired"}


def test_addresses_and_language() -> None:
    """Links are absolute then; the Chinese rules lead to Chinese pages."""
    changed = rules(
        language="zh", grafana_url="https://g.example/x/", runbook_url="https://e.example/runbooks/"
    )
    annotations = changed["ZegoUploadFailed"]["annotations"]

    assert annotations["runbook_url"] == "https://e.example/runbooks/ZegoUploadFailed?lang=zh"
    assert annotations["dashboard"].startswith(
        "https://g.example/x/d/zego-uploads-zh/?var-zego_app"
    )
    assert (
        rules(runbook_url="https://e.example/a.md")["ZegoUploadFailed"]["annotations"][
            "runbook_url"
        ]
        == "https://e.example/a.md#zegouploadfailed"
    )
    assert rules(language="zh")["ZegoUploadFailed"]["annotations"]["runbook_url"] == (
        "docs/alerts.zh-CN.md#zegouploadfailed"
    )
    assert "example.com" not in template(tuning(grafana_url="https://g.example"))


def test_a_watch_list_becomes_a_regular_expression_of_promql() -> None:
    """Quotes and backslashes are escaped as PromQL wants it, percent signs as printf does."""
    alert = rules(watch='10% "x"\\.mp4')["ZegoUploadWatchedTitleExpiring"]

    assert 'title=~"10% \\"x\\"\\\\.mp4"' in alert["expr"]
    assert 'title=~"10%% \\"x\\"\\\\.mp4"' in alert["annotations"]["description"]


def test_labels_are_compared_grouped_and_looked_up() -> None:
    """A label of a target is in every matcher, grouping and lookup."""
    options = {"labels": ["cluster", "env"]}
    config = yaml.safe_load(configuration(tuning(**options)))  # type: ignore[arg-type]

    assert config["route"]["group_by"] == ["alertname", "cluster", "env", "job", "zego_app"]
    assert {tuple(rule["equal"]) for rule in config["inhibit_rules"]} == {
        ("cluster", "env", "job"),
        ("cluster", "env", "job", "zego_app"),
    }
    assert "env=%q" in rules(**options)["ZegoUploadFailed"]["annotations"]["description"]


def test_disabled_alerts_are_not_routed() -> None:
    """Neither routes nor inhibitions name a disabled alert."""
    config = configuration(tuning(disable=["ZegoUploadQueueStalled", "ZegoUploadExpired"]))

    assert "ZegoUploadQueueStalled" not in config
    assert "ZegoUploadExpired|" not in config


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"disable": ["ZegoUploadFaild"]},
            "--disable: there is no alert 'ZegoUploadFaild' (did you mean ZegoUploadFailed, ",
        ),
        (
            {"severity": ["ZegoUploadFailed=loud"]},
            "--severity: 'loud' is not one of critical, warning, info, none",
        ),
        (
            {"severity": ["Nothing=info"]},
            "--severity: there is no alert 'Nothing' (docs/alerts.md lists all)",
        ),
        ({"severity": ["ZegoUploadFailed"]}, "'ZegoUploadFailed' has no = (write NAME=VALUE)"),
        ({"hold": ["ZegoUploadFailed=soon"]}, "--for ZegoUploadFailed: 'soon' is not a duration"),
        (
            {"threshold": ["ZegoUploadFailed.size=3"]},
            "--threshold: ZegoUploadFailed has no threshold 'size' (known: window)",
        ),
        (
            {"threshold": ["ZegoUploadFailed=3"]},
            "'ZegoUploadFailed' names no threshold (write ALERT.NAME=VALUE; known: window)",
        ),
        ({"threshold": ["ZegoUploadFailed.window=x"]}, "window: 'x' is not a duration"),
        ({"threshold": ["ZegoUploadFailureRatioHigh.ratio=25"]}, "'25' is not a ratio above 0"),
        ({"threshold": ["ZegoUploadRetryingOften.retries=-1"]}, "'-1' is not a whole number"),
        ({"threshold": ["ZegoUploadDataStale.x=1"]}, "(known: it has none)"),
        ({"watch": "("}, "--watch: '(' is not a regular expression"),
        ({"watch": "a`b"}, "--watch: 'a`b' is not a regular expression"),
        ({"labels": ["a-b"]}, "--labels: 'a-b' is not the name of a label"),
        ({"grafana_url": "grafana"}, "--grafana-url: 'grafana' is not an http or https address"),
        ({"runbook_url": 'http://x/"'}, "is not an http or https address"),
        ({"runbook_url": "http://x/\udcff"}, "is not an http or https address"),
        ({"grafana_url": "http://x/\x1b[1m"}, "is not an http or https address"),
        ({"language": "fr"}, "--language: 'fr' is not one of en, zh"),
        ({"labels": ["cluster", "instance"]}, "--labels: 'instance' does not tell targets apart"),
        ({"labels": ["job"]}, "--labels: 'job' does not tell targets apart, or is always compared"),
        ({"hold": ["ZegoUploadErrorBudgetBurn=1h"]}, "takes none (its windows decide)"),
        (
            {"threshold": ["ZegoUploadErrorBudgetBurn.ratio=0.9"]},
            "--threshold: ZegoUploadErrorBudgetBurn has none (use --slo-objective and ",
        ),
    ],
)
def test_a_wrong_name_or_value_is_refused_with_the_valid_ones(
    options: dict[str, Any], problem: str
) -> None:
    """The error can be fixed without reading a document."""
    with pytest.raises(ConfigError) as raised:
        tuning(**options)

    (message,) = raised.value.problems
    assert problem in message


UNUSABLE = {
    Kind.COUNT: ("0", "00", "1.5", "-1", "1e3", "٣", ""),
    Kind.RATIO: ("0", "0.0", "1.1", "-0.1", "nan", "90%", ""),
    Kind.DURATION: ("0s", "0m", "0d0h", "5m1h", "1h1h", "1w", "5", "30", "367d", "999999999d", ""),
    Kind.PATTERN: ("(?=x)", "(?<!x)y", "(?>x)", r"(x)\1", "(?P<n>x)(?P=n)", "x++", r"x\Z",
                   "[\\u4e00-\\u9fff]", r"[\b]", "x{1001}", "(x{100}){100}",
                   "(?x)a b", "(?#a)b", "[", "a`b"),
}  # fmt: skip
USABLE = {
    Kind.COUNT: ("1", "999999999"),
    Kind.RATIO: ("0.001", ".5", "1", "1.0"),
    Kind.DURATION: ("1s", "90s", "08m", "1h30m", "1d12h", "366d"),
    Kind.PATTERN: ("(?i)intro[.]mp4|trailer-.+", r"[[:alpha:]]+", r"\d{4}-\d{2}-\d{2}[^\]x]*",
                   r"a\+\+", r"[(?=]+", r"课程 .*[上下]", r'50%|a\.b"', r"{{.}}",
                   r"(?P<n>x)(?:y)*?", r"\[\w\-]\b"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k in UNUSABLE for v in UNUSABLE[k]])
def test_a_value_that_prometheus_refuses_or_that_has_no_effect_is_refused(
    kind: Kind, value: str
) -> None:
    """Prometheus loads no rule of a file with one that it cannot read; 0 would always be true."""
    places = [(a.name, n) for a in ALERTS for n, t in a.thresholds.items() if t.kind is kind]
    for alert, name in places:
        with pytest.raises(ConfigError, match=f"{alert}.{name}: "):
            tuning(threshold=[f"{alert}.{name}={value}"])


SHARES = {
    (alert.name, name): found[1]
    for alert in ALERTS
    for name, threshold in alert.thresholds.items()
    if threshold.kind is Kind.RATIO and (found := re.search(rf"(>=?) <{name}>", alert.expr))
}
"""How each share is compared, from the expression."""

EDGES = [
    *(
        (f"{alert}.{name}", value, ("0.0001", "0.999", "1") if compared == ">=" else ("0.999",))
        for (alert, name), compared in SHARES.items()
        for value in (("0", "1.01") if compared == ">=" else ("0", "1", "1.0", "0." + "9" * 30))
    ),
    ("ZegoUploadSlotsSaturated.window", "299s", ("5m", "301s", "10m")),
    ("ZegoUploadAppVanished.memory", "10m", ("601s", "11m", "366d")),
    ("ZegoUploadExporterDown.memory", "10m", ("601s", "11m", "366d")),
    ("ZegoUploadExporterAbsent.memory", "5m", ("601s", "11m", "366d")),
    ("ZegoUploadExporterAbsent.memory", "10m", ("601s", "11m", "366d")),
    ("ZegoUploadListingShort.tasks", "1000000000", ("1", "999999999")),
    ("ZegoUploadFailed.window", "366d1s", ("1s", "366d")),
]  # fmt: skip


@pytest.mark.parametrize(("place", "refused", "accepted"), EDGES)
def test_a_threshold_with_which_an_alert_never_fires_is_refused(
    place: str, refused: str, accepted: tuple[str, ...]
) -> None:
    """A share above 1, a memory shorter than its gap; the error names the range."""
    alert, _, name = place.partition(".")
    threshold = next(a for a in ALERTS if a.name == alert).thresholds[name]
    assert threshold.range
    for value in accepted:
        assert tuning(threshold=[f"{place}={value}"]).thresholds[alert, name] == value
    with pytest.raises(ConfigError) as raised:
        tuning(threshold=[f"{place}={refused}"])
    assert list(raised.value.problems) == [
        f"--threshold {place}: {refused!r} is not a {threshold.kind} {threshold.range.text}"
    ]


@pytest.mark.parametrize(
    ("alert", "hold", "memory", "allowed"),
    [
        ("ZegoUploadExporterAbsent", "0s", "6m", True),
        ("ZegoUploadExporterAbsent", "0m", "5m", False),
        ("ZegoUploadExporterAbsent", "2h", "1h", False),
        ("ZegoUploadExporterDown", "2h", "2h5m", False),
        ("ZegoUploadExporterDown", "2h", "2h5m1s", True),
        ("ZegoUploadAppVanished", "1d", "", False),  # its default
        ("ZegoUploadAppVanished", "23h", "", True),
    ],
)
def test_what_is_remembered_outlasts_the_gap_and_the_hold(
    alert: str, hold: str, memory: str, allowed: bool
) -> None:
    """A series counts as missing after 5 minutes, and the alert fires after its `for`."""
    choices = {"hold": [f"{alert}={hold}"]}
    choices |= {"threshold": [f"{alert}.memory={memory}"]} if memory else {}
    if allowed:
        assert rules(**choices)[alert].get("for", "0s") == hold
        return
    with pytest.raises(ConfigError) as raised:
        tuning(**choices)  # type: ignore[arg-type]
    assert list(raised.value.problems) == [
        f"--threshold {alert}.memory: '{memory or '1d'}' is not a duration longer than 5m plus the "
        "alert's `for`, up to 366d"
    ]


@pytest.mark.parametrize("hold", ["0s", "0m", "0h", "0d", "00m", "0h0m"])
def test_a_hold_of_0_takes_it_away_in_any_unit(hold: str) -> None:
    """The text says 0 as well."""
    assert "for" not in rules(hold=[f"ZegoUploadSlotsFull={hold}"])["ZegoUploadSlotsFull"]


@pytest.mark.parametrize(
    ("alert", "name"),
    [(a.name, n) for a in ALERTS for n, t in a.thresholds.items() if t.kind is Kind.COUNT],
)
def test_a_whole_number_is_decimal_whatever_it_begins_with(alert: str, name: str) -> None:
    """PromQL reads 010 as 8."""
    assert rules(threshold=[f"{alert}.{name}=010"]) == rules(threshold=[f"{alert}.{name}=10"])


def test_every_share_is_compared_and_every_default_is_in_its_range() -> None:
    """The table of ranges follows the expressions."""
    places = [(a.name, n, t) for a in ALERTS for n, t in a.thresholds.items()]
    assert set(SHARES) == {(a, n) for a, n, t in places if t.kind is Kind.RATIO}
    assert set(SHARES.values()) == {">", ">="}
    for alert, name, threshold in places:
        if threshold.default:
            tuning(threshold=[f"{alert}.{name}={threshold.default}"])


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("kind", USABLE)
def test_prometheus_accepts_every_value_that_we_accept(
    tmp_path: Path, kind: Kind, generation: str
) -> None:
    """For every threshold of the kind whose range is the usual one; a file for each value."""
    paths = []
    for number, value in enumerate(USABLE[kind]):
        chosen = tuning(
            threshold=[
                f"{alert.name}.{name}={value}"
                for alert in ALERTS
                for name, threshold in alert.thresholds.items()
                if threshold.kind is kind and threshold.range in (None, ABOVE_0, UP_TO_1, TIME)
            ]
        )
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(one_file(chosen), "utf-8")
    result = promtool("check", "rules", *paths, generation=generation)
    assert result.returncode == 0, result.stdout


def test_all_problems_are_reported_together() -> None:
    """One run shows everything that has to be fixed."""
    with pytest.raises(ConfigError) as raised:
        tuning(disable=["X"], severity=["Y=loud"], watch="(")

    assert len(raised.value.problems) == 4


@pytest.mark.parametrize(
    ("text", "in_words"),
    [
        ("90s", "90 seconds"),
        ("1m", "1 minute"),
        ("1h30m", "1 hour 30 minutes"),
        ("2d", "2 days"),
    ],
)
def test_a_duration_as_people_say_it(text: str, in_words: str) -> None:
    """In the units that it is written in."""
    assert words(text, tuning().texts) == in_words
