"""Changes that a user may make to the alerts without editing an expression."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from string import punctuation

from exporter.alerting.catalog import ALERTS, LANGUAGES, alert_named
from exporter.alerting.flags import LABELS
from exporter.alerting.model import (
    BUDGET_ALERT,
    MEMORY,
    REPLICAS,
    Alert,
    Kind,
    Severity,
    Texts,
    Threshold,
    duration,
    pattern,
)
from exporter.durations import parse_duration, split_duration
from exporter.errors import ConfigError
from exporter.text import nearest

WATCHED = ("ZegoUploadWatchedTitleExpiring", "titles")
"""Alert and threshold that `--watch` sets."""

_UNITS = frozenset("dhms")  # those that the texts have words for
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NEVER_COMPARED = {*REPLICAS.split(", "), "job", "zego_app", "alertname", "severity"}
_NUMBERS = {Kind.COUNT: r"[0-9]{1,18}", Kind.RATIO: r"[0-9]?\.[0-9]+|[0-9]+"}
# Parts of a regular expression: an escape, a class of characters, and what Python alone knows
# (lookaround, conditions, references, possessive repeats).
_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_PYTHON_ONLY = re.compile(r"\(\?(?!:|P<|[ims-]+[):])|[*+?}]\+")
_COUNTED = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_ESCAPED_IN_CLASS = frozenset("dDsSwWafnrtvx" + punctuation)
_ESCAPED = _ESCAPED_IN_CLASS | frozenset("bBA")
_MOST_REPEATS = 1000  # RE2's limit, of nested ones together


@dataclass(frozen=True, slots=True)
class Tuning:
    """Resolved choices of a user; the defaults give the committed files.

    Attributes:
        language: Key of LANGUAGES.
        grafana_url: Address without a slash at its end; empty leaves paths.
        runbook_url: The same for the runbooks.
        labels: Labels that tell targets apart beside `job`.
        disabled: Names of alerts that are left out.
        severities: Levels by alert name.
        holds: Durations by alert name, `0s` for none.
        thresholds: Values by alert name and threshold name.
    """

    language: str = "en"
    grafana_url: str = ""
    runbook_url: str = ""
    labels: tuple[str, ...] = LABELS
    disabled: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def texts(self) -> Texts:
        """The texts in the chosen language."""
        return LANGUAGES[self.language]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The alerts that are on: neither disabled, nor waiting for a threshold to be set."""
        return tuple(
            alert
            for alert in ALERTS
            if alert.name not in self.disabled and all(self.values(alert).values())
        )

    def severity(self, alert: Alert) -> Severity:
        """Return the alert's severity."""
        return self.severities.get(alert.name, alert.severity)

    def hold(self, alert: Alert) -> str:
        """Return the alert's `for`, empty where it fires immediately."""
        hold = self.holds.get(alert.name, alert.hold)
        return "" if not hold or parse_duration(hold) == 0 else hold

    def values(self, alert: Alert) -> dict[str, str]:
        """Return the alert's thresholds, by name."""
        return {
            name: self.thresholds.get((alert.name, name), threshold.default)
            for name, threshold in alert.thresholds.items()
        }


def words(text: str, texts: Texts) -> str:
    """Return a duration such as `1h30m` as people say it."""
    parts = split_duration(text)
    return " ".join(texts.durations[unit][count != 1].format(n=count) for count, unit in parts)


def tuning(
    *,
    language: str = "en",
    grafana_url: str = "",
    runbook_url: str = "",
    labels: Sequence[str] = LABELS,
    disable: Sequence[str] = (),
    severity: Sequence[str] = (),
    hold: Sequence[str] = (),
    threshold: Sequence[str] = (),
    watch: str = "",
) -> Tuning:
    """Return the choices that flags give; raises ConfigError with every problem in them.

    `severity` and `hold` hold `ALERT=VALUE`, `threshold` holds `ALERT.NAME=VALUE`; `watch` is a
    regular expression for titles.
    """
    problems: list[str] = []
    if language not in LANGUAGES:
        problems.append(f"--language: {language!r} is not one of {', '.join(LANGUAGES)}")
    for flag, url in (("--grafana-url", grafana_url), ("--runbook-url", runbook_url)):
        # A byte of a flag that is not UTF-8 is a surrogate, which is not printable.
        if url and not (re.fullmatch(r"https?://[^\s\"'{}`]+", url) and url.isprintable()):
            problems.append(f"{flag}: {url!r} is not an http or https address")
    problems += _label_problems(labels)
    problems += [problem for name in disable for problem in _unknown_alert("--disable", name)]
    thresholds = {
        (name.partition(".")[0], name.partition(".")[2]): value
        for name, value in _pairs("--threshold", threshold, problems)
    }
    if watch:
        problems += _value_problems("--watch", watch, pattern(""))
        thresholds[WATCHED] = watch
    severities = dict(_pairs("--severity", severity, problems))
    holds = dict(_pairs("--for", hold, problems))
    problems += _memory_problems(thresholds, holds)
    if problems:
        raise ConfigError(problems)
    return Tuning(
        language=language,
        grafana_url=grafana_url.rstrip("/"),
        runbook_url=runbook_url.rstrip("/"),
        labels=tuple(dict.fromkeys(labels)),
        disabled=frozenset(disable),
        severities={name: Severity(level) for name, level in severities.items()},
        holds=holds,
        thresholds={place: _decimal(*place, value) for place, value in thresholds.items()},
    )


