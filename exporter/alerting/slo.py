"""An objective for uploads as Prometheus rules: the error budget that is left, and its burn rate.

Rules that this file keeps:

- The method is that of multiple windows and burn rates ("Alerting on SLOs", The Site Reliability
  Workbook, chapter 5), with a period of 28 days: an alert needs a long window, which proves that it
  matters, and a short one, which ends it soon after the cause has ended.
- A few uploads prove nothing: an alert also needs a minimum of finished uploads in its long window.
- Long ranges are sums of whole hours that are recorded. Over 28 days of raw samples of 200 apps
  Prometheus would read more than it allows a query (50 million).
- Replicas report the same tasks: the larger of their values counts.
"""

# ruff: noqa: E501, RUF001 - a paragraph of Chinese is one line, with Chinese punctuation

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.alerting.model import BUDGET_ALERT, REPLICAS, Severity
from exporter.alerting.rules import APP_QUERY, quote, runbook_url
from exporter.alerting.tuning import Tuning
from exporter.errors import ConfigError

SLO_FILE = "zego-uploads.slo.yaml"
PERIOD_HOURS = 28 * 24

_MOVED = "zego_upload_task_transitions_total"
_FAILED, _FINISHED = 'to="failed"', 'to=~"failed|succeeded"'
_COUNT = "job_zego_app:zego_upload_{what}:increase{window}"
_RATIO = "job_zego_app:zego_upload_failed_per_finished:ratio_increase{window}"
_BUDGET = "job_zego_app:zego_upload_error_budget_left:ratio"


