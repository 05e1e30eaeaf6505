from __future__ import annotations

import pytest

from tests.faults.paging import FaultyCursor, FaultyTokens
from tests.simulator.calls import frozen_app, ids, tasks_of, walk


def test_a_snapshot_walk_lists_the_tasks_of_its_start() -> None:
    """Tasks removed, added or moved meanwhile show in the next walk."""
    app = frozen_app(4, paging="snapshot")
    pages = walk(app, PageSize=2)
    next(pages)
    app.life.remove("upload_task_3")
    app.life.set_status("upload_task_4", 7)
    app.life.add_task()
    assert [(entry["UploadTaskId"], entry["Status"]) for entry in tasks_of(next(pages))] == [
        ("upload_task_3", 3),
        ("upload_task_4", 4),
    ]
    assert len(ids(walk(app))) == 4


@pytest.mark.parametrize(("paging", "missed"), [("live", 0), ("snapshot", 0), ("offset", 1)])
def test_a_deletion_during_the_walk(paging: str, missed: int) -> None:
    """Only paging by offset misses a task, which moves to a page that was read already."""
    app = frozen_app(9, paging=paging)
    pages = walk(app, PageSize=3)
    listed = ids(iter([next(pages)]))
    app.life.remove(listed[0])
    listed += ids(pages)
    assert len(set(listed)) == 9 - missed


def test_a_chosen_token_moves() -> None:
    """A token with a fixed text leads to the place that it was last issued for."""
    table = FaultyTokens()
    assert table.issue(FaultyCursor(50, page=2, token="A")) == "A"
    table.issue(FaultyCursor(100, page=3, token="A"))
    assert table.find("A") == FaultyCursor(100, page=3, token="A")
