"""Monotonic counters of an app, in memory and over restarts."""

from __future__ import annotations

import logging
import math
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.history import HistoryError, StoredState
from exporter.history.counters import MAX_STEPS, MAX_UNLISTED, UNLISTED_SECONDS, AppCounters
from exporter.history.database import HistoryFile
from exporter.history.transitions import POSSIBLE_PAIRS
from exporter.tasks import TaskStatus
from exporter.zego.callbacks import CallbackEvent
from tests.builders import NOW, make_task
from tests.history.updates import make_update, record_walk, tasks_of

walks = st.lists(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(TaskStatus)))


def failed_event(task_id: str = "a", nonce: str = "n") -> CallbackEvent:
    """Return a callback that says why a task failed."""
    return CallbackEvent("failed", task_id, "upload", nonce)


def stored(history: HistoryFile) -> AppCounters:
    """Return the counters of the app "vod", restored from `history`."""
    return AppCounters(history, "vod", 1)


def test_all_possible_pairs_are_there_from_the_start() -> None:
    """`increase()` cannot see a counter that appears with the value 1."""
    view = AppCounters().view()
    assert view.transitions == dict.fromkeys(POSSIBLE_PAIRS, 0)
    assert set(view.callback_events.values()) | set(view.failures.values()) == {0}
    assert all(buckets[-1] == (math.inf, 0) for buckets, _ in view.durations.values())


@given(walks)
def test_counters_never_fall_and_add_up(statuses: list[dict[str, TaskStatus]]) -> None:
    """After any walks, arrivals minus departures explain each status since the baseline.

    A task that one walk missed is still listed: the next walk decides.
    """
    counters = AppCounters()
    before = counters.view().transitions
    states = []
    for walk in statuses:
        states.append(
            [entry.status for entry in record_walk(counters, tasks_of(walk), NOW).values()]
        )
        after = counters.view().transitions
        assert all(after[pair] >= count for pair, count in before.items())
        before = after
    balance: Counter[str] = Counter()
    for (source, to), count in before.items():
        balance[to] += int(count)
        balance[source] -= int(count)
    first, last = (states[0], states[-1]) if states else ([], [])
    for status in TaskStatus:
        more = last.count(status) - first.count(status)
        assert balance[status.value] == more


def test_a_task_keeps_the_time_it_entered_its_status() -> None:
    """Until the status changes; the time is the end of the walk that first saw it."""
    counters = AppCounters()
    record_walk(counters, [], 0.0)
    record_walk(counters, [make_task("a", TaskStatus.WAITING)], 10.0)
    assert record_walk(counters, [make_task("a", TaskStatus.WAITING)], 20.0)["a"].since == 10.0
    assert record_walk(counters, [make_task("a", TaskStatus.UPLOADING)], 30.0)["a"].since == 30.0


def test_times_before_the_baseline_are_unknown(history: HistoryFile) -> None:
    """After a restart, too; later changes have times."""
    counters = stored(history)
    assert record_walk(counters, [make_task("a", TaskStatus.WAITING)], 10.0)["a"].since is None
    restarted = stored(history)
    assert record_walk(restarted, [make_task("a", TaskStatus.WAITING)], 20.0)["a"].since is None
    assert record_walk(restarted, [make_task("a", TaskStatus.UPLOADING)], 30.0)["a"].since == 30.0
    assert all(total == 0 for _, total in restarted.view().phases.values())


def test_a_snapshots_times_do_not_change_under_it() -> None:
    """A scrape may still read the mapping that an earlier walk returned."""
    counters = AppCounters()
    earlier = record_walk(counters, [make_task("a", TaskStatus.WAITING)], 10.0)
    record_walk(counters, [make_task("b", TaskStatus.WAITING)], 20.0)
    assert list(earlier) == ["a"]


def test_durations_fall_into_buckets() -> None:
    """Cumulative counts and the sum in seconds, by how it ended."""
    counters = AppCounters()
    record_walk(counters, [], NOW)
    record_walk(
        counters,
        [
            make_task("a", TaskStatus.SUCCEEDED, created_at=NOW - 5),
            make_task("b", TaskStatus.SUCCEEDED, created_at=NOW - 100_000),
        ],
        NOW,
    )
    buckets, total = counters.view().durations[TaskStatus.SUCCEEDED]
    assert buckets[0] == (5.0, 1)
    assert buckets[-2:] == ((43200, 1), (math.inf, 2))
    assert total == 100_005
    assert counters.view().durations[TaskStatus.FAILED][1] == 0


