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

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import indent

from exporter.alerting.model import BUDGET_ALERT, REPLICAS, Severity
from exporter.alerting.rules import APP_QUERY, app_matchers, fill, quote, runbook_url
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

    Attributes:
        ratio: Share of finished uploads that succeed over 28 days, above 0 and below 1.
        minimum: Finished uploads that the long window of an alert needs.
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
    recent = [
        _ratio_records(
            window,
            *(
                f"max without ({REPLICAS}) (sum without (from, to) "
                f"(increase({_MOVED}{{{matchers}}}[{window}])))"
                for matchers in (_FAILED, _FINISHED)
            ),
        )
        for window in ("5m", "30m", "1h", "6h")
    ]
    long = [
        _ratio_records(
            window,
            # One value of an hour each, an hour apart: together they are the whole range.
            *(
                f"sum_over_time({_COUNT.format(what=what, window='1h')}[{window}:1h])"
                for what in ("failed", "finished")
            ),
        )
        for window in ("3d", "28d")
    ]
    left = f"1 - {_RATIO.format(window='28d')} / {objective.budget:.10g}"
    long.append(_record(_BUDGET, left))
    # 4m is below 5 minutes, in which Prometheus still finds the last value of a record.
    return (
        "  - name: zego-uploads.slo\n    interval: 1m\n    rules:\n"
        + "".join([*recent, *_alerts(objective, tuning)])
        + "  - name: zego-uploads.slo.long\n    interval: 4m\n    rules:\n"
        + "".join(long)
    )


def objective_of(ratio: str, minimum: str) -> Objective:
    """Return the objective that flags give; raises ConfigError with every problem in them."""
    problems = []
    if not re.fullmatch(r"0?\.[0-9]{1,9}", ratio) or not float(ratio):
        problems.append(f"--slo-objective: {ratio!r} is not a share between 0 and 1, such as 0.99")
    if not re.fullmatch(r"[0-9]{1,9}", minimum) or not int(minimum):
        what = "a whole number from 1 to 999999999"
        problems.append(f"--slo-minimum: {minimum!r} is not {what}")
    if problems:
        raise ConfigError(problems)
    return Objective(float(ratio), int(minimum))


def _ratio_records(window: str, failed: str, finished: str) -> str:
    """Return the rules that record both counts of a window, and their ratio."""
    failed_name, finished_name = (
        _COUNT.format(what=what, window=window) for what in ("failed", "finished")
    )
    ratio = f"{failed_name} / ({finished_name} > 0)"
    return (
        _record(failed_name, failed)
        + _record(finished_name, finished)
        + _record(_RATIO.format(window=window), ratio)
    )


def _record(name: str, expr: str) -> str:
    return f"      - record: {name}\n        expr: {expr}\n"


def _alerts(objective: Objective, tuning: Tuning) -> Iterator[str]:
    if BUDGET_ALERT in tuning.disabled:
        return
    texts = tuning.texts.objective
    matchers, label_values = app_matchers(tuning)
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
            f"{{{{ with query (printf `{_BUDGET}{{{matchers}}}` {label_values}) }}}}"
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
        dashboard = tuning.grafana_url + tuning.texts.dashboard + APP_QUERY
        yield (
            f"      - alert: {BUDGET_ALERT}\n"
            f"        expr: |-\n{indent(expr, ' ' * 10)}\n"
            "        labels:\n"
            f"          severity: {severity}\n"
            "          component: uploads\n"
            f"          window: {burn.long}\n"
            "        annotations:\n"
            f"          summary: {quote(fill(texts[burn.severity.value], values))}\n"
            f"          description: |-\n{indent(fill(texts['description'], values), ' ' * 12)}\n"
            f"          runbook_url: {quote(runbook_url(BUDGET_ALERT, tuning))}\n"
            f"          dashboard: {quote(dashboard)}\n"
        )
