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

_SINCE = "zego_upload_task_status_since_timestamp_seconds"
_CREATED = "zego_upload_task_create_timestamp_seconds"
_EXPIRES = "zego_upload_task_expiry_timestamp_seconds"
_STORED_OR_COMING = "waiting|uploading|waiting_retry|succeeded"


def _titled(value: str, status: str) -> str:
    """Return PromQL for a value by task id, with the title of the tasks in `status`."""
    info = f"last_over_time(zego_upload_task_info{{%[1]s,{status}}}[5m])"
    unique = f"topk by (upload_task_id) (1, max by (upload_task_id, title) ({info}))"
    return f"{value} * on (upload_task_id) group_left (title) {unique}"


def entered(status: str, window: str, command: str, extra: str = "") -> Listing:
    """Return the tasks that entered `status` within the threshold `window`, newest first."""
    since = f"max by (upload_task_id) (last_over_time({_SINCE}{{%[1]s}}[<{window}>]))"
    recent = f"({since} > time() - <{window}_s>)"
    query = _titled(recent, f'status="{status}"')
    return Listing(f"sort_desc(topk(10, {query}{extra}))", "task", command=command)


def failed(window: str) -> Listing:
    """Return the uploads that failed within the threshold `window`, newest first, with reasons.

    One replica may know the reason from a callback and the other not: the known one is taken.
    """
    since = f"max by (upload_task_id) (last_over_time({_SINCE}{{%[1]s}}[<{window}>]))"
    info = 'last_over_time(zego_upload_task_info{%[1]s,status="failed"'
    known = f'max by (upload_task_id, title, reason) ({info},reason!=""}}[5m]))'
    others = f"max by (upload_task_id, title) ({info}}}[5m]))"
    tasks = f"topk by (upload_task_id) (1, {known} or on (upload_task_id) {others})"
    query = (
        f"sort_desc(topk(10, ({since} > time() - <{window}_s>) "
        f"* on (upload_task_id) group_left (title, reason) {tasks}))"
    )
    return Listing(query, "failed", command="--status failed")


EXPIRED_UNFINISHED = (
    " and on (upload_task_id) "
    'last_over_time(zego_upload_task_info{%[1]s,status=~"waiting|uploading|waiting_retry"}[1h])'
)
"""Limits expired tasks to those that were seen unfinished shortly before."""


def created_before(status: str, age: str, command: str) -> Listing:
    """Return the tasks in `status` that are older than the threshold `age`, oldest first."""
    old = (
        f"(time() - max by (upload_task_id) (last_over_time({_CREATED}{{%[1]s}}[5m])) > <{age}_s>)"
    )
    query = _titled(old, f'status="{status}"')
    return Listing(f"sort_desc(topk(10, {query}))", "created", command=command)


UNFINISHED = Listing(
    "sort_desc(topk(10, "
    f"(time() - max by (upload_task_id) (last_over_time({_CREATED}{{%[1]s}}[5m]))) "
    "* on (upload_task_id) group_left (title, status) topk by (upload_task_id) (1, "
    "max by (upload_task_id, title, status) (last_over_time("
    'zego_upload_task_info{%[1]s,status=~"waiting|uploading|waiting_retry"}[5m])))))',
    "unfinished",
    command="--status waiting",
)
"""All unfinished tasks, oldest first."""

RETRIED = Listing(
    "sort_desc(topk(10, "
    + _titled(
        "(max by (upload_task_id) (last_over_time(zego_upload_task_retries{%[1]s}[5m]))"
        " >= <retries>)",
        'status=~"waiting|uploading|waiting_retry"',
    )
    + "))",
    "retried",
    command="--status waiting_retry",
)
"""Unfinished tasks with many retries, most retries first."""


def expiring(within: str, extra: str = "") -> Listing:
    """Return the files that expire within the threshold `within`, soonest first."""
    left = (
        f"(max by (upload_task_id) (last_over_time({_EXPIRES}{{%[1]s}}[5m])) - time()"
        f" > 0 < <{within}_s>)"
    )
    query = _titled(left, f'status="succeeded"{extra}')
    return Listing(
        f"sort(bottomk(10, {query}))", "expiring", command=f"--expiring-within <{within}>"
    )


_DUPLICATES = (
    "count by (title) (max by (upload_task_id, title) (last_over_time("
    f'zego_upload_task_info{{%[1]s,title!="",status=~"{_STORED_OR_COMING}"}}[5m]))) > 1'
)

DUPLICATES = Listing(f"topk(10, {_DUPLICATES})", "duplicate", command="", sort="title")
"""Titles that several tasks share."""

NEW_DUPLICATES = Listing(
    "sort_desc(topk(10, max by (title) ("
    + _titled(
        f"(max by (upload_task_id) (last_over_time({_CREATED}{{%[1]s}}[5m]))"
        " > time() - <window_s> - 900)",
        f'title!="",status=~"{_STORED_OR_COMING}"',
    )
    + f") and on (title) ({_DUPLICATES})))",
    "title",
    command="",
)
"""Shared titles of which a task was created within the window, newest first.

900: a task is created before a collection sees it.
"""

_CREATED_AT = f"max by (upload_task_id) (last_over_time({_CREATED}{{%[1]s}}[5m]))"
_FAILED_AT = _titled(_CREATED_AT, 'status="failed"')
_OTHERS_AT = _titled(_CREATED_AT, f'title!="",status=~"{_STORED_OR_COMING}"')

UNRESOLVED = Listing(
    f"sort_desc(topk(10, {_FAILED_AT} unless "
    f"(({_FAILED_AT}) < on (title) group_left max by (title) ({_OTHERS_AT}))))",
    "task",
    command="--status failed --unresolved",
)
"""Failed uploads whose title no later unfinished or stored task has, created last first."""


def by_label(metric: str, window: str, label: str, *, otherwise: str) -> Listing:
    """Return how much a counter of the app rose within `window`, by `label`."""
    query = f"max by ({label}) (increase({metric}{{%[1]s}}[{window}])) > 0"
    return Listing(query, f"by_{label}", otherwise=otherwise, sort=label)
