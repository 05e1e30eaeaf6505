"""Alerts on collections; `uploads` gives the rules that this file keeps too."""

from __future__ import annotations

from exporter.alerting.listings import by_label
from exporter.alerting.model import (
    REPLICAS,
    Alert,
    Component,
    Severity,
    count,
    duration,
    ratio,
)

_WARNING = Severity.WARNING
_KNOWN = "zego_upload_collection_interval_seconds"
"""There from the start for every configured app, whatever becomes of its collections."""


def _latest(metric: str, window: str = "5m", aggregate: str = "max", drop: str = "") -> str:
    return f"{aggregate} without ({REPLICAS}{drop}) (last_over_time({metric}[{window}]))"


_REFUSED = 'zego_upload_collection_failures_total{reason="auth"}[<window>]'

ACCESS = (
    Alert(
        "ZegoUploadCollectionFailing",
        Component.COLLECTION,
        Severity.CRITICAL,
        f"max without ({REPLICAS}) (max_over_time(zego_upload_up[5m])) == 0",
        hold="10m",
        listings={
            "reasons": by_label(
                "zego_upload_collection_failures_total", "15m", "reason", otherwise="none"
            )
        },
    ),
    Alert(
        "ZegoUploadDataMissing",
        Component.COLLECTION,
        Severity.NONE,
        f"{_latest(_KNOWN, '1d', 'group')}\n"
        f"unless\ngroup without ({REPLICAS}) (zego_upload_slots_used)",
        comment=(
            "Nobody is notified of it. It fires as soon as an app has no data, and mutes alerts\n"
            "that read this data before they end: their end would look like an all-clear."
        ),
    ),
    Alert(
        "ZegoUploadCredentialsRefused",
        Component.COLLECTION,
        Severity.CRITICAL,
        f"max without ({REPLICAS}, reason) (\n"
        f"  increase({_REFUSED}) and count_over_time({_REFUSED}) >= 5\n"
        ") > <refusals> - 0.5",
        thresholds={"window": duration("15m"), "refusals": count(2)},
        comment="Two, so that one in the middle of a change of the secret does not page.",
    ),
    Alert(
        "ZegoUploadApiErrorRateHigh",
        Component.COLLECTION,
        _WARNING,
        f"max without ({REPLICAS}) (\n"
        "  sum without (code) (rate(zego_upload_api_errors_total[15m]))\n"
        "  /\n"
        "  rate(zego_upload_api_requests_total[15m])\n"
        ") > <ratio>\n"
        f"and\nmax without ({REPLICAS}) (max_over_time(zego_upload_up[5m])) == 1",
        hold="15m",
        thresholds={"ratio": ratio(0.25)},
        listings={
            "codes": by_label("zego_upload_api_errors_total", "15m", "code", otherwise="none")
        },
        comment=(
            "Only while collections succeed, as long as errors stay in the window: it is silent "
            "about an\noutage, during it as well as when the API has come back."
        ),
    ),
    Alert(
        "ZegoUploadDataStale",
        Component.COLLECTION,
        _WARNING,
        f"time() - {_latest('zego_upload_last_success_timestamp_seconds')}\n"
        f"> {_latest('zego_upload_stale_after_seconds')}",
        hold="15m",
        comment="`for`: longer than ZegoUploadCollectionFailing takes, which mutes it.",
    ),
    Alert(
        "ZegoUploadClockSkew",
        Component.COLLECTION,
        _WARNING,
        f"max without ({REPLICAS}) (abs(last_over_time(zego_upload_api_clock_skew_seconds[5m])))\n"
        "> <skew_s>",
        hold="5m",
        thresholds={"skew": duration("1m")},
    ),
)

PACE = (
    Alert(
        "ZegoUploadRateLimitNearlyUsed",
        Component.COLLECTION,
        _WARNING,
        f"max without ({REPLICAS}) (\n"
        "  rate(zego_upload_api_requests_total[15m])\n"
        "  /\n"
        "  last_over_time(zego_upload_api_requests_per_second_limit[15m])\n"
        ") > <ratio>",
        hold="15m",
        keep="15m",
        thresholds={"ratio": ratio(0.8)},
        comment="keep_firing_for: a restart makes the rate look lower until its window has passed.",
    ),
    Alert(
        "ZegoUploadCollectionSlow",
        Component.COLLECTION,
        _WARNING,
        f"{_latest('zego_upload_collection_duration_seconds', '15m')}\n> {_latest(_KNOWN, '15m')}",
        hold="15m",
        needs_data=True,
        comment="15m: the duration belongs to the snapshot, and disappears when it becomes stale.",
    ),
)

CONTENT = (
    Alert(
        "ZegoUploadUnknownStatus",
        Component.COLLECTION,
        _WARNING,
        _latest('zego_upload_tasks{status="unknown"}', drop=", status") + " > 0",
        hold="5m",
        needs_data=True,
    ),
    Alert(
        "ZegoUploadMalformedEntries",
        Component.COLLECTION,
        _WARNING,
        f"max without ({REPLICAS}) (\n"
        "  sum without (reason) (increase(zego_upload_malformed_entries_total[1h]))\n"
        ") > 0",
    ),
    Alert(
        "ZegoUploadListingShort",
        Component.COLLECTION,
        _WARNING,
        f"max without ({REPLICAS}) (\n"
        "  last_over_time(zego_upload_tasks_reported[5m])\n"
        "  - last_over_time(zego_upload_collection_tasks[5m])\n"
        ") >= <tasks>",
        hold="30m",
        thresholds={"tasks": count(1)},
        needs_data=True,
    ),
    Alert(
        "ZegoUploadTaskSeriesOmitted",
        Component.COLLECTION,
        Severity.INFO,
        f"{_latest('zego_upload_task_series_omitted')} > 0\n"
        "and\n"
        + _latest(
            "zego_upload_task_info", "5m", "group", ", upload_task_id, title, status, reason"
        ),
        hold="15m",
        needs_data=True,
        comment="Where there are no per-task series at all, tasks.limit is 0 on purpose.",
    ),
    Alert(
        "ZegoUploadAppVanished",
        Component.COLLECTION,
        _WARNING,
        f"(\n  {_latest(_KNOWN, '<memory>', 'group')}\n"
        f"  unless ignoring (job, service)\n"
        f"  {_latest(_KNOWN, '5m', 'group', ', job, service')}\n)\n"
        "and ignoring (zego_app)\n"
        + _latest("zego_upload_exporter_build_info", "5m", "group", ", version, python_version"),
        hold="5m",
        thresholds={"memory": duration("1d")},
        comment="Silent where another exporter of the same cluster and namespace has the app.",
    ),
)

ALERTS = (*ACCESS, *PACE, *CONTENT)
