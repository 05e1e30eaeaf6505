"""Our page against the one that `prometheus_client` renders of everything at once."""

from __future__ import annotations

import gc
import gzip
import weakref
import zlib
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import ServerError
from exporter.metrics.exposition import Exposition
from exporter.metrics.table import METRICS
from exporter.tasks import Snapshot, TaskStatus, Tracked
from exporter.zego.stats import ApiStats
from tests.builders import make_snapshot, make_task, make_view, tasks_strategy
from tests.metrics.reference import families, render_reference

INSTANTS = st.floats(0, 4e9)
NAMES = st.text(st.characters(categories=("L", "M", "N")), min_size=1, max_size=64)
APPS = st.lists(NAMES, max_size=3, unique=True)
LISTINGS = st.lists(tasks_strategy(), unique_by=lambda task: task.id, max_size=6)


def without_process(page: bytes) -> bytes:
    """Return the page without the numbers of this process, which move all the time."""
    return b"\n".join(line for line in page.split(b"\n") if not line.startswith(b"process_"))


def pages(exposition: Exposition, apps: frozenset[str] | None, openmetrics: bool) -> list[bytes]:
    """Return the page plain and unpacked, each once rendered anew and once from what is kept."""
    plain = [exposition.render(apps=apps, openmetrics=openmetrics) for _ in range(2)]
    packed = [exposition.render(apps=apps, openmetrics=openmetrics, gzip=True) for _ in range(2)]
    return [without_process(page) for page in (*plain, *map(unpack, packed))]


def unpack(body: bytes) -> bytes:
    """Return what one gzip member holds, and see that nothing follows it."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    page = member.decompress(body)
    assert member.eof
    assert member.unused_data == b""
    assert gzip.decompress(body) == page
    return page


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Return any snapshot, some of its tasks tracked and some with a reason."""
    tasks = draw(LISTINGS)
    ids = [task.id for task in tasks]
    known = st.lists(st.sampled_from(ids), unique=True) if ids else st.just([])
    return Snapshot(
        tuple(tasks),
        completed_at=draw(INSTANTS),
        duration=draw(st.floats(0, 1e7)),
        pages=1,
        reported_total=draw(st.none() | st.integers(0, 10**12)),
        tracked={
            task.id: Tracked(task.status, draw(INSTANTS))
            for task in tasks
            if task.id in draw(known)
        },
        failure_reasons={task_id: draw(st.text()) for task_id in draw(known)},
    )


@st.composite
def views(draw: st.DrawFn, name: str) -> AppView:
    """Return any look at an app: before its first collection, up, down or stale."""
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
    """Byte for byte, for any tasks, apps, filters and instants, kept or rendered anew."""
    shown, apps = site
    exposition = Exposition(lambda: shown, tasks, now=lambda: now)
    chosen = [view for view in shown if apps is None or view.settings.name in apps]
    for openmetrics in (False, True):
        reference = without_process(render_reference(chosen, tasks, now, openmetrics=openmetrics))
        assert pages(exposition, apps, openmetrics) == [reference] * 4


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 2), st.none() | snapshots()), max_size=4), INSTANTS)
def test_a_new_snapshot_shows_at_once_and_the_others_stay(
    publications: list[tuple[int, Snapshot | None]], now: float
) -> None:
    """What is kept of one app is never shown for another one, nor after its time."""
    shown = [make_view(name) for name in "abc"]
    exposition = Exposition(lambda: shown, TaskSettings(), now=lambda: now)
    for place, snapshot in publications:
        shown[place] = make_view("abc"[place], snapshot)
        for apps in (None, frozenset("a"), frozenset("bc")):
            chosen = [view for view in shown if apps is None or view.settings.name in apps]
            reference = render_reference(chosen, TaskSettings(), now, openmetrics=False)
            assert pages(exposition, apps, False) == [without_process(reference)] * 4


def test_the_process_metrics_can_be_left_out() -> None:
    """Then only the table's families are there, and the end mark where there must be one."""
    exposition = Exposition(list, TaskSettings(), process=False)
    for openmetrics in (False, True):
        page = exposition.render(openmetrics=openmetrics)
        assert len(heads(page)) == 2 * len(METRICS) + openmetrics
        assert b"process_" not in page


def test_a_prepared_snapshot_is_rendered_no_more() -> None:
    """The collector prepares what scrapes then find, byte for byte as they would have made it."""
    snapshot = make_snapshot(make_task())
    shown = [make_view("a", snapshot)]
    prepared, unprepared = (Exposition(lambda: shown, TaskSettings(), now=float) for _ in range(2))
    prepared.prepare("a", snapshot)
    object.__setattr__(snapshot, "tasks", ())  # nothing of it is read again
    assert b"zego_upload_task_info{" in prepared.render()
    assert b"zego_upload_task_info{" not in unprepared.render()


def test_the_process_metrics_are_the_librarys() -> None:
    """Same families, same order, at the end of the page."""
    body = Exposition(list, TaskSettings()).render()
    reference = render_reference([], TaskSettings(), 0.0, openmetrics=False)
    assert heads(body) == heads(reference)


def heads(page: bytes) -> list[bytes]:
    """Return the HELP and TYPE lines."""
    return [line for line in page.split(b"\n") if line.startswith(b"#")]


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


def test_two_apps_may_show_one_snapshot() -> None:
    """What is kept belongs to a snapshot and an app."""
    snapshot = make_snapshot(make_task())
    shown = [make_view("a", snapshot), make_view("b", snapshot)]
    exposition = Exposition(lambda: shown, TaskSettings(), now=lambda: 0.0)
    reference = render_reference(shown, TaskSettings(), 0.0, openmetrics=False)
    assert pages(exposition, None, False) == [without_process(reference)] * 4


@pytest.mark.parametrize(
    "instant", [0.5, 999_999.0, 1e6, 1_234_567.0, 2_592_000.0, 1e7, 1.5e6 + 0.1]
)
def test_countdowns_are_written_as_the_library_writes_numbers(instant: float) -> None:
    """Go writes an exponent from a million seconds on, which are eleven days."""
    shown = [make_view(snapshot=make_snapshot(make_task(expires_at=instant)))]
    for now in (0.0, 0.7, instant, instant + 2e6):
        exposition = Exposition(lambda: shown, TaskSettings(), now=partial(float, now))
        reference = render_reference(shown, TaskSettings(), now, openmetrics=False)
        assert pages(exposition, None, False)[0] == without_process(reference)


def test_a_replaced_snapshot_is_kept_by_nobody() -> None:
    """What is rendered of a snapshot lives no longer than it, and does not keep it alive."""
    shown = [make_view(snapshot=make_snapshot(make_task()))]
    exposition = Exposition(lambda: shown, TaskSettings(), now=lambda: 0.0)
    exposition.render(gzip=True)
    (snapshot,) = [weakref.ref(view.snapshot) for view in shown if view.snapshot]
    shown.clear()
    gc.collect()
    assert snapshot() is None
