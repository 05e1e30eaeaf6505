"""Walks: all pages, or an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.collection.walk import MAX_PAGES_WITHOUT_PROGRESS, walk
from exporter.errors import PaginationError, ProtocolError, ServerError
from exporter.tasks import TaskStatus, UploadTask
from exporter.zego.client import Page
from tests.builders import make_task


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


def test_a_token_cycle_is_a_pagination_error() -> None:
    """A, B, A, B … is noticed when A comes back, although neighbours always differ."""
    pages = Pages(
        make_page(make_task(str(number)), token="AB"[number % 2]) for number in range(100)
    )
    with pytest.raises(PaginationError, match="second time"):
        walk(pages, max_pages=1000)
    assert len(pages.tokens) == 3


def test_fresh_tokens_without_new_tasks_are_a_pagination_error() -> None:
    """An endless row of pages that list nothing new ends long before the deadline."""
    pages = Pages(make_page(make_task("same"), token=str(number)) for number in range(10_000))
    with pytest.raises(PaginationError, match="without a task not seen before"):
        walk(pages, max_pages=10_000)
    assert len(pages.tokens) == MAX_PAGES_WITHOUT_PROGRESS + 1


def test_a_few_empty_pages_with_a_token_are_no_error() -> None:
    """Filters and deletions may leave pages empty; the walk goes on to the end."""
    empty = [make_page(token=str(number)) for number in range(10)]
    result = walk(Pages([*empty, make_page(make_task("a"))]), max_pages=100)
    assert [task.id for task in result.tasks] == ["a"]


def test_more_pages_than_the_bound_are_a_pagination_error() -> None:
    """Pages with ever new tasks and tokens end at the bound."""
    pages = Pages(make_page(make_task(str(n)), token=str(n)) for n in range(100))
    with pytest.raises(PaginationError, match="after 20 pages"):
        walk(pages, max_pages=20)
    assert len(pages.tokens) == 20


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
    """Publishing it would tell everybody that all tasks are gone."""
    with pytest.raises(ProtocolError, match="reports 7 upload tasks and lists none"):
        walk(Pages([make_page(total=7)]), max_pages=10)


def test_malformed_entries_of_all_pages_add_up() -> None:
    """What single pages left out is counted for the walk."""
    pages = [
        Page((make_task("a", TaskStatus.FAILED),), "t", None, {"id": 1}),
        Page((), "", None, {"id": 2, "status": 1}),
    ]
    assert walk(Pages(pages), max_pages=10).malformed == {"id": 3, "status": 1}