def test_reasons_are_kept_as_long_as_the_task_is_listed() -> None:
    """The callback may come before the walk that lists the task, but not hours before."""
    counters = AppCounters()
    counters.record_callback(failed_event("listed"), NOW)
    counters.record_callback(failed_event("orphan"), NOW)
    listing = [make_task("listed", TaskStatus.FAILED)]
    record_walk(counters, listing, NOW + UNLISTED_SECONDS)
    assert counters.failure_reasons() == {"listed": "upload", "orphan": "upload"}
    record_walk(counters, listing, NOW + UNLISTED_SECONDS + 1)
    assert counters.failure_reasons() == {"listed": "upload"}


def test_reasons_of_tasks_nobody_lists_are_bounded() -> None:
    """A flood of authentic callbacks is counted, and does not fill the memory."""
    counters = AppCounters()
    for number in range(MAX_UNLISTED + 5):
        counters.record_callback(failed_event(str(number)), NOW)
    assert len(counters.failure_reasons()) == MAX_UNLISTED
    assert counters.view().failures["upload"] == MAX_UNLISTED + 5


@settings(max_examples=30)
@given(walks, st.data())
def test_a_restart_at_any_walk_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    statuses: list[dict[str, TaskStatus]],
    data: st.DataObject,
) -> None:
    """Counters that are read from the file again after some walks count like those that stay."""
    with closing(HistoryFile(tmp_path_factory.mktemp("history") / "history.sqlite")) as history:
        whole, restarted = AppCounters(), stored(history)
        for number, walk in enumerate(statuses):
            at = NOW + number
            if data.draw(st.booleans()):
                restarted = stored(history)
            if data.draw(st.booleans()):
                whole.record_callback(failed_event(nonce=str(number)), at)
                restarted.record_callback(failed_event(nonce=str(number)), at)
            assert record_walk(restarted, tasks_of(walk), at) == record_walk(
                whole, tasks_of(walk), at
            )
            assert restarted.view() == whole.view()
            assert restarted.failure_reasons() == whole.failure_reasons()


def test_a_full_disk_costs_a_log_line_and_nothing_is_lost(
    path: Path, history: HistoryFile, caplog: pytest.LogCaptureFixture
) -> None:
    """Counters continue in memory; the next write that succeeds writes all, and is logged."""
    counters = stored(history)
    record_walk(counters, [], NOW)
    breaker = sqlite3.connect(path)
    breaker.execute(
        "CREATE TRIGGER full BEFORE INSERT ON task BEGIN SELECT raise(ABORT, 'disk full'); END"
    )
    breaker.commit()
    with caplog.at_level(logging.INFO):
        for number in range(3):
            record_walk(counters, [make_task(str(number), TaskStatus.WAITING)], NOW)
        assert counters.view().history_errors == 3
        assert counters.view().transitions["new", "waiting"] == 3
        breaker.execute("DROP TRIGGER full")
        breaker.commit()
        breaker.close()
        record_walk(counters, [make_task("2", TaskStatus.UPLOADING)], NOW)
    assert stored(history).view().transitions == counters.view().transitions
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def test_a_callback_is_stored_before_it_is_exposed(history: HistoryFile) -> None:
    """A restart between two walks sets no counter back, and makes no baseline."""
    counters = stored(history)
    counters.record_callback(failed_event(), NOW)
    restarted = stored(history)
    assert restarted.view() == counters.view()
    assert restarted.failure_reasons() == {"a": "upload"}
    record_walk(restarted, [make_task("a", TaskStatus.FAILED)], NOW)
    assert set(restarted.view().transitions.values()) == {0}


def test_a_walk_that_a_callback_wrote_is_a_baseline(path: Path, history: HistoryFile) -> None:
    """After a full disk, the next callback writes the complete state."""
    counters = stored(history)
    with closing(sqlite3.connect(path)) as breaker:
        breaker.execute(
            "CREATE TRIGGER full BEFORE INSERT ON task BEGIN SELECT raise(ABORT, 'disk full'); END"
        )
        record_walk(counters, [make_task("a", TaskStatus.WAITING)], NOW)
        breaker.execute("DROP TRIGGER full")
    counters.record_callback(failed_event(), NOW)
    restarted = stored(history)
    for later in (1, 2):
        record_walk(restarted, [], NOW + later)
    assert restarted.view().transitions["waiting", "gone"] == 1


