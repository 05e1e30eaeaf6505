"""The parts that the dashboards' queries are made of.

Rules that this file keeps:

- Every selector follows the variables cluster, namespace, job, instance and zego_app. The first two
  also match series without these labels, so that they do no harm where there is one cluster.
- Replicas report the same tasks: what one exporter counted is added up first, then `max` merges
  the replicas (`merged`); only then are apps added up. Replicas are never added up.
- Everything but the replica's own labels is kept (`APP`): an app of the same name in another
  namespace or cluster is another app.
- A join's right side has one series per key: `merged` makes it so while a task's old and new
  status overlap at a scrape.
"""

from __future__ import annotations

PLACE = 'cluster=~"$cluster", namespace=~"$namespace"'
INSTANCES = f'{PLACE}, job=~"$job", instance=~"$instance"'
"""For series of the process, which have no zego_app."""

SELECTOR = f'{INSTANCES}, zego_app=~"$zego_app"'
RECORDED = f'{PLACE}, job=~"$job", zego_app=~"$zego_app"'
"""For series of the recording rules, which have no instance."""

APP = ("cluster", "namespace", "job", "zego_app")
TASK = (*APP, "upload_task_id")
TITLE = (*APP, "title")
UNFINISHED = 'status=~"waiting|uploading|waiting_retry"'
TRANSITIONS = "zego_upload_task_transitions_total"
RATE = "$__rate_interval"
STEP = "$__interval"


def equals(label: str, value: str) -> str:
    """Return the matcher of one value of a label."""
    return f'{label}="{value}"'


def has(label: str) -> str:
    """Return the matcher of any value of a label but the empty one."""
    return f'{label}!=""'


def series(metric: str, *matchers: str) -> str:
    """Return the selector of the chosen apps' series of a metric."""
    return f"{metric}{{{', '.join((SELECTOR, *matchers))}}}"


def merged(expression: str, *labels: str) -> str:
    """Merge the replicas: one value for each app and each value of the labels."""
    return f"max by ({', '.join((*APP, *labels))}) ({expression})"


def value(metric: str, *labels: str, where: str = "") -> str:
    """Return a gauge with its replicas merged, `where` being a further matcher."""
    return merged(series(metric, *([where] if where else [])), *labels)


def _over(function: str, metric: str, window: str, where: str, drop: str) -> str:
    ranged = f"{function}({series(metric, *([where] if where else []))}[{window}])"
    return f"sum without ({drop}) ({ranged})" if drop else ranged


def grown(metric: str, window: str, *labels: str, where: str = "", drop: str = "") -> str:
    """Return by how much a counter grew within the window, its labels `drop` added up."""
    return merged(_over("increase", metric, window, where, drop), *labels)


def happened(metric: str, *labels: str, where: str = "", drop: str = "") -> str:
    """Return how many events a counter counted since the previous step of a graph.

    The difference of the counter between two steps counts each event in exactly one step, wherever
    the scrapes lie; `increase` loses what happens between the last scrape of one window and the
    first of the next, and scales the rest. `increase` takes over where the difference means
    nothing: the counter began again, is younger than a step, or the replica with the larger count
    came back (then the difference exceeds what all replicas together counted).
    """
    selector = series(metric, *([where] if where else []))
    counts = [f"{selector}", f"{selector} offset {STEP}"]
    if drop:
        counts = [f"sum without ({drop}) ({count})" for count in counts]
    now, before = counts
    difference = f"{merged(now, *labels)} - {merged(before, *labels)}"
    counted = f"sum by ({', '.join((*APP, *labels))}) (clamp_min({now} - {before}, 0))"
    fallback = grown(metric, STEP, *labels, where=where, drop=drop)
    return f"({difference}) >= 0 <= {counted} or {fallback}"


def rate(metric: str, *labels: str, where: str = "", drop: str = "") -> str:
    """Return a counter's growth per second, its labels `drop` added up."""
    return merged(_over("rate", metric, RATE, where, drop), *labels)


def finished(status: str, window: str) -> str:
    """Return how many uploads of each app came to a status (a matcher's regex) in the window."""
    return grown(TRANSITIONS, window, where=f'to=~"{status}"', drop="from, to")


def quantile(share: float, histogram: str, *, where: str = "") -> str:
    """Return a quantile of a histogram over all chosen apps."""
    rates = rate(f"{histogram}_bucket", "le", where=where)
    return f"histogram_quantile({share}, sum by (le) ({rates}))"


def leading(shown: str, ranked_by: str, count: int) -> str:
    """Keep those apps of `shown` that rank highest; one choice for the whole time range.

    `topk` alone chooses again at every step of a graph and so shows more series than it says.
    `ranked_by` ought to look at the whole range: `...[$__range] @ end()`.
    """
    return f"{shown} and on ({', '.join(APP)}) topk({count}, {ranked_by})"


def at_end(function: str, metric: str) -> str:
    """Return a function of a metric over the shown time range, the same at every step."""
    return merged(f"{function}({series(metric)}[$__range] @ end())")


UP = value("zego_upload_up")
AGE = f"time() - {value('zego_upload_last_success_timestamp_seconds')}"
STALENESS = f"({AGE}) / {value('zego_upload_stale_after_seconds')}"
"""Age of an app's data as a share of the age at which they disappear."""
FULLNESS = f"{value('zego_upload_slots_used')} / {value('zego_upload_slots_limit')}"
UNFINISHED_TASKS = merged(f"sum without (status) ({series('zego_upload_tasks', UNFINISHED)})")
FRESH = f"count({STALENESS} < 1)"
"""Has a value while the data of at least one app are fresh, and none while a board is blind."""
KNOWN = merged(f"last_over_time({series('zego_upload_up')}[24h])")
GONE = f"{KNOWN} unless on ({', '.join(APP)}) {UP}"
"""Apps of the last day without series now: removed from the configuration, or all is down."""
UNRESOLVED = value("zego_upload_unresolved_failures")
EXPIRING = value("zego_upload_expiring_tasks", where=equals("within", "6h"))
