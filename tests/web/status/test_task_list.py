"""The table of tasks: selection, order, pages and memory."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, product
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collection.state import AppView
from exporter.tasks import TaskStatus, TitleMode, Tracked, UploadTask, show_title
from exporter.urgency import precedence
from exporter.web.status.query import ORDERS, TaskQuery
from exporter.web.status.task_list import PATIENCE, Selection, Tables, select, select_page
from tests.builders import NOW, make_snapshot, make_task, tasks_strategy
from tests.web.views import make_view

ALL = frozenset(TaskStatus)


def ask(
    views: Sequence[AppView], *, now: float = NOW, title: TitleMode = "full", **query: Any
) -> Selection:
    """Return the tasks that a query selects; without `attention`, of all statuses."""
    asked: dict[str, Any] = {"statuses": ALL, "attention": False, **query}
    return select(views, Tables().of(views, title), TaskQuery(**asked), now)


def ids(*tasks: UploadTask, **query: Any) -> list[str]:
    """Return the ids of the tasks that a query selects, in order."""
    return [row.upload_task_id for row in ask([make_view(tasks=tasks)], **query).rows]


def attention_of(*tasks: UploadTask, **query: Any) -> list[str]:
    """Return the ids of the tasks that need attention."""
    return ids(*tasks, statuses=frozenset(), attention=True, **query)


def test_tasks_in_trouble_need_attention_most_urgent_first() -> None:
    """Failed come first, the newest on top; then retries and stuck ones."""
    waited, uploaded = (PATIENCE[s] for s in (TaskStatus.WAITING, TaskStatus.UPLOADING))
    assert attention_of(
        make_task("stuck waiting", TaskStatus.WAITING, created_at=NOW - waited - 1),
        make_task("stuck uploading", TaskStatus.UPLOADING, created_at=NOW - uploaded - 1),
        make_task("young retry", TaskStatus.WAITING_RETRY, created_at=NOW - 5),
        make_task("old retry", TaskStatus.WAITING_RETRY, created_at=NOW - 50),
        make_task("undated", TaskStatus.FAILED, title="undated", created_at=None),
        make_task("old failed", TaskStatus.FAILED, title="old failed", created_at=NOW - 90),
        make_task("new failed", TaskStatus.FAILED, title="new failed", created_at=NOW - 9),
    ) == [
        *("new failed", "old failed", "undated", "old retry", "young retry"),
        *("stuck uploading", "stuck waiting"),
    ]


def test_other_tasks_need_no_attention() -> None:
    """Tasks that make progress, have ended, or expire later are not listed."""
    assert not attention_of(
        make_task("soon", expires_at=NOW + 1),
        make_task("past", expires_at=NOW),
        make_task("never", expires_at=None),
        *(
            make_task(f"patient {status.value}", status, created_at=NOW - seconds)
            for status, seconds in PATIENCE.items()
        ),
        make_task("undated", TaskStatus.UPLOADING, created_at=None),
        *(
            make_task(status.value, status, expires_at=NOW + 1)
            for status in (TaskStatus.CANCELLED, TaskStatus.EXPIRED, TaskStatus.UNKNOWN)
        ),
    )


def test_the_count_of_those_that_need_attention_is_that_of_the_list() -> None:
    """The card and the table agree."""
    tasks = [make_task("a", TaskStatus.FAILED), make_task("b"), make_task("c", expires_at=None)]
    view = make_view(tasks=tasks)
    assert Tables().of([view], "full")["production"].count_attention(NOW) == 1


def test_statuses_and_apps_filter() -> None:
    """Only tasks that match the query, of the apps in the query."""
    views = [
        make_view(app, tasks=[make_task(f"{app}-{s.value}", s) for s in TaskStatus])
        for app in ("a", "b")
    ]
    wanted = frozenset({TaskStatus.UNKNOWN, TaskStatus.CANCELLED})
    rows = ask(views, apps=("b",), statuses=wanted).rows
    assert [row.upload_task_id for row in rows] == ["b-cancelled", "b-unknown"]
    assert ask(views).total == 2 * len(TaskStatus)


def test_attention_and_a_status_add_up() -> None:
    """A task that is both is listed once."""
    tasks = [
        make_task("s", title="a"),
        make_task("f", TaskStatus.FAILED, title="b"),
        make_task("l", expires_at=None, title="c"),
    ]
    assert ids(*tasks, statuses=frozenset({TaskStatus.SUCCEEDED}), attention=True) == [
        *("f", "s", "l"),
    ]


def test_expiring_within_counts_as_the_metric_does() -> None:
    """Succeeded tasks, after now, at most so many seconds on; the soonest first."""
    tasks = [
        make_task("end", expires_at=NOW + 60),
        make_task("beyond", expires_at=NOW + 61),
        make_task("now", expires_at=NOW),
        make_task("soon", expires_at=NOW + 1),
        make_task("failed", TaskStatus.FAILED, expires_at=NOW + 1),
    ]
    assert ids(*tasks, expiring_within=60.0) == ["soon", "end"]
    assert ids(*tasks, expiring_within=60.0, descending=True) == ["end", "soon"]
    assert attention_of(*tasks, expiring_within=60.0) == []
    assert len(ids(*tasks, expiring_within=60.0)) == make_snapshot(*tasks).expiring(
        now=NOW, within=60
    )


@pytest.mark.parametrize("needle", ["Ünï", "ÜNÏ", "task-7", "日本"])
def test_search_looks_at_title_and_id_without_regard_to_case(needle: str) -> None:
    """Part of either is enough; texts are searched as they are, not as patterns."""
    task = make_task("TASK-7", title="a ünï 日本.mp4")
    assert ids(task, make_task("other"), search=needle) == ["TASK-7"]
    assert ids(task, search=".*") == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created", ["old", "new", "none"]),
        ("-created", ["new", "old", "none"]),
        ("expires", ["new", "old", "none"]),
        ("-expires", ["old", "new", "none"]),
        ("retries", ["none", "new", "old"]),
        ("-retries", ["old", "new", "none"]),
        ("since", ["old", "new", "none"]),
        ("-since", ["new", "old", "none"]),
        ("title", ["new", "none", "old"]),
        ("-title", ["old", "none", "new"]),
        ("status", ["new", "old", "none"]),
    ],
)
def test_tasks_come_in_the_order_asked_for(sort: str, expected: list[str]) -> None:
    """Those without the value come last in either direction."""
    tasks = [
        make_task("none", TaskStatus.FAILED, title="b", created_at=None, expires_at=None),
        make_task("old", title="c", created_at=1.0, expires_at=9.0, retry_count=2),
        make_task("new", title="a", created_at=2.0, expires_at=8.0, retry_count=1),
    ]
    view = make_view(tasks=tasks)
    assert view.latest is not None
    tracked = {n: Tracked(TaskStatus.SUCCEEDED, t) for n, t in (("old", 5.0), ("new", 6.0))}
    view = replace(view, latest=replace(view.latest, tracked=tracked))
    found = ask([view], sort=sort.removeprefix("-"), descending=sort.startswith("-"))
    assert [row.upload_task_id for row in found.rows] == expected


def test_apps_are_merged_into_one_order() -> None:
    """The order holds over all apps and statuses, not within each."""
    views = [
        make_view(app, tasks=[make_task(f"{n}", created_at=float(n)) for n in numbers])
        for app, numbers in (("a", (3, 1)), ("b", (4, 2)))
    ]
    found = ask(views, sort="created")
    assert [(row.app, row.upload_task_id) for row in found.rows] == [
        *(("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")),
    ]
    assert [row.app for row in ask(views, sort="app", descending=True).rows] == list("bbaa")


def test_a_row_has_what_is_known_of_a_task() -> None:
    """The failure's reason, since when, and whether the snapshot is stale."""
    task = make_task("a", TaskStatus.FAILED)
    view = make_view(tasks=[task], failure_reasons={"a": "upload"}, stale=True)
    assert view.latest is not None
    view = replace(
        view, latest=replace(view.latest, tracked={"a": Tracked(TaskStatus.FAILED, NOW - 5)})
    )
    found = ask([view])
    (row,) = found.rows
    assert (row.app, row.upload_task_id, row.title) == ("production", "a", "video.mp4")
    assert (row.failure_reason, row.resolved, row.status_since) == ("upload", False, NOW - 5)
    assert found.stale_apps == {"production"}
    found = ask([make_view(tasks=[task])])
    (row,) = found.rows
    assert (row.failure_reason, row.status_since, found.stale_apps) == (None, None, frozenset())


