from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.demo import BUSY
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import (
    CANCELLED,
    EXPIRED,
    FAILED,
    LIFE_CYCLE,
    SUCCEEDED,
    UPLOADING,
    WAITING,
    WAITING_RETRY,
    Change,
    SimulatedTask,
)
from exporter.simulator.workload import DAY, HOUR, MINUTE, REALISTIC, Workload
from tests.simulator.calls import NOW

SPAN = 45 * MINUTE
CROWDED = replace(BUSY, arrival_interval=4.0, troubled_chance=0.4, linger=600.0)
QUIET = Workload(arrival_interval=math.inf, cancel_chance=0.0, too_large_chance=0.0)


def lived(seed: int, times: list[float]) -> Lifecycle:
    """Return a life cycle that was advanced to each of `times` (seconds after its start)."""
    life = Lifecycle(seed, workload=CROWDED, start=NOW, log_limit=None)
    for at in times:
        life.advance(NOW + at)
    return life


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 1000), st.lists(st.floats(0, SPAN), max_size=20))
def test_history_does_not_depend_on_the_calls_of_advance(seed: int, times: list[float]) -> None:
    """Any times in between, even in another order, give the same changes and tasks."""
    in_one = lived(seed, [SPAN])
    in_steps = lived(seed, [*times, SPAN])
    assert in_steps.log == in_one.log
    assert in_steps.tasks == in_one.tasks
    assert in_steps.now == in_one.now


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_the_rules_hold_at_every_change(seed: int, slots: int) -> None:
    """Moves are those of the life cycle, slots are never exceeded, time never goes back."""
    life = Lifecycle(seed, 1.0, slots, workload=CROWDED, start=NOW, log_limit=None)
    slots_used: list[int] = []
    life.on_event(lambda _change, _task: slots_used.append(life.slots_used()))
    life.advance(NOW + SPAN)
    assert {(change.before, change.after) for change in life.log} <= LIFE_CYCLE
    assert max(slots_used) <= slots
    assert [change.at for change in life.log] == sorted(change.at for change in life.log)
    assert all(bool(change.reason) == (change.after == FAILED) for change in life.log)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.floats(60, SPAN))
def test_counts_and_log_agree_with_the_tasks(seed: int, span: float) -> None:
    """At any time the counts per status, the lists and the log agree."""
    life = lived(seed, [span])
    counts = Counter(task.status for task in life.tasks.values())
    assert {status: life.count(status) for status in range(1, 8)} == {
        status: counts[status] for status in range(1, 8)
    }
    assert list(life.listing) == list(life.tasks.values())
    assert all(task.status == status for status, tasks in life.by_status.items() for task in tasks)
    last = {change.task_id: change.after for change in life.log}
    assert {id_: after for id_, after in last.items() if after} == {
        task.id: task.status for task in life.tasks.values()
    }


def test_a_day_of_the_demo_has_every_move() -> None:
    """Each reason of a failure, a refused creation and a shared title too."""
    life = Lifecycle(1, workload=BUSY, start=NOW, log_limit=None)
    life.advance(NOW + DAY)
    assert {(change.before, change.after) for change in life.log} == LIFE_CYCLE
    assert {change.reason for change in life.log} == {0, 1, 2, 3}
    assert life.refused > 0
    titles = Counter(task.title for task in life.tasks.values())
    assert max(titles.values()) > 1


def test_another_seed_gives_another_history() -> None:
    """The random numbers depend on the seed alone."""
    assert lived(1, [HOUR]).log != lived(2, [HOUR]).log


def test_pace_divides_all_durations() -> None:
    """At pace 60 a minute brings what an hour brings at pace 1."""
    slow, fast = (
        Lifecycle(1, start=0.0, log_limit=None),
        Lifecycle(1, 60.0, start=0.0, log_limit=None),
    )
    slow.advance(2 * DAY)
    fast.advance(2 * DAY / 60)
    moves = [(change.task_id, change.before, change.after) for change in slow.log]
    assert [(change.task_id, change.before, change.after) for change in fast.log][:200] == moves[
        :200
    ]


