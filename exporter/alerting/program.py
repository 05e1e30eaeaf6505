"""Alerts on the exporter itself; `uploads` gives the rules that this file keeps too."""

from __future__ import annotations

from exporter.alerting.model import (
    REPLICAS,
    TARGET,
    Alert,
    Component,
    Severity,
    duration,
)

_BUILD = "zego_upload_exporter_build_info"
_UP = "zego_upload_up"


def _jobs(metric: str, window: str, drop: str) -> str:
    return f"group without ({REPLICAS}{drop}) (last_over_time({metric}[{window}]))"


_KNOWN_JOBS = _jobs(_BUILD, "<memory>", ", version, python_version")
_LIVE_JOBS = _jobs(_BUILD, "5m", ", version, python_version")
_KNOWN_APPS = _jobs(_UP, "<memory>", "")
_APPS_OF_JOBS = _jobs(_UP, "<memory>", ", zego_app")
_LIVE_APPS = _jobs(_UP, "5m", ", job, service")

ALERTS = (
    Alert(
        "ZegoUploadExporterAbsent",
        Component.EXPORTER,
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
        thresholds={"memory": duration("7d")},
        comment=(
            "Jobs that had an exporter and have none now, unless other jobs report all of their "
            "apps: then the job\nwas renamed. `absent_over_time` takes over when Prometheus has "
            "forgotten them, or never knew any."
        ),
    ),
    Alert(
        "ZegoUploadExporterDown",
        Component.EXPORTER,
        Severity.WARNING,
        f"max without ({TARGET}) (max_over_time(up[5m])) == 0\n"
        f"and\ngroup without ({TARGET}, version, python_version) (\n"
        f"  last_over_time({_BUILD}[<memory>])\n)",
        hold="5m",
        thresholds={"memory": duration("7d")},
    ),
    Alert(
        "ZegoUploadConfigReloadFailed",
        Component.EXPORTER,
        Severity.WARNING,
        f"min without ({TARGET}) (\n"
        "  last_over_time(zego_upload_exporter_config_last_reload_successful[5m])\n"
        ") == 0",
        hold="5m",
    ),
    Alert(
        "ZegoUploadHistoryErrors",
        Component.EXPORTER,
        Severity.WARNING,
        f"max without ({TARGET}) (\n"
        "  sum without (zego_app) (increase(zego_upload_history_errors_total[1h]))\n"
        ") > 0",
    ),
    Alert(
        "ZegoUploadLogLinesDropped",
        Component.EXPORTER,
        Severity.WARNING,
        f"max without ({TARGET}) (\n"
        "  increase(zego_upload_exporter_log_lines_dropped_total[1h])\n"
        ") > 0",
    ),
)
