"""When the incremental strategy falls back to full walks, and when it resumes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from exporter.simulator.task import (
    EXPIRED,
    FAILED,
    SUCCEEDED,
)
from tests.faults.faults import Fault
from tests.logged import lines as logged_lines
from tests.twins import IDLE_REQUESTS, RESYNC_INTERVAL, Twins

IMPOSSIBLE = "incremental collection is not possible; every collection is a full walk"


@pytest.mark.parametrize(
    "switches",
    [
        {"totals": "page"},
        {"totals": "wrong"},
        {"totals": "absent"},
        {"filters_work": False},
        {"lookups_work": False},
    ],
    ids=lambda switches: "-".join(switches.values() if "totals" in switches else switches),
)
def test_an_api_that_does_not_allow_it_is_walked_in_full(
    switches: Mapping[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and ends with the first resync that finds nothing wrong."""
    with closing(Twins(**switches)) as twins, caplog.at_level(logging.INFO):
        twins.life.add_tasks(60, statuses=(SUCCEEDED, FAILED))
        if "lookups_work" in switches:
            twins.collect()  # a refusal may be an accident, two are not
        for _ in range(3):
            assert twins.collect().strategy == "full"
            twins.assert_same()
        assert twins.requests() == 20
        twins.elapsed += RESYNC_INTERVAL
        assert twins.collect().strategy == "full"
        levels = [level for level, message, _ in logged_lines(caplog) if message == IMPOSSIBLE]
        assert levels == ["WARNING"]
        for app in (twins.full.app, twins.incremental.app):
            app.totals, app.filters_work, app.lookups_work = "all", True, True
        twins.elapsed += RESYNC_INTERVAL
        assert twins.collect().strategy == "incremental"
        assert twins.requests() == IDLE_REQUESTS
        twins.assert_same_tasks()


def test_filters_that_stop_working_are_noticed_immediately(twins: Twins) -> None:
    """The same collection becomes a full walk; later changes are no corrections."""
    twins.incremental.app.filters_work = False
    assert twins.collect().strategy == "full"
    twins.assert_same()
    twins.life.remove(list(twins.life.by_status[EXPIRED])[20].id)
    twins.life.add_task(status=EXPIRED)
    twins.collect()
    twins.incremental.app.filters_work = True
    twins.elapsed += RESYNC_INTERVAL
    view = twins.collect()
    assert (view.strategy, view.corrections) == ("incremental", 0)
    twins.assert_same()


def test_totals_that_stop_counting_are_noticed_within_two_collections(twins: Twins) -> None:
    """Tasks that move can explain the first mismatch; both collections publish a full walk.

    Only first pages are wrong: to a full walk, the total has then moved.
    """
    twins.switch_on(Fault.WRONG_TOTAL, 1, page=1)
    assert twins.collect().strategy == "incremental"
    twins.assert_same()
    assert twins.collect().strategy == "full"
    twins.assert_same()
    assert twins.requests() == 30


def test_a_total_above_the_listing_fails_both_strategies(twins: Twins) -> None:
    """The total was right before, so the listing is incomplete; later collections work again."""
    twins.switch_on(Fault.WRONG_TOTAL, 1)
    for _ in range(3):
        view = twins.collect()
        assert not view.up
        assert view.strategy == "incremental"
        twins.assert_same()
    assert view.failures["pagination"] == 3
    twins.switch_off()
    assert twins.requests() == IDLE_REQUESTS
    twins.assert_same()


@pytest.mark.parametrize("code", [350006002, 350006003])
def test_one_refused_request_does_not_end_incremental_collection(twins: Twins, code: int) -> None:
    """That collection is a full walk; only a second one in a row shows how the API works."""
    refuse = True

    def answer(asked: Mapping[str, object]) -> None:
        if "Status" in asked and refuse:
            twins.incremental.app.faults.switch_on(Fault.CODE, code)
        else:
            twins.incremental.app.faults.switch_off()

    twins.before = answer
    for _ in range(3):
        refuse = True
        assert twins.collect().strategy == "incremental"
        twins.assert_same()
        refuse = False
        assert twins.collect().strategy == "incremental"
        assert twins.requests() == IDLE_REQUESTS
        twins.assert_same()
    refuse = True
    twins.collect()
    assert twins.collect().strategy == "full"


def test_only_collections_in_a_row_make_totals_unusable(twins: Twins) -> None:
    """A listing that sometimes changes during a collection is no reason to give up."""
    for _ in range(3):
        twins.switch_on(Fault.WRONG_TOTAL, 1, page=1)
        assert twins.collect().strategy == "incremental"
        twins.switch_off()
        assert twins.collect().strategy == "incremental"
    twins.assert_same_tasks()


def test_unreadable_entries_are_counted_as_full_counts_them(twins: Twins) -> None:
    """Also if only the full walk that replaces an incremental collection reads them."""
    twins.switch_on(Fault.BROKEN_ENTRIES, page=20)
    twins.life.add_task(status=99)
    for _ in range(3):
        assert twins.collect().strategy == "full"
        twins.assert_same()


def test_a_failed_collection_leaves_the_known_tasks_unchanged(twins: Twins) -> None:
    """The next one finds all changes since the last success."""
    task = twins.life.add_task()
    twins.collect()
    twins.life.set_status(task.id, FAILED)
    twins.switch_on(Fault.HTTP_STATUS, 500)
    assert not twins.collect().up
    twins.assert_same()
    twins.switch_off()
    assert twins.requests() == IDLE_REQUESTS + 1
    twins.assert_same()
