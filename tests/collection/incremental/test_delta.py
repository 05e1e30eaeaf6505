"""The changes that an incremental collection finds, and its number of requests."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import pytest

from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.state import expected_state
from exporter.simulator.task import (
    CANCELLED,
    EXPIRED,
    FAILED,
    SUCCEEDED,
    UPLOADING,
    WAITING,
    WAITING_RETRY,
)
from tests.builders import NOW
from tests.twins import IDLE_REQUESTS, INTERVAL, PAGE_SIZE, Twin, Twins


def test_where_nothing_changes_a_collection_takes_eight_requests(twins: Twins) -> None:
    """However many tasks there are."""
    assert twins.requests() == IDLE_REQUESTS
    twins.assert_same()


def test_a_task_that_left_the_unfinished_ones_costs_a_look_up(twins: Twins) -> None:
    """From its creation to its expiry."""
    task = twins.life.add_task()
    assert twins.requests() == IDLE_REQUESTS
    twins.life.set_status(task.id, UPLOADING)
    assert twins.requests() == IDLE_REQUESTS
    twins.life.set_status(task.id, SUCCEEDED, expires_at=int(NOW))
    assert twins.requests() == IDLE_REQUESTS + 1
    twins.life.set_status(task.id, EXPIRED)
    assert twins.requests() == IDLE_REQUESTS + 1
    twins.assert_same()


def test_a_task_that_is_removed_by_age_costs_a_look_up(twins: Twins) -> None:
    """The oldest ones off the first page are asked for first, wherever they are listed."""
    listed = list(twins.life.by_status[EXPIRED])[PAGE_SIZE:]
    twins.life.remove(min(listed, key=lambda task: task.created_at).id)
    assert twins.requests() == IDLE_REQUESTS + 1
    twins.assert_same()


def test_a_task_that_is_missing_in_the_middle_costs_the_pages_of_its_status(twins: Twins) -> None:
    """Tasks that leave in an unusual order are found when the listing ends without them."""
    expired = list(twins.life.by_status[EXPIRED])
    twins.life.remove(expired[7].id)
    guesses, pages = 6, _pages(len(expired))
    assert twins.requests() <= 2 * IDLE_REQUESTS + guesses + pages + 1
    twins.assert_same()


def test_a_task_that_came_and_finished_unseen_is_found_by_its_total(twins: Twins) -> None:
    """Pages of the status are read until the task is found."""
    twins.life.add_task(status=FAILED)
    pages = _pages(len(twins.life.by_status[FAILED]))
    assert twins.requests() == 2 * IDLE_REQUESTS + pages - 1
    twins.assert_same()


def test_a_task_that_is_missing_at_the_end_of_its_status_is_found_there(twins: Twins) -> None:
    """Young and listed last, it is neither guessed nor between neighbours."""
    task = twins.life.add_task(status=EXPIRED)
    twins.collect()
    twins.life.remove(task.id)
    guesses, pages = 6, len(twins.life.by_status[EXPIRED]) // PAGE_SIZE
    assert twins.requests() <= 2 * IDLE_REQUESTS + guesses + pages + 1
    twins.assert_same()


def test_a_task_that_was_found_elsewhere_is_not_looked_up(twins: Twins) -> None:
    """Paging through its new status explains it; only the one that is gone is looked up."""
    failed = list(twins.life.by_status[FAILED])
    twins.life.set_status(failed[4].id, SUCCEEDED)
    twins.life.remove(failed[6].id)
    guesses = 7
    pages = _pages(len(twins.life.by_status[SUCCEEDED])) + _pages(len(failed))
    assert twins.requests() <= 2 * IDLE_REQUESTS + guesses + (pages - 2) + 1
    twins.assert_same()


def test_statuses_of_one_page_hide_nothing(twins: Twins) -> None:
    """One task is removed and one created, in a status of a single page."""
    first, _ = (twins.life.add_task(status=CANCELLED) for _ in range(2))
    twins.collect()
    twins.life.remove(first.id)
    twins.life.add_task(status=CANCELLED)
    assert twins.requests() == IDLE_REQUESTS + 1
    twins.assert_same()


def test_tasks_that_keep_coming_during_the_collection_do_not_make_it_a_full_walk() -> None:
    """The total rises between two requests; the number of known tasks lies in between."""
    busy = False

    def create(asked: Mapping[str, object]) -> None:
        if busy and "Status" not in asked and "UploadTaskId" not in asked:
            both.life.add_task()

    with closing(Twins(before=create)) as both:
        both.life.add_tasks(90, statuses=(SUCCEEDED, FAILED))
        both.collect()
        busy = True
        assert both.requests() == 2 * IDLE_REQUESTS
        busy = False
        both.collect()
        both.assert_same_tasks()


def test_unknown_statuses_are_found_by_the_total_of_all_tasks(twins: Twins) -> None:
    """They cannot be asked for by status: a full walk lists them, then look-ups follow them."""
    task = twins.life.add_task(status=99)
    assert twins.requests() > 31
    twins.assert_same()
    twins.life.set_status(task.id, 99, retry_count=3)
    assert twins.requests() == IDLE_REQUESTS + 1
    twins.assert_same()
    assert twins.incremental.collector.state.view().strategy == "incremental"


def test_more_changes_than_a_full_walk_costs_are_walked_in_full(twins: Twins) -> None:
    """A full walk is used when look-ups would cost more requests; this is no fault of the API."""
    _create(twins, 130)
    twins.collect()
    for _ in range(2):
        for task in list(twins.life.by_status[WAITING]):
            twins.life.set_status(task.id, SUCCEEDED)
        _create(twins, 200)
        unfinished = _pages(200) + 2
        assert twins.requests() == unfinished + _pages(len(twins.life.tasks))
        assert twins.incremental.collector.state.view().strategy == "incremental"
        twins.assert_same()


def _create(twins: Twins, count: int) -> None:
    for _ in range(count):
        twins.life.add_task()


def _pages(tasks: int) -> int:
    return -(-tasks // PAGE_SIZE)


@pytest.mark.long
def test_ten_changes_among_100000_tasks_take_at_most_25_requests() -> None:
    """And the numbers are exact after each interval."""
    life, elapsed = Lifecycle(pace=0, start=NOW), 0.0
    life.add_tasks(100_000, statuses=(SUCCEEDED, SUCCEEDED, SUCCEEDED, FAILED, EXPIRED))
    twin = Twin("incremental", life, lambda: elapsed, page_size=50)
    twin.collect()
    due = iter(sorted(life.by_status[SUCCEEDED], key=lambda task: task.expires_at)[:10])
    for _ in range(4):
        elapsed += INTERVAL
        for moved, status in ((WAITING, UPLOADING), (UPLOADING, FAILED), (WAITING_RETRY, 4)):
            for task in list(life.by_status[moved])[:2]:
                life.set_status(task.id, status)
        for task in (next(due), next(due)):
            life.set_status(task.id, EXPIRED)
        life.add_task()
        life.add_task(status=WAITING_RETRY)
        before = twin.app.arrivals.requests
        view = twin.collect()
        assert twin.app.arrivals.requests - before <= 25
        assert view.snapshot is not None
        truth = expected_state(twin.app, NOW + elapsed)
        for word in ("counts", "retries", "retried_tasks", "max_retries"):
            field = "tasks" if word == "counts" else word
            assert truth[word] == {
                status.value: getattr(summary, field)
                for status, summary in view.snapshot.summaries.items()
            }
        assert view.snapshot.next_expiry(now=NOW + elapsed) == truth["next_expiry"]
    twin.collector.close()