@dataclass(frozen=True, slots=True)
class Objective:
    """The promised share of uploads that succeed.

    ratio: share of finished uploads that succeed over 28 days, above 0 and below 1.
    minimum: finished uploads that the long window of an alert needs.
    """

    ratio: float = 0.99
    minimum: int = 20

    @property
    def budget(self) -> float:
        """The share of finished uploads that may fail."""
        return round(1 - self.ratio, 9)  # The digits that `objective_of` takes; no rounding error.


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair of windows: it fires if they burn `share` of the budget within the long one."""

    severity: Severity
    long: str
    hours: int
    short: str
    share: float

    @property
    def rate(self) -> float:
        """How many times faster than allowed the budget burns."""
        return self.share * PERIOD_HOURS / self.hours


BURNS = (
    Burn(Severity.CRITICAL, "1h", 1, "5m", 0.02),
    Burn(Severity.CRITICAL, "6h", 6, "30m", 0.05),
    Burn(Severity.WARNING, "3d", 72, "6h", 0.10),
)

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "critical": "{app} burns its error budget fast: {percent} of the uploads fail",
        "warning": "{app} will not keep its objective for uploads: {percent} fail",
        "description": (
            "The objective is that {objective} of the finished uploads succeed over 28 days. "
            "At this rate {share} of the budget for 28 days is used within {long}. Budget left: "
            "{left}.\n"
            "Find out which uploads fail and why: zego-upload-exporter tasks --status failed "
            "--unresolved lists those that nobody has repeated. {next}"
        ),
        "next_critical": "Treat it as an outage of uploads.",
        "next_warning": "Fix the cause within the working day.",
        "1h": "one hour",
        "6h": "6 hours",
        "3d": "3 days",
        "unknown": "not known yet",
    },
    "zh": {
        "critical": "{app} 的错误预算消耗过快：{percent} 的上传失败",
        "warning": "{app} 将无法达到上传成功率目标：{percent} 的上传失败",
        "description": (
            "目标是 28 天内 {objective} 的已结束上传任务成功。按目前的速度，{long}内就会用掉 28 天预算的 {share}。"
            "剩余预算：{left}。\n"
            "请查明哪些上传失败以及原因：zego-upload-exporter tasks --status failed --unresolved "
            "会列出尚未重新上传的任务。{next}"
        ),
        "next_critical": "请按上传故障处理。",
        "next_warning": "请在当天工作时间内消除原因。",
        "1h": " 1 小时",
        "6h": " 6 小时",
        "3d": " 3 天",
        "unknown": "尚未可知",
    },
}


def slo_file(objective: Objective, tuning: Tuning) -> str:
    """Return the rule file for an objective, as YAML."""
    return (
        f"# Objective for uploads: {objective.ratio:.10g} of those that finish within 28 days"
        " succeed. Written by:\n"
        f"# zego-upload-exporter export rules --slo-objective {objective.ratio:.10g}"
        f" --slo-minimum {objective.minimum}\n"
        f"# docs/alerts.md, {BUDGET_ALERT}, explains it. Needs Prometheus 2.42 or newer.\n"
        "groups:\n"
    ) + slo_groups(objective, tuning)


def slo_groups(objective: Objective, tuning: Tuning) -> str:
    """Return the groups of rules for an objective as entries of a YAML list."""
    recent = [*_recent_records(), *_alerts(objective, tuning)]
    return _group("zego-uploads.slo", "1m", recent) + _group(
        # Below 5 minutes, in which Prometheus still finds the last value of a record.
        "zego-uploads.slo.long",
        "4m",
        _long_records(objective),
    )


def objective_of(ratio: str, minimum: str) -> Objective:
    """Return the objective that flags give; raises ConfigError with every problem in them."""
    problems = []
    if not re.fullmatch(r"0?\.[0-9]{1,9}", ratio) or not float(ratio):
        problems.append(f"--slo-objective: {ratio!r} is not a share between 0 and 1, such as 0.99")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", minimum):
        problems.append(f"--slo-minimum: {minimum!r} is not a whole number above 0")
    if problems:
        raise ConfigError(problems)
    return Objective(float(ratio), int(minimum))


def _recent_records() -> Iterator[str]:
    for window in ("5m", "30m", "1h", "6h"):
        yield from _counts_and_ratio(
            window,
            {
                what: f"max without ({REPLICAS}) (sum without (from, to) "
                f"(increase({_MOVED}{{{matchers}}}[{window}])))"
                for what, matchers in (("failed", _FAILED), ("finished", _FINISHED))
            },
        )


def _long_records(objective: Objective) -> Iterator[str]:
    for window in ("3d", "28d"):
        # One value of an hour each, an hour apart: together they are the whole range.
        yield from _counts_and_ratio(
            window,
            {
                what: f"sum_over_time({_COUNT.format(what=what, window='1h')}[{window}:1h])"
                for what in ("failed", "finished")
            },
        )
    ratio = _RATIO.format(window="28d")
    yield _record(_BUDGET, f"1 - {ratio} / {objective.budget:.10g}")


def _counts_and_ratio(window: str, counts: Mapping[str, str]) -> Iterator[str]:
    names = {what: _COUNT.format(what=what, window=window) for what in counts}
    for what, expr in counts.items():
        yield _record(names[what], expr)
    finished = f"({names['finished']} > 0)"
    yield _record(_RATIO.format(window=window), f"{names['failed']} / {finished}")


def _alerts(objective: Objective, tuning: Tuning) -> Iterator[str]:
    if BUDGET_ALERT in tuning.disabled:
        return
    texts = _TEXTS[tuning.language]
    labels = ("job", "zego_app", *tuning.labels)
    matchers = ",".join(f"{label}=%q" for label in labels)
    names = " ".join(f"$labels.{label}" for label in labels)
    for burn in BURNS:
        limit = f"{burn.rate * objective.budget:.10g}"
        expr = (
            f"{_RATIO.format(window=burn.long)} > {limit}\n"
            f"and {_RATIO.format(window=burn.short)} > {limit}\n"
            # Half an upload less, for `increase` extrapolates.
            f"and {_COUNT.format(what='finished', window=burn.long)} > {objective.minimum} - 0.5"
        )
        severity = tuning.severities.get(BUDGET_ALERT, burn.severity)
        left = (
            f"{{{{ with query (printf `{_BUDGET}{{{matchers}}}` {names}) }}}}"
            "{{ . | first | value | humanizePercentage }}"
            "{{ else }}" + texts["unknown"] + "{{ end }}"
        )
        values = {
            "app": "{{ $labels.zego_app }}",
            "percent": "{{ $value | humanizePercentage }}",
            "objective": f"{objective.ratio * 100:.10g}%",
            "share": f"{burn.share:.0%}",
            "long": texts[burn.long],
            "left": left,
            "next": texts[f"next_{burn.severity.value}"],
        }
        yield (
            f"      - alert: {BUDGET_ALERT}\n"
            f"        expr: |-\n{_indent(expr, 10)}\n"
            "        labels:\n"
            f"          severity: {severity}\n"
            "          component: uploads\n"
            f"          window: {burn.long}\n"
            "        annotations:\n"
            f"          summary: {quote(_fill(texts[burn.severity.value], values))}\n"
            f"          description: |-\n{_indent(_fill(texts['description'], values), 12)}\n"
            f"          runbook_url: {quote(runbook_url(BUDGET_ALERT, tuning))}\n"
            f"          dashboard: {quote(tuning.grafana_url + tuning.texts.dashboard + APP_QUERY)}\n"
        )


def _record(name: str, expr: str) -> str:
    return f"      - record: {name}\n        expr: {expr}\n"


def _group(name: str, interval: str, rules: Iterator[str] | list[str]) -> str:
    return f"  - name: {name}\n    interval: {interval}\n    rules:\n" + "".join(rules)


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _indent(text: str, depth: int) -> str:
    return "\n".join(" " * depth + line for line in text.splitlines())
