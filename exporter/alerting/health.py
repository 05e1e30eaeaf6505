"""Alerts on the exporter itself: its collections, and its process.

`uploads` gives the rules that this file keeps too.
"""

from __future__ import annotations

from functools import partial

from exporter.alerting.listings import by_label
from exporter.alerting.model import (
    MEMORY,
    REPLICAS,
    TARGET,
    Alert,
    Component,
    Severity,
    count,
    duration,
    ratio,
)

_alert = partial(Alert, Component.COLLECTION)
_process_alert = partial(Alert, Component.EXPORTER)

_WARNING = Severity.WARNING
_KNOWN = "zego_upload_collection_interval_seconds"
"""There from the start for every configured app, whatever becomes of its collections."""
_BUILD = "zego_upload_exporter_build_info"
_UP = "zego_upload_up"
_VERSIONS = ", version, python_version"


def _latest(metric: str, window: str = "5m", aggregate: str = "max", drop: str = "") -> str:
    """Return PromQL for the last value within `window`, replicas and the labels `drop` merged."""
    return f"{aggregate} without ({REPLICAS}{drop}) (last_over_time({metric}[{window}]))"


_SUCCEEDS = f"max without ({REPLICAS}) (max_over_time({_UP}[5m]))"
"""1 if a collection has succeeded within 5 minutes, else 0."""
_MALFORMED = "sum without (reason) (increase(zego_upload_malformed_entries_total[1h]))"
_REFUSED = 'zego_upload_collection_failures_total{reason="auth"}[<window>]'

_KNOWN_JOBS = _latest(_BUILD, "<memory>", "group", _VERSIONS)
_LIVE_JOBS = _latest(_BUILD, "5m", "group", _VERSIONS)
_KNOWN_APPS = _latest(_UP, "<memory>", "group")
_APPS_OF_JOBS = _latest(_UP, "<memory>", "group", ", zego_app")
_LIVE_APPS = _latest(_UP, "5m", "group", ", job, service")

ACCESS = (
    _alert(
        "ZegoUploadCollectionFailing",
        Severity.CRITICAL,
        f"{_SUCCEEDS} == 0",
        hold="10m",
        listings={"reasons": by_label("zego_upload_collection_failures_total", "15m", "reason")},
    ),
    _alert(
        "ZegoUploadDataMissing",
        Severity.NONE,
        f"{_latest(_KNOWN, '1d', 'group')}\n"
        f"unless\ngroup without ({REPLICAS}) (zego_upload_slots_used)",
        comment=(
            "Nobody is notified of it. It fires as soon as an app has no data, and mutes alerts\n"
            "that read this data before they end: their end would look like a recovery."
        ),
    ),
    _alert(
        "ZegoUploadCredentialsRefused",
        Severity.CRITICAL,
        f"max without ({REPLICAS}, reason) (\n"
        f"  increase({_REFUSED}) and count_over_time({_REFUSED}) >= 5\n"
        ") > <refusals> - 0.5",
        thresholds={"window": duration("15m"), "refusals": count(2)},
        comment="Two, so that one in the middle of a change of the secret does not page.",
    ),
    _alert(
        "ZegoUploadApiErrorRateHigh",
        _WARNING,
        f"max without ({REPLICAS}) (\n"
        "  sum without (code) (rate(zego_upload_api_errors_total[15m]))\n"
        "  /\n"
        "  rate(zego_upload_api_requests_total[15m])\n"
        ") > <ratio>\n"
        f"and\n{_SUCCEEDS} == 1",
        hold="15m",
        thresholds={"ratio": ratio(0.25)},
        listings={"codes": by_label("zego_upload_api_errors_total", "15m", "code")},
        comment=(
            "Only while collections succeed, as long as errors stay in the window: it is silent "
            "about an\noutage, during it as well as when the API has come back."
        ),
    ),
    _alert(
        "ZegoUploadDataStale",
        _WARNING,
        f"time() - {_latest('zego_upload_last_success_timestamp_seconds')}\n"
        f"> {_latest('zego_upload_stale_after_seconds')}",
        hold="15m",
        comment="`for`: longer than ZegoUploadCollectionFailing takes, which mutes it.",
    ),
    _alert(
        "ZegoUploadClockSkew",
        _WARNING,
        f"max without ({REPLICAS}) (abs(last_over_time(zego_upload_api_clock_skew_seconds[5m])))\n"
        "> <skew_s>",
        hold="5m",
        thresholds={"skew": duration("1m")},
    ),
)