def test_failures_that_nobody_has_uploaded_again_can_be_asked_for() -> None:
    """`unresolved` lists them alone; attention leaves out those that were."""
    tasks = [
        make_task("resolved", TaskStatus.FAILED, title="a", created_at=NOW - 90),
        make_task("again", TaskStatus.UPLOADING, title="a", created_at=NOW - 9),
        make_task("open", TaskStatus.FAILED, title="b", created_at=NOW - 90),
        make_task("untitled", TaskStatus.FAILED, title="", created_at=NOW - 91),
    ]
    assert ids(*tasks, statuses=frozenset(), unresolved=True) == ["open", "untitled"]
    assert attention_of(*tasks) == ["open", "untitled"]
    rows = ask([make_view(tasks=tasks)], statuses=frozenset({TaskStatus.FAILED})).rows
    assert [(row.upload_task_id, row.resolved) for row in rows] == [
        *(("open", False), ("resolved", True), ("untitled", False)),
    ]


@pytest.mark.parametrize(
    ("mode", "shown"), [("full", "secret.mp4"), ("hash", show_title("secret.mp4", "hash"))]
)
def test_titles_are_shown_as_the_settings_say(mode: Literal["full", "hash"], shown: str) -> None:
    """Titles that the metrics hide are hidden here too, and a search does not find them."""
    view = make_view(tasks=[make_task("id", title="secret.mp4")])
    (row,) = ask([view], title=mode).rows
    assert row.title == shown
    assert ask([view], title=mode, search=shown).total == 1
    assert ask([view], title=mode, search="secret").total == (mode == "full")


