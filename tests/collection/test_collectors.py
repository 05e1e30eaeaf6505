"""All collectors together, and what a reload does to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.collection.collectors import CollectorPool
from exporter.collection.state import AppView
from exporter.config import AppSettings, CollectionSettings
from exporter.history.database import HistoryFile
from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.lifecycle import Lifecycle
from exporter.tasks import Snapshot
from tests.builders import NOW, make_settings
from tests.waiting import wait_until

SECRET = "9193cc662a4c0ec135ec71fb57194b38"
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
def fleet() -> Iterator[CollectorPool]:
    """Return a fleet that is stopped afterwards."""
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


def views_when_collected(fleet: CollectorPool) -> dict[str, AppView]:
    """Return what is known of each app once all have been collected."""
    wait_until(lambda: all(view.up for view in fleet.views()), "first collections")
    return {view.settings.name: view for view in fleet.views()}


def test_apps_come_and_go_and_unchanged_ones_go_on(
    server: SimulatorServer, fleet: CollectorPool
) -> None:
    """An unchanged app keeps its snapshot, its counters, and its thread."""
    fleet.apply([app(server, 1), app(server, 2)])
    before = views_when_collected(fleet)
    fleet.apply([app(server, 3), app(server, 2)])
    names = [view.settings.name for view in fleet.views()]
    assert names == ["app-3", "app-2"]
    kept = fleet.views()[1]
    assert kept.up
    assert kept.collections >= before["app-2"].collections
    assert kept.api.requests >= before["app-2"].api.requests
    assert fleet.healthy()
    views_when_collected(fleet)


def test_a_changed_app_begins_anew_with_its_counters(
    server: SimulatorServer, fleet: CollectorPool
) -> None:
    """The collection starts over; what was counted of its tasks goes on from the same baseline."""
    fleet.apply([app(server, 1)])
    views_when_collected(fleet)
    server.apps[1].life.add_task(status=5)
    wait_until(lambda: fleet.views()[0].counters.transitions["new", "failed"], "the failed task")
    server.apps[1].life.add_task(status=5)
    fleet.apply([app(server, 1, slots_limit=99)])
    assert fleet.views()[0].snapshot is None
    view = views_when_collected(fleet)["app-1"]
    assert view.settings.slots_limit == 99
    assert view.counters.transitions["new", "failed"] == 2


def test_apps_of_one_app_id_share_one_limiter(
    server: SimulatorServer, fleet: CollectorPool
) -> None:
    """ZEGO counts for each AppId; a reload does not forget what was sent."""
    slow = CollectionSettings(interval=1, requests_per_second=5)
    twins = [app(server, 1, name="x", collection=slow), app(server, 1, name="y", collection=slow)]
    fleet.apply(twins)
    limiter = fleet._limiters[1]
    fleet.apply([*twins, app(server, 2)])
    assert fleet._limiters[1] is limiter
    wait_until(lambda: all(view.collections > 2 for view in fleet.views()[:2]), "collections")
    assert server.apps[1].arrivals.max_in_a_second <= 5


def test_counters_continue_from_the_history(server: SimulatorServer, tmp_path: Path) -> None:
    """What happened while nobody looked is counted by the next process."""
    for number in range(2):
        history = HistoryFile(tmp_path / "history.sqlite")
        fleet = CollectorPool(history)
        fleet.apply([app(server, 1)])
        view = views_when_collected(fleet)["app-1"]
        assert view.counters.transitions["new", "failed"] == number
        assert fleet.stop(10)
        history.close()
        server.apps[1].life.add_task(status=5)


def test_only_apps_with_a_secret_take_callbacks(
    server: SimulatorServer, fleet: CollectorPool
) -> None:
    """Without one nothing could be believed."""
    fleet.apply([app(server, 1), app(server, 2, callback_secret="secret")])
    assert list(fleet.callback_receivers()) == ["app-2"]


def test_a_snapshot_is_prepared_before_anybody_sees_it(server: SimulatorServer) -> None:
    """So that no scrape has to wait for its rendering."""
    seen: list[tuple[str, Snapshot, list[Snapshot | None]]] = []

    def prepare(name: str, snapshot: Snapshot) -> None:
        seen.append((name, snapshot, [view.latest for view in built.views()]))

    built = CollectorPool(prepare=prepare)
    built.apply([app(server, 1)])
    view = views_when_collected(built)["app-1"]
    assert built.stop(10)
    name, snapshot, visible = seen[0]
    assert (name, visible) == ("app-1", [None])
    assert view.latest in [prepared for _, prepared, _ in seen]
    assert len(snapshot.tasks) == 10
