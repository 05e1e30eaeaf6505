"""One object for a task that did not change."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from exporter.collection.sharing import TaskInterner
from exporter.tasks import UploadTask
from exporter.zego.decoding import Page
from tests.builders import make_task, tasks_strategy

TASKS = st.lists(tasks_strategy(), unique_by=lambda task: task.id, max_size=5)


def page_of(*tasks: UploadTask) -> Page:
    """Return a page that lists `tasks`."""
    return Page(tasks=tasks, next_token="next", total=7, malformed={"id": 1})


@given(TASKS, TASKS)
def test_a_page_stays_equal_whatever_is_known(
    known: list[UploadTask], listed: list[UploadTask]
) -> None:
    """Sharing saves memory and changes nothing."""
    assert TaskInterner(known).share(page_of(*listed)) == page_of(*listed)


def test_an_unchanged_task_is_the_known_object_and_a_changed_one_is_not() -> None:
    """So that both snapshots hold one object, or what is true."""
    same, moved = make_task("same"), make_task("moved")
    listed = [replace(same), replace(moved, retry_count=1), make_task("new")]
    shared = TaskInterner([same, moved]).share(page_of(*listed)).tasks
    assert shared[0] is same
    assert shared[1] is listed[1]
    assert shared[2] is listed[2]
