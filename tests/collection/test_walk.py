"""Walks: all pages, or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.collection.walk import (
    MAX_PAGES_WITHOUT_PROGRESS,
    TotalsCheck,
    WalkResult,
    walk,
)
from exporter.errors import PaginationError, ProtocolError, ServerError
from exporter.history.counters import AppCounters
from exporter.tasks import TaskStatus, UploadTask
from exporter.zego.client import Page
from tests.builders import NOW, make_task
from tests.history.updates import record_walk


class Pages:
    """A fetch that hands out prepared pages and remembers the tokens it was asked for."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages: Iterator[Page] = iter(pages)
        self.tokens: list[str] = []

    def __call__(self, token: str) -> Page:
        self.tokens.append(token)
        return next(self._pages)


def make_page(*tasks: UploadTask, token: str = "", total: int | None = None) -> Page:
    """Return a page whose `token` leads to the next one."""
    return Page(tasks, token, total, {})


def test_a_walk_follows_the_tokens_to_the_empty_one() -> None:
    """Each token goes into the next request, the first request has none."""
    pages = Pages([make_page(make_task("a"), token="t1"), make_page(make_task("b"))])
    result = walk(pages, max_pages=10)
    assert pages.tokens == ["", "t1"]
    assert [task.id for task in result.tasks] == ["a", "b"]
    assert result.pages == 2


def test_no_tasks_are_a_complete_result() -> None:
    """An empty first page without a token is an app without tasks."""
    assert walk(Pages([make_page()]), max_pages=10).tasks == ()


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 4))
def test_a_task_listed_twice_counts_once_and_the_later_listing_wins(
    ids: list[str], size: int
) -> None:
    """Whatever the order and the page size, one id is one task, as it was listed last."""
    listed = [make_task(task_id, retry_count=index) for index, task_id in enumerate(ids)]
    chunks = [listed[i : i + size] for i in range(0, len(listed), size)] or [[]]
    pages = [
        make_page(*chunk, token=str(i) if i < len(chunks) else "")
        for i, chunk in enumerate(chunks, start=1)
    ]
    result = walk(Pages(pages), max_pages=100)
    assert {task.id: task.retry_count for task in result.tasks} == {
        task_id: index for index, task_id in enumerate(ids)
    }


@pytest.mark.parametrize(
    ("pages", "max_pages", "problem", "asked"),
    [
        pytest.param(
            (make_page(make_task(str(n)), token="AB"[n % 2]) for n in range(100)),
            *(1000, "second time", 3),
            id="a cycle of tokens, A B A",
        ),
        pytest.param(
            (make_page(make_task("same"), token=str(n)) for n in range(10_000)),
            *(10_000, "without a task not seen before", MAX_PAGES_WITHOUT_PROGRESS + 1),
            id="new tokens without new tasks",
        ),
        pytest.param(
            (make_page(make_task(str(n)), token=str(n)) for n in range(100)),
            *(20, "after 20 pages", 20),
            id="more pages than the limit",
        ),
    ],
)
def test_an_endless_listing_is_a_pagination_error(
    pages: Iterator[Page], max_pages: int, problem: str, asked: int
) -> None:
    """It ends long before the deadline."""
    fetch = Pages(pages)
    with pytest.raises(PaginationError, match=problem):
        walk(fetch, max_pages=max_pages)
    assert len(fetch.tokens) == asked


def test_a_few_empty_pages_with_a_token_are_no_error() -> None:
    """Filters and deletions can leave pages empty; the walk continues to the end."""
    empty = [make_page(token=str(number)) for number in range(10)]
    result = walk(Pages([*empty, make_page(make_task("a"))]), max_pages=100)
    assert [task.id for task in result.tasks] == ["a"]


def test_a_failing_page_fails_the_walk() -> None:
    """Half a listing is no listing."""

    def fetch(token: str) -> Page:
        if token:
            raise ServerError("broken", code="350010000")
        return make_page(make_task(), token="next")

    with pytest.raises(ServerError):
        walk(fetch, max_pages=10)