PACE = (
    _alert(
        "ZegoUploadRateLimitNearlyUsed",
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
    _alert(
        "ZegoUploadCollectionSlow",
        _WARNING,
        f"{_latest('zego_upload_collection_duration_seconds', '15m')}\n> {_latest(_KNOWN, '15m')}",
        hold="15m",
        comment="15m: after a restart there is no duration until a collection is complete.",
    ),
)

CONTENT = (
    _alert(
        "ZegoUploadUnknownStatus",
        _WARNING,
        _latest('zego_upload_tasks{status="unknown"}', drop=", status") + " > 0",
        hold="5m",
        needs_data=True,
    ),
    _alert(
        "ZegoUploadMalformedEntries",
        _WARNING,
        f"max without ({REPLICAS}) (\n  {_MALFORMED}\n) > 0",
    ),
    _alert(
        "ZegoUploadListingShort",
        _WARNING,
        f"max without ({REPLICAS}) (\n"
        "  last_over_time(zego_upload_tasks_reported[5m])\n"
        "  - last_over_time(zego_upload_collection_tasks[5m])\n"
        f"  > {_MALFORMED}\n"
        ") >= <tasks>",
        hold="30m",
        thresholds={"tasks": count(1)},
        needs_data=True,
        comment=(
            "Entries that the exporter left out are in ZEGO's total too. Each collection counts "
            "them again:\nwhile there are any, only a larger difference fires."
        ),
    ),
    _alert(
        "ZegoUploadTaskSeriesOmitted",
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
    _alert(
        "ZegoUploadAppVanished",
        _WARNING,
        f"(\n  {_latest(_KNOWN, '<memory>', 'group')}\n"
        f"  unless ignoring (job, service)\n"
        f"  {_latest(_KNOWN, '5m', 'group', ', job, service')}\n)\n"
        "and ignoring (zego_app)\n" + _LIVE_JOBS,
        hold="5m",
        thresholds={"memory": duration("1d", MEMORY)},
        comment="Silent where another exporter of the same cluster and namespace has the app.",
    ),
)

PROCESS = (
    _process_alert(
        "ZegoUploadExporterAbsent",
        Severity.CRITICAL,
        "(\n"
        f"  {_KNOWN_JOBS}\n"
        f"  unless\n  {_LIVE_JOBS}\n"
        "  unless\n  (\n"
        f"    {_APPS_OF_JOBS}\n"
        "    unless\n    group without (zego_app) (\n"
        f"      {_KNOWN_APPS}\n"
        "      unless ignoring (job, service)\n"
        f"      {_LIVE_APPS}\n"
        "    )\n  )\n"
        ")\n"
        f"or\nabsent_over_time({_BUILD}[<memory>])",
        hold="5m",
        thresholds={"memory": duration("7d", MEMORY)},
        comment=(
            "Jobs that had an exporter and have none now, unless other jobs report all of their "
            "apps: then the job\nwas renamed. `absent_over_time` takes over when Prometheus has "
            "forgotten them, or never knew any."
        ),
    ),
    _process_alert(
        "ZegoUploadExporterDown",
        _WARNING,
        f"max without ({TARGET}) (max_over_time(up[5m])) == 0\n"
        f"and\ngroup without ({TARGET}, version, python_version) (\n"
        f"  last_over_time({_BUILD}[<memory>])\n)",
        hold="5m",
        thresholds={"memory": duration("7d", MEMORY)},
    ),
    _process_alert(
        "ZegoUploadConfigReloadFailed",
        _WARNING,
        f"min without ({TARGET}) (\n"
        "  last_over_time(zego_upload_exporter_config_last_reload_successful[5m])\n"
        ") == 0",
        hold="5m",
    ),
    _process_alert(
        "ZegoUploadHistoryErrors",
        _WARNING,
        f"max without ({TARGET}) (\n"
        "  sum without (zego_app) (increase(zego_upload_history_errors_total[1h]))\n"
        ") > 0",
    ),
    _process_alert(
        "ZegoUploadLogLinesDropped",
        _WARNING,
        f"max without ({TARGET}) (\n"
        "  increase(zego_upload_exporter_log_lines_dropped_total[1h])\n"
        ") > 0",
    ),
)

ALERTS = (*ACCESS, *PACE, *CONTENT, *PROCESS)
