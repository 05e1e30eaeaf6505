"""Recording rules: numbers that are expensive over long ranges, or that people keep writing.

A name is level:metric:operations; the level names the labels of the exporter's own that are left.
`cluster`, `namespace` and other labels of the target are kept. No alert depends on these rules.
"""

from __future__ import annotations

from exporter.alerting.model import REPLICAS, RecordingRule

_MOVED = "zego_upload_task_transitions_total"


def _max(expr: str) -> str:
    return f"max without ({REPLICAS}) (\n  {expr}\n)"


RECORDING_RULES = (
    RecordingRule(
        "job_zego_app_status:zego_upload_tasks:max",
        _max("zego_upload_tasks"),
        "Listed tasks by status.",
    ),
    RecordingRule(
        "job_zego_app_to:zego_upload_task_transitions:increase1h",
        _max(f"sum without (from) (increase({_MOVED}[1h]))"),
        "Status changes within an hour, by the status that was entered.",
    ),
    RecordingRule(
        "job_zego_app_to:zego_upload_task_transitions:increase1d",
        _max(f"sum without (from) (increase({_MOVED}[1d]))"),
        "Status changes within a day, by the status that was entered.",
    ),
    RecordingRule(
        "job_zego_app:zego_upload_failed_per_finished:ratio_increase1h",
        _max(f'sum without (from, to) (increase({_MOVED}{{to="failed"}}[1h]))')
        + "\n/\n"
        + _max(f'sum without (from, to) (increase({_MOVED}{{to=~"failed|succeeded"}}[1h]))'),
        "Share of the finished uploads that failed, 0 to 1; NaN where none finished.",
    ),
    RecordingRule(
        "job_zego_app:zego_upload_slots_used_per_limit:ratio",
        _max("zego_upload_slots_used / zego_upload_slots_limit"),
        "Share of the upload slots that are taken, 0 to 1 and above.",
    ),
    RecordingRule(
        "job_zego_app:zego_upload_api_errors_per_requests:ratio_rate15m",
        _max(
            "sum without (code) (rate(zego_upload_api_errors_total[15m]))\n"
            "  /\n  rate(zego_upload_api_requests_total[15m])"
        ),
        "Share of the API requests that failed, 0 to 1.",
    ),
    RecordingRule(
        "job_zego_app:zego_upload_api_requests_per_limit:ratio_rate15m",
        _max(
            "rate(zego_upload_api_requests_total[15m])\n"
            "  /\n  zego_upload_api_requests_per_second_limit"
        ),
        "Share of the exporter's own request limit that is used, 0 to 1.",
    ),
)
