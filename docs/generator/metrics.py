"""`docs/metrics.md`, from the table of metrics and what `reference` says beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from docs.generator import chinese
from docs.generator.chinese import Say, texts_in
from docs.generator.glossary import glossary
from docs.generator.reference import GROUPS, Entry, Group
from exporter.config import TaskSettings
from exporter.config.app import REGIONS
from exporter.errors import FAILURE_REASONS
from exporter.history.counters import DURATION_BOUNDS
from exporter.history.transitions import FINISHED, GONE, NEW
from exporter.languages import Language
from exporter.metrics import METRICS
from exporter.metrics.metric import Metric, Scope
from exporter.tasks import UNFINISHED, TaskStatus
from exporter.zego.callbacks import EVENT_WORDS, FAILURE_WORDS, REJECTIONS
from exporter.zego.decoding import MALFORMED_REASONS
from exporter.zego.stats import BUCKETS

_ENGLISH = """\
# Metrics

English | [中文](metrics.zh-CN.md)

Generated from the table of metrics by `make docs`. The names are stable, because dashboards and
alerts depend on them. The [glossary](#glossary) explains the terms.

- Every series of an app has the label `zego_app`, the configured name of the app (or its AppId). It
  is not repeated below.
- Series that come from the listing are absent *without a fresh listing*: before the first complete
  collection, and when the last one is older than `collection.stale_after`. All other series always
  exist, unless their entry says otherwise.
- Scrapes never cause requests to ZEGO. Collections run on their own schedule, because a listing of
  many pages is rate-limited and can take longer than a scrape. Values are as old as
  `zego_upload_last_success_timestamp_seconds`. Values that depend on the current time (expiries)
  are computed at the scrape.
- A task is identified by its `UploadTaskId` within its app. A task that is listed twice counts
  once.
- Times are Unix seconds.
- The queries are for one exporter. Two replicas that watch one app expose the same series:
  aggregate them with `max` before any `sum`, as the recording rules in `prometheus/rules/` do.
- `/metrics?app=NAME` (repeatable) returns only the series of these apps. An app that
  is not configured is answered with 400; an empty value is ignored.

Fields such as `Status` are those of ZEGO's action DescribeUploadTasks; `Detail` and `EventType` are
those of its callbacks. [zego-api.md](zego-api.md) describes both.
"""

_INTRODUCTION: Final[Mapping[Language, str]] = {"en": _ENGLISH, "zh": chinese.metrics.INTRODUCTION}

_EVERY_STATUS = tuple(status.value for status in TaskStatus)

_VALUES: Mapping[str, tuple[str, ...]] = {
    "zego_upload_oldest_create_timestamp_seconds.status": tuple(s.value for s in UNFINISHED),
    "zego_upload_oldest_status_since_timestamp_seconds.status": tuple(s.value for s in UNFINISHED),
    "zego_upload_task_duration_seconds.status": tuple(s.value for s in FINISHED),
    "zego_upload_task_info.reason": (*FAILURE_WORDS, ""),
    "zego_upload_failures_total.reason": FAILURE_WORDS,
    "zego_upload_callback_rejections_total.reason": REJECTIONS,
    "zego_upload_collection_failures_total.reason": FAILURE_REASONS,
    "zego_upload_malformed_entries_total.reason": MALFORMED_REASONS,
    "status": _EVERY_STATUS,
    "from": (NEW, *_EVERY_STATUS),
    "to": (*_EVERY_STATUS, GONE),
    "event": EVENT_WORDS,
    "strategy": ("full", "incremental"),
    "phase": tuple(status.value for status in UNFINISHED),
    "within": tuple(label for label, _ in TaskSettings().expiry_windows),
    "endpoint": tuple(REGIONS.values()),
}
"""The values of a label, of one metric or of all that have it."""

_MEANINGS = {
    "within": "as in `tasks.expiry_windows`",
    "endpoint": "or as configured",
    "source_host": "the host of `StreamUrl`, `other` beyond the `tasks.source_hosts` hosts with "
    "most tasks, `unknown` where there is none",
    "upload_task_id": "ZEGO's `UploadTaskId`",
    "title": "ZEGO's `Title`, its hash or nothing, as `tasks.title` says",
    "code": "ZEGO's return code, or `http_<status>`, `timeout`, `connection`, `tls`, "
    "`invalid_response`, `secret_file`, `other`",
    "app_id": "as configured",
    "version": "of the exporter",
    "python_version": "of the interpreter",
}
"""What a label's values are, where they cannot be listed or may be others."""

_BOUNDS = {
    "zego_upload_task_duration_seconds": DURATION_BOUNDS,
    "zego_upload_task_phase_duration_seconds": DURATION_BOUNDS,
    "zego_upload_api_request_duration_seconds": BUCKETS,
}


def metrics_page(language: Language) -> str:
    """Return the page."""
    say = texts_in(language)
    sections = (line for group in GROUPS for line in _section(group, say))
    return "\n".join([_INTRODUCTION[language], *sections, glossary(say)])


def _section(group: Group, say: Say) -> Iterator[str]:
    yield from (f"## {say(group.title)}", "", say(group.text), "")
    rows = {metric.name: metric for metric in METRICS}
    for name, entry in group.entries.items():
        yield from _described(rows[name], entry, say)


def _described(metric: Metric, entry: Entry, say: Say) -> Iterator[str]:
    kind = metric.kind.capitalize()
    yield from (f"### `{metric.name}`", "", say("{}. {}").format(kind, say(metric.help)), "")
    yield from (
        say("- Label `{}`: {}").format(label, _label(metric, label, say)) for label in metric.labels
    )
    if metric.name in _BOUNDS:
        bounds = _listed(_bounds(metric.name), say)
        yield say("- Buckets (`le`), in seconds: {}").format(bounds)
    yield say("- From: {}.").format(say(entry.source))
    if absent := _absent(metric, entry):
        yield say("- Absent: {}.").format(say("; ").join(map(say, absent)))
    yield from ("", "```promql")
    for question, query in entry.queries.items():
        yield from (f"# {say(question)}", query)
    yield from ("```", "")


def _label(metric: Metric, label: str, say: Say) -> str:
    """Return the values of a label, and what they are where they cannot all be listed."""
    values = _VALUES.get(f"{metric.name}.{label}", _VALUES.get(label, ()))
    listed = [_listed(values, say)] if values else []
    meaning = [say(_MEANINGS[label])] if label in _MEANINGS else []
    return say("; ").join([*listed, *meaning])


def _listed(values: tuple[str, ...], say: Say) -> str:
    return say(", ").join(f"`{value}`" if value else say("or nothing") for value in values)


def _bounds(name: str) -> tuple[str, ...]:
    return tuple("+Inf" if bound == float("inf") else f"{bound:g}" for bound in _BOUNDS[name])


def _absent(metric: Metric, entry: Entry) -> list[str]:
    """Return when the series of a metric do not exist: by the rule of its kind, and by its own."""
    listed = metric.scope in (Scope.SNAPSHOT, Scope.MOMENT, Scope.COUNTDOWN)
    return [*(["without a fresh listing"] if listed else []), *filter(None, [entry.absent])]
