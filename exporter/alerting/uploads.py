"""Alerts on uploads.

Rules that this file and its siblings keep:

- Events (an upload failed) look back over a window of a counter and have no `for`: they end by
  themselves although failed tasks stay listed for days, and they see what came and went between
  two scrapes. `increase` also carries them over failed scrapes and restarts.
- States (no free slot) read `last_over_time(...[5m])`, so that a failed scrape or two neither ends
  them nor starts their `for` again.
- Replicas report the same tasks: `max without (instance, pod, ...)` counts them once and keeps
  `cluster`, `namespace` and whatever else tells targets apart. What one exporter counted is added
  up before that, never after.
- `increase` of a series that is a few samples old extrapolates to up to twice the truth: where two
  must not look like three, `count_over_time(...) >= 10` limits the error to a ninth.
- No window depends on a sample exactly at its edge: Prometheus 3 leaves the left one out.
"""

from __future__ import annotations

from functools import partial

from exporter.alerting import listings
from exporter.alerting.model import (
    REPLICAS,
    STEPS,
    UP_TO_1,
    Alert,
    Component,
    Severity,
    count,
    duration,
    pattern,
    ratio,
)

_alert = partial(Alert, Component.UPLOADS)

_MOVED = "zego_upload_task_transitions_total"
_OLDEST = "zego_upload_oldest_create_timestamp_seconds"


def _moved(matchers: str, window: str) -> str:
    """Return PromQL for the status changes within `window`, replicas counted once."""
    return (
        f"max without ({REPLICAS}) (\n"
        f"  sum without (from, to) (increase({_MOVED}{{{matchers}}}[{window}]))\n"
        f")"
    )


def _moved_reliably(matchers: str, window: str) -> str:
    """Return the same for series that are old enough to be counted exactly."""
    series = f"{_MOVED}{{{matchers}}}[{window}]"
    return (
        f"max without ({REPLICAS}) (\n"
        f"  sum without (from, to) (\n"
        f"    increase({series}) and count_over_time({series}) >= 10\n"
        f"  )\n"
        f")"
    )


def _age(status: str) -> str:
    """Return PromQL for the age in seconds of the oldest task in `status`."""
    oldest = f'last_over_time({_OLDEST}{{status="{status}"}}[5m])'
    return f"time() - min without ({REPLICAS}, status) (\n  {oldest}\n)"


def _stuck(name: str, status: str, age: str) -> Alert:
    return _alert(
        name,
        Severity.WARNING,
        f"{_age(status)} > <age_s>",
        thresholds={"age": duration(age)},
        listings={"tasks": listings.created_before(status, "age", f"--status {status}")},
        needs_data=True,
    )


FAILURES = (
    _alert(
        "ZegoUploadFailed",
        Severity.WARNING,
        _moved('to="failed"', "<window>") + " > 0",
        thresholds={"window": duration("30m")},
        listings={"tasks": listings.failed("window")},
        event=True,
    ),
    _alert(
        "ZegoUploadFailureRatioHigh",
        Severity.CRITICAL,
        _moved('to="failed"', "<window>")
        + "\n/\n"
        + _moved('to=~"failed|succeeded"', "<window>")
        + " > <ratio>\nand\n"
        + _moved_reliably('to="failed"', "<window>")
        + " > <failures> - 0.5",
        thresholds={"window": duration("1h"), "ratio": ratio(0.25), "failures": count(3)},
        listings={
            "tasks": listings.failed("window"),
            "reasons": listings.by_label("zego_upload_failures_total", "<window>", "reason"),
        },
    ),
    _alert(
        "ZegoUploadNothingSucceeds",
        Severity.CRITICAL,
        _moved_reliably('to="failed"', "<window>")
        + " > <failures> - 0.5\nand\n"
        + _moved('to="succeeded"', "<window>")
        + " == 0",
        thresholds={"window": duration("1d"), "failures": count(3)},
        listings={"tasks": listings.failed("window")},
        comment="For apps with so few uploads that an hour never sees enough of them to judge.",
    ),
    _alert(
        "ZegoUploadFailureUnresolved",
        Severity.WARNING,
        f"max without ({REPLICAS}) (last_over_time(zego_upload_unresolved_failures[5m])) > 0",
        hold="2h",
        listings={"tasks": listings.UNRESOLVED},
        needs_data=True,
        comment="ZegoUploadFailed reports a failure; this lasts until somebody uploads it again.",
    ),
)

