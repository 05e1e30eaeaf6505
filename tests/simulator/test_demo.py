from __future__ import annotations

import http.client
import json
import threading
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from exporter.simulator.app import SimulatedApp
from exporter.simulator.demo import demo_apps, run_simulator, sized_app
from exporter.simulator.task import CANCELLED, EXPIRED, FAILED, SUCCEEDED
from tests.simulator.calls import NOW, call, ids, walk


@pytest.fixture(scope="module")
def demo() -> list[SimulatedApp]:
    """Return the demo apps; tests only read them."""
    return demo_apps(now=NOW)


def test_the_demo_begins_with_a_history(demo: list[SimulatedApp]) -> None:
    """There are stored, failed, cancelled and expired files, and some that soon expire."""
    assert [app.name for app in demo] == ["vod", "lessons"]
    for app in demo:
        assert all(app.life.count(status) for status in (SUCCEEDED, FAILED, CANCELLED, EXPIRED))
        tasks = app.life.tasks.values()
        left = [task.expires_at - NOW for task in tasks if task.status == SUCCEEDED]
        assert 0 < min(left) < 3600
        assert max(left) > 6 * 3600


def test_the_demo_is_lively_bounded_and_repeatable(demo: list[SimulatedApp]) -> None:
    """The same seed gives the same tasks; every minute brings a change, a day no growth."""
    for app, shown in zip(demo_apps(now=NOW), demo, strict=True):
        before = len(app.life.tasks)
        assert app.life.tasks == shown.life.tasks
        app.life.advance(NOW + 3600)
        minutes = {int(change.at - NOW) // 60 for change in app.life.log if change.at > NOW}
        assert len(minutes) >= 55
        app.life.advance(NOW + 86_400)
        assert 0.5 * before < len(app.life.tasks) < 2 * before


def test_the_lessons_are_chinese_and_spelled_otherwise(demo: list[SimulatedApp]) -> None:
    """The two demo apps spell the contradictory fields in the two ways."""
    vod, lessons = demo
    page = call(vod)["Data"]
    assert {"TotalSize", "UploadTask"} < set(page)
    page = call(lessons)["Data"]
    assert {"TotoalSize", "UploadTasks"} < set(page)
    assert not any(entry["Title"].isascii() for entry in page["UploadTasks"])


def test_a_sized_app_stands_still() -> None:
    """As many tasks as asked for, of all statuses."""
    app = sized_app(100, now=NOW)
    app.life.advance(NOW + 1e6)
    assert len(ids(walk(app))) == 100


@pytest.mark.parametrize("tasks", [None, 30])
def test_the_simulator_runs_until_it_is_stopped(tasks: int | None) -> None:
    """It writes where it is and which apps it has, and serves them."""
    lines: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    def write(line: str) -> None:
        lines.append(line)
        ready.set()

    def run() -> None:
        run_simulator(port=0, tasks=tasks, pace=0, wait=stop.wait, write=write)

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(60)
    url = urlsplit(lines[0].removeprefix("endpoint: ").strip())
    with closing(http.client.HTTPConnection(url.netloc, timeout=60)) as connection:
        connection.request("GET", "/simulator/state")
        state = json.loads(connection.getresponse().read())
    stop.set()
    thread.join(60)
    assert [len(app["tasks"]) for app in state.values()] == ([0, 0] if tasks is None else [30])
    assert all(app_id in "".join(lines) for app_id in state)
