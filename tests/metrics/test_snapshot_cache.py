"""Rendered parts of snapshots: used for their own app and snapshot only, and freed with it."""

from __future__ import annotations

import gc
import weakref

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config import TaskSettings
from exporter.metrics.exposition import Exposition
from exporter.tasks import Snapshot
from tests.builders import make_snapshot, make_task, make_view
from tests.metrics.pages import INSTANTS, pages, snapshots, without_process
from tests.metrics.reference import render_reference


@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 2), st.none() | snapshots()), max_size=4), INSTANTS)
def test_a_new_snapshot_is_rendered_immediately_and_others_are_kept(
    publications: list[tuple[int, Snapshot | None]], now: float
) -> None:
    """The cache of one app is never used for another app or another snapshot."""
    shown = [make_view(name) for name in "abc"]
    exposition = Exposition(lambda: shown, TaskSettings(), now=lambda: now)
    for place, snapshot in publications:
        shown[place] = make_view("abc"[place], snapshot)
        for apps in (None, frozenset("a"), frozenset("bc")):
            chosen = [view for view in shown if apps is None or view.settings.name in apps]
            reference = render_reference(chosen, TaskSettings(), now, openmetrics=False)
            assert pages(exposition, apps, False) == [without_process(reference)] * 4


def test_a_prepared_snapshot_is_not_rendered_again() -> None:
    """The collector prepares it, byte for byte as a scrape would."""
    snapshot = make_snapshot(make_task())
    shown = [make_view("a", snapshot)]
    prepared, unprepared = (Exposition(lambda: shown, TaskSettings(), now=float) for _ in range(2))
    prepared.prepare("a", snapshot)
    object.__setattr__(snapshot, "tasks", ())  # so that reading it again would show
    assert b"zego_upload_task_info{" in prepared.render()
    assert b"zego_upload_task_info{" not in unprepared.render()


def test_two_apps_may_have_one_snapshot() -> None:
    """The key of the cache is snapshot and app."""
    snapshot = make_snapshot(make_task())
    shown = [make_view("a", snapshot), make_view("b", snapshot)]
    exposition = Exposition(lambda: shown, TaskSettings(), now=lambda: 0.0)
    reference = render_reference(shown, TaskSettings(), 0.0, openmetrics=False)
    assert pages(exposition, None, False) == [without_process(reference)] * 4


def test_a_replaced_snapshot_is_freed() -> None:
    """The cache neither outlives a snapshot nor keeps it alive."""
    shown = [make_view(snapshot=make_snapshot(make_task()))]
    exposition = Exposition(lambda: shown, TaskSettings(), now=lambda: 0.0)
    exposition.render(gzip=True)
    (snapshot,) = [weakref.ref(view.snapshot) for view in shown if view.snapshot]
    shown.clear()
    gc.collect()
    assert snapshot() is None
