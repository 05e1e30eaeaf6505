"""The known tasks, and pending changes to them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from exporter.collection.incremental.known_tasks import KnownTasks, PendingChanges
from exporter.tasks import TaskStatus, UploadTask
from tests.builders import make_task

TASKS = st.builds(
    make_task, st.sampled_from("abcdef"), st.sampled_from(TaskStatus), retry_count=st.integers(0, 1)
)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(TaskStatus)),
    st.lists(TASKS | st.sampled_from("abcdef")),
)
def test_known_tasks_and_changes_are_what_was_noted(
    start: dict[str, TaskStatus], notes: Sequence[UploadTask | str]
) -> None:
    """Tasks by id, counts and order of a status; the list changes once changes are applied."""
    truth = {task_id: make_task(task_id, status) for task_id, status in start.items()}
    known = KnownTasks(truth.values())
    before = set(known.tasks())
    pending = PendingChanges(known)
    for note in notes:
        if isinstance(note, str):
            assert pending.drop(note) is (truth.pop(note, None) is not None)
        else:
            assert pending.put(note) is (truth.get(note.id) != note)
            truth[note.id] = note
    assert {task_id: pending.get(task_id) for task_id in "abcdef"} == {
        task_id: truth.get(task_id) for task_id in "abcdef"
    }
    assert pending.total() == len(truth)
    for status in TaskStatus:
        there = {task for task in truth.values() if task.status is status}
        assert set(pending.of(status)) == there
        assert pending.count(status) == len(list(pending.of(status))) == len(there)
    assert set(known.tasks()) == before
    known.apply(pending.changes)
    assert set(known.tasks()) == set(truth.values())
    assert len(known.tasks()) == len(truth)


def test_where_nothing_changed_the_tasks_are_the_same_tuple() -> None:
    """A collection without changes copies nothing."""
    known = KnownTasks([make_task("a")])
    tasks = known.tasks()
    known.apply({})
    assert known.tasks() is tasks
