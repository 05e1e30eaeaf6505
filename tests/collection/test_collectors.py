"""All collectors together, and their reload."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from exporter.collection.collectors import CollectorPool
from exporter.collection.state import AppView
from exporter.config import AppSettings, CollectionSettings
from exporter.errors import ExporterError
from exporter.history.database import HistoryFile
from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.lifecycle import Lifecycle
from exporter.tasks import Snapshot
from exporter.zego.callbacks import CallbackRejected
from exporter.zego.limiter import RateLimiter
from tests.builders import NOW, SECRET, make_callback, make_settings
from tests.faults import FaultyServer, with_faults
from tests.faults.faults import Fault
from tests.waiting import wait_until

FAST = CollectionSettings(interval=1, requests_per_second=1000)


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    """Run three simulated apps with 10 tasks each."""
    apps = []
    for app_id in (1, 2, 3):
        life = Lifecycle(pace=0, start=NOW)
        life.add_tasks(10)
        apps.append(SimulatedApp(app_id, SECRET, life, rate_limit=None))
    with SimulatorServer(apps) as running:
        yield running


@pytest.fixture
def pool() -> Iterator[CollectorPool]:
    """Return a pool that is stopped afterwards."""
    built = CollectorPool()
    yield built
    assert built.stop(10)


def app(server: SimulatorServer, app_id: int, **changes: Any) -> AppSettings:
    """Return the settings of a simulated app."""
    return make_settings(
        **{
            "name": f"app-{app_id}",
            "app_id": app_id,
            "server_secret": SECRET,
            "endpoint": server.url,
            "collection": FAST,
            **changes,
        },
    )


def views_when_collected(pool: CollectorPool) -> dict[str, AppView]:
    """Return the state of each app after all have been collected."""
    wait_until(lambda: all(view.up for view in pool.views()), "first collections")
    return {view.settings.name: view for view in pool.views()}


def test_a_reload_leaves_unchanged_apps_undisturbed(
    server: SimulatorServer, pool: CollectorPool
) -> None:
    """An unchanged app keeps its snapshot, its counters, and its thread."""
    pool.apply([app(server, 1), app(server, 2)])
    before = views_when_collected(pool)
    pool.apply([app(server, 3), app(server, 2)])
    names = [view.settings.name for view in pool.views()]
    assert names == ["app-3", "app-2"]
    kept = pool.views()[1]
    assert kept.up
    assert kept.collections >= before["app-2"].collections
    assert kept.api.requests >= before["app-2"].api.requests
    assert pool.healthy()
    views_when_collected(pool)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ended_is_unhealthy_unless_it_was_stopped(
    server: SimulatorServer, pool: CollectorPool
) -> None:
    """A reload waits for the threads of removed apps: a probe during the wait succeeds."""
    pool.apply([app(server, 1)])
    assert pool.stop(10)
    assert pool.healthy()
    dying = CollectorPool(prepare=lambda _app, _snapshot: sys.exit())
    dying.apply([app(server, 1)])
    wait_until(lambda: not dying.healthy(), "the end of the thread")


def test_a_changed_app_keeps_its_counters(server: SimulatorServer, pool: CollectorPool) -> None:
    """Its counters continue from the same baseline."""
    pool.apply([app(server, 1)])
    views_when_collected(pool)
    server.apps[1].life.add_task(status=5)
    wait_until(lambda: pool.views()[0].counters.transitions["new", "failed"], "the failed task")
    before = pool.views()[0]
    server.apps[1].life.add_task(status=5)
    pool.apply([app(server, 1, slots_limit=99)])
    wait_until(lambda: pool.views()[0].snapshot is not before.snapshot, "a new snapshot")
    view = pool.views()[0]
    assert view.settings.slots_limit == 99
    assert view.counters.transitions["new", "failed"] == 2


@pytest.mark.parametrize("strategy", ["full", "incremental"])
def test_a_changed_app_keeps_what_is_known_of_it(
    server: SimulatorServer, pool: CollectorPool, strategy: Literal["full", "incremental"]
) -> None:
    """Its data keeps its age, and /-/ready does not wait for a walk of half an hour."""
    often = FAST.model_copy(update={"strategy": strategy})
    pool.apply([app(server, 1, collection=often, callback_secret="secret")])
    views_when_collected(pool)
    seldom = often.model_copy(update={"interval": 3600, "stale_after": 3600})
    before = pool.views()[0]
    changed = app(server, 1, collection=seldom, slots_limit=99, callback_secret="secret")
    pool.apply([changed])
    view = pool.views()[0]
    server.apps[1].life.add_task(status=5)
    assert view.settings == changed
    assert view.up
    assert view.snapshot is not None
    assert view.collections >= before.collections
    assert view.api.requests >= before.api.requests
    # Without a callback, its first collection begins within ten seconds.
    pool.callback_receivers()["app-1"].receive(make_callback("secret", 1), NOW)
    wait_until(lambda: pool.views()[0].counters.transitions["new", "failed"], "its snapshot")
    if strategy == "incremental":
        assert pool.views()[0].api.requests - view.api.requests == 8, "no scan of all tasks"


@pytest.mark.parametrize(
    "changes", [{"name": "x"}, {"app_id": 2}, {"is_test": True}], ids=lambda c: next(iter(c))
)
def test_an_app_that_lists_other_tasks_starts_again(
    server: SimulatorServer, pool: CollectorPool, changes: dict[str, Any]
) -> None:
    """Tasks of another listing must not appear as its own."""
    pool.apply([app(server, 1, callback_secret="secret")])
    before = views_when_collected(pool)["app-1"]
    pool.apply([app(server, **{"app_id": 1, "name": "app-1", **changes})])
    view = pool.views()[0]
    assert view.latest is not before.latest
    assert view.collections <= 1


@pytest.mark.parametrize("startable", [0, 1])
def test_a_reload_at_the_thread_limit_changes_nothing(
    server: SimulatorServer,
    pool: CollectorPool,
    monkeypatch: pytest.MonkeyPatch,
    startable: int,
) -> None:
    """The earlier apps are collected as before, and no thread of the failed reload is left."""
    before = [app(server, 1, callback_secret="secret"), app(server, 2)]
    pool.apply(before)
    views_when_collected(pool)
    receiver = pool.callback_receivers()["app-1"]
    rates: list[float] = []
    left = [None] * startable

    def start(thread: threading.Thread, real: Any = threading.Thread.start) -> None:
        if thread.name.startswith("collector-"):
            if not left:
                raise RuntimeError("can't start new thread")
            left.pop()
        real(thread)

    def set_rate(limiter: RateLimiter, rate: float, real: Any = RateLimiter.set_rate) -> None:
        rates.append(rate)
        real(limiter, rate)

    slow = FAST.model_copy(update={"requests_per_second": 1})
    after = [app(server, 1, collection=slow, slots_limit=99), app(server, 3)]
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        patched.setattr(RateLimiter, "set_rate", set_rate)
        with pytest.raises(ExporterError, match="no thread can be started"):
            pool.apply(after)
    assert pool.healthy()
    assert [view.settings for view in pool.views()] == before
    assert pool.callback_receivers() == {"app-1": receiver}
    assert slow.requests_per_second not in rates
    running = [t for t in threading.enumerate() if t.name.startswith("collector-app-")]
    assert len(running) == len(before)
    done = [view.collections for view in pool.views()]
    wait_until(
        lambda: all(
            v.up and v.collections > n + 1 for v, n in zip(pool.views(), done, strict=True)
        ),
        "collections at the earlier rate",
    )
    pool.apply(after)
    assert [view.settings for view in pool.views()] == after
    assert pool.views()[0].latest is not None


def test_a_callback_cannot_be_replayed_after_a_reload(
    server: SimulatorServer, pool: CollectorPool
) -> None:
    """Nonces are kept, also in a receiver that a request has obtained before the reload."""
    pool.apply([app(server, 1, callback_secret="secret")])
    body = make_callback("secret", 1)
    before = pool.callback_receivers()["app-1"]
    before.receive(body, NOW)
    pool.apply([app(server, 1, callback_secret="secret", slots_limit=99)])
    after = pool.callback_receivers()["app-1"]
    assert after is not before
    for receiver in (before, after):
        with pytest.raises(CallbackRejected, match="replayed"):
            receiver.receive(body, NOW)
    view = pool.views()[0]
    assert sum(view.counters.callback_events.values()) == 1
    assert view.callback_rejections["replayed"] == 2


def test_a_changed_app_still_knows_that_its_totals_are_credible(pool: CollectorPool) -> None:
    """A listing that is short before and after a reload is not published after it.

    Only the API and the listed set of tasks matter: other settings, the name too, may change.
    """
    broken = with_faults(SimulatedApp(1, SECRET, Lifecycle(pace=0, start=NOW), rate_limit=None))
    broken.life.add_tasks(10)
    with FaultyServer([broken]) as server:
        pool.apply([app(server, 1)])
        views_when_collected(pool)
        broken.faults.switch_on(Fault.LOST_TASKS, 3)
        for changes in ({"slots_limit": 99}, {"name": "renamed"}):
            pool.apply([app(server, 1, **changes)])
            failures = pool.views()[0].failures["pagination"]
            wait_until(
                partial(lambda n: pool.views()[0].failures["pagination"] > n, failures), "failures"
            )
            latest = pool.views()[0].latest
            assert latest is None or len(latest.tasks) == 10
        pool.apply([app(server, 1, is_test=False)])
        snapshot = views_when_collected(pool)["app-1"].snapshot
        assert snapshot is not None
        assert len(snapshot.tasks) == 7, "IsTest lists other tasks, of which nothing is known"


def test_apps_of_one_app_id_share_one_limiter(server: SimulatorServer, pool: CollectorPool) -> None:
    """ZEGO counts for each AppId; a reload does not forget the requests before."""
    server.apps[1].life.add_tasks(140)  # three pages
    slow = CollectionSettings(interval=1, requests_per_second=6)
    twins = [app(server, 1, name=name, collection=slow) for name in "xyz"]
    pool.apply(twins[:2])
    wait_until(lambda: all(view.collections for view in pool.views()), "first collections")
    pool.apply(twins)
    wait_until(lambda: all(view.collections > 1 for view in pool.views()), "more collections")
    assert server.apps[1].arrivals.max_in_a_second <= 6


def test_counters_continue_from_the_history(server: SimulatorServer, tmp_path: Path) -> None:
    """Changes between two processes are counted by the second one."""
    for number in range(2):
        history = HistoryFile(tmp_path / "history.sqlite")
        pool = CollectorPool(history)
        pool.apply([app(server, 1)])
        view = views_when_collected(pool)["app-1"]
        assert view.counters.transitions["new", "failed"] == number
        assert pool.stop(10)
        history.close()
        server.apps[1].life.add_task(status=5)


def test_only_apps_with_a_secret_take_callbacks(
    server: SimulatorServer, pool: CollectorPool
) -> None:
    """Without a secret no callback could be authenticated."""
    pool.apply([app(server, 1), app(server, 2, callback_secret="secret")])
    assert list(pool.callback_receivers()) == ["app-2"]


def test_a_snapshot_is_prepared_before_it_is_published(server: SimulatorServer) -> None:
    """No scrape has to wait for its rendering."""
    prepared: list[tuple[str, Snapshot, list[Snapshot | None]]] = []

    def prepare(name: str, snapshot: Snapshot) -> None:
        prepared.append((name, snapshot, [view.latest for view in built.views()]))

    built = CollectorPool(prepare=prepare)
    built.apply([app(server, 1)])
    view = views_when_collected(built)["app-1"]
    assert built.stop(10)
    name, snapshot, visible = prepared[0]
    assert (name, visible) == ("app-1", [None])
    assert view.latest in [each for _, each, _ in prepared]
    assert len(snapshot.tasks) == 10
