"""Metrics of an app's collections, and of the exporter itself."""

from __future__ import annotations

import re

from exporter.config import TaskSettings
from exporter.metrics.exposition import Exposition
from exporter.metrics.metric import ProgramView
from tests.builders import NOW, make_snapshot, make_task, make_view
from tests.metrics.pages import render, series


def test_the_result_of_the_last_reload_is_exposed() -> None:
    """0 and the time of the last good one after a failure; absent where nothing reloads."""
    program = ProgramView(reload_successful=False, reload_succeeded_at=NOW)
    exposition = Exposition(list, TaskSettings(), program=lambda: program)
    page = exposition.render().decode()
    name = "zego_upload_exporter_config_last_reload"
    assert series(page, f"{name}_successful") == {"": 0.0}
    assert series(page, f"{name}_success_timestamp_seconds") == {"": NOW}
    assert series(render(make_view()), f"{name}_successful") == {}


def test_a_stale_snapshot_leaves_health_series_only() -> None:
    """Stale series are absent (`docs/guarantees.md`, section 2)."""
    page = render(make_view(snapshot=make_snapshot(make_task()), stale=True))
    assert not re.search(
        r"^zego_upload_(tasks|retries|task_info|slots_used|expiring)", page, re.MULTILINE
    )
    assert series(page, "zego_upload_last_success_timestamp_seconds") == {'zego_app="vod"': NOW}
    assert series(page, "zego_upload_slots_limit") == {'zego_app="vod"': 10}
