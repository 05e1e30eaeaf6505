"""Transitions between two snapshots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from exporter.history.transitions import GONE, NEW, POSSIBLE_PAIRS, compare
from exporter.tasks import TaskStatus, Tracked
from tests.builders import NOW, make_task
from tests.history.updates import tasks_of

Statuses = Mapping[str, TaskStatus]

snapshots = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(TaskStatus))


def tracked_of(
    statuses: Statuses, since: float | None = NOW, *, missing: bool = False
) -> dict[str, Tracked]:
    """Return the tracked tasks of these statuses by id."""
    return {task_id: Tracked(status, since, missing) for task_id, status in statuses.items()}


@given(snapshots)
def test_the_first_snapshot_is_the_baseline(statuses: Statuses) -> None:
    """It counts nothing, and all its tasks are tracked from then on."""
    changes = compare(None, tasks_of(statuses), NOW)
    assert not changes.transitions
    assert not any(changes.durations.values())
    assert changes.tracked == tracked_of(statuses, None)


@given(snapshots)
def test_the_same_snapshot_twice_changes_nothing(statuses: Statuses) -> None:
    """Nor does anything need to be written."""
    changes = compare(tracked_of(statuses), tasks_of(statuses), NOW)
    assert (changes.transitions, changes.tracked, changes.gone) == ({}, {}, set())


@given(snapshots, snapshots)
def test_transitions_explain_exactly_the_difference(before: Statuses, after: Statuses) -> None:
    """For each status, arrivals minus departures are the difference.

    The previous walk missed every task, so that those that are missing again are gone.
    """
    transitions = compare(tracked_of(before, missing=True), tasks_of(after), NOW).transitions
    for status in TaskStatus:
        went_in = sum(n for (_, to), n in transitions.items() if to == status.value)
        went_out = sum(n for (source, _), n in transitions.items() if source == status.value)
        here = list(after.values()).count(status) - list(before.values()).count(status)
        assert went_in - went_out == here
    assert sum(n for (source, _), n in transitions.items() if source == NEW) == len(
        after.keys() - before.keys()
    )
    assert sum(n for (_, to), n in transitions.items() if to == GONE) == len(
        before.keys() - after.keys()
    )


@given(snapshots, snapshots, st.permutations("abcdefgh"))
def test_the_order_of_the_listing_does_not_matter(
    before: Statuses, after: Statuses, order: Sequence[str]
) -> None:
    """A shuffled listing gives the same changes."""
    shuffled = {task_id: after[task_id] for task_id in order if task_id in after}
    one, other = (compare(tracked_of(before), tasks_of(s), NOW) for s in (after, shuffled))
    assert one.transitions == other.transitions
    assert one.tracked == other.tracked
    assert one.gone == other.gone


@given(snapshots, snapshots)
def test_a_task_that_one_walk_missed_has_not_left(before: Statuses, after: Statuses) -> None:
    """It is marked as missing; listed again, it has its old status and time."""
    first = compare(tracked_of(before), tasks_of(after), NOW)
    assert not any(to == GONE for _, to in first.transitions)
    assert not first.gone
    missed = before.keys() - after.keys()
    assert all(first.tracked[task_id] == Tracked(before[task_id], NOW, True) for task_id in missed)
    tracked = {**tracked_of(before), **first.tracked}
    again = compare(tracked, tasks_of({**before, **after}), NOW + 60)
    assert not again.transitions
    assert again.tracked == tracked_of({task_id: before[task_id] for task_id in missed})


def test_a_phase_lasts_from_its_first_walk_to_the_first_walk_without_it() -> None:
    """Tasks of the baseline, and tasks that left the listing, measure nothing."""
    before = {
        **tracked_of({"a": TaskStatus.WAITING, "b": TaskStatus.UPLOADING}, NOW - 60),
        **tracked_of({"old": TaskStatus.WAITING}, None),
        **tracked_of({"gone": TaskStatus.WAITING}, NOW - 60, missing=True),
        **tracked_of({"same": TaskStatus.WAITING}, NOW - 60),
    }
    after = {
        "a": TaskStatus.UPLOADING,
        "b": TaskStatus.FAILED,
        "old": TaskStatus.CANCELLED,
        "same": TaskStatus.WAITING,
        "new": TaskStatus.WAITING,
    }
    assert compare(before, tasks_of(after), NOW).phases == {
        TaskStatus.WAITING: [60.0],
        TaskStatus.UPLOADING: [60.0],
        TaskStatus.WAITING_RETRY: [],
    }


def test_callbacks_make_times_exact_and_show_the_steps_between_two_walks() -> None:
    """The walk decides the status; reports give times and the steps in between."""
    before = tracked_of({"a": TaskStatus.WAITING}, NOW - 60)
    reports = {"a": [(NOW - 10, TaskStatus.SUCCEEDED), (NOW - 40, TaskStatus.UPLOADING)]}
    tasks = [make_task("a", TaskStatus.SUCCEEDED, created_at=NOW - 100)]
    changes = compare(before, tasks, NOW, reports)
    assert changes.phases[TaskStatus.WAITING] == [20.0]
    assert changes.phases[TaskStatus.UPLOADING] == [30.0]
    assert changes.durations[TaskStatus.SUCCEEDED] == [90.0]
    assert changes.tracked == {"a": Tracked(TaskStatus.SUCCEEDED, NOW - 10)}
    assert changes.transitions == {("waiting", "succeeded"): 1}


REPORTED = st.lists(st.tuples(st.floats(NOW - 1e4, NOW + 1e4), st.sampled_from(TaskStatus)))


@given(snapshots, snapshots, st.dictionaries(st.sampled_from("abcdefgh"), REPORTED))
def test_no_callback_changes_what_is_counted(
    before: Statuses, after: Statuses, reports: Mapping[str, Sequence[tuple[float, TaskStatus]]]
) -> None:
    """Transitions are those of the walks, no time is negative, none is later than the walk."""
    known, tasks = tracked_of(before, NOW - 60), tasks_of(after)
    plain, sharpened = compare(known, tasks, NOW), compare(known, tasks, NOW, reports)
    assert sharpened.transitions == plain.transitions
    assert {i: e.status for i, e in sharpened.tracked.items()} == {
        i: e.status for i, e in plain.tracked.items()
    }
    assert all(entry.since <= NOW for entry in sharpened.tracked.values() if entry.since)
    assert all(seconds >= 0 for phase in sharpened.phases.values() for seconds in phase)


def test_a_task_that_comes_back_is_new_again() -> None:
    """Nothing is kept of a removed task."""
    tracked = tracked_of({})
    transitions = compare(tracked, [make_task("a", TaskStatus.FAILED)], NOW).transitions
    assert transitions == Counter({(NEW, "failed"): 1})


def test_a_duration_ends_when_a_task_is_first_seen_finished() -> None:
    """It starts at the creation. Failed tasks count, and so do tasks first listed as finished."""
    before = tracked_of({"a": TaskStatus.UPLOADING, "b": TaskStatus.WAITING_RETRY})
    tasks = [
        make_task("a", TaskStatus.SUCCEEDED, created_at=NOW - 40),
        make_task("b", TaskStatus.FAILED, created_at=NOW - 90),
        make_task("c", TaskStatus.SUCCEEDED, created_at=NOW - 7),
    ]
    durations = compare(before, tasks, NOW).durations
    assert durations == {TaskStatus.SUCCEEDED: [40.0, 7.0], TaskStatus.FAILED: [90.0]}


def test_a_creation_time_in_the_future_or_absent_gives_no_negative_duration() -> None:
    """The clocks can differ, and without a creation time there is no duration."""
    tasks = [
        make_task("a", TaskStatus.SUCCEEDED, created_at=NOW + 3),
        make_task("b", TaskStatus.SUCCEEDED, created_at=None),
    ]
    durations = compare({}, tasks, NOW).durations
    assert durations == {TaskStatus.SUCCEEDED: [0.0], TaskStatus.FAILED: []}


def test_a_task_that_ended_before_does_not_finish_again() -> None:
    """An expired task that is listed as succeeded again has no second duration."""
    before = tracked_of({"a": TaskStatus.EXPIRED, "b": TaskStatus.CANCELLED})
    after = tasks_of({"a": TaskStatus.SUCCEEDED, "b": TaskStatus.FAILED})
    assert not any(compare(before, after, NOW).durations.values())


def test_the_pairs_that_exist_from_the_start() -> None:
    """The pairs of the life cycle, also over several steps; final statuses only lead to `gone`."""
    assert len(POSSIBLE_PAIRS) == len(set(POSSIBLE_PAIRS))
    assert {to for source, to in POSSIBLE_PAIRS if source == "waiting"} == {
        *("uploading", "waiting_retry", "succeeded", "failed", "cancelled", "expired", GONE)
    }
    assert {to for source, to in POSSIBLE_PAIRS if source == "failed"} == {GONE}
    assert {source for source, to in POSSIBLE_PAIRS if to == "cancelled"} == {"waiting", NEW}
    assert not any("unknown" in pair for pair in POSSIBLE_PAIRS)
