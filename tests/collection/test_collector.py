"""Collectors against the simulator, over real connections; the test owns the time."""

from __future__ import annotations

import errno
import gc
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from exporter.collection.collector import MAX_WAIT_SECONDS, Collector
from exporter.collection.schedule import Schedule, elapsed_clock
from exporter.collection.state import AppState, AppView
from exporter.config import AppSettings, CollectionSettings
from exporter.errors import Stopped
from exporter.history import Update
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile
from exporter.simulator.lifecycle import Lifecycle
from exporter.tasks import Snapshot, TaskStatus
from exporter.zego import retry
from exporter.zego.client import Client
from exporter.zego.limiter import RateLimiter
from exporter.zego.stats import ApiStats
from tests.builders import NOW, SECRET, make_settings, make_snapshot, make_task
from tests.clock import FakeClock
from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault
from tests.history.updates import record_walk
from tests.logged import lines as logged_lines
from tests.waiting import wait_until

APP_ID = 12345
LIMIT = 30.0
"""Seconds after which a test gives up waiting for a thread."""


class Site:
    """A simulated app with 120 tasks on three pages, and a collector of it."""

    def __init__(
        self,
        server: FaultyServer,
        app: FaultyApp,
        *,
        clock: Callable[[], float] | None = None,
        wall_clock: Callable[[], float] = time.time,
        counters: AppCounters | None = None,
        prepare: Callable[[str, Snapshot], None] = lambda _app, _snapshot: None,
        **changes: Any,
    ) -> None:
        self.app = app
        self.clock = FakeClock()
        collection = CollectionSettings(max_retries=0, timeout=5, requests_per_second=1000)
        settings = {
            "name": "vod",
            "app_id": APP_ID,
            "server_secret": SECRET,
            "endpoint": server.url,
            "collection": collection,
            **changes,
        }
        self.collector = Collector(
            AppSettings(**settings),
            RateLimiter(1000),
            counters or AppCounters(),
            clock=clock or self.clock,
            wall_clock=wall_clock,
            prepare=prepare,
        )

    def collect(self) -> AppView:
        """Make a collection and return what is known then."""
        self.collector.collect()
        return self.collector.state.view()


@pytest.fixture
def app() -> FaultyApp:
    """Return an app without a rate limit, whose tasks do not change."""
    life = Lifecycle(pace=0, start=NOW)
    life.add_tasks(120, statuses=(4, 5))
    return FaultyApp(APP_ID, SECRET, life, rate_limit=None)


@pytest.fixture
def server(app: FaultyApp) -> Iterator[FaultyServer]:
    """Run the simulator."""
    with FaultyServer([app]) as running:
        yield running


@pytest.fixture
def site(server: FaultyServer, app: FaultyApp) -> Iterator[Site]:
    """Return the usual site."""
    built = Site(server, app)
    yield built
    built.collector.close()


def test_a_collection_publishes_all_tasks(site: Site) -> None:
    """Three pages make one snapshot with the API's total."""
    view = site.collect()
    assert view.up
    assert view.snapshot is not None
    assert (len(view.snapshot.tasks), view.snapshot.pages) == (120, 3)
    assert view.snapshot.reported_total == 120
    assert view.api.requests == 3
    assert view.last_success == view.snapshot.completed_at


@pytest.mark.parametrize(
    ("fault", "parameter", "reason"),
    [
        (Fault.HTTP_STATUS, 503, "server"),
        (Fault.CODE, 350010000, "server"),
        (Fault.CODE, 100000005, "auth"),
        (Fault.CODE, 350006001, "rate_limited"),
        (Fault.CODE, 350006006, "not_enabled"),
        (Fault.CODE, 350006003, "rejected"),
        (Fault.WRONG_TYPE, "data_list", "protocol"),
        (Fault.RESET, None, "network"),
        (Fault.TOKEN_CYCLE, None, "pagination"),
    ],
)
def test_a_failed_page_leaves_the_old_numbers(
    site: Site, fault: Fault, parameter: Any, reason: str
) -> None:
    """A failure in the middle of a walk publishes nothing, is counted, and recovers."""
    before = site.collect()
    site.app.life.add_tasks(30)
    page = None if fault is Fault.TOKEN_CYCLE else 2
    site.app.faults.switch_on(fault, parameter, page=page)
    during = site.collect()
    assert during.snapshot is before.snapshot
    assert not during.up
    assert during.last_success == before.last_success
    assert {key: n for key, n in during.failures.items() if n} == {reason: 1}
    site.app.faults.switch_off()
    after = site.collect()
    assert after.up
    assert after.last_error is None
    assert after.snapshot is not None
    assert len(after.snapshot.tasks) == 150


