"""The exposition: what Prometheus gets."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import ServerError
from exporter.metrics.exposition import Exposition
from exporter.metrics.metric import ProgramView
from exporter.metrics.table import METRICS
from exporter.tasks import UNKNOWN_HOST, TaskStatus, UploadTask
from exporter.text import label_value
from exporter.zego.stats import ApiStats
from tests.builders import NOW, make_settings, make_snapshot, make_task, make_view, tasks_strategy

GOLDEN = Path(__file__).parent / "golden"


def render(
    *views: AppView,
    openmetrics: bool = False,
    apps: frozenset[str] | None = None,
    tasks: TaskSettings | None = None,
) -> str:
    """Return the page for `views` at NOW."""
    exposition = Exposition(lambda: views, tasks or TaskSettings(), now=lambda: NOW)
    return exposition.render(apps=apps, openmetrics=openmetrics).decode()


def series(page: str, name: str) -> dict[str, float]:
    """Return the samples called `name`: their labels as written, and the value."""
    found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", page, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def without_process(page: str) -> str:
    """Return the page without what depends on this process and interpreter."""
    own = page.split("# HELP process_", maxsplit=1)[0].split("# HELP python_info", maxsplit=1)[0]
    return re.sub(r'python_version="[^"]*"', 'python_version="X"', own)


def a_full_view() -> AppView:
    """Return an app with one task in every status and a broken collection afterwards."""
    stats = ApiStats()
    stats.record_request(0.2)
    stats.record_request(3.0)
    stats.record_error("http_503")
    stats.record_wait(0.75)
    stats.record_clock_skew(-2.0)
    tasks = [
        make_task(
            f"id-{number}",
            status,
            title=f"{status.value}.mp4",
            retry_count=number,
            created_at=NOW - 1000 * number,
            expires_at=None if number % 2 else NOW + 5400 * number - 5400,
        )
        for number, status in enumerate(TaskStatus)
    ]
    tasks.append(make_task("id-x", title='视频 "a\\b".mp4', expires_at=NOW + 1800))
    return make_view(
        snapshot=make_snapshot(*tasks, pages=2, reported_total=9),
        error=ServerError("system error", code="350010000"),
        malformed={"status": 1},
        settings=make_settings("vod", slots_limit=12),
        stats=stats,
    )


@pytest.mark.parametrize(
    ("name", "views"),
    [
        ("before_first_collection", [make_view()]),
        ("no_tasks", [make_view(snapshot=make_snapshot())]),
        ("one_task", [make_view(snapshot=make_snapshot(make_task()))]),
        ("every_status", [a_full_view()]),
        ("stale", [make_view(snapshot=make_snapshot(make_task()), stale=True)]),
    ],
)
def test_the_page_is_the_golden_one(
    name: str, views: list[AppView], request: pytest.FixtureRequest
) -> None:
    """The whole text is pinned; `pytest --update-golden` writes it anew for review."""
    path = GOLDEN / f"{name}.prom"
    page = without_process(render(*views))
    if request.config.getoption("--update-golden"):
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")


def test_the_page_has_the_librarys_process_metrics_and_no_created_series() -> None:
    """`process_*` and `python_info` as every Python exporter has them; no `_created`."""
    for openmetrics in (False, True):
        page = render(a_full_view(), openmetrics=openmetrics)
        assert "process_cpu_seconds" in page
        assert "python_info{" in page
        assert "_created" not in page.replace("zego_upload_task_created", "")


@settings(deadline=None, max_examples=25)
@given(st.lists(tasks_strategy(), unique_by=lambda task: task.id, max_size=8))
def test_any_tasks_give_a_page_that_both_parsers_read_alike(tasks: list[UploadTask]) -> None:
    """Quotes and any script in titles survive both formats; control characters become U+FFFD."""
    view = make_view(snapshot=make_snapshot(*tasks))
    text = {f.name: f.samples for f in parse_text(render(view))}
    openmetrics = {f.name: f.samples for f in parse_openmetrics(render(view, openmetrics=True))}
    for name in ("zego_upload_tasks", "zego_upload_task_info", "zego_upload_collections"):
        assert sorted(text[name], key=str) == sorted(openmetrics[name], key=str)
    titles = {label_value(task.title) for task in tasks}
    assert {sample.labels["title"] for sample in text["zego_upload_task_info"]} <= titles


@pytest.mark.parametrize("openmetrics", [False, True])
def test_titles_are_cleaned_and_cut(openmetrics: bool) -> None:
    """Prometheus can be told to refuse a page with longer label values."""
    tasks = [make_task("a", title="x\n\x1b\u2028y"), make_task("b", title="x" * 5000)]
    page = render(make_view(snapshot=make_snapshot(*tasks)), openmetrics=openmetrics)
    assert 'title="x\ufffd\ufffd\ufffdy"' in page
    assert f'title="{"x" * 255}…"' in page


def test_how_the_last_reload_went_is_exposed() -> None:
    """0 and the time of the last good one after a failure; absent where nothing reloads."""
    program = ProgramView(reload_successful=False, reload_succeeded_at=NOW)
    exposition = Exposition(list, TaskSettings(), program=lambda: program)
    page = exposition.render().decode()
    name = "zego_upload_exporter_config_last_reload"
    assert series(page, f"{name}_successful") == {"": 0.0}
    assert series(page, f"{name}_success_timestamp_seconds") == {"": NOW}
    assert series(render(make_view()), f"{name}_successful") == {}


def test_no_series_stands_twice_on_the_page() -> None:
    """Prometheus refuses a page with two equal series."""
    page = render(a_full_view(), make_view("other", make_snapshot(make_task())))
    names = [line.rsplit(" ", 1)[0] for line in page.splitlines() if not line.startswith("#")]
    assert len(names) == len(set(names))


def test_every_row_of_the_table_is_complete_and_is_there_once() -> None:
    """A help is a sentence; a counter's name says that it is one."""
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    for metric in METRICS:
        assert metric.help.endswith("."), metric.name
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name


