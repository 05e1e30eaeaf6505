"""The exposition: golden pages, and equality with the pages of `prometheus_client`."""

from __future__ import annotations

import re
from functools import partial
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
from exporter.metrics import METRICS
from exporter.metrics.exposition import Exposition
from exporter.tasks import TaskStatus, UploadTask
from exporter.text import label_value
from exporter.zego.stats import ApiStats
from tests.builders import NOW, make_settings, make_snapshot, make_task, make_view, tasks_strategy
from tests.metrics.pages import INSTANTS, heads, pages, render, snapshots, without_process
from tests.metrics.reference import render_reference

GOLDEN = Path(__file__).parent / "golden"


def without_environment(page: str) -> str:
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
    """The whole text is pinned; `pytest --update-golden` rewrites it for review."""
    path = GOLDEN / f"{name}.prom"
    page = without_environment(render(*views))
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


def test_no_series_is_on_the_page_twice() -> None:
    """Prometheus refuses a page with two equal series."""
    page = render(a_full_view(), make_view("other", make_snapshot(make_task())))
    names = [line.rsplit(" ", 1)[0] for line in page.splitlines() if not line.startswith("#")]
    assert len(names) == len(set(names))


def test_only_the_named_apps_are_on_the_page() -> None:
    """`?app=` leaves out every series of the others."""
    views = [make_view(name, make_snapshot(make_task())) for name in ("a", "b", "c")]
    page = render(*views, apps=frozenset({"a", "c"}))
    assert set(re.findall(r'zego_app="(\w+)"', page)) == {"a", "c"}


NAMES = st.text(st.characters(categories=("L", "M", "N")), min_size=1, max_size=64)


APPS = st.lists(NAMES, max_size=3, unique=True)


@st.composite
def views(draw: st.DrawFn, name: str) -> AppView:
    """Return any view of an app: before its first collection, up, down or stale."""
    stats = ApiStats()
    for seconds in draw(st.lists(st.floats(0, 1e8), max_size=3)):
        stats.record_request(seconds)
        stats.record_error(draw(st.text()))
        stats.record_clock_skew(-seconds)
    return make_view(
        name,
        draw(st.none() | snapshots()),
        stale=draw(st.booleans()),
        error=draw(st.none() | st.just(ServerError("it fell", code="http_500"))),
        stats=stats,
    )


@st.composite
def sites(draw: st.DrawFn) -> tuple[list[AppView], frozenset[str] | None]:
    """Return some apps, and a choice of them."""
    names = draw(APPS)
    filters = st.frozensets(st.sampled_from(names)) if names else st.just(frozenset[str]())
    return [draw(views(name)) for name in names], draw(st.none() | filters)


TASKS = st.builds(
    TaskSettings,
    limit=st.sampled_from([0, 2, 500]),
    title=st.sampled_from(["full", "hash", "none"]),
)


@settings(deadline=None, max_examples=25)
@given(sites(), TASKS, INSTANTS)
def test_the_page_is_the_librarys_in_every_format_and_coding(
    site: tuple[list[AppView], frozenset[str] | None],
    tasks: TaskSettings,
    now: float,
) -> None:
    """Byte for byte, for any tasks, apps, filters and times, from the cache or rendered again."""
    shown, apps = site
    exposition = Exposition(lambda: shown, tasks, now=lambda: now)
    chosen = [view for view in shown if apps is None or view.settings.name in apps]
    for openmetrics in (False, True):
        reference = without_process(render_reference(chosen, tasks, now, openmetrics=openmetrics))
        assert pages(exposition, apps, openmetrics) == [reference] * 4


def test_the_process_metrics_can_be_left_out() -> None:
    """Then only the table's families are there, and OpenMetrics' end mark."""
    exposition = Exposition(list, TaskSettings(), process=False)
    for openmetrics in (False, True):
        page = exposition.render(openmetrics=openmetrics)
        assert len(heads(page)) == 2 * len(METRICS) + openmetrics
        assert b"process_" not in page


def test_the_process_metrics_are_the_librarys() -> None:
    """Same families, same order, at the end of the page."""
    body = Exposition(list, TaskSettings()).render()
    reference = render_reference([], TaskSettings(), 0.0, openmetrics=False)
    assert heads(body) == heads(reference)


@pytest.mark.parametrize(
    "expires_at", [0.5, 999_999.0, 1e6, 1_234_567.0, 2_592_000.0, 1e7, 1.5e6 + 0.1]
)
def test_countdowns_are_written_as_the_library_writes_numbers(expires_at: float) -> None:
    """Go writes an exponent from a million seconds on, which are eleven days."""
    shown = [make_view(snapshot=make_snapshot(make_task(expires_at=expires_at)))]
    for now in (0.0, 0.7, expires_at, expires_at + 2e6):
        exposition = Exposition(lambda: shown, TaskSettings(), now=partial(float, now))
        reference = render_reference(shown, TaskSettings(), now, openmetrics=False)
        assert pages(exposition, None, False)[0] == without_process(reference)
