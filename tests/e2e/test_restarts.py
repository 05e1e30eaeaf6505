"""Counters over restarts: nothing is lost, however the process ends."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.state import expected_state
from exporter.simulator.task import STATUS_WORDS
from tests.e2e.apps import FAST, entry, still_app, write_config
from tests.e2e.pages import Page, read_page
from tests.e2e.processes import ANY_PORT, EXPORTER, Program, run_exporter, running, url_of
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

SUCCEEDED_AT = "zego_upload_last_success_timestamp_seconds"
KILLS = 12
KILLS_BETWEEN_MOVES = 6
TASKS = 20
SQLITE_HEADER_BYTES = 100  # with our application id, by which a damaged file is known as ours
ALL_STATUSES = list(STATUS_WORDS)
WORDS = [*STATUS_WORDS.values(), "unknown"]


@pytest.fixture(name="app")
def app_fixture() -> SimulatedApp:
    """Return an app whose tasks only the test changes."""
    return still_app(TASKS)


@pytest.fixture(name="folder")
def folder_fixture(app: SimulatedApp, tmp_path: Path) -> Iterator[Path]:
    """Return a folder with a configuration that keeps history; the simulator runs."""
    with SimulatorServer([app]) as server:
        write_config(
            tmp_path,
            apps=[entry(app, server)],
            collection=FAST,
            tasks={"statuses": WORDS},
            history={"path": "history.sqlite"},
        )
        yield tmp_path


@contextmanager
def exporter_in(folder: Path) -> Iterator[Program]:
    """Run an exporter with the configuration in `folder`."""
    with running([EXPORTER, *ANY_PORT], folder) as exporter:
        yield exporter


def statuses_of(app: SimulatedApp) -> dict[str, str]:
    """Return the status of each listed task."""
    tasks = expected_state(app, time.time())["tasks"]
    return {task_id: task["status"] for task_id, task in tasks.items()}


def wait_until_seen(exporter: Program, app: SimulatedApp) -> Page:
    """Return the first page that shows the current status of every task."""
    url, expected = url_of(exporter), statuses_of(app)

    def page() -> Page | None:
        now = read_page(url)
        return now if now.statuses() == expected else None

    return wait_until(page, "the exporter to see all moves")


def wait_until_counted(exporter: Program, app: SimulatedApp) -> Page:
    """Return a page after another walk: a task is gone after the second one without it."""
    before = wait_until_seen(exporter, app).value(SUCCEEDED_AT)

    def page() -> Page | None:
        now = read_page(url_of(exporter))
        return now if now.value(SUCCEEDED_AT) != before else None

    return wait_until(page, "another walk")


def word(status: int) -> str:
    """Return the label of a status."""
    return STATUS_WORDS.get(status, "unknown")


def change_something(app: SimulatedApp, random: Random) -> None:
    """Add, move or remove a task."""
    kind, status = random.choice(("add", "move", "move", "remove")), random.choice(ALL_STATUSES)
    with app.life.lock:
        task = random.choice(list(app.life.tasks.values()))
        if kind == "add":
            app.life.add_task(status=status)
        elif kind == "remove":
            app.life.remove(task.id)
        else:
            app.life.set_status(task.id, status)


def change_three(app: SimulatedApp, random: Random) -> list[str]:
    """Add one task, move another, remove a third; return each as `from to`."""
    with app.life.lock:
        moved, removed = random.sample(list(app.life.tasks.values()), 2)
        before = moved.status
        after = random.choice([status for status in ALL_STATUSES if status != before])
        app.life.set_status(moved.id, after)
        app.life.remove(removed.id)
        added = app.life.add_task(status=random.choice(ALL_STATUSES))
    return [
        f"{word(before)} {word(after)}",
        f"{word(removed.status)} gone",
        f"new {word(added.status)}",
    ]


def balance(transitions: dict[str, float]) -> Counter[str]:
    """Return for each status how many tasks entered it more than left it."""
    sums: Counter[str] = Counter()
    for pair, count in transitions.items():
        start, end = pair.split(" ")
        sums[start] -= int(count)
        sums[end] += int(count)
    return sums


@pytest.mark.long
def test_kills_at_any_moment_lose_nothing(folder: Path, app: SimulatedApp) -> None:
    """For every status, arrivals minus departures are the difference of its numbers of tasks.

    Tasks move while the exporter runs, is being started, collects, writes, or is dead.
    """
    random = Random(20)  # noqa: S311 - a test's moves
    with exporter_in(folder) as exporter:
        wait_until_seen(exporter, app)
        baseline = Counter(statuses_of(app).values())
        exporter.send(signal.SIGKILL)
    for _ in range(KILLS):
        with exporter_in(folder) as exporter:
            if random.random() < 0.7:  # else it is killed while it starts
                url_of(exporter)
            for _ in range(random.randrange(6)):
                change_something(app, random)
                time.sleep(random.random() / 3)
            exporter.send(signal.SIGKILL)
            assert exporter.wait(60) == -signal.SIGKILL, exporter.output
        change_something(app, random)
    with exporter_in(folder) as exporter:
        transitions = wait_until_counted(exporter, app).transitions()
    sums, now = balance(transitions), Counter(statuses_of(app).values())
    assert sum(transitions.values()) > KILLS
    for status in WORDS:
        assert sums[status] == now[status] - baseline[status], status


@pytest.mark.long
def test_changes_exposed_before_a_kill_are_counted_once(folder: Path, app: SimulatedApp) -> None:
    """Moves that the exporter has shown are counted exactly, pair by pair, over all kills."""
    random, expected = Random(21), Counter[str]()  # noqa: S311 - a test's moves
    with exporter_in(folder) as exporter:
        wait_until_seen(exporter, app)
        exporter.send(signal.SIGKILL)
    for _ in range(KILLS_BETWEEN_MOVES):
        with exporter_in(folder) as exporter:
            wait_until_seen(exporter, app)
            expected.update(change_three(app, random))
            wait_until_seen(exporter, app)
            time.sleep(random.random() / 4)
            exporter.send(signal.SIGKILL)
    with exporter_in(folder) as exporter:
        transitions = wait_until_counted(exporter, app).transitions()
    assert transitions == expected


def test_a_restart_continues_counters_and_times(folder: Path, app: SimulatedApp) -> None:
    """After a normal stop counters continue, and changes during the stop are counted."""
    since = "zego_upload_task_status_since_timestamp_seconds"
    with exporter_in(folder) as exporter:
        wait_until_seen(exporter, app)
        moved, kept = app.life.add_task(status=1), app.life.add_task(status=5)
        before = wait_until_seen(exporter, app)
        assert exporter.end() == 0
    app.life.set_status(moved.id, 4)
    with exporter_in(folder) as exporter:
        after = wait_until_seen(exporter, app)
    assert before.transitions() == {"new waiting": 1, "new failed": 1}
    assert after.transitions() == {
        "new waiting": 1,
        "new failed": 1,
        "waiting succeeded": 1,
    }
    durations = after.table("zego_upload_task_duration_seconds_count", "status")
    assert durations == {"succeeded": 1, "failed": 1}
    then, now = before.table(since, "upload_task_id"), after.table(since, "upload_task_id")
    assert then.keys() == {moved.id, kept.id}  # unknown for the others
    assert now.pop(moved.id) > then.pop(moved.id)
    assert now == {kept.id: then[kept.id]}


def test_a_second_exporter_on_one_file_refuses_to_start(folder: Path, app: SimulatedApp) -> None:
    """Exit code 1 (it may pass) and a line that names the file; the first is not disturbed."""
    with exporter_in(folder) as exporter:
        wait_until_seen(exporter, app)
        second = run_exporter(folder, *ANY_PORT)
        assert second.returncode == 1
        assert "history.path: " in second.stderr
        assert "history.sqlite is in use by process" in second.stderr
        assert read_page(url_of(exporter)).up()


def test_a_damaged_file_is_moved_aside(folder: Path, app: SimulatedApp) -> None:
    """A file of ours is renamed, the log says so, and counting starts again."""
    with exporter_in(folder) as exporter:
        wait_until_seen(exporter, app)
    written = (folder / "history.sqlite").read_bytes()
    damage = written[:SQLITE_HEADER_BYTES] + b"\xff" * (len(written) - SQLITE_HEADER_BYTES)
    (folder / "history.sqlite").write_bytes(damage)
    with exporter_in(folder) as exporter:
        page = wait_until_seen(exporter, app)
        assert "history file is damaged" in exporter.output
    assert page.transitions() == {}
    (aside,) = folder.glob("history.sqlite.damaged-*")
    assert aside.read_bytes() == damage
