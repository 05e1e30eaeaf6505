"""The queries that name tasks in the texts of alerts.

Rules that this file keeps:

- Each returns at most ten tasks, in the order in which they are to be named.
- Replicas are merged by `max by (upload_task_id, ...)`; `topk by (upload_task_id) (1, ...)` makes
  the right side of a join unique while an old and a new status overlap.
- What failed or expired is found by the time at which the task entered its status. Tasks that the
  exporter found in it when it started have no such time: nobody knows when they entered it.
"""

from __future__ import annotations

from exporter.alerting.model import Listing
from exporter.tasks import UNFINISHED as UNFINISHED_STATUSES

_SINCE = "zego_upload_task_status_since_timestamp_seconds"
_EXPIRES = "zego_upload_task_expiry_timestamp_seconds"
ANY_UNFINISHED = "|".join(UNFINISHED_STATUSES)
"""A regular expression for the statuses of unfinished tasks."""
_UNFINISHED = f'status=~"{ANY_UNFINISHED}"'
_TITLED = f'title!="",status=~"{ANY_UNFINISHED}|succeeded"'
"""Tasks that hold their title, or will: two of them overwrite each other's file."""


def _by_task(metric: str, window: str = "5m") -> str:
    """Return PromQL for the last value of a metric of the app's tasks, by task id."""
    return f"max by (upload_task_id) (last_over_time({metric}{{%[1]s}}[{window}]))"


_CREATED = _by_task("zego_upload_task_create_timestamp_seconds")


def _info(matchers: str, labels: str) -> str:
    """Return PromQL for one series for each task that `matchers` select, with `labels`."""
    info = f"last_over_time(zego_upload_task_info{{%[1]s,{matchers}}}[5m])"
    return f"topk by (upload_task_id) (1, max by (upload_task_id, {labels}) ({info}))"


def _titled(value: str, matchers: str, labels: str = "title") -> str:
    """Return PromQL for a value by task id, with the title of the tasks that `matchers` select."""
    return f"{value} * on (upload_task_id) group_left ({labels}) {_info(matchers, labels)}"


def _entered_within(window: str) -> str:
    """Return PromQL for when a task entered its status, if within the threshold `window`."""
    return f"({_by_task(_SINCE, f'<{window}>')} > time() - <{window}_s>)"


def _largest(query: str) -> str:
    return f"sort_desc(topk(10, {query}))"


def entered(status: str, window: str, command: str, extra: str = "") -> Listing:
    """Return the tasks that entered `status` within the threshold `window`, newest first."""
    query = _titled(_entered_within(window), f'status="{status}"')
    return Listing(_largest(query + extra), "task", command=command)


EXPIRED_UNFINISHED = (
    f" and on (upload_task_id) last_over_time(zego_upload_task_info{{%[1]s,{_UNFINISHED}}}[1h])"
)
"""Limits expired tasks to those that were seen unfinished shortly before."""


def failed(window: str) -> Listing:
    """Return the uploads that failed within the threshold `window`, newest first, with reasons."""
    info = 'last_over_time(zego_upload_task_info{%[1]s,status="failed"'
    # One replica may know the reason from a callback and the other not: the known one is taken.
    known = f'max by (upload_task_id, title, reason) ({info},reason!=""}}[5m]))'
    others = f"max by (upload_task_id, title) ({info}}}[5m]))"
    tasks = f"topk by (upload_task_id) (1, {known} or on (upload_task_id) {others})"
    query = f"{_entered_within(window)} * on (upload_task_id) group_left (title, reason) {tasks}"
    return Listing(_largest(query), "failed", command="--status failed")


def created_before(status: str, age: str, command: str) -> Listing:
    """Return the tasks in `status` that are older than the threshold `age`, oldest first."""
    query = _titled(f"(time() - {_CREATED} > <{age}_s>)", f'status="{status}"')
    return Listing(_largest(query), "created", command=command)


UNFINISHED = Listing(
    _largest(_titled(f"(time() - {_CREATED})", _UNFINISHED, "title, status")),
    "unfinished",
    command="--status waiting",
)
"""All unfinished tasks, oldest first."""

RETRIED = Listing(
    _largest(_titled(f"({_by_task('zego_upload_task_retries')} >= <retries>)", _UNFINISHED)),
    "retried",
    command="--status waiting_retry",
)
"""Unfinished tasks with many retries, most retries first."""


def expiring(within: str, extra: str = "") -> Listing:
    """Return the files that expire within the threshold `within`, soonest first."""
    left = f"({_by_task(_EXPIRES)} - time() > 0 < <{within}_s>)"
    query = _titled(left, f'status="succeeded"{extra}')
    return Listing(
        f"sort(bottomk(10, {query}))", "expiring", command=f"--expiring-within <{within}>"
    )


_DUPLICATES = (
    "count by (title) (max by (upload_task_id, title) "
    f"(last_over_time(zego_upload_task_info{{%[1]s,{_TITLED}}}[5m]))) > 1"
)

DUPLICATES = Listing(f"topk(10, {_DUPLICATES})", "duplicate", sort="title")
"""Titles that several tasks share."""

NEW_DUPLICATES = Listing(
    # 900: a task is created before a collection sees it.
    _largest(
        f"max by (title) ({_titled(f'({_CREATED} > time() - <window_s> - 900)', _TITLED)}) "
        f"and on (title) ({_DUPLICATES})"
    ),
    "title",
)
"""Shared titles of which a task was created within the window, newest first."""

_FAILED_AT = _titled(_CREATED, 'status="failed"')

UNRESOLVED = Listing(
    _largest(
        f"{_FAILED_AT} unless (({_FAILED_AT}) < on (title) group_left "
        f"max by (title) ({_titled(_CREATED, _TITLED)}))"
    ),
    "task",
    command="--status failed --unresolved",
)
"""Failed uploads whose title no later unfinished or stored task has, created last first."""


def by_label(metric: str, window: str, label: str) -> Listing:
    """Return how much a counter of the app rose within `window`, by `label`."""
    query = f"max by ({label}) (increase({metric}{{%[1]s}}[{window}])) > 0"
    return Listing(query, f"by_{label}", otherwise="none", sort=label)