def test_the_last_total_given_is_reported() -> None:
    """A page without a total does not take back an earlier one."""
    pages = [make_page(make_task("a"), token="t", total=2), make_page(make_task("b"))]
    assert walk(Pages(pages), max_pages=10).reported_total == 2


def test_a_listing_that_reports_tasks_and_holds_none_is_refused() -> None:
    """Published, it would report all tasks as removed."""
    with pytest.raises(ProtocolError, match="reports 7 upload tasks and lists none"):
        walk(Pages([make_page(total=7)]), max_pages=10)


def test_malformed_entries_of_all_pages_add_up() -> None:
    """Entries that pages left out are counted for the walk."""
    pages = [
        Page((make_task("a", TaskStatus.FAILED),), "t", None, {"id": 1}),
        Page((), "", None, {"id": 2, "status": 1}),
    ]
    assert walk(Pages(pages), max_pages=10).malformed == {"id": 3, "status": 1}


def lists(count: int, total: int | None, *, malformed: int = 0, moved: int = 0) -> WalkResult:
    """Return a walk of `count` tasks whose last page reports `total`."""
    shortfall = 0 if total is None else total - count - malformed - moved
    tasks = tuple(make_task(str(number)) for number in range(count))
    return WalkResult(tasks, 1, total, {"id": malformed}, shortfall)


def check(*collections: Sequence[WalkResult]) -> list[int | None]:
    """Return how many tasks each collection publishes, None for one that fails.

    Each is given as the walks that it may make; it must make all of them.
    """
    totals = TotalsCheck()
    published: list[int | None] = []
    for walks in collections:
        left = iter(walks)
        try:
            published.append(len(totals.complete(lambda left=left: next(left)).tasks))  # type: ignore[misc]
        except PaginationError:
            published.append(None)
        assert not list(left)
    return published


GOOD, SHORT, SHORTER = lists(30, 30), lists(27, 30), lists(20, 30)


@pytest.mark.parametrize(
    ("collections", "published"),
    [
        # Credible totals: the walk is repeated once, then fails; the total stays credible.
        ([[GOOD], [SHORT, GOOD]], [30, 30]),
        ([[GOOD], [SHORT, SHORT], [SHORT, SHORTER], [GOOD]], [30, None, None, 30]),
        # A first walk: a second one decides.
        ([[SHORT, GOOD], [SHORT, SHORT]], [30, None]),
        ([[SHORT, SHORT], [SHORT], [SHORTER]], [27, 27, 20]),
        ([[SHORT, SHORTER], [SHORT, GOOD]], [None, 30]),
        ([[SHORT, SHORTER]] * 3 + [[SHORT]], [None, None, 20, 27]),
        (
            [*[[SHORT, SHORTER]] * 2, [lists(30, 10)], *[[SHORT, SHORTER]] * 3],
            [None, None, 30, None, None, 20],
        ),
        # Totals that say nothing: a page's size, 0, absent, off by a constant.
        ([[lists(30, 10)], [lists(27, 7)]], [30, 27]),
        ([[lists(30, 0)], [lists(0, 0)], [lists(27, 0)]], [30, 0, 27]),
        ([[lists(30, None)], [lists(27, None)]], [30, 27]),
        ([[lists(30, 33), lists(30, 33)], [lists(20, 23)], [lists(0, 3)]], [30, 20, 0]),
        # They may become credible later.
        ([[SHORT, SHORT], [GOOD], [SHORT, SHORT]], [27, 30, None]),
        # Entries that cannot be read, and movement, are allowed for.
        ([[GOOD], [lists(27, 30, malformed=3)], [lists(28, 30, moved=2)]], [30, 27, 28]),
        ([[lists(29, 30, malformed=1)], [SHORT, SHORT]], [29, None]),
        ([[GOOD], [lists(27, 30, moved=2), GOOD]], [30, 30]),
    ],
)
def test_a_listing_that_is_shorter_than_a_credible_total_is_not_complete(
    collections: Sequence[Sequence[WalkResult]], published: Sequence[int | None]
) -> None:
    """What a total means is learned for each app (docs/guarantees.md, section 1)."""
    assert check(*collections) == published


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(1, 5))
def test_with_credible_totals_no_partial_listing_is_published(
    missing: list[int], size: int
) -> None:
    """After a walk that agreed with its total, only complete listings are published."""
    totals = TotalsCheck()
    totals.complete(lambda: lists(10, 10))
    walks = [lists(10 - lack, 10) for lack in missing]
    for place in range(0, len(walks) - 1, size):
        pair = iter(walks[place : place + 2])
        try:
            assert totals.complete(lambda pair=pair: next(pair)).shortfall == 0  # type: ignore[misc]
        except PaginationError:
            assert all(walk.shortfall for walk in walks[place : place + 2])


