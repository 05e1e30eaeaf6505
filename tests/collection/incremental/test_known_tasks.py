"""Beliefs and drafts over them."""

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
def test_a_draft_and_its_belief_are_what_was_noted(
    start: dict[str, TaskStatus], notes: Sequence[UploadTask | str]
) -> None:
    """Tasks by id, counts and order of a status; the belief only once the draft is applied."""
    truth = {task_id: make_task(task_id, status) for task_id, status in start.items()}
    belief = KnownTasks(truth.values())
    before = set(belief.tasks())
    draft = PendingChanges(belief)
    for note in notes:
        if isinstance(note, str):
            assert draft.drop(note) is (truth.pop(note, None) is not None)
        else:
            assert draft.put(note) is (truth.get(note.id) != note)
            truth[note.id] = note
    assert {task_id: draft.get(task_id) for task_id in "abcdef"} == {
        task_id: truth.get(task_id) for task_id in "abcdef"
    }
    assert draft.total() == len(truth)
    for status in TaskStatus:
        there = {task for task in truth.values() if task.status is status}
        assert set(draft.of(status)) == there
        assert draft.count(status) == len(list(draft.of(status))) == len(there)
    assert set(belief.tasks()) == before
    belief.apply(draft.changes)
    assert set(belief.tasks()) == set(truth.values())
    assert len(belief.tasks()) == len(truth)


def test_where_nothing_changed_the_tasks_are_the_same_tuple() -> None:
    """Nothing is built anew for a collection that found no change."""
    belief = KnownTasks([make_task("a")])
    tasks = belief.tasks()
    belief.apply({})
    assert belief.tasks() is tasks
