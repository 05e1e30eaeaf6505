"""Recording rules: numbers of the dashboard of weeks and months, expensive over long ranges.

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
        "job_zego_app_to:zego_upload_task_transitions:increase1h",
        _max(f"sum without (from) (increase({_MOVED}[1h]))"),
        "Status changes within an hour, by the status that was entered.",
    ),
    RecordingRule(
        "job_zego_app:zego_upload_slots_used_per_limit:ratio",
        _max("zego_upload_slots_used / zego_upload_slots_limit"),
        "Share of the upload slots that are taken, 0 to 1 and above.",
    ),
)