def test_hidden_titles_are_neither_shown_nor_searched_nor_sorted_by() -> None:
    """With `none` no part of a title is revealed."""
    view = make_view(tasks=[make_task("1", title="z"), make_task("2", title="a")])
    found = ask([view], title="none", sort="title")
    assert [(row.upload_task_id, row.title) for row in found.rows] == [("1", None), ("2", None)]
    assert ask([view], title="none", search="z").total == 0


def test_a_table_is_made_once_for_a_snapshot_and_goes_with_it() -> None:
    """Requests share a table; its memory is freed with the snapshot."""
    tables, view = Tables(), make_view(tasks=[make_task()])
    first = tables.of([view], "full")["production"]
    assert tables.of([view], "full")["production"] is first
    assert tables.of([view], "hash")["production"] is not first
    assert tables.of([make_view("empty", tasks=None)], "full") == {}
    gone = weakref.ref(tables.of([view], "hash")["production"])
    del view, first
    gc.collect()
    assert gone() is None


def test_the_next_page_sorts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page needs the sort keys of the tasks up to its end, and one more of each status."""
    asked: list[str] = []

    def watched(task: UploadTask) -> tuple[int, float, str]:
        asked.append(task.id)
        return precedence(task)

    monkeypatch.setattr("exporter.web.status.task_list.precedence", watched)
    status = {0: TaskStatus.FAILED, 1: TaskStatus.SUCCEEDED, 2: TaskStatus.EXPIRED}
    tasks = [make_task(f"{n:04}", status[n % 3], expires_at=NOW + 1 + n) for n in range(5000)]
    view, tables = make_view(tasks=tasks), Tables()
    for query in (TaskQuery(), TaskQuery(statuses=ALL, attention=False)):
        select([view], tables.of([view], "full"), query, NOW)
        asked.clear()
        select([view], tables.of([view], "full"), query.at(50), NOW)
        assert len(asked) <= 50 + query.limit + len(TaskStatus)


@pytest.mark.parametrize("mode", ["full", "hash"])
def test_all_orders_and_a_search_leave_little_in_memory(mode: TitleMode) -> None:
    """A user who clicks all headings costs a few bytes a task (docs/guarantees.md, section 9)."""
    count = 7 * 300
    tasks = [
        make_task(f"{n}", status, title=f"film {n}", created_at=NOW - n)
        for n, status in zip(range(count), cycle([*TaskStatus][:7]), strict=False)
    ]
    view, tables = make_view(tasks=tasks), Tables()
    found = tables.of([view], mode)
    query = TaskQuery(statuses=ALL, attention=False)
    for first in (query, replace(query, statuses=frozenset(), attention=True)):
        select([view], found, first, NOW)  # memory of the snapshot itself is not the table's
    gc.collect()
    tracemalloc.start()
    try:
        for sort, descending in product(ORDERS, (False, True)):
            ordered = replace(query, sort=sort, descending=descending)
            select([view], found, ordered, NOW)
            select([view], found, replace(ordered, search="film 1"), NOW)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / count < 2 * len(ORDERS) * 8


@settings(deadline=None, max_examples=40)
@given(
    st.lists(tasks_strategy(), max_size=20, unique_by=lambda task: task.id),
    st.builds(
        TaskQuery,
        statuses=st.frozensets(st.sampled_from(TaskStatus)),
        attention=st.booleans(),
        expiring_within=st.none() | st.floats(0, 2000),
        search=st.sampled_from(["", "0", "a"]),
        sort=st.sampled_from(ORDERS),
        descending=st.booleans(),
        limit=st.integers(1, 7),
    ),
    st.floats(0, 1000),
)
def test_pages_add_up_to_the_whole_in_any_order(
    tasks: list[UploadTask], query: TaskQuery, now: float
) -> None:
    """Every task that is selected is on exactly one page, and the API's order does not matter."""
    halves = [make_view("a", tasks=tasks[::2]), make_view("b", tasks=tasks[1::2])]
    backward = [make_view("a", tasks=tasks[::2][::-1]), make_view("b", tasks=tasks[1::2][::-1])]
    tables = Tables().of(halves, "full")
    whole = select(halves, tables, replace(query, limit=1000), now)
    pages = [
        row
        for offset in range(0, whole.total, query.limit)
        for row in select(halves, tables, query.at(offset), now).rows
    ]
    assert tuple(pages) == whole.rows
    assert len({row.upload_task_id for row in pages}) == len(pages) == whole.total
    again = select(backward, Tables().of(backward, "full"), replace(query, limit=1000), now)
    assert again.rows == whole.rows


@pytest.mark.parametrize(("offset", "shown"), [(0, 0), (100, 100), (120, 100), (150, 100)])
def test_beyond_the_end_is_the_last_page(offset: int, shown: int) -> None:
    """Tasks may disappear while a reader goes from page to page; no page is empty then."""
    views = [make_view(tasks=[make_task(f"{n:03}", TaskStatus.FAILED) for n in range(120)])]
    query, tasks = select_page(views, Tables().of(views, "full"), TaskQuery(offset=offset), NOW)
    assert query.offset == shown
    assert len(tasks.rows) == min(50, 120 - shown)
    assert tasks.total == 120


def test_an_empty_table_has_one_page() -> None:
    """Where nothing is left, the offset is the beginning."""
    assert select_page([], {}, TaskQuery(offset=50), NOW)[0].offset == 0
