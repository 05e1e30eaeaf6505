"""The parts of an alert.

Rules of the notation, which `rules` fills in:

- An expression or query holds thresholds as `<name>`. A duration is written as PromQL writes it
  (`30m`); `<name_s>` is the same in seconds.
- A text holds placeholders as `{name}`: a threshold in words, a value of the alert, or a list of
  tasks (`{tasks}`), which Prometheus fills in when it evaluates the alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

REPLICAS = "instance, pod, container, endpoint, node"
"""Labels that tell replicas of one exporter apart. Every other label of a target is kept."""

TARGET = "pod, container, endpoint, node"
"""Labels that an alert about one process drops: a new pod is the same `instance` or another one."""


BUDGET_ALERT = "ZegoUploadErrorBudgetBurn"
"""The alert on an objective, whose rules are optional and have windows of their own."""


class Severity(StrEnum):
    """Effort of a notification: a page, a ticket, a look at the board, none."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    NONE = "none"


class Component(StrEnum):
    """Subject of an alert; the label `component` and the second half of its group's name."""

    UPLOADS = "uploads"
    COLLECTION = "collection"
    EXPORTER = "exporter"


class Kind(StrEnum):
    """The form of a threshold's value."""

    COUNT = "whole number"
    RATIO = "ratio"
    DURATION = "duration"
    PATTERN = "regular expression (RE2)"


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two bounds; those of a duration are seconds.

    Attributes:
        above: Lower bound, not allowed itself.
        limit: Upper bound.
        included: Whether `limit` is allowed itself.
        text: The range in words, for error messages.
    """

    above: float
    limit: float
    included: bool
    text: str

    def __contains__(self, number: float) -> bool:
        return self.above < number < self.limit or (self.included and number == self.limit)


YEAR = 366 * 86_400
"""Longest duration of a threshold in seconds; Prometheus refuses 293 years."""

ABOVE_0 = Range(0, 999_999_999, included=True, text="above 0 and up to 999999999")
UP_TO_1 = Range(0, 1, included=True, text="above 0 and up to 1")
BELOW_1 = Range(0, 1, included=False, text="above 0 and below 1")
"""For a share that is compared with `>`: no share is above 1, so the alert could never fire."""
TIME = Range(0, YEAR, included=True, text="above 0 such as 90s, 30m or 1d, up to 366d")
STEPS = Range(299, YEAR, included=True, text="of at least 5m and up to 366d")
"""For a window that is read in steps of 5 minutes, one of them at least; seconds are whole."""
MEMORY = Range(300, YEAR, included=True, text="longer than 5m plus the alert's `for`, up to 366d")
"""For the time that a series is remembered. It counts as missing after 5 minutes, and the alert
fires only after its `for`, which adds to `above`."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number, duration or pattern that a user may change; an empty default switches off.

    Attributes:
        range: Allowed values, those with which the alert can fire and end; None for a pattern.
    """

    default: str
    kind: Kind
    range: Range | None

    @property
    def meaning(self) -> str:
        """The form and range of allowed values in words, for error messages."""
        return f"{self.kind} {self.range.text}" if self.range else str(self.kind)


def count(default: int) -> Threshold:
    """Return a threshold that is a whole number."""
    return Threshold(str(default), Kind.COUNT, ABOVE_0)


def ratio(default: float, allowed: Range = BELOW_1) -> Threshold:
    """Return a threshold that is a share; `allowed` is UP_TO_1 where it is compared with `>=`."""
    return Threshold(str(default), Kind.RATIO, allowed)


def duration(default: str, allowed: Range = TIME) -> Threshold:
    """Return a threshold that is a duration, such as `30m` or `1h30m`."""
    return Threshold(default, Kind.DURATION, allowed)


def pattern(default: str) -> Threshold:
    """Return a threshold that is a regular expression."""
    return Threshold(default, Kind.PATTERN, None)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in an alert's text, found by a query that Prometheus makes with each evaluation.

    Attributes:
        query: PromQL; `%[1]s` stands for the matchers of the alert's app.
        line: Key of the text of one line.
        otherwise: Key of the text where the query finds nothing.
        command: Flags with which the `tasks` command shows the same; part of that text.
        sort: Label to sort the lines by, empty where the query sorts them.
    """

    query: str
    line: str
    otherwise: str = "not_exposed"
    command: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        component: Group of rules and value of the label.
        name: Unique; also the key of its texts and of its runbook.
        severity: Default of the label `severity`.
        expr: PromQL with thresholds.
        hold: `for`, empty where it fires immediately.
        keep: `keep_firing_for`, empty where it ends immediately.
        thresholds: Values that a user may change, by name.
        listings: Lists in its description, by placeholder.
        event: Whether it reports something that happened, over a window, and ends by itself:
            no "resolved".
        needs_data: Whether its series come from the last complete collection and disappear with
            it.
        comment: Reason of the rule's form, written above it.
    """

    component: Component
    name: str
    severity: Severity
    expr: str
    hold: str = ""
    keep: str = ""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    listings: Mapping[str, Listing] = field(default_factory=dict)
    event: bool = False
    needs_data: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """A recorded query: `name` is level:metric:operations."""

    name: str
    expr: str
    comment: str


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While `source` fires, alerts that `matchers` select are muted where they identify the same.

    Attributes:
        matchers: Alertmanager's, all of which a muted alert meets.
        comment: Reason, written above it.
        per_app: Whether source and targets have to be about the same app, or only the same job.
        severity: Severity of the source, where its alerts have several; None means any.
    """

    source: str
    matchers: tuple[str, ...]
    comment: str
    per_app: bool = True
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class AlertText:
    """Summary (one line) and description of an alert, with placeholders."""

    summary: str
    description: str


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that is said in one language.

    Attributes:
        alerts: Texts by alert name.
        objective: Parts of the alert on an objective, by key.
        lines: Lines of listings and the texts in their place, by key.
        durations: Unit (s, m, h, d) to singular and plural, with `{n}`.
        units: Units of a span as Prometheus writes it (`1h 20m 0s`) to their translations; in
            this order, so that a unit does not meet a letter of an earlier one.
        words: Values of the labels `reason` and `status` as people read them; a missing one stays.
        messages: Alertmanager's text template, by key.
        dashboard: Path of the overview dashboard.
        runbooks: Path of the runbook in the repository.
    """

    alerts: Mapping[str, AlertText]
    objective: Mapping[str, str]
    lines: Mapping[str, str]
    durations: Mapping[str, tuple[str, str]]
    units: Mapping[str, str]
    words: Mapping[str, str]
    messages: Mapping[str, str]
    dashboard: str
    runbooks: str