QUEUE = (
    _alert(
        "ZegoUploadQueueStalled",
        Severity.CRITICAL,
        _age("waiting")
        + " > <age_s>\nand\n"
        + _moved('to=~"uploading|waiting_retry|succeeded|failed"', "<age>")
        + " == 0",
        hold="15m",
        thresholds={"age": duration("1h")},
        listings={"tasks": listings.UNFINISHED},
        needs_data=True,
        comment=(
            "Nothing started, finished or failed although a file waits for that long. The age "
            "comes from the API,\nso a restart does not reset it; `for` makes sure that we watched "
            "long enough."
        ),
    ),
    _stuck("ZegoUploadStuckWaiting", "waiting", "30m"),
    _stuck("ZegoUploadStuckUploading", "uploading", "2h"),
    _stuck("ZegoUploadRetryingLong", "waiting_retry", "2h"),
    _alert(
        "ZegoUploadRetryingOften",
        Severity.WARNING,
        f"max without ({REPLICAS}, status) (\n"
        f'  last_over_time(zego_upload_max_retries{{status=~"{listings.ANY_UNFINISHED}"}}[5m])\n'
        ") >= <retries>",
        thresholds={"retries": count(3)},
        listings={"tasks": listings.RETRIED},
        needs_data=True,
    ),
    _alert(
        "ZegoUploadSlotsFull",
        Severity.WARNING,
        f"max without ({REPLICAS}) (\n"
        "  last_over_time(zego_upload_slots_used[5m]) / "
        "last_over_time(zego_upload_slots_limit[5m])\n"
        ") >= <share>",
        hold="15m",
        thresholds={"share": ratio(1, UP_TO_1)},
        needs_data=True,
    ),
    _alert(
        "ZegoUploadSlotsSaturated",
        Severity.WARNING,
        f"max without ({REPLICAS}) (\n"
        "  sum_over_time(\n"
        "    (\n"
        "      last_over_time(zego_upload_slots_used[5m])\n"
        "      >= bool last_over_time(zego_upload_slots_limit[5m])\n"
        "    )[<window>:5m]\n"
        "  )\n"
        ") / (<window_s> / 300) >= <share>",
        thresholds={"window": duration("6h", STEPS), "share": ratio(0.75, UP_TO_1)},
        needs_data=True,
        comment="Peaks, one after another, none as long as ZegoUploadSlotsFull needs.",
    ),
    _alert(
        "ZegoUploadNoNewUploads",
        Severity.WARNING,
        _moved('from="new"', "<window>") + " == 0\n"
        f"and\ngroup without ({REPLICAS}, from, to) (\n"
        f'  last_over_time({_MOVED}{{from="new"}}[1h] offset <window>)\n)',
        thresholds={"window": duration("")},
        comment="Off until its window is set: only you know how long nothing may come.",
    ),
)

FILES = (
    _alert(
        "ZegoUploadExpiringSoon",
        Severity.INFO,
        f"max without ({REPLICAS}, within) (\n"
        '  max_over_time(zego_upload_expiring_tasks{within="<within>"}[5m])\n'
        ") > 0",
        thresholds={"within": duration("6h")},
        listings={"tasks": listings.expiring("within")},
        needs_data=True,
        comment=(
            "Files expire by design: info. `max_over_time` carries it over from expiry to expiry.\n"
            "The threshold `within` has to be one of the exporter's tasks.expiry_windows."
        ),
    ),
    _alert(
        "ZegoUploadWatchedTitleExpiring",
        Severity.WARNING,
        "count without (title) (\n"
        f"  max without (upload_task_id) (\n"
        f"    max without ({REPLICAS}) (\n"
        "      last_over_time(zego_upload_task_expiry_timestamp_seconds[5m])\n"
        "    )\n"
        "    * ignoring (title) group_right ()\n"
        f"    max without ({REPLICAS}, status, reason) (\n"
        "      last_over_time(\n"
        '        zego_upload_task_info{status=~"succeeded|expired",title=~"<titles>"}[5m]\n'
        "      )\n"
        "    )\n"
        "  ) - time() < <within_s>\n"
        ")",
        thresholds={"titles": pattern(""), "within": duration("6h")},
        listings={"tasks": listings.expiring("within", ',title=~"<titles>"')},
        needs_data=True,
        comment=(
            "Off until `titles` is set. The copy of a title that expires last counts.\n"
            "It fires until the title is uploaded again or no longer listed."
        ),
    ),
    _alert(
        "ZegoUploadExpired",
        Severity.INFO,
        _moved('to="expired"', "<window>") + " > 0",
        thresholds={"window": duration("30m")},
        listings={"tasks": listings.entered("expired", "window", "--status expired")},
        event=True,
    ),
    _alert(
        "ZegoUploadExpiredUnfinished",
        Severity.WARNING,
        _moved(f'from=~"{listings.ANY_UNFINISHED}",to="expired"', "<window>") + " > 0",
        thresholds={"window": duration("30m")},
        listings={
            "tasks": listings.entered(
                "expired", "window", "--status expired", listings.EXPIRED_UNFINISHED
            )
        },
        event=True,
    ),
    _alert(
        "ZegoUploadDuplicateTitles",
        Severity.INFO,
        f"max without ({REPLICAS}) (last_over_time(zego_upload_duplicate_titles[5m])) > 0",
        hold="5m",
        listings={"tasks": listings.DUPLICATES},
        needs_data=True,
    ),
    _alert(
        "ZegoUploadNewDuplicateTitle",
        Severity.WARNING,
        f"max without ({REPLICAS}) (\n"
        "  last_over_time(zego_upload_duplicate_titles[5m])\n"
        "  - min_over_time(zego_upload_duplicate_titles[<window>])\n"
        ") > 0",
        thresholds={"window": duration("30m")},
        listings={"tasks": listings.NEW_DUPLICATES},
        event=True,
        comment=("Duplicates stay for as long as the files do: only a new one is worth a ticket."),
    ),
)

ALERTS = (*FAILURES, *QUEUE, *FILES)