def test_at_pace_0_nothing_happens_by_itself() -> None:
    """Tasks keep their status, and none is created."""
    life = Lifecycle(pace=0, start=NOW)
    life.add_tasks(70, statuses=(1, 2, 3, 4, 5, 6, 7))
    life.advance(NOW + 100 * DAY)
    assert len(life.log) == 70
    assert life.now == NOW + 100 * DAY


def test_a_task_added_by_hand_changes_by_itself() -> None:
    """It is uploaded, expires at its own time of expiry, and vanishes."""
    life = Lifecycle(3, start=NOW, workload=replace(QUIET, trouble_otherwise=0.0))
    task = life.add_task()
    seen: list[tuple[float, int | None]] = []
    life.on_event(lambda change, _task: seen.append((change.at, change.after)))
    life.advance(NOW + 30 * DAY)
    assert [after for _, after in seen] == [UPLOADING, SUCCEEDED, EXPIRED, None]
    assert seen[2][0] == task.expires_at


def test_a_bad_source_is_retried_until_it_fails() -> None:
    """Each return from waiting for retry to uploading counts as one retry."""
    life = Lifecycle(3, start=NOW, workload=replace(QUIET, trouble_when_troubled=1.0))
    task = life.add_task(troubled=True)
    moves = [UPLOADING, WAITING_RETRY] * 3 + [UPLOADING, FAILED]
    life.advance(NOW + HOUR * 6)
    assert [change.after for change in life.log] == [WAITING, *moves]
    assert task.retry_count == 3
    assert task.reason in (1, 2)


def test_a_cancelled_task_is_never_uploaded() -> None:
    """Cancelling by hand takes a waiting task out of the queue."""
    life = Lifecycle(3, start=NOW, workload=QUIET)
    task = life.add_task()
    life.set_status(task.id, CANCELLED)
    life.advance(NOW + HOUR)
    assert [change.after for change in life.log] == [WAITING, CANCELLED]


def test_tasks_wait_until_an_upload_ends() -> None:
    """Of ten tasks six upload together; the others wait, in the order of their creation."""
    life = Lifecycle(3, start=NOW, workload=replace(QUIET, upload=HOUR))
    for _ in range(10):
        life.add_task()
    life.advance(NOW + 60)
    assert life.count(UPLOADING) == 6
    assert life.count(WAITING) == 4


def test_a_task_without_expiry_does_not_expire() -> None:
    """ExpiresAt 0 is "none"."""
    life = Lifecycle(3, start=NOW, workload=QUIET)
    task = life.add_task(status=SUCCEEDED, expires_at=0)
    life.advance(NOW + 100 * DAY)
    assert task.status == SUCCEEDED


def test_the_realistic_workload_is_bounded_over_months() -> None:
    """After three months there are no more tasks and plans than after one."""
    life = Lifecycle(1, start=NOW, workload=replace(REALISTIC, arrival_interval=1800.0))
    sizes: list[int] = []
    for day in range(90):
        life.advance(NOW + day * DAY)
        sizes.append(len(life.tasks) + len(life._events))
    assert max(sizes[60:]) < 1.3 * max(sizes[:30])


@pytest.mark.parametrize("status", [WAITING, UPLOADING, WAITING_RETRY])
def test_a_move_by_hand_cancels_the_planned_step(status: int) -> None:
    """The step that was planned in the earlier status does not happen."""
    life = Lifecycle(3, start=NOW, workload=QUIET)
    task: SimulatedTask = life.add_task(status=status)
    life.set_status(task.id, SUCCEEDED, expires_at=0)
    life.advance(NOW + DAY)
    assert [change.after for change in life.log] == [status, SUCCEEDED]
    assert life.log[-1] == Change(NOW, task.id, status, SUCCEEDED, 0)