def test_only_the_named_apps_are_on_the_page() -> None:
    """`?app=` leaves out every series of the others."""
    views = [make_view(name, make_snapshot(make_task())) for name in ("a", "b", "c")]
    page = render(*views, apps=frozenset({"a", "c"}))
    assert set(re.findall(r'zego_app="(\w+)"', page)) == {"a", "c"}


def test_a_stale_snapshot_leaves_health_series_only() -> None:
    """Stale series are absent (`docs/guarantees.md`, section 2)."""
    page = render(make_view(snapshot=make_snapshot(make_task()), stale=True))
    assert not re.search(
        r"^zego_upload_(tasks|retries|task_info|slots_used|expiring)", page, re.MULTILINE
    )
    assert series(page, "zego_upload_last_success_timestamp_seconds") == {'zego_app="vod"': NOW}
    assert series(page, "zego_upload_slots_limit") == {'zego_app="vod"': 10}


def test_the_selection_is_limited_and_the_rest_counted() -> None:
    """With limit 0 there are no per-task series at all, and the counts are still exact."""
    snapshot = make_snapshot(*(make_task(str(n), TaskStatus.FAILED) for n in range(5)))
    page = render(make_view(snapshot=snapshot), tasks=TaskSettings(limit=2))
    assert len(series(page, "zego_upload_task_info")) == 2
    assert series(page, "zego_upload_task_series_omitted") == {'zego_app="vod"': 3}
    page = render(make_view(snapshot=snapshot), tasks=TaskSettings(limit=0))
    assert series(page, "zego_upload_task_info") == {}
    assert series(page, "zego_upload_tasks")['status="failed",zego_app="vod"'] == 5


@pytest.mark.parametrize(
    ("title", "expected"),
    [("full", "video.mp4"), ("hash", "5a44db20c2ccb60c"), ("none", "")],
)
def test_titles_are_shown_as_configured(title: str, expected: str) -> None:
    """Full, as a short hash that still tells files apart, or not at all."""
    tasks = TaskSettings.model_validate({"title": title})
    page = render(make_view(snapshot=make_snapshot(make_task())), tasks=tasks)
    (labels,) = series(page, "zego_upload_task_info")
    assert f'title="{expected}"' in labels


HOSTS = ("a.example", "b.example", "c.example", "other", UNKNOWN_HOST)


@given(
    st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(TaskStatus)), max_size=30),
    st.integers(0, 3),
)
def test_source_tasks_are_bounded_and_add_up(
    sources: list[tuple[str, TaskStatus]], limit: int
) -> None:
    """Each listed task is in one series; hosts beyond the limit share one."""
    tasks = [
        replace(make_task(str(number), status), source_host=host)
        for number, (host, status) in enumerate(sources)
    ]
    page = render(
        make_view(snapshot=make_snapshot(*tasks)), tasks=TaskSettings(source_hosts=limit, limit=0)
    )
    samples = {
        (host, status): float(value)
        for host, status, value in re.findall(
            r'zego_upload_source_tasks{source_host="([^"]+)",status="(\w+)",zego_app="vod"} (\S+)',
            page,
        )
    }
    labels = {host for host, _ in samples}
    assert len(labels) <= limit + 2
    assert len(samples) == len(labels) * len(TaskStatus)
    if not limit:
        assert not samples
        return
    for status in TaskStatus:
        listed = sum(1 for _, one in sources if one is status)
        assert sum(n for (_, word), n in samples.items() if word == status.value) == listed
    counts = Counter(host for host, _ in sources)
    assert (UNKNOWN_HOST in labels) == (counts[UNKNOWN_HOST] > 0)
    largest = max((n for host, n in counts.items() if host != UNKNOWN_HOST), default=0)
    shown = [sum(n for (host, _), n in samples.items() if host == label) for label in labels]
    assert largest <= max(shown, default=0)


ODD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(
    ["x" * 255, "x" * 256, "x" * 257, "x" * 300 + "a", "x" * 300 + "b", "a\x00", "a\x1f", "a\u2028"]
)


@given(st.lists(st.tuples(ODD, ODD), unique_by=lambda pair: pair[0], max_size=8))
def test_label_values_are_short_and_printable_and_no_series_is_twice(
    texts: list[tuple[str, str]],
) -> None:
    """Whatever ids and titles are (docs/guarantees.md, section 10); equal ids are left out."""
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
