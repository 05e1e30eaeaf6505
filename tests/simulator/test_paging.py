from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.app import Spelling
from exporter.simulator.task import SUCCEEDED, WAITING
from tests.simulator.calls import NOW, call, frozen_app, ids, tasks_of, walk


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(1, 7), max_size=120),
    st.integers(0, 7),
    st.integers(1, 50),
    st.sampled_from(["live", "snapshot"]),
)
def test_a_walk_finds_exactly_the_tasks_that_match(
    statuses: list[int], status: int, page_size: int, paging: str
) -> None:
    """For any tasks, filter, page size and paging the pages give each match once, and its count."""
    app = frozen_app(paging=paging)
    for one in statuses:
        app.life.add_task(status=one)
    expected = [task.id for task in app.life.tasks.values() if status in (0, task.status)]
    pages = list(walk(app, Status=status, PageSize=page_size))
    assert sorted(ids(iter(pages))) == sorted(expected)
    assert all(len(tasks_of(data)) == page_size for data in pages[:-1])
    assert {data["TotalSize"] for data in pages} == {len(expected)}
    assert len(pages) == max(1, -(-len(expected) // page_size))


def test_a_live_walk_sees_what_changes_behind_its_place() -> None:
    """Tasks removed before the place move nobody; tasks added meanwhile come last."""
    app = frozen_app(4)
    pages = walk(app, PageSize=2)
    assert ids(iter([next(pages)])) == ["upload_task_1", "upload_task_2"]
    app.life.remove("upload_task_1")
    app.life.remove("upload_task_3")
    app.life.add_task()
    assert ids(pages) == ["upload_task_4", "upload_task_5"]


def test_a_snapshot_walk_sees_what_was() -> None:
    """Neither removed, added nor moved tasks show before the next walk."""
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


def test_a_look_up_finds_one_task_or_none() -> None:
    """By id; with a Status that is not the task's, and for an unknown id, the list is empty."""
    app = frozen_app(10)
    found = call(app, UploadTaskId="upload_task_4", PageSize=0)["Data"]
    assert ids(iter([found])) == ["upload_task_4"]
    assert (found["TotalSize"], found["NextPageToken"]) == (1, "")
    assert ids(iter([call(app, UploadTaskId="upload_task_4", Status=SUCCEEDED)["Data"]]))
    for other in ({"UploadTaskId": "upload_task_4", "Status": WAITING}, {"UploadTaskId": "x"}):
        data = call(app, **other)["Data"]
        assert (data["UploadTask"], data["TotalSize"]) == ([], 0)


def test_a_task_is_written_as_the_vendor_does() -> None:
    """All fields of `docs/zego-api.md`, Answers, are present with their names."""
    app = frozen_app()
    app.life.add_task(id="t", title="课 1.mp4", status=4, retry_count=2, expires_at=9, created_at=8)
    (entry,) = tasks_of(call(app)["Data"])
    assert entry == {
        "UploadTaskId": "t",
        "StreamUrl": "https://origin.example.com/media/t?token=stream-secret-t",
        "Title": "课 1.mp4",
        "Status": 4,
        "RetryCount": 2,
        "ExpiresAt": 9,
        "CreateTime": 8,
        "UploadStreamUrl": "https://media.example.com/t",
        "InternalUploadStreamUrl": "https://media.internal.example.com/t",
    }


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (Spelling(numbers="string"), {"Status": "1", "RetryCount": "0", "ExpiresAt": "0"}),
        (Spelling(numbers="float"), {"Status": 1.0, "CreateTime": NOW}),
        (Spelling(milliseconds=True), {"CreateTime": NOW * 1000, "ExpiresAt": 0, "Status": 1}),
        (Spelling(no_expiry="null"), {"ExpiresAt": None}),
        (Spelling(no_expiry="zero"), {"ExpiresAt": 0}),
        (Spelling(unknown_fields=True), {"Labels": {"added": ["later"]}}),
    ],
)
def test_entries_can_be_spelled_otherwise(spelling: Spelling, expected: dict[str, object]) -> None:
    """Numbers, instants and a missing expiry can be written in other ways."""
    app = frozen_app(spelling=spelling)
    app.life.add_task()
    (entry,) = tasks_of(call(app)["Data"])
    assert {name: entry[name] for name in expected} == expected
    assert all(
        type(entry[name]) is type(value) for name, value in expected.items() if name == "Status"
    )


def test_an_expiry_can_be_absent() -> None:
    """A task without expiry may have no ExpiresAt at all, one with expiry has it still."""
    app = frozen_app(spelling=Spelling(no_expiry="absent"))
    app.life.add_task()
    app.life.add_task(status=SUCCEEDED)
    without, with_one = tasks_of(call(app)["Data"])
    assert "ExpiresAt" not in without
    assert with_one["ExpiresAt"] == NOW + 3 * 86_400


@pytest.mark.parametrize(
    ("empty_list", "expected"),
    [("list", {"TotoalSize": 0, "NextPageToken": "", "UploadTasks": []}),
     ("null", {"TotoalSize": 0, "NextPageToken": "", "UploadTasks": None}),
     ("absent", {"TotoalSize": 0, "NextPageToken": ""})],
)  # fmt: skip
def test_the_page_can_be_spelled_otherwise(empty_list: str, expected: dict[str, object]) -> None:
    """The other two field names, and an empty list in three ways."""
    spelling = Spelling(total="TotoalSize", tasks="UploadTasks", empty_list=empty_list)  # type: ignore[arg-type]
    assert call(frozen_app(spelling=spelling))["Data"] == expected


@pytest.mark.parametrize(
    ("totals", "expected"), [("all", 7), ("page", 3), ("wrong", 17), ("absent", None)]
)
def test_the_total_can_mean_anything(totals: str, expected: int | None) -> None:
    """All matching tasks, those of the page, nonsense, or no total."""
    data = call(frozen_app(7, totals=totals), PageSize=3)["Data"]
    assert data.get("TotalSize") == expected


def test_filters_and_look_ups_can_be_switched_off() -> None:
    """An ignored Status gives all tasks; a look-up that is not supported is refused."""
    app = frozen_app(14, filters_work=False, lookups_work=False)
    assert len(ids(walk(app, Status=WAITING, PageSize=5))) == 14
    assert call(app, UploadTaskId="upload_task_1")["Code"] == 350006003


@pytest.mark.parametrize(("paging", "missed"), [("live", 0), ("snapshot", 0), ("offset", 1)])
def test_a_deletion_during_the_walk(paging: str, missed: int) -> None:
    """Only where places are counted does a task move from a page to come to one that has passed."""
    app = frozen_app(9, paging=paging)
    pages = walk(app, PageSize=3)
    listed = ids(iter([next(pages)]))
    app.life.remove(listed[0])
    listed += ids(pages)
    assert len(set(listed)) == 9 - missed
