from __future__ import annotations

import pytest

from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import FAILED, STATUS_WORDS, SUCCEEDED, WAITING, Change
from exporter.simulator.task_store import TaskStore
from tests.simulator.calls import NOW


def frozen() -> Lifecycle:
    """Return tasks that do not change by themselves."""
    return Lifecycle(pace=0, start=NOW)


def test_a_task_added_by_hand_has_fitting_defaults() -> None:
    """A stored file has an expiry, a waiting task none."""
    life = frozen()
    waiting, stored = life.add_task(), life.add_task(status=SUCCEEDED)
    assert (waiting.id, waiting.title, waiting.expires_at) == (
        "upload_task_1",
        "upload_task_1.mp4",
        0,
    )
    assert stored.expires_at == NOW + 3 * 86_400
    assert "token=" in stored.stream_url
    assert stored.upload_stream_url
    assert not waiting.upload_stream_url


def test_every_change_by_hand_is_logged_and_observed() -> None:
    """Adding, moving and removing a task are each one change, with the reason of a failure."""
    life = frozen()
    seen: list[Change] = []
    life.on_event(lambda change, task: seen.append(change) if task.id == "a" else None)
    life.add_task(id="a")
    life.add_task(id="b")
    life.set_status("a", FAILED, reason=3)
    life.remove("a")
    assert seen == [
        (NOW, "a", None, WAITING, 0),
        (NOW, "a", WAITING, FAILED, 3),
        (NOW, "a", FAILED, None, 0),
    ]
    assert [change for change in life.log if change.task_id == "a"] == seen


def test_the_log_is_bounded_by_its_limit() -> None:
    """The oldest changes are dropped; without a limit none is."""
    bounded, complete = TaskStore(NOW, log_limit=10), TaskStore(NOW, log_limit=None)
    for store in (bounded, complete):
        store.add_tasks(50)
    assert len(bounded.log) == 10
    assert len(complete.log) == 50


def test_setting_the_same_status_is_no_change() -> None:
    """Other fields are set, and nothing is logged."""
    life = frozen()
    life.add_task(id="a", status=FAILED)
    life.set_status("a", FAILED, retry_count=2, expires_at=7)
    assert (life.tasks["a"].retry_count, life.tasks["a"].expires_at) == (2, 7)
    assert len(life.log) == 1


def test_a_file_that_succeeds_by_hand_gets_an_expiry() -> None:
    """Three days from now, unless one is given; 0 means none."""
    life = frozen()
    for task_id in "ab":
        life.add_task(id=task_id)
    life.set_status("a", SUCCEEDED)
    assert life.tasks["a"].expires_at == NOW + 3 * 86_400
    life.set_status("b", SUCCEEDED, expires_at=0)
    assert life.tasks["b"].expires_at == 0


def test_unknown_and_repeated_ids_are_errors() -> None:
    """A generated id never collides with a given one."""
    life = frozen()
    life.add_task(id="upload_task_1")
    with pytest.raises(ValueError, match="exists already"):
        life.add_task(id="upload_task_1")
    with pytest.raises(KeyError):
        life.remove("unknown")
    assert life.add_task().id == "upload_task_2"


def test_many_tasks_are_spread_over_the_statuses() -> None:
    """`add_tasks` takes the statuses in turn, unknown ones too, and gives some of them retries."""
    life = frozen()
    life.add_tasks(800, statuses=(*STATUS_WORDS, 42))
    assert [life.count(status) for status in (*STATUS_WORDS, 42)] == [100] * 8
    assert life.slots_used() == 200
    assert len({task.retry_count for task in life.tasks.values()}) == 2