def test_a_snapshot_becomes_stale_and_comes_back(site: Site) -> None:
    """Older than `stale_after` it is exposed no more; a success brings a new one."""
    site.collect()
    stale_after = site.collector.settings.collection.stale_after
    site.app.faults.switch_on(Fault.HTTP_STATUS, 500)
    site.clock.now = stale_after
    assert site.collect().snapshot is not None
    site.clock.now = stale_after + 0.1
    view = site.collect()
    assert view.snapshot is None
    assert view.latest is not None
    site.app.faults.switch_off()
    assert site.collect().snapshot is not None


def test_the_deadline_ends_a_walk(server: FaultyServer, app: FaultyApp) -> None:
    """Pages that take too long together fail it as `deadline`, not as a time-out."""
    collection = CollectionSettings(deadline=0.3, timeout=5, max_retries=9)
    site = Site(server, app, clock=time.monotonic, collection=collection)
    app.faults.switch_on(Fault.SILENT, page=2)
    view = site.collect()
    assert {key: n for key, n in view.failures.items() if n} == {"deadline": 1}
    site.collector.close()


def test_a_secret_file_is_read_at_each_collection(
    server: FaultyServer, app: FaultyApp, tmp_path: Path
) -> None:
    """A renewed secret is used without a restart; a vanished file fails as `auth`."""
    file = tmp_path / "secret"
    file.write_text("0" * 32)
    site = Site(server, app, server_secret=None, server_secret_file=file)
    assert site.collect().failures["auth"] == 1
    file.write_text(SECRET)
    assert site.collect().up
    file.unlink()
    view = site.collect()
    assert view.failures["auth"] == 2
    assert view.api.errors["secret_file"] == 1
    assert "cannot be used" in str(view.last_error)
    site.collector.close()


def test_entries_that_cannot_be_read_are_counted(site: Site) -> None:
    """The others are published."""
    site.app.faults.switch_on(Fault.BROKEN_ENTRIES, page=1)
    view = site.collect()
    assert view.up
    assert view.snapshot is not None
    assert len(view.snapshot.tasks) == 120
    assert sum(view.malformed.values()) > 0


