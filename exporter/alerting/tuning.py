"""What a user may change about the alerts without editing an expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from exporter.alerting.catalog import ALERTS, LANGUAGES, alert_named
from exporter.alerting.flags import LABELS
from exporter.alerting.model import Alert, Kind, Severity, Texts
from exporter.errors import ConfigError

WATCHED = ("ZegoUploadWatchedTitleExpiring", "titles")
"""Labels that tell targets apart beside `job`, by default."""

_DURATION = re.compile(r"(?:\d+[smhd])+")
_PART = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Resolved choices of a user; the defaults give the committed files.

    language: key of LANGUAGES.
    grafana_url, runbook_url: addresses without a slash at their end; empty leaves paths.
    labels: labels that tell targets apart beside `job`.
    disabled: names of alerts that are left out.
    severities, holds: by alert name. thresholds: by alert name and threshold name.
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
        return "" if not hold or seconds(hold) == 0 else hold

    def values(self, alert: Alert) -> dict[str, str]:
        """Return the alert's thresholds, by name."""
        return {
            name: self.thresholds.get((alert.name, name), threshold.default)
            for name, threshold in alert.thresholds.items()
        }


def seconds(text: str) -> int:
    """Return a duration such as `1h30m` in seconds."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def words(text: str, texts: Texts) -> str:
    """Return a duration such as `1h30m` as people say it."""
    parts = (
        texts.durations[unit][int(number) != 1].format(n=int(number))
        for number, unit in _PART.findall(text)
    )
    return " ".join(parts)


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
        if url and not re.fullmatch(r"https?://[^\s\"'{}`]+", url):
            problems.append(f"{flag}: {url!r} is not an http or https address")
    problems += [
        f"--labels: {label!r} is not the name of a label"
        for label in labels
        if not _LABEL.fullmatch(label)
    ]
    problems += [problem for name in disable for problem in _unknown_alert("--disable", name)]
    thresholds = {
        (name.partition(".")[0], name.partition(".")[2]): value
        for name, value in _pairs("--threshold", threshold, _threshold_problems, problems)
    }
    if watch:
        problems += _value_problems("--watch", watch, Kind.PATTERN)
        thresholds[WATCHED] = watch
    severities = dict(_pairs("--severity", severity, _severity_problems, problems))
    holds = dict(_pairs("--for", hold, _hold_problems, problems))
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
        thresholds=thresholds,
    )


def _pairs(
    flag: str,
    entries: Iterable[str],
    check: Callable[[str, str, str], list[str]],
    problems: list[str],
) -> Iterator[tuple[str, str]]:
    """Yield name and value of each `NAME=VALUE`, and add what is wrong with them to `problems`."""
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals:
            problems.append(f"{flag}: {entry!r} has no = (write NAME=VALUE)")
            continue
        problems.extend(check(flag, name, value))
        yield name, value


def _severity_problems(flag: str, name: str, value: str) -> list[str]:
    known = [level.value for level in Severity]
    wrong = [] if value in known else [f"{flag}: {value!r} is not one of {', '.join(known)}"]
    return _unknown_alert(flag, name) + wrong


def _hold_problems(flag: str, name: str, value: str) -> list[str]:
    return _unknown_alert(flag, name) + _value_problems(f"{flag} {name}", value, Kind.DURATION)


def _threshold_problems(flag: str, name: str, value: str) -> list[str]:
    alert_name, _, threshold_name = name.partition(".")
    alert = alert_named(alert_name)
    if alert is None:
        return _unknown_alert(flag, alert_name)
    if threshold_name not in alert.thresholds:
        known = ", ".join(alert.thresholds) or "it has none"
        return [f"{flag}: {alert_name} has no threshold {threshold_name!r} (known: {known})"]
    return _value_problems(f"{flag} {name}", value, alert.thresholds[threshold_name].kind)


def _value_problems(place: str, value: str, kind: Kind) -> list[str]:
    if _is_valid(value, kind):
        return []
    return [f"{place}: {value!r} is not a {kind.value}"]


def _is_valid(value: str, kind: Kind) -> bool:
    match kind:
        case Kind.COUNT:
            return re.fullmatch(r"[0-9]{1,9}", value) is not None
        case Kind.RATIO:
            return re.fullmatch(r"0(\.\d+)?|1(\.0+)?|\.\d+", value) is not None
        case Kind.DURATION:
            return _DURATION.fullmatch(value) is not None
        case Kind.PATTERN:
            return _is_pattern(value)


def _is_pattern(text: str) -> bool:
    """Return whether the text is a regular expression; one with a backquote fits no template."""
    try:
        re.compile(text)
    except re.error:
        return False
    return text.isprintable() and "`" not in text


def _unknown_alert(flag: str, name: str) -> list[str]:
    if alert_named(name) is not None:
        return []
    names = [alert.name for alert in ALERTS]
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return [f"{flag}: there is no alert {name!r} ({hint}known are {', '.join(names)})"]
