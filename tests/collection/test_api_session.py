"""The requests of one collection."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest

from exporter.collection.api_session import INCREMENTAL_CLIENTS, ApiSession, IncrementalUnsupported
from exporter.collection.walk import TotalsCheck
from exporter.errors import Stopped
from exporter.simulator.lifecycle import Lifecycle
from exporter.tasks import TaskStatus
from exporter.zego.client import Client
from exporter.zego.limiter import RateLimiter
from exporter.zego.stats import ApiStats
from tests.builders import NOW
from tests.direct import Before, DirectTransport
from tests.faults import FaultyApp
from tests.faults.faults import Fault

SECRET = "0" * 32


def make_app(**switches: Any) -> FaultyApp:
    """Return an app with twenty tasks each succeeded and failed."""
    life = Lifecycle(pace=0, start=NOW)
    life.add_tasks(40, statuses=(4, 5))
    return FaultyApp(1, SECRET, life, rate_limit=None, **switches)


def make_clients(app: FaultyApp, before: Before = lambda _: None) -> list[Client]:
    """Return clients of `app`, as many as the incremental strategy uses."""
    return [
        Client(
            app_id=1,
            endpoint="http://127.0.0.1",
            is_test=None,
            limiter=RateLimiter(1e9, clock=lambda: 0.0),
            stats=ApiStats(),
            timeout=1.0,
            max_retries=0,
            transport=DirectTransport(app, lambda: NOW, before),
            wall_clock=lambda: NOW,
        )
        for _ in range(INCREMENTAL_CLIENTS)
    ]


def make_session(clients: Sequence[Client]) -> ApiSession:
    """Return a session with pages of five."""
    return ApiSession(
        clients,
        secret=SECRET,
        page_size=5,
        deadline=1e18,
        max_pages=100,
        totals=TotalsCheck(),
    )


def test_a_walk_of_a_status_lists_that_status() -> None:
    """Page after page, each answer counted."""
    session = make_session(make_clients(make_app()))
    walk = session.start_walk(TaskStatus.FAILED)
    while not walk.ended:
        walk.step()
    assert {task.status for task in walk.tasks.values()} == {TaskStatus.FAILED}
    assert (len(walk.tasks), walk.total, session.pages) == (20, 20, 4)


def test_the_pages_of_both_walks_count() -> None:
    """Where the total makes a second walk necessary, its pages are added to the first's."""
    app = make_app()
    app.faults.switch_on(Fault.WRONG_TOTAL, 7)
    session = make_session(make_clients(app))
    result = session.walk_all()
    assert len(result.tasks) == 40
    assert result.pages == session.pages == app.arrivals.requests == 16


def test_a_look_up_finds_a_task_or_nothing() -> None:
    """A task that the API does not know is not listed."""
    session = make_session(make_clients(make_app()))
    found = session.look_up("upload_task_1")
    assert found is not None
    assert (found.id, found.status) == ("upload_task_1", TaskStatus.SUCCEEDED)
    assert session.look_up("another") is None


@pytest.mark.parametrize(
    ("switches", "fault", "message"),
    [
        ({"totals": "absent"}, None, "gives no total"),
        ({"filters_work": False}, None, "not asked for"),
        ({}, Fault.BROKEN_ENTRIES, "cannot be read"),
        ({}, Fault.CODE, "refuses requests for a part"),
    ],
)
def test_an_answer_that_the_strategy_cannot_use_is_refused(
    switches: Mapping[str, Any], fault: Fault | None, message: str
) -> None:
    """At the first such page."""
    app = make_app(**switches)
    if fault is not None:
        app.faults.switch_on(fault, 350006003 if fault is Fault.CODE else None)
    with pytest.raises(IncrementalUnsupported, match=message):
        make_session(make_clients(app)).start_walk(TaskStatus.FAILED).step()


def test_a_look_up_that_is_ignored_is_refused() -> None:
    """An API that answers with a listing cannot look up one task."""
    app = make_app()
    app.faults.switch_on(Fault.BROKEN_ENTRIES)
    with pytest.raises(IncrementalUnsupported, match="look-up"):
        make_session(make_clients(app)).look_up("upload_task_1")


def test_jobs_run_in_parallel() -> None:
    """Each request waits until all clients have sent one."""
    meeting = threading.Barrier(INCREMENTAL_CLIENTS, timeout=30)
    session = make_session(make_clients(make_app(), before=lambda _: meeting.wait()))
    walks = [
        session.start_walk(TaskStatus.FAILED, client=client)
        for client in range(INCREMENTAL_CLIENTS)
    ]
    session.in_parallel([walk.step for walk in walks])
    assert session.pages == INCREMENTAL_CLIENTS


def test_the_first_error_ends_all_jobs_and_is_raised() -> None:
    """The other jobs' errors are its consequences, and the session can be used again."""
    session = make_session(make_clients(make_app()))
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise ZeroDivisionError

    def go_on() -> None:
        assert failed.wait(30)
        while True:
            session.look_up("upload_task_1")

    with pytest.raises(ZeroDivisionError):
        session.in_parallel([go_on, fail, go_on])
    assert session.look_up("upload_task_1")


def test_a_stop_passes_through_the_jobs() -> None:
    """The collection ends when the program does."""
    clients = make_clients(make_app())
    session = make_session(clients)
    for client in clients:
        client.abort()
    with closing(clients[0]), pytest.raises(Stopped):
        session.in_parallel([lambda: session.look_up("upload_task_1")] * 2)
