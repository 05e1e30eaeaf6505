"""The state of one app, with a fake clock."""

from __future__ import annotations

import pytest

from exporter.collection.state import AppState, AppView
from exporter.errors import FAILURE_REASONS, NetworkError
from exporter.history.counters import AppCounters
from exporter.tasks import Snapshot, TaskStatus
from exporter.zego.stats import ApiStats
from tests.builders import NOW, make_settings, make_snapshot, make_task

SETTINGS = make_settings()
INTERVAL = SETTINGS.collection.interval


class Site:
    """An app's state, its counters and the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.counters = AppCounters()
        self.state = AppState(SETTINGS, ApiStats(), self.counters, clock=lambda: self.now)

    def publish(self, snapshot: Snapshot) -> AppView:
        """Publish a snapshot and return the state."""
        self.state.start_collection(snapshot.completed_at)
        walk = self.counters.compare(snapshot.tasks, snapshot.completed_at)
        self.state.publish(snapshot, walk, {"title": 2})
        return self.state.view()


@pytest.fixture
def site() -> Site:
    """Return the state of an app that has not been collected."""
    return Site()


def test_before_the_first_collection_counters_are_0_and_the_rest_is_unknown(site: Site) -> None:
    """Counters exist with 0, everything else is None."""
    view = site.state.view()
    assert (view.snapshot, view.latest, view.up, view.last_attempt, view.last_error) == (None,) * 5
    assert view.failures == dict.fromkeys(FAILURE_REASONS, 0)
    assert (view.collections, view.skipped) == (0, 0)


def test_a_snapshot_and_the_counters_of_its_walk_are_published_together(site: Site) -> None:
    """A view has both or none (docs/guarantees.md, section 8)."""
    first = make_snapshot(make_task("a", TaskStatus.WAITING))
    site.publish(first)
    second = make_snapshot(make_task("a", TaskStatus.FAILED), completed_at=NOW + 60)
    walk = site.counters.compare(second.tasks, second.completed_at)
    assert site.state.view().snapshot is first
    assert not any(site.state.view().counters.transitions.values())
    site.state.publish(second, walk, {})
    view = site.state.view()
    assert view.snapshot is second
    assert view.counters.transitions["waiting", "failed"] == 1
    assert view.malformed["title"] == 2


def test_a_snapshot_is_hidden_once_it_is_older_than_stale_after(site: Site) -> None:
    """The latest snapshot is kept, for what is not derived from it (section 2)."""
    snapshot = make_snapshot(make_task())
    site.publish(snapshot)
    site.now = SETTINGS.collection.stale_after
    assert site.state.view().snapshot is snapshot
    site.now += 0.1
    view = site.state.view()
    assert (view.snapshot, view.latest) == (None, snapshot)


def test_a_failure_keeps_the_snapshot_and_no_traceback(site: Site) -> None:
    """The frames of a traceback would keep the answer in memory."""
    snapshot = make_snapshot(make_task())
    site.publish(snapshot)
    try:
        raise NetworkError("refused", code="connection") from ValueError()
    except NetworkError as error:
        site.state.fail(error)
    view = site.state.view()
    assert (view.snapshot, view.up, str(view.last_error)) == (snapshot, False, "refused")
    assert view.failures["network"] == 1
    assert view.last_error is not None
    assert (view.last_error.__traceback__, view.last_error.__cause__) == (None, None)
    assert site.publish(snapshot).last_error is None


def test_skipped_ticks_are_counted_while_the_collection_still_runs(site: Site) -> None:
    """A stuck collection shows before it ends, and its end counts nothing twice."""
    site.state.begin_ticks(INTERVAL)
    assert site.state.view().skipped == 0
    site.now = 2.5 * INTERVAL
    assert site.state.view().skipped == 2
    site.state.end_ticks(2)
    site.now = 10 * INTERVAL
    assert site.state.view().skipped == 2