def test_callbacks_make_the_times_of_changes_exact() -> None:
    """Times of changes are exact to the second, although walks are a minute apart."""
    counters = AppCounters()
    record_walk(counters, [], NOW)
    record_walk(counters, [make_task("a", TaskStatus.WAITING)], NOW + 60)
    for at, status in ((NOW + 70, TaskStatus.UPLOADING), (NOW + 95, TaskStatus.SUCCEEDED)):
        counters.record_callback(CallbackEvent("other", "a", None, "n", status, at), NOW + 100)
    done = make_task("a", TaskStatus.SUCCEEDED, created_at=NOW + 50)
    assert record_walk(counters, [done], NOW + 120)["a"].since == NOW + 95
    view = counters.view()
    assert view.phases[TaskStatus.WAITING][1] == 10
    assert view.phases[TaskStatus.UPLOADING][1] == 25
    assert view.durations[TaskStatus.SUCCEEDED][1] == 45
    assert view.transitions["waiting", "succeeded"] == 1


def test_what_callbacks_report_of_tasks_is_bounded() -> None:
    """A flood of authentic callbacks does not fill the memory, whichever tasks they name."""
    counters = AppCounters()
    for number in range(MAX_UNLISTED + 5):
        event = CallbackEvent("other", str(number), None, "n", TaskStatus.UPLOADING, NOW)
        counters.record_callback(event, NOW)
    for _ in range(100):
        counters.record_callback(
            CallbackEvent("other", "1", None, "n", TaskStatus.UPLOADING, NOW), NOW
        )
    assert len(counters._callback_steps) == MAX_UNLISTED
    assert len(counters._callback_steps["1"]) == MAX_STEPS
    record_walk(counters, [], NOW + UNLISTED_SECONDS + 1)
    assert not counters._callback_steps


@pytest.mark.parametrize("failing_reads", [1, 3])
@pytest.mark.parametrize("first", ["walk", "callback"])
def test_a_state_that_could_not_be_read_is_not_replaced(
    history: HistoryFile,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failing_reads: int,
    first: str,
) -> None:
    """It is read again before the first write, and until then the log says so."""
    listing = [make_task(str(number), TaskStatus.WAITING) for number in range(5)]
    before = stored(history)
    record_walk(before, [], NOW)
    record_walk(before, listing, NOW + 60)
    before.record_callback(failed_event(), NOW + 60)
    read, reads = history.read, 0

    def read_later(name: str, app_id: int) -> StoredState:
        nonlocal reads
        reads += 1
        if reads <= failing_reads:
            raise HistoryError("disk I/O error")
        return read(name, app_id)

    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr(history, "read", read_later)
        counters = stored(history)
        for number in range(failing_reads):
            if first == "walk":
                record_walk(counters, listing, NOW + 120 + number)
            else:
                counters.record_callback(failed_event("b", str(number)), NOW + 120 + number)
            unread = number < failing_reads - 1
            logged = [record.getMessage() for record in caplog.records]
            assert any("nothing is missing" in message for message in logged) != unread
        record_walk(counters, listing, NOW + 180)
    restarted = stored(history)
    record_walk(restarted, listing, NOW + 240)
    for view in (counters.view(), restarted.view()):
        assert view.transitions["new", "waiting"] == 5
        assert view.failures["upload"] == 1 + (failing_reads if first == "callback" else 0)
    assert counters.view().history_errors == failing_reads


def test_a_whole_state_without_a_walk_is_no_baseline(history: HistoryFile) -> None:
    """Tasks that a deleted state had are not compared with, and not counted as new."""
    history.write("vod", 1, make_update())
    counters = AppCounters()
    counters._history, counters._name, counters._app_id, counters._failures = history, "vod", 1, 1
    counters.record_callback(failed_event(), NOW)
    restarted = stored(history)
    record_walk(restarted, [make_task("a", TaskStatus.WAITING)], NOW + 60)
    assert set(restarted.view().transitions.values()) == {0}
