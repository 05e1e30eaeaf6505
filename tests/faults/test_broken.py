from __future__ import annotations

import math
from typing import Any

import pytest

from tests.faults.broken import BROKEN_ENTRIES, WRONG_TYPES
from tests.faults.faults import Fault
from tests.faults.paging import CYCLE
from tests.simulator.calls import call, frozen_app, ids, tasks_of, walk


@pytest.mark.parametrize(
    ("fault", "page", "sizes"),
    [
        (Fault.EMPTY_PAGE, 2, [8, 0, 8, 4]),
        (Fault.EMPTY_PAGE, None, [0] * 30),
        (Fault.LOST_TOKEN, 2, [8, 8]),
        (Fault.ENDLESS_TOKENS, None, [8, 8, 4] * 10),
    ],
)
def test_the_pages_of_a_walk(fault: Fault, page: int | None, sizes: list[int]) -> None:
    """Pages come with so many tasks and a new token each; a walk without end stops after 30."""
    app = frozen_app(20)
    app.faults.switch_on(fault, page=page)
    pages = list(walk(app, PageSize=8, limit=30))
    assert [len(tasks_of(data)) for data in pages] == sizes
    assert len({data["NextPageToken"] for data in pages}) == len(pages)
    assert len(set(ids(iter(pages)))) == min(sum(sizes), 20)


def test_a_token_cycle_has_two_tokens() -> None:
    """A, B, A, B, ..., with tasks on every page."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.TOKEN_CYCLE)
    pages = list(walk(app, PageSize=10, limit=6))
    assert [data["NextPageToken"] for data in pages] == [*CYCLE] * 3
    assert len(ids(iter(pages))) == 60


def test_duplicated_tasks_are_on_two_pages() -> None:
    """Each page but the first begins with the last task of the page before."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.DUPLICATED_TASKS)
    listed = ids(walk(app, PageSize=8))
    assert len(listed) == 22
    assert len(set(listed)) == 20
    assert listed[7] == listed[8]


def test_a_crowded_page_has_more_tasks() -> None:
    """Each of them has an id of its own."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.CROWDED_PAGE, 100)
    data = call(app, PageSize=8)["Data"]
    assert len({task["UploadTaskId"] for task in tasks_of(data)}) == 108


def test_a_wrong_total() -> None:
    """The parameter is added to the total."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.WRONG_TOTAL, -3)
    assert call(app)["Data"]["TotalSize"] == 17


def test_nan_as_the_total() -> None:
    """The total is NaN."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.NAN)
    assert math.isnan(call(app)["Data"]["TotalSize"])


def test_all_broken_entries_are_among_the_good_ones() -> None:
    """One of each kind; the good tasks are unchanged."""
    app = frozen_app(20)
    good = tasks_of(call(app)["Data"])
    app.faults.switch_on(Fault.BROKEN_ENTRIES)
    entries = tasks_of(call(app)["Data"])
    assert len(entries) == 20 + len(BROKEN_ENTRIES)
    assert [entry for entry in entries if entry in good] == good
    assert entries[1] in good


@pytest.mark.parametrize("kind", BROKEN_ENTRIES)
def test_each_kind_of_broken_entry(kind: str) -> None:
    """One broken entry of the kind that was asked for, on an empty page too."""
    app = frozen_app()
    app.faults.switch_on(Fault.BROKEN_ENTRIES, kind)
    (entry,) = tasks_of(call(app)["Data"])
    app.faults.switch_off()
    app.life.add_task(id=f"broken-{kind}", title="broken.mp4", status=5, created_at=0)
    (good,) = tasks_of(call(app)["Data"])
    assert entry != good


@pytest.mark.parametrize("word", WRONG_TYPES)
def test_each_wrong_type_changes_the_answer(word: str) -> None:
    """The answer differs from the right one in its shape."""
    app = frozen_app(3)
    right = call(app)
    app.faults.switch_on(Fault.WRONG_TYPE, word)
    wrong = call(app)
    assert shape(wrong) != shape(right)


def shape(value: Any) -> Any:
    """Return the types of a JSON value, and of numbers their sign."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value), isinstance(value, int) and value < 0


@pytest.mark.parametrize("fault", [Fault.CODE, Fault.CODE_WITHOUT_DATA])
@pytest.mark.parametrize("code", [100000004, 100000005, 350006001, 350006002, 350010000, 42])
def test_any_return_code_can_be_given(fault: Fault, code: int) -> None:
    """With Data null, or without Data."""
    app = frozen_app(3)
    app.faults.switch_on(fault, code, next_requests=1)
    failed = call(app)
    assert failed["Code"] == code
    assert failed.get("Data", "absent") == (None if fault is Fault.CODE else "absent")
    assert call(app)["Code"] == 0


def test_a_fault_does_not_make_a_wrong_request_right() -> None:
    """A page's faults do not change a refusal."""
    app = frozen_app(3, enabled=False)
    app.faults.switch_on(Fault.BROKEN_ENTRIES)
    assert call(app)["Code"] == 350006006


def test_the_clock_can_be_off() -> None:
    """A client with the right clock gets the code of an expired signature."""
    app = frozen_app(3)
    app.faults.switch_on(Fault.CLOCK_OFFSET, -1200.0)
    assert call(app)["Code"] == 100000004


@pytest.mark.parametrize("how", ["absent", "null"])
def test_a_lost_list_leaves_total_and_token(how: str) -> None:
    """The rest of the page is correct."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.LOST_LIST, how)
    data = call(app, PageSize=8)["Data"]
    assert data["TotalSize"] == 20
    assert data["NextPageToken"]
    assert data.get("UploadTask", "absent") == (None if how == "null" else "absent")


def test_lost_tasks_are_missing_from_their_page() -> None:
    """So many of them, and the total is that of all."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.LOST_TASKS, 3)
    data = call(app)["Data"]
    assert (len(tasks_of(data)), data["TotalSize"]) == (17, 20)


def test_an_unreadable_page_has_as_many_entries() -> None:
    """All of them broken in the same way."""
    app = frozen_app(20)
    app.faults.switch_on(Fault.UNREADABLE_PAGE)
    assert [entry["Status"] for entry in tasks_of(call(app)["Data"])] == ["done"] * 20