def _decimal(alert: str, name: str, value: str) -> str:
    """Return a whole number without zeros before it: PromQL reads `010` as 8."""
    known = alert_named(alert)
    is_count = known is not None and known.thresholds[name].kind is Kind.COUNT
    return str(int(value)) if is_count else value


def _label_problems(labels: Sequence[str]) -> Iterator[str]:
    for label in labels:
        if not _LABEL.fullmatch(label):
            yield f"--labels: {label!r} is not the name of a label"
        elif label in _NEVER_COMPARED:
            reason = "does not tell targets apart, or is always compared (leave it out)"
            yield f"--labels: {label!r} {reason}"


def _pairs(flag: str, entries: Iterable[str], problems: list[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each `NAME=VALUE`, and add their errors to `problems`."""
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals:
            problems.append(f"{flag}: {entry!r} has no = (write NAME=VALUE)")
            continue
        problems += _pair_problems(flag, name, value)
        yield name, value


def _pair_problems(flag: str, name: str, value: str) -> list[str]:
    if flag == "--threshold":
        return _threshold_problems(flag, name, value)
    if flag == "--for" and name == BUDGET_ALERT:
        return [f"{flag}: {name} takes none (its windows decide)"]
    problems = _unknown_alert(flag, name)
    if flag == "--severity" and value not in list(Severity):
        problems.append(f"{flag}: {value!r} is not one of {', '.join(Severity)}")
    # 0 takes the `for` away, and is no threshold.
    if flag == "--for" and _number(value, Kind.DURATION) != 0:
        problems += _value_problems(f"{flag} {name}", value, duration(""))
    return problems


def _threshold_problems(flag: str, name: str, value: str) -> list[str]:
    alert_name, dot, threshold_name = name.partition(".")
    if alert_name == BUDGET_ALERT:
        return [f"{flag}: {alert_name} has none (use --slo-objective and --slo-minimum)"]
    alert = alert_named(alert_name)
    if alert is None:
        return _unknown_alert(flag, alert_name)
    known = ", ".join(alert.thresholds) or "it has none"
    if not dot:
        return [f"{flag}: {name!r} names no threshold (write ALERT.NAME=VALUE; known: {known})"]
    if threshold_name not in alert.thresholds:
        return [f"{flag}: {alert_name} has no threshold {threshold_name!r} (known: {known})"]
    return _value_problems(f"{flag} {name}", value, alert.thresholds[threshold_name])


def _memory_problems(
    thresholds: Mapping[tuple[str, str], str], holds: Mapping[str, str]
) -> Iterator[str]:
    """Yield the errors of what is forgotten before its alert fires, by default values as well."""
    for alert in ALERTS:
        hold = _number(holds.get(alert.name, alert.hold), Kind.DURATION)
        for name, threshold in alert.thresholds.items():
            if threshold.range is not MEMORY or hold is None:
                continue
            value = thresholds.get((alert.name, name), threshold.default)
            memory = _number(value, threshold.kind)
            # One that is out of range without a `for` has its error already.
            if memory is not None and MEMORY.above < memory <= MEMORY.above + hold:
                place = f"--threshold {alert.name}.{name}"
                yield f"{place}: {value!r} is not a {threshold.meaning}"


def _value_problems(place: str, value: str, threshold: Threshold) -> list[str]:
    if threshold.range is None:
        valid = _is_pattern(value)
    else:
        number = _number(value, threshold.kind)
        valid = number is not None and number in threshold.range
    return [] if valid else [f"{place}: {value!r} is not a {threshold.meaning}"]


def _number(text: str, kind: Kind) -> float | None:
    """Return a number, or a duration in seconds; None for one without form or words for it."""
    if kind is not Kind.DURATION:
        return float(text) if re.fullmatch(_NUMBERS[kind], text) else None
    try:
        units = {unit for _, unit in split_duration(text)}
    except ValueError:
        return None
    return parse_duration(text) if units <= _UNITS else None


def _is_pattern(text: str) -> bool:
    """Return whether Prometheus takes the text as a regular expression, and a template holds it.

    What Python knows and RE2 does not is refused: with one such pattern Prometheus would refuse the
    whole file of rules.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of [[:alpha:]], which RE2 knows
            re.compile(text)
    except re.error:
        return False
    parts = _ESCAPE_OR_CLASS.findall(text)
    classes = [part for part in parts if part.startswith("[")]
    escaped = {part[1] for part in parts if part.startswith("\\")}
    escaped_in_class = {match[1] for part in classes for match in re.finditer(r"\\(.)", part)}
    structure = _ESCAPE_OR_CLASS.sub("x", text)
    repeats = [int(number) for match in _COUNTED.findall(structure) for number in match if number]
    nested = prod(repeats) if "){" in structure else 0
    return (
        escaped <= _ESCAPED
        and escaped_in_class <= _ESCAPED_IN_CLASS
        and not _PYTHON_ONLY.search(structure)
        and max([nested, *repeats]) <= _MOST_REPEATS
        and text.isprintable()
        and "`" not in text
    )


def _unknown_alert(flag: str, name: str) -> list[str]:
    names = [*(alert.name for alert in ALERTS), BUDGET_ALERT]
    if name in names:
        return []
    close = nearest(name, names, most=3)
    hint = f"did you mean {close}? " if close else ""
    return [f"{flag}: there is no alert {name!r} ({hint}docs/alerts.md lists all)"]