def test_entries_that_cannot_be_read_are_logged(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Once for each reason, not in each collection."""
    site.app.faults.switch_on(Fault.BROKEN_ENTRIES, page=1)
    with caplog.at_level(logging.INFO):
        counted = site.collect().malformed
        site.collect()
    logged = [fields for _, message, fields in logged_lines(caplog) if message == "entry left out"]
    assert sorted(line["reason"] for line in logged) == sorted(r for r, n in counted.items() if n)


def test_a_lasting_failure_is_logged_once_and_its_end_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator reads two lines, however long it lasted; the second says how long."""
    site.app.faults.switch_on(Fault.CODE, 350006006)
    with caplog.at_level(logging.INFO):
        for _ in range(4):
            site.collect()
        site.app.faults.switch_off()
        site.collect()
    lines = list(logged_lines(caplog))
    assert [(level, message) for level, message, _ in lines] == [
        ("ERROR", "collection failed"),
        ("INFO", "collections succeed again"),
        ("INFO", "collection complete"),
    ]
    first, end = lines[0][2], lines[1][2]
    assert first["reason"] == "not_enabled"
    assert first["request_id"]
    assert "enable" in first["remedy"]
    assert end["failures"] == 4


def test_transitions_are_counted_between_complete_walks_only(site: Site) -> None:
    """The first walk is the baseline; a failed one in between loses and repeats nothing."""
    assert not any(site.collect().counters.transitions.values())
    site.app.life.add_task(status=5)
    site.app.faults.switch_on(Fault.HTTP_STATUS, 500)
    assert not any(site.collect().counters.transitions.values())
    site.app.faults.switch_off()
    assert site.collect().counters.transitions["new", TaskStatus.FAILED.value] == 1


def test_counts_and_transitions_of_a_walk_are_published_together(
    server: FaultyServer, app: FaultyApp, tmp_path: Path
) -> None:
    """While the snapshot is rendered and the file written, views show the previous walk."""
    views: list[AppView] = []

    class Watched(HistoryFile):
        def write(self, name: str, app_id: int, update: Update) -> None:
            views.append(built.collector.state.view())
            super().write(name, app_id, update)

    with closing(Watched(tmp_path / "history.sqlite")) as history:
        built = Site(
            server,
            app,
            counters=AppCounters(history, "vod", APP_ID),
            prepare=lambda _app, _snapshot: views.append(built.collector.state.view()),
        )
        before = built.collect()
        app.life.add_task(status=5)
        views.clear()
        after = built.collect()
        assert len(views) == 2
        for view in views:
            assert view.snapshot is before.snapshot
            assert view.counters == before.counters
        assert after.snapshot is not before.snapshot
        assert after.counters.transitions["new", "failed"] == 1
        built.collector.close()


def test_a_late_walk_of_the_replaced_collector_does_not_end_its_successor(
    server: FaultyServer, app: FaultyApp
) -> None:
    """The replaced one may wait for the history file longer than a reload waits for its thread."""
    counters = AppCounters()
    listed = make_task("gone-since-then", TaskStatus.WAITING)
    late = iter([[listed], [listed, make_task("of-another-walk", TaskStatus.WAITING)]])

    def prepare(_app: str, _snapshot: Snapshot) -> None:
        if tasks := next(late, None):
            record_walk(counters, tasks, NOW)

    site = Site(server, app, counters=counters, prepare=prepare)
    view = site.collect()
    assert view.up
    assert view.snapshot is not None
    assert view.snapshot.tracked["of-another-walk"].missing
    assert view.counters.transitions["new", "failed"] == 60, "compared with the late walk"
    site.collector.stop()
    late = iter([[listed]])
    with pytest.raises(Stopped):
        site.collector.collect()


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="no clock counts a suspend")
def test_the_clock_counts_the_time_of_a_suspend(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a suspend of eight hours the data is stale, and a collection is due."""
    slept = 0.0
    monkeypatch.setattr(
        time, "clock_gettime", lambda clock: 100.0 + slept * (clock == time.CLOCK_BOOTTIME)
    )
    settings = make_settings()
    counters = AppCounters()
    state = AppState(settings, ApiStats(), counters)
    schedule = Schedule(elapsed_clock(), settings.collection.interval)
    snapshot = make_snapshot(make_task())
    state.publish(snapshot, counters.compare(snapshot.tasks, NOW), {})
    schedule.start(elapsed_clock())
    assert state.view().snapshot is snapshot
    assert schedule.due > elapsed_clock()
    slept = 8 * 3600.0
    assert state.view().snapshot is None
    assert schedule.due < elapsed_clock()
    collector = Collector(settings, RateLimiter(1), counters)
    assert collector._clock is elapsed_clock
    assert collector._clients[0]._transport._clock is elapsed_clock, "a kept connection is old too"


def test_a_suspend_ends_a_wait_for_the_next_try(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait does not count suspended time: in one piece, its rest would follow the suspend."""
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        site.clock.now += 8 * 3600
        return False

    monkeypatch.setattr(site.collector._stopping, "wait", wait)
    site.collector._sleep(600)
    assert waits == [MAX_WAIT_SECONDS]


def test_a_corrected_wall_clock_makes_no_negative_outage(
    server: FaultyServer, app: FaultyApp, caplog: pytest.LogCaptureFixture
) -> None:
    """The length of an outage is elapsed time."""
    calls = count()
    site = Site(server, app, wall_clock=lambda: time.time() - 10 * next(calls))
    app.faults.switch_on(Fault.HTTP_STATUS, 500)
    site.collect()
    app.faults.switch_off()
    site.clock.now += 90.0
    with caplog.at_level(logging.INFO):
        site.collect()
    (end,) = [r for r in caplog.records if "succeed again" in str(r.msg)]
    assert "'outage_seconds': 90.0" in str(end.msg)
    site.collector.close()


@pytest.mark.parametrize(
    ("limit", "error"),
    [
        ("descriptors", OSError(errno.EMFILE, "Too many open files")),
        ("threads", RuntimeError("can't start new thread")),
        ("defect", ZeroDivisionError()),
    ],
)
def test_a_limit_of_the_process_is_logged_once(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    limit: str,
    error: Exception,
) -> None:
    """One line for the outage, with a remedy where there is one, and no traceback each time."""

    def broken(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr(Client, "describe_upload_tasks", broken)
        for _ in range(4):
            assert site.collect().last_error is not None
        assert site.collect().failures["internal"] == 5
    (line,) = caplog.records
    assert ("LimitNOFILE" in str(line.msg)) == (limit != "defect")
    assert ("Traceback" in str(line.msg)) == (limit == "defect")
    assert site.collect().up


def test_a_defect_fails_the_collection_and_keeps_the_thread(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted as `internal`, with its traceback in the log."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "describe_upload_tasks", broken)
    view = site.collect()
    assert view.failures["internal"] == 1
    assert "ZeroDivisionError" in caplog.text


def test_no_secret_in_logs_errors_and_representations(
    server: FaultyServer, app: FaultyApp, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in log lines at debug nor in errors or representations, after any fault."""
    site = Site(server, app)
    texts = []
    with caplog.at_level(logging.DEBUG, logger="exporter"):
        for fault in Fault:
            if fault in {Fault.SILENT, Fault.SLOW_BODY, Fault.SLOW_HEADER, Fault.HUGE_BODY}:
                continue  # these are slow and show no more than a reset does
            app.faults.switch_on(fault, 0.01 if fault is Fault.DELAY else None)
            view = site.collect()
            texts.append(f"{view!r} {view.last_error} {view.last_error!r}")
            app.faults.switch_off()
    text = caplog.text + " ".join(texts) + repr([r.__dict__ for r in caplog.records])
    assert SECRET not in text
    assert "Signature" not in text
    assert "token=" not in text
    site.collector.close()


@pytest.mark.parametrize("strategy", ["full", pytest.param("incremental", marks=pytest.mark.long)])
def test_no_answer_stays_in_memory_after_a_failure(
    server: FaultyServer, app: FaultyApp, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """No fault leaves a cycle of an error and its frames, which would hold answers and tasks."""
    monkeypatch.setattr(retry, "BASE_SECONDS", 0.0)  # retries without waiting
    collection = CollectionSettings(
        max_retries=1, timeout=5, requests_per_second=1000, strategy=strategy
    )
    site = Site(server, app, collection=collection)
    site.collect()
    quick = set(Fault) - {Fault.SILENT, Fault.SLOW_BODY, Fault.SLOW_HEADER, Fault.REFUSED}
    held: dict[str, list[str]] = {}
    gc.freeze()  # older objects need not be searched each time
    for fault in sorted(quick, key=lambda fault: fault.value):
        with unreachable() as garbage:
            app.faults.switch_on(fault, 0.01 if fault is Fault.DELAY else None)
            site.clock.now += 1e6  # incremental: with a resync
            site.collect()
            app.faults.switch_off()
            site.collect()
        frames = [thing.f_code for thing in garbage if isinstance(thing, FrameType)]
        ours = [code.co_qualname for code in frames if OURS.search(code.co_filename)]
        if ours:
            held[fault.value] = ours
    gc.unfreeze()
    site.collector.close()
    assert held == {}


OURS = re.compile(r"/exporter/(zego|collection|history)/")


@contextmanager
def unreachable() -> Iterator[list[object]]:
    """Yield a list; at the end, it has the objects that only the cycle collector would free."""
    garbage: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield garbage
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        garbage += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_a_thread_collects_until_it_is_stopped(server: FaultyServer, app: FaultyApp) -> None:
    """Stopping cuts a request that hangs, and the thread ends."""
    app.faults.switch_on(Fault.SILENT)
    settings = Site(server, app).collector.settings
    fast = settings.model_copy(update={"collection": CollectionSettings(interval=1, timeout=60)})
    collector = Collector(fast, RateLimiter(1000), AppCounters())
    collector.start()
    collector.begin()
    wait_until(lambda: app.arrivals.requests, "a request")
    collector.stop()
    assert collector.join(LIMIT)


def test_a_callback_before_the_first_collection_makes_no_impossible_time(
    server: FaultyServer, app: FaultyApp
) -> None:
    """The next collection is due now, not at the beginning of time."""
    site = Site(server, app)
    app.faults.switch_on(Fault.SILENT)
    site.collector.request_early_collection()
    site.collector.start()
    site.collector.begin()
    wait_until(lambda: app.arrivals.requests, "a request")
    due = site.collector.state.view().next_collection
    assert due is not None
    assert due > 1e9
    site.collector.stop()
    assert site.collector.join(LIMIT)
