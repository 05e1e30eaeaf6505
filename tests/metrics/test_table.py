"""The table of metrics as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.metrics.table import METRICS
from exporter.tasks import Snapshot, TaskStatus, Tracked
from exporter.zego.stats import ApiStats
from tests.builders import make_snapshot, make_task, make_view
from tests.metrics.reference import families


def test_every_row_of_the_table_is_complete_and_is_there_once() -> None:
    """A help is a sentence; a counter's name says that it is one."""
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    for metric in METRICS:
        assert metric.help.endswith("."), metric.name
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name


def test_every_row_of_the_table_has_samples_somewhere() -> None:
    """Otherwise the comparison above would prove nothing about that row."""
    task = make_task("a", TaskStatus.WAITING)
    full = make_snapshot(task, make_task("b"), reported_total=2)
    tracked = Snapshot(full.tasks, 0.0, 1.0, 1, 2, tracked={"a": Tracked(task.status, 1.0)})
    stats = ApiStats()
    stats.record_error("timeout")
    stats.record_clock_skew(1.0)
    shown: Sequence[AppView] = [make_view(snapshot=tracked, stats=stats)]
    empty = [family.name for family in families(shown, TaskSettings(), 0.0) if not family.samples]
    # Callbacks need a receiver, which a view alone does not have; a reload is the service's.
    assert empty == [
        "zego_upload_callback_rejections",
        "zego_upload_exporter_config_last_reload_successful",
        "zego_upload_exporter_config_last_reload_success_timestamp_seconds",
    ]
    assert len(METRICS) > 40
