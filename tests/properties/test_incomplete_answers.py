"""Answers that lack a part of the listing: none is published, and no task flaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from exporter.collection.collector import Collector
from exporter.collection.state import AppView
from exporter.config import CollectionSettings
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile
from exporter.simulator.app import SimulatedApp
from exporter.simulator.lifecycle import Lifecycle
from exporter.zego.limiter import RateLimiter
from exporter.zego.transport import Response
from tests.builders import NOW, make_settings
from tests.direct import DirectTransport

TASKS = 300
PAGE_SIZE = 50

Change = Callable[[dict[str, Any]], object]
"""Changes the Data of an answer."""


def lose_token(data: dict[str, Any]) -> None:
    """Leave out the token: the walk ends early."""
    data["NextPageToken"] = ""


def lose_list(data: dict[str, Any]) -> None:
    """Leave out the list."""
    data["UploadTasks"] = None


def lose_tasks(data: dict[str, Any]) -> None:
    """Leave out 30 tasks."""
    del data["UploadTasks"][:30]


def break_entries(data: dict[str, Any]) -> None:
    """Leave nothing readable."""
    data["UploadTasks"] = [{} for _ in data["UploadTasks"]]


KINDS = (lose_token, lose_list, lose_tasks, break_entries)


class Altering(DirectTransport):
    """A transport that changes the third page of every walk, as often as `times` says."""

    change: Change = staticmethod(lambda _: None)
    times = 0
    page = 0

    def post(self, url: str, *, params: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """Answer a request, changed or not."""
        response = super().post(url, params=params, body=body, timeout=timeout)
        answer = json.loads(response.body)
        asked = json.loads(body)
        self.page = self.page + 1 if asked.get("PageToken") else 1
        if self.page == 3 and self.times and len(answer["Data"].get("UploadTasks") or ()) > 30:
            self.times -= 1
            self.change(answer["Data"])
        return Response(response.status, response.headers, json.dumps(answer).encode())


class Site:
    """A collector of an app with 300 tasks, restarted at will."""

    def __init__(self, strategy: str, history: Path | None) -> None:
        self.life = Lifecycle(pace=0, start=NOW)
        self.life.add_tasks(TASKS, statuses=(4,))
        self.elapsed = 0.0
        self._history = history
        self._settings = make_settings(
            collection=CollectionSettings.model_validate(
                {"strategy": strategy, "page_size": PAGE_SIZE, "max_retries": 0}
            )
        )
        secret = self._settings.read_secret()
        app = SimulatedApp(
            self._settings.app_id,
            secret,
            self.life,
            rate_limit=None,
            tasks_name="UploadTasks",
        )
        self.transport = Altering(app, self._now)

    def _now(self) -> float:
        return NOW + self.elapsed

    @contextmanager
    def running(self) -> Iterator[Callable[[], AppView]]:
        """Yield what makes a collection and returns the state."""
        with ExitStack() as stack:
            history = None
            if self._history is not None:
                history = HistoryFile(self._history)
                stack.callback(history.close)
            counters = AppCounters(history, "vod", 1)
            collector = Collector(
                self._settings,
                RateLimiter(1e9, clock=lambda: 0.0),
                counters,
                clock=lambda: self.elapsed,
                wall_clock=self._now,
                new_transport=lambda: self.transport,
            )

            def collect() -> AppView:
                self.elapsed += 60
                collector.collect()
                return collector.state.view()

            yield collect


def shown(view: AppView) -> int | None:
    """Return how many tasks are exposed."""
    return len(view.snapshot.tasks) if view.snapshot else None


def flapped(view: AppView) -> float:
    """Return how many transitions are counted; nothing happens in these tests."""
    return sum(view.counters.transitions.values())


@pytest.fixture(params=["full", "incremental", "history"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Return a site with each strategy, and one with a history file."""
    if request.param == "history":
        return Site("full", tmp_path / "history.sqlite")
    return Site(request.param, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("times", [1, 2, 6])
def test_a_short_answer_in_mid_walk_is_never_published(
    site: Site, kind: Change, times: int
) -> None:
    """After totals have proven credible: all tasks or a failure, and no transitions."""
    with site.running() as collect:
        assert shown(collect()) == TASKS
        site.transport.change, site.transport.times = kind, times
        for _ in range(3):
            site.elapsed += 3600  # a full scan is due for the incremental strategy, too
            view = collect()
            assert shown(view) in (TASKS, None)
            assert view.up or {k for k, n in view.failures.items() if n} <= {
                "pagination",
                "protocol",
            }
        assert site.transport.times < times
        site.transport.times = 0
        view = collect()
        assert view.up
        assert (shown(view), flapped(view)) == (TASKS, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_first_walk_is_repeated(site: Site, kind: Change) -> None:
    """Nothing is known of the app yet: the second walk decides, and is complete."""
    with site.running() as collect:
        site.transport.change, site.transport.times = kind, 1
        view = collect()
        assert shown(view) in (TASKS, None)
        assert (shown(collect()), flapped(collect())) == (TASKS, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_answer_around_a_restart_changes_no_counter(tmp_path: Path, kind: Change) -> None:
    """The history has the listing; the new process learns what totals mean with its first walk."""
    site = Site("full", tmp_path / "history.sqlite")
    for _ in range(3):
        with site.running() as collect:
            site.transport.change, site.transport.times = kind, 1
            collect()
            view = collect()
            assert (shown(view), flapped(view)) == (TASKS, 0)


def test_a_task_that_is_back_in_the_second_walk_has_not_left(tmp_path: Path) -> None:
    """Also where a restart comes between the two walks (docs/guarantees.md, section 8)."""
    site = Site("full", tmp_path / "history.sqlite")
    with site.running() as collect:
        collect()
        task = next(iter(site.life.tasks.values()))
        site.life.remove(task.id)
        assert (shown(view := collect()), flapped(view)) == (TASKS - 1, 0)
        site.life.add_task(id=task.id, status=task.status)
    with site.running() as collect:
        assert flapped(collect()) == 0
        site.life.remove(task.id)
        assert flapped(collect()) == 0
    with site.running() as collect:
        assert collect().counters.transitions["succeeded", "gone"] == 1
