"""Alerts that are off until a threshold is set: when they fire and when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from exporter.alerting.rules import one_file
from exporter.alerting.tuning import tuning
from tests.components import SHORTLY_CURRENT
from tests.prometheus import rule_files

TARGET = 'job="zego",instance="a:10317"'
MOVED = "zego_upload_task_transitions_total"
EXPIRES = "zego_upload_task_expiry_timestamp_seconds"


def task(number: int, title: str, status: str, expires: int) -> list[dict[str, str]]:
    """Return the series of a task of app "prod"; `expires` in seconds."""
    labels = f'{TARGET},zego_app="prod",upload_task_id="t{number}"'
    info = f'zego_upload_task_info{{{labels},title="{title}",status="{status}",reason=""}}'
    return [
        {"series": info, "values": "1x600"},
        {"series": f"{EXPIRES}{{{labels}}}", "values": f"{expires}x600"},
    ]


@pytest.mark.parametrize("generation", SHORTLY_CURRENT)
def test_optional_alerts(tmp_path: Path, generation: str) -> None:
    """Nothing new for 6 hours; a watched title of which the last copy expires within 6 hours."""
    chosen = tuning(watch="intro[.]mp4|news", threshold=["ZegoUploadNoNewUploads.window=6h"])
    (tmp_path / "rules.yaml").write_text(one_file(chosen), encoding="utf-8")
    new = 'from="new",to="waiting"'
    series = [
        {"series": f'{MOVED}{{{TARGET},zego_app="idle",{new}}}', "values": "7x600"},
        {"series": f'{MOVED}{{{TARGET},zego_app="busy",{new}}}', "values": "0x300 1x300"},
        {"series": f'{MOVED}{{{TARGET},zego_app="young",{new}}}', "values": "_x300 0x300"},
        *task(1, "intro.mp4", "succeeded", 50_000),  # 13.9 h: soon from 7.9 h on
        *task(2, "news", "succeeded", 50_000),  # a later copy exists
        *task(3, "news", "succeeded", 500_000),
        *task(4, "intro.mp4.old", "succeeded", 50_000),  # not watched: the whole title counts
    ]
    query = "count by (alertname, zego_app) (ALERTS{{alertstate='firing',alertname=~'{}'}})"
    names = "ZegoUploadNoNewUploads|ZegoUploadWatchedTitleExpiring"
    watched = "{alertname='ZegoUploadWatchedTitleExpiring',zego_app='prod'}"
    idle = "{alertname='ZegoUploadNoNewUploads',zego_app='idle'}"
    cases = [
        {"expr": query.format(names), "eval_time": "200m", "exp_samples": []},
        {
            "expr": query.format(names),
            "eval_time": "500m",
            "exp_samples": [{"labels": watched, "value": 1}, {"labels": idle, "value": 1}],
        },
    ]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": cases}
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "5m", "tests": [test]}
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")

    result = rule_files.promtool("test", "rules", path, generation=generation)

    assert result.returncode == 0, result.stdout
