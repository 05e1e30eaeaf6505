"""The rows of the table, the tasks with series of their own, and their label values."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.metrics import METRICS
from exporter.tasks import Snapshot, TaskStatus, Tracked
from exporter.zego.stats import ApiStats
from tests.builders import make_snapshot, make_task, make_view
from tests.metrics.pages import render, series
from tests.metrics.reference import families


def test_every_row_of_the_table_is_complete_and_unique() -> None:
    """HELP is a sentence; a counter's name ends in `_total`."""
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    for metric in METRICS:
        assert metric.help.endswith("."), metric.name
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name


def test_every_row_of_the_table_has_samples_somewhere() -> None:
    """Otherwise the comparison with the library would not cover that row."""
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


def test_the_selection_is_limited_and_the_rest_counted() -> None:
    """With limit 0 there are no per-task series at all, and the counts are still exact."""
    snapshot = make_snapshot(*(make_task(str(n), TaskStatus.FAILED) for n in range(5)))
    page = render(make_view(snapshot=snapshot), tasks=TaskSettings(limit=2))
    assert len(series(page, "zego_upload_task_info")) == 2
    assert series(page, "zego_upload_task_series_omitted") == {'zego_app="vod"': 3}
    page = render(make_view(snapshot=snapshot), tasks=TaskSettings(limit=0))
    assert series(page, "zego_upload_task_info") == {}
    assert series(page, "zego_upload_tasks")['status="failed",zego_app="vod"'] == 5


@pytest.mark.parametrize("openmetrics", [False, True])
def test_titles_are_cleaned_and_cut(openmetrics: bool) -> None:
    """Prometheus can be configured to refuse a page with longer label values."""
    tasks = [make_task("a", title="x\n\x1b\u2028y"), make_task("b", title="x" * 5000)]
    page = render(make_view(snapshot=make_snapshot(*tasks)), openmetrics=openmetrics)
    assert 'title="x\ufffd\ufffd\ufffdy"' in page
    assert f'title="{"x" * 255}…"' in page


ODD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(
    ["x" * 255, "x" * 256, "x" * 257, "x" * 300 + "a", "x" * 300 + "b", "a\x00", "a\x1f", "a\u2028"]
)


@given(st.lists(st.tuples(ODD, ODD), unique_by=lambda pair: pair[0], max_size=8))
def test_label_values_are_short_and_printable_and_no_series_is_twice(
    texts: list[tuple[str, str]],
) -> None:
    """For any ids and titles (docs/guarantees.md, section 10); equal ids are left out."""
    tasks = [make_task(task_id, title=title) for task_id, title in texts]
    page = render(make_view(snapshot=make_snapshot(*tasks)))
    families = {family.name: family for family in parse_text(page)}
    samples = families["zego_upload_task_info"].samples
    ids = [sample.labels["upload_task_id"] for sample in samples]
    assert len(ids) == len(set(ids))
    (omitted,) = families["zego_upload_task_series_omitted"].samples
    assert omitted.value == len(tasks) - len(ids)
    for sample in samples:
        for value in sample.labels.values():
            assert len(value) <= 256
            assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value)