class MovingApi:
    """An API whose tasks are created and deleted while it is paged through."""

    def __init__(self, paging: str, order: str, size: int) -> None:
        self.created = 0
        self.tasks: dict[str, UploadTask] = {}
        self.between_pages: Callable[[], None] = lambda: None
        self._paging = paging
        self._order = order
        self._size = size
        self._last = (0.0, "")
        self._frozen: list[UploadTask] = []

    def create(self, status: TaskStatus = TaskStatus.SUCCEEDED) -> None:
        """Add a task; ids are not in order of creation."""
        task_id = f"{self.created * 7919 % 1009:04}"
        self.tasks[task_id] = make_task(task_id, status, created_at=float(self.created))
        self.created += 1

    def fetch(self, token: str) -> Page:
        """Return the page that `token` leads to."""
        if token:
            self.between_pages()
        listed = sorted(self.tasks.values(), key=self._key)
        if self._paging == "snapshot":
            self._frozen = self._frozen if token else listed
            listed = self._frozen
        total = len(listed)
        if self._paging == "keyset":
            listed = [task for task in listed if not token or self._key(task) > self._last]
            page, rest = listed[: self._size], listed[self._size :]
            if page:
                self._last = self._key(page[-1])
            following = str(self._last) if rest else ""
        else:
            start = int(token or 0)
            page, rest = listed[start : start + self._size], listed[start + self._size :]
            following = str(start + self._size) if rest else ""
        return Page(tuple(page), following, total, {})

    def _key(self, task: UploadTask) -> tuple[float, str]:
        created = task.created_at or 0.0
        return {"oldest": created, "newest": -created, "id": 0.0}[self._order], task.id


@pytest.mark.parametrize("order", ["oldest", "newest", "id"])
@pytest.mark.parametrize("paging", ["keyset", "offset", "snapshot"])
@given(data=st.data())
def test_no_task_flaps_while_others_are_deleted_and_created(
    paging: str, order: str, data: st.DataObject
) -> None:
    """A task that stays in the API is never counted as removed, and never as new again.

    Every second walk is disturbed: pages can then miss a task, but not twice in a row.
    """
    api = MovingApi(paging, order, size=data.draw(st.integers(1, 4)))
    for _ in range(data.draw(st.integers(0, 12))):
        api.create()
    totals, counters = TotalsCheck(), AppCounters()
    created = 0

    def move() -> None:
        nonlocal created
        for _ in range(data.draw(st.integers(0, min(2, len(api.tasks))))):
            del api.tasks[data.draw(st.sampled_from(sorted(api.tasks)))]
        if data.draw(st.booleans()):
            api.create()
            created += 1

    for number in range(6):
        api.between_pages = move if number % 2 else lambda: None
        try:
            result = totals.complete(lambda: walk(api.fetch, max_pages=100))
        except PaginationError:
            continue  # more changed than the total explains: nothing is published
        record_walk(counters, result.tasks, NOW + number)
    api.between_pages = lambda: None
    before = set(api.tasks)
    for number in range(6, 8):
        record_walk(counters, walk(api.fetch, max_pages=100).tasks, NOW + number)
    transitions = counters.view().transitions
    assert transitions["new", "succeeded"] <= created
    kept = record_walk(counters, walk(api.fetch, max_pages=100).tasks, NOW + 9)
    assert set(kept) == before
